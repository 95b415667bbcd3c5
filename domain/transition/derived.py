"""Transitions of care: derived from discharges and from what people did, never recorded.

Each encounter with a discharge that holds gives one transition. The protocol in force at the
discharge gives its steps. The events of the stream ``transition`` say what people did; each names
any statement of the encounter. If the discharge is cancelled, moved or merged, the next fold gives
other transitions, and no event is needed. ``docs/reference/transitions.md`` describes the rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from pydantic import ValidationError

from domain.combined_streams import combined
from domain.continuity import Death
from domain.decider import StreamEvent, fold
from domain.ids import EncounterId, RecordId, StatementRef, StreamId
from domain.party import Party
from domain.rules import KindRule, Protocols
from domain.rules import Protocol as CareProtocol
from domain.statement import EncounterClass, Precision
from domain.transition.admissions import admissions_after, may_be_readmission, start_of
from domain.transition.discharge import Discharge, window_end
from domain.transition.elsewhere import found_elsewhere
from domain.transition.events import (
    TransitionDeclined,
    TransitionEvent,
    TransitionMovedAway,
    TransitionResponsibleChanged,
)
from domain.transition.kinds import (
    DIED,
    TO_INSTITUTION,
    UNKNOWN,
    WITH_TRANSITION,
    EncounterFacts,
    kind_of,
)
from domain.transition.missed_visits import MissedVisit, missed_visits
from domain.transition.reconciliations import NO_RECONCILIATIONS, Reconciliations
from domain.transition.steps import TransitionStep, steps_of
from domain.transition.stream import TRANSITION

#: The discharge has no disposition that the protocol knows.
DISPOSITION_UNKNOWN: Final = "disposition_unknown"
#: The discharge was loaded as backlog, so it owes nothing.
BACKLOG: Final = "backlog"

#: Why a transition is withdrawn: what became of the discharge that people acted on.
WithdrawnCause: TypeAlias = Literal["discharge_cancelled", "encounter_cancelled", "class_changed"]
#: Why a transition is closed before its steps are done. ``window_over`` is decided at read time.
ClosedCause: TypeAlias = Literal["deceased", "declined", "moved_away", "window_over"]

_DAY: Final = timedelta(days=1)

#: The events that apply to an encounter, in the order in which they happened.
AppliedEvents: TypeAlias = Sequence[StreamEvent[TransitionEvent]]


# --- states ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenTransition:
    """Steps are owed."""


@dataclass(frozen=True, slots=True)
class SuspendedTransition:
    """The patient was readmitted before the steps were done; nothing is owed."""

    encounter: EncounterId  # of the readmission; its discharge gives the next transition


@dataclass(frozen=True, slots=True)
class CompletedTransition:
    """Every step is done or waived."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ClosedTransition:
    """Nothing is owed any more, though steps were not done."""

    cause: ClosedCause
    at: datetime


