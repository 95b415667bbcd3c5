"""Reconciliations of the medication lists of a person, as what does a step of a transition.

A reconciliation is an event of the stream ``medication_list``. It does the step ``medications`` of
the discharge before it, without an event of the stream ``transition``.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.decider import StreamEvent, fold
from domain.ids import EventId, StatementRef
from domain.medication_facts import (
    MAY_RECONCILE,
    MedicationEvent,
    MedicationListReported,
    MedicationsReconciled,
    ReconciledAt,
)
from domain.medication_list import MEDICATION_LIST
from domain.precision import date_of
from domain.statement import Precision

#: Points of care at which a reconciliation is about a discharge. At an admission or a transfer, it
#: is about the stay that goes on. HEDIS MRP counts the day of the discharge too.
_POINTS: Final = frozenset[ReconciledAt]({"discharge", "visit", "call", "home_visit"})


class Reconciliation(NamedTuple):
    """A reconciliation that may do a step."""

    at: datetime  # the last instant that its stated time covers
    event: EventId
    anchor: StatementRef | None
    reported: bool = False  # by another system


@dataclass(frozen=True, slots=True)
class Reconciliations:
    """The reconciliations of one person: those that count, by time, and those that are void."""

    counting: tuple[Reconciliation, ...] = ()
    void: frozenset[EventId] = frozenset()

    def of_discharge(
        self,
        at: datetime,
        precision: Precision,
        *,
        statements: Collection[StatementRef],
        until: datetime,
        zone: str,
    ) -> Reconciliation | None:
        """Return the first reconciliation after a discharge; None: there is none.

        It happened on the local day of the discharge or later, and before the end of the window. A
        reconciliation that names a statement of the encounter counts after the window too.

        Args:
            at: When the patient left.
            precision: How precisely this is stated.
            statements: The statements of the encounter.
            until: The end of the window.
            zone: The zone of the facility.
        """
        local = ZoneInfo(zone)
        since = datetime.combine(date_of(at, precision, local), time.min, local)
        return next(
            (
                each
                for each in self.counting
                if each.at >= since and (each.at < until or each.anchor in statements)
            ),
            None,
        )


#: No medication list was reconciled.
NO_RECONCILIATIONS: Final = Reconciliations()


def reconciliations_of(
    streams: Iterable[Sequence[StreamEvent[MedicationEvent]]],
) -> Reconciliations:
    """Return the reconciliations of a person.

    Args:
        streams: The streams ``medication_list`` of the source records of the person.
    """
    folded = [fold(MEDICATION_LIST, each) for each in streams]
    counting = [
        Reconciliation(
            each.event.happened_at.last,
            each.event_id,
            each.event.anchor,
            reported=isinstance(each.event, MedicationListReported),
        )
        for one in folded
        for each in one.applied
        if isinstance(each.event, MedicationsReconciled | MedicationListReported)
        and each.event.role in MAY_RECONCILE
        and each.event.at_point in _POINTS
    ]
    return Reconciliations(
        tuple(sorted(counting, key=_place)),
        frozenset(event for one in folded for event in one.void),
    )


def _place(one: Reconciliation) -> tuple[datetime, EventId]:
    return one.at, one.event
