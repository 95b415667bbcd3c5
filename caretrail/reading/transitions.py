"""The transitions of a patient: what follows each discharge, as of and as known at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from caretrail.reading.members import Json, instant
from domain import decider
from domain.attribution import ATTRIBUTION, AttributionHistory
from domain.combined_streams import combined
from domain.continuity import Patient
from domain.decider import StreamEvent
from domain.duties import is_past
from domain.ids import EncounterId, StatementRef, StreamId
from domain.medication_facts import MedicationEvent
from domain.party import Party
from domain.rules import Protocols
from domain.transition.derived import (
    ClosedTransition,
    CompletedTransition,
    DerivedTransition,
    OpenTransition,
    SuspendedTransition,
    Transition,
    TransitionState,
    applied_events,
    state_at,
    transitions_of,
)
from domain.transition.events import TransitionEvent
from domain.transition.reconciliations import reconciliations_of
from domain.transition.steps import TransitionStep


@dataclass(frozen=True, slots=True)
class TransitionReading:
    """A transition, and the instant from which it is seen."""

    transition: DerivedTransition
    at: datetime


def read_transitions(
    patient: Patient,
    streams: Mapping[StreamId, Sequence[StreamEvent[TransitionEvent]]],
    protocols: Protocols,
    *,
    as_of: datetime | None,
    now: datetime,
    former_refs: Mapping[StatementRef, StatementRef],
    medications: Collection[Sequence[StreamEvent[MedicationEvent]]] = (),
    attributions: Mapping[StreamId, AttributionHistory] = MappingProxyType({}),
) -> tuple[TransitionReading, ...]:
    """Return the transitions of a patient, by discharge; withdrawn ones come first.

    Args:
        patient: The patient, as of the instant.
        streams: The streams ``transition`` that name a record of the patient.
        protocols: The published protocols.
        as_of: The instant of the answer; None: now.
        now: The present time.
        former_refs: Refs that earlier readings gave statements of the patient, with their ref now.
        medications: The streams ``medication_list`` that name a record of the patient.
        attributions: The streams ``attribution`` that name a record of the patient.
    """
    encounter_of: dict[StatementRef, EncounterId] = {
        ref: encounter.encounter_id
        for encounter in patient.encounters
        for ref in encounter.statements
    }
    encounter_of |= {
        former: encounter_of[ref] for former, ref in former_refs.items() if ref in encounter_of
    }
    then, lists = streams, medications
    if as_of is not None:
        then = {stream: decider.as_of(events, as_of) for stream, events in streams.items()}
        lists = [decider.as_of(events, as_of) for events in medications]
    return tuple(
        TransitionReading(each, as_of or now)
        for each in transitions_of(
            patient.encounters,
            death=patient.death,
            events=applied_events(then, encounter_of),
            protocols=protocols.of_patient(decider.fold(ATTRIBUTION, combined(attributions)).state),
            medications=reconciliations_of(lists),
        )
    )


def transition_json(reading: TransitionReading) -> Json:
    """Return one transition with its steps."""
    one, at = reading.transition, reading.at
    about: Json = {
        "encounter_id": one.encounter_id,
        "record_id": one.record,
        "class": one.class_code,
        "facility": one.facility or None,
    }
    if not isinstance(one, Transition):
        return {
            **about,
            **_state_json("withdrawn", one.cause),
            **dict.fromkeys(_OF_A_DISCHARGE),
            "steps": [],
            "flags": [],
        }
    return {
        **about,
        **_state_of(state_at(one, at)),
        "continues": one.continues,
        "kind": one.kind,
        "protocol": one.protocol.name,
        "protocol_version": one.protocol.version,
        "discharged_at": instant(one.discharge_at),
        "discharged_precision": one.discharge_precision,
        "disposition": one.disposition_code or None,
        "disposition_as_sent": one.disposition or None,
        "anchor": one.discharge_ref,
        "window_ends_at": instant(one.window_ends_at),
        "responsible": _party(one.responsible),
        "steps": [_step(each, at, one.state) for each in one.steps],
        "flags": list(one.flags),
    }


#: Members that a withdrawn transition has no value for.
_OF_A_DISCHARGE = (
    "continues",
    "kind",
    "protocol",
    "protocol_version",
    "discharged_at",
    "discharged_precision",
    "disposition",
    "disposition_as_sent",
    "anchor",
    "window_ends_at",
    "responsible",
)


def _state_of(state: TransitionState) -> Json:
    match state:
        case OpenTransition():
            return _state_json("open")
        case SuspendedTransition(encounter):
            return _state_json("suspended", suspended_by=encounter)
        case CompletedTransition(at):
            return _state_json("completed", settled_at=at)
        case ClosedTransition(cause, at):
            return _state_json("closed", cause, settled_at=at)


def _state_json(
    state: str,
    cause: str | None = None,
    *,
    settled_at: datetime | None = None,
    suspended_by: EncounterId | None = None,
) -> Json:
    return {
        "state": state,
        "cause": cause,
        "settled_at": instant(settled_at),
        "suspended_by": suspended_by,
    }


def _party(party: Party) -> Json:
    return {
        "organisation": party.organisation or None,
        "person": party.person or None,
        "pool": party.pool or None,
    }


def _step(step: TransitionStep, at: datetime, state: TransitionState) -> Json:
    done, waived = step.done, step.waived
    settled = step.settled_at
    # As for duties: the end of the window ends no step, but a readmission or a refusal does.
    can_be_late = settled is not None or isinstance(state, OpenTransition)
    return {
        "step": step.code,
        "due_at": instant(step.due.at),
        "due_on": step.due.on.isoformat() if step.due.on else None,
        "zone": step.due.zone,
        "source": step.due.source,
        "urgent": step.due.urgent,
        "done_at": instant(done.at) if done else None,
        "done_by": done.by if done else None,
        "done_event_id": done.event if done else None,
        "done_encounter_id": done.encounter if done else None,
        "waived_at": instant(waived.at) if waived else None,
        "waived_reason": waived.reason if waived else None,
        "late": can_be_late and is_past(step.due, settled or at),
        "attempts": step.attempts,
        "elements_missing": list(step.elements_missing),
    }
