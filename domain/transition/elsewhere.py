"""What does steps of a transition apart from its own events: an admission, a reconciliation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.ids import EncounterId, EventId
from domain.rules import StepRule
from domain.transition.discharge import Discharge
from domain.transition.events import TransitionReported
from domain.transition.kinds import EncounterFacts
from domain.transition.reconciliations import Reconciliations

#: The move of the protocol that an admission to another facility does.
ARRIVAL: Final = "arrival_confirmed"
#: What did a step that an admission did.
ADMISSION: Final = "admission"
#: The move of the protocol that a reconciliation of the medication lists does.
RECONCILED: Final = "medications_reconciled"
#: What did a step that such a reconciliation did.
RECONCILIATION: Final = "reconciliation"


@dataclass(frozen=True, slots=True)
class StepDone:
    """What did a step: an event, an admission, or a reconciliation of the medication lists."""

    at: datetime
    by: str  # the move, such as "contact_made" or "reported"; "admission", "reconciliation"
    event: EventId | None = None
    encounter: EncounterId | None = None


@dataclass(frozen=True, slots=True)
class FoundElsewhere:
    """What shows that a step is done, apart from the events of the stream ``transition``."""

    done: Mapping[str, StepDone] = field(default_factory=dict)
    """By the move in whose place it counts, such as ``arrival_confirmed``."""
    void: frozenset[EventId] = frozenset()
    """Reconciliations that were entered in error. An event that names one of them does no step."""

    def first(self, rule: StepRule, done: StepDone | None) -> StepDone | None:
        """Return what did a step first; None: nothing did.

        Args:
            rule: The step.
            done: The event of the transition that did it first; None: no event did.
        """
        found = [each for move, each in self.done.items() if move in rule.done_by]
        return min([*([done] if done else []), *found], key=_time_of, default=None)


def _time_of(done: StepDone) -> datetime:
    return done.at


def found_elsewhere(
    encounter: EncounterFacts,
    discharge: Discharge,
    arrival: StepDone | None,
    medications: Reconciliations,
    *,
    until: datetime,
    zone: str,
) -> FoundElsewhere:
    """Return what does steps apart from the events of the transition.

    Args:
        encounter: The encounter that ended.
        discharge: Its discharge.
        arrival: The admission to another facility; None: there is none, or it is not asked for.
        medications: The reconciliations of the patient's medication lists.
        until: The end of the window.
        zone: The zone of the facility.
    """
    done: dict[str, StepDone] = {} if arrival is None else {ARRIVAL: arrival}
    reconciled = medications.of_discharge(
        discharge.at,
        discharge.precision,
        statements=encounter.statements,
        until=until,
        zone=zone,
    )
    if reconciled is not None:
        by = TransitionReported.move() if reconciled.reported else RECONCILIATION
        done[RECONCILED] = StepDone(reconciled.at, by, event=reconciled.event)
    return FoundElsewhere(done, medications.void)