TransitionState: TypeAlias = (
    OpenTransition | SuspendedTransition | CompletedTransition | ClosedTransition
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What follows a discharge that holds."""

    encounter_id: EncounterId
    record: RecordId
    class_code: EncounterClass
    facility: str
    disposition: str  # as sent
    disposition_code: str
    kind: str
    protocol: CareProtocol  # with the times for the patient at the discharge
    protocols: Protocols  # all of them, for duties that begin later
    discharge_at: datetime
    discharge_precision: Precision
    discharge_ref: StatementRef  # the statement that gives the discharge
    window_ends_at: datetime
    zone: str
    responsible: Party
    state: TransitionState
    steps: tuple[TransitionStep, ...]
    missed: tuple[MissedVisit, ...] = ()  # visits after which the patient is to be called
    continues: EncounterId | None = None  # encounter of the transition that this one goes on with
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnTransition:
    """People acted on a discharge that no longer holds. Nothing is owed."""

    encounter_id: EncounterId
    record: RecordId
    class_code: EncounterClass
    facility: str
    cause: WithdrawnCause


DerivedTransition: TypeAlias = Transition | WithdrawnTransition


def state_at(transition: Transition, at: datetime) -> TransitionState:
    """Return the state that a reader sees at an instant: an open transition ends with its window.

    The end of the window is a mark and no lock: later steps are recorded and shown as late.
    """
    ends = transition.window_ends_at
    if isinstance(transition.state, OpenTransition) and at >= ends:
        return ClosedTransition("window_over", ends)
    return transition.state


# --- derivation -----------------------------------------------------------------------------------


def applied_events(
    streams: Mapping[StreamId, Sequence[StreamEvent[TransitionEvent]]],
    encounter_of: Mapping[StatementRef, EncounterId],
) -> dict[EncounterId, AppliedEvents]:
    """Return what people recorded, by the encounter that contains the anchor now.

    Each anchor has a stream. The streams of one encounter are folded together.

    Args:
        streams: The streams ``transition``.
        encounter_of: The encounter of each statement, by its present and former refs.
    """
    by_encounter: dict[EncounterId, dict[StreamId, Sequence[StreamEvent[TransitionEvent]]]] = {}
    for stream, events in streams.items():
        anchors = (each.event.anchor for each in events if each.event.anchor is not None)
        encounter = next((encounter_of[ref] for ref in anchors if ref in encounter_of), None)
        if encounter is not None:
            by_encounter.setdefault(encounter, {})[stream] = events
    return {
        encounter: fold(TRANSITION, combined(some)).applied
        for encounter, some in by_encounter.items()
    }


def transitions_of(
    encounters: Sequence[EncounterFacts],
    *,
    death: Death | None,
    events: Mapping[EncounterId, AppliedEvents],
    protocols: Protocols,
    medications: Reconciliations = NO_RECONCILIATIONS,
) -> list[DerivedTransition]:
    """Return the transitions of one patient, by discharge; withdrawn ones come first.

    An encounter whose discharge gives no transition has one only if people recorded something about
    it, so that their work stays in sight.

    Args:
        encounters: All encounters of the patient.
        death: The death of the patient; None: no death is known.
        events: What people recorded, by the encounter that contains the anchor now.
        protocols: The published protocols, as they count for the patient.
        medications: The reconciliations of the patient's medication lists.
    """
    withdrawn = list[DerivedTransition]()
    found = list[Transition]()
    stays = sorted(filter(may_be_readmission, encounters), key=start_of)
    for encounter in encounters:
        applied = events.get(encounter.encounter_id, ())
        discharge = _discharge(encounter)
        if discharge is not None:
            made = _transition(encounter, discharge, stays, death, applied, protocols, medications)
            if made is not None:
                found.append(made)
        elif applied:
            withdrawn.append(_withdrawn(encounter))
    withdrawn.sort(key=_encounter_of)
    found.sort(key=lambda each: (each.discharge_at, each.encounter_id))
    return [*withdrawn, *_continued(found)]


def _encounter_of(transition: DerivedTransition) -> EncounterId:
    return transition.encounter_id


def _discharge(encounter: EncounterFacts) -> Discharge | None:
    """Return the discharge that gives a transition; None: there is none, or it does not count."""
    if (
        encounter.class_code not in WITH_TRANSITION
        or encounter.cancelled
        or encounter.ended_by is None
        or encounter.end is None
    ):
        return None
    return Discharge(encounter.end, encounter.end_precision, encounter.ended_by)


def _withdrawn(encounter: EncounterFacts) -> WithdrawnTransition:
    cause: WithdrawnCause = "discharge_cancelled"
    if encounter.cancelled:
        cause = "encounter_cancelled"
    elif encounter.ended_by is not None and encounter.end is not None:
        cause = "class_changed"
    return WithdrawnTransition(
        encounter_id=encounter.encounter_id,
        record=encounter.record,
        class_code=encounter.class_code,
        facility=encounter.facility,
        cause=cause,
    )


def _transition(
    encounter: EncounterFacts,
    discharge: Discharge,
    stays: Sequence[EncounterFacts],
    death: Death | None,
    applied: AppliedEvents,
    protocols: Protocols,
    medications: Reconciliations,
) -> Transition | None:
    protocol = protocols.at(discharge.at)
    kind = kind_of(encounter, protocol)
    if (kind is None or kind == DIED or encounter.is_backlog) and not applied:
        return None
    kind = kind or UNKNOWN
    rule = protocol.kinds.get(kind, KindRule())
    zone = protocol.zone_of(encounter.facility)
    window_ends_at = window_end(discharge, protocol, zone)
    arrival, readmissions = admissions_after(
        encounter,
        stays,
        discharge,
        until=window_ends_at,
        moved=kind in TO_INSTITUTION or _awaits_arrival(rule),
    )
    elsewhere = found_elsewhere(
        encounter, discharge, arrival, medications, until=window_ends_at, zone=zone
    )
    steps = steps_of(rule, discharge, applied, elsewhere, protocol=protocol, zone=zone)
    ended = _ended_by_people(applied)
    state = _state(
        steps,
        deceased=_deceased_at(death, kind, discharge),
        ended=ended,
        readmission=readmissions[0] if readmissions else None,
        discharged_at=discharge.at,
    )
    flags = (
        (DISPOSITION_UNKNOWN, kind == UNKNOWN),
        (BACKLOG, encounter.is_backlog),
    )
    return Transition(
        encounter_id=encounter.encounter_id,
        record=encounter.record,
        class_code=encounter.class_code,
        facility=encounter.facility,
        disposition=encounter.disposition,
        disposition_code=encounter.disposition_code,
        kind=kind,
        protocol=protocol,
        protocols=protocols,
        discharge_at=discharge.at,
        discharge_precision=discharge.precision,
        discharge_ref=discharge.statement,
        window_ends_at=window_ends_at,
        zone=zone,
        responsible=_responsible(encounter.facility, applied),
        state=state,
        steps=steps,
        missed=missed_visits(applied),
        flags=tuple(flag for flag, given in flags if given),
    )


def _awaits_arrival(rule: KindRule) -> bool:
    return any("arrival_confirmed" in step.done_by for step in rule.steps)


def _responsible(facility: str, applied: AppliedEvents) -> Party:
    """Return the party that was named last, else the organisation that discharged the patient."""
    for each in reversed(applied):
        if isinstance(each.event, TransitionResponsibleChanged):
            return each.event.to
    try:
        return Party(organisation=facility)
    except ValidationError:  # the sender's name of the facility is no code
        return Party()


def _ended_by_people(applied: AppliedEvents) -> ClosedTransition | None:
    """Return how people ended the transition: the patient declined, or moved away."""
    for each in applied:
        if isinstance(each.event, TransitionDeclined):
            return ClosedTransition("declined", each.event.happened_at.at)
        if isinstance(each.event, TransitionMovedAway):
            return ClosedTransition("moved_away", each.event.happened_at.at)
    return None


def _deceased_at(death: Death | None, kind: str, discharge: Discharge) -> datetime | None:
    if death is not None:
        return death.at
    return discharge.at if kind == DIED else None


def _state(
    steps: Sequence[TransitionStep],
    *,
    deceased: datetime | None,
    ended: ClosedTransition | None,
    readmission: EncounterFacts | None,
    discharged_at: datetime,
) -> TransitionState:
    settled = [each.settled_at for each in steps]
    completed = None
    if None not in settled:
        completed = max((at for at in settled if at is not None), default=discharged_at)
    if completed is not None and (deceased is None or steps):
        return CompletedTransition(completed)
    if deceased is not None:
        return ClosedTransition("deceased", deceased)
    if readmission is not None and (ended is None or ended.at > start_of(readmission)):
        return SuspendedTransition(readmission.encounter_id)
    return ended or OpenTransition()


def _continued(transitions: Sequence[Transition]) -> list[Transition]:
    """Say which transition each one goes on with: the last one that its stay suspended."""
    suspended: dict[EncounterId, EncounterId] = {}
    for each in transitions:
        if isinstance(each.state, SuspendedTransition):
            suspended[each.state.encounter] = each.encounter_id
    return [replace(each, continues=suspended.get(each.encounter_id)) for each in transitions]
