"""What people did after discharges, as entries of the timeline."""

from collections.abc import Callable
from typing import Final, assert_never

from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.decider import FoldedStream, fold
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from domain.party import Party
from domain.transition.events import (
    ELEMENTS,
    TransitionArrivalConfirmed,
    TransitionContactAttempted,
    TransitionContactMade,
    TransitionDeclined,
    TransitionEnteredInError,
    TransitionEquipmentDelivered,
    TransitionEvent,
    TransitionFact,
    TransitionFollowUpCompleted,
    TransitionFollowUpMissed,
    TransitionFollowUpScheduled,
    TransitionInformationReceived,
    TransitionInformationSent,
    TransitionMedicationsReconciled,
    TransitionMovedAway,
    TransitionPendingResultAssigned,
    TransitionPendingResultReceived,
    TransitionReported,
    TransitionResponsibleChanged,
    TransitionServiceStarted,
    TransitionStepDone,
    TransitionStepWaived,
)
from domain.transition.stream import (
    TRANSITION,
    EndedByPatient,
    TransitionHistory,
    TransitionStream,
)


def _summary(
    stream: StreamId,
    history: TransitionHistory,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> StreamSummary:
    folded = fold(TRANSITION, history)
    first = next(each.event for each in history if isinstance(each.event, TransitionFact))
    state = folded.state.word if isinstance(folded.state, EndedByPatient) else folded.state.WORD
    members = {
        "stream_id": stream,
        "state": state if folded.applied else "entered_in_error",
        "version": len(history),
        "patient_id": patient_of(first.record),
        "record_id": first.record,
        "mode": first.mode,
        "encounter_id": encounter_of(first.anchor),
        "anchor": first.anchor,
        "flags": _flags(folded, history),
    }
    began = min(each.event.happened_at.at for each in history)
    return StreamSummary(began_at=began, members=members)


def _flags(
    folded: FoldedStream[TransitionStream, TransitionEvent], history: TransitionHistory
) -> list[str]:
    """Return the flags of what people and other systems recorded."""
    told = {each.event_id for each in history if isinstance(each.event, TransitionReported)}
    flags = (
        ("contradicted_by_report", folded.not_legal - told),
        ("has_void_events", folded.void),
        ("reported_not_legal", folded.not_legal & told),
    )
    return [code for code, found in flags if found]


def _words(
    event: TransitionEvent, event_of: Callable[[EventId], TransitionEvent | None]
) -> EntryWords:
    if isinstance(event, TransitionEnteredInError):
        return error_words("Transition", event, event_of)
    head, *facts = _facts(event)
    rest = ", ".join(filter(None, facts))
    stated = ("for", event.starts_at) if isinstance(event, TransitionFollowUpScheduled) else None
    return EntryWords(kind=event.move(), head=head, rest=rest, stated=stated)


def _facts(event: TransitionEvent) -> tuple[str, ...]:  # noqa: C901, PLR0911, PLR0912 - one row per event
    """Return the head of an entry and what follows it."""
    match event:
        case TransitionInformationSent() | TransitionInformationReceived():
            received = isinstance(event, TransitionInformationReceived)
            head = "Discharge information " + ("received" if received else "sent")
            return head, _with("to", event.recipient), _elements(len(set(event.elements)))
        case TransitionContactAttempted():
            return "Patient not reached", _by(event.how), _spaced(event.result)
        case TransitionContactMade():
            head = "Caregiver contacted" if event.reached == "caregiver" else "Patient contacted"
            return head, _by(event.how), *map(_spaced, event.findings)
        case TransitionMedicationsReconciled():
            return "Medications reconciled after the discharge", _with("by", event.by)
        case TransitionFollowUpScheduled():
            return "Follow-up scheduled", _spaced(event.how), _with("with", event.place)
        case TransitionFollowUpMissed():
            return "Follow-up missed", event.appointment
        case TransitionFollowUpCompleted():
            return "Follow-up completed", _spaced(event.how), _with("by", event.by)
        case TransitionPendingResultAssigned():
            if event.to == Party():
                return ("No result is pending",)
            return "Pending result assigned", event.result, _with("to", event.to)
        case TransitionPendingResultReceived():
            return "Pending result received", event.result
        case TransitionEquipmentDelivered():
            return "Equipment delivered", event.equipment
        case TransitionServiceStarted():
            return "Service started", event.service, _with("by", event.by)
        case TransitionArrivalConfirmed():
            return "Arrival confirmed", _with("by", event.by)
        case TransitionStepDone():
            return "Step done", _spaced(event.step), _with("by", event.by)
        case TransitionStepWaived():
            return "Step waived", _spaced(event.step), _spaced(event.reason)
        case TransitionResponsibleChanged():
            return "Responsibility for the transition changed", _with("to", event.to)
        case TransitionDeclined():
            return "Follow-up declined by the patient", _spaced(event.reason)
        case TransitionMovedAway():
            return ("Patient moved away",)
        case TransitionReported():
            return "Transition reported", f"by {event.partner} as {_spaced(event.claim)}"
        case TransitionEnteredInError():
            raise TypeError(event.TOPIC)
        case _:
            assert_never(event)


def _elements(count: int) -> str:
    return f"{count} of {len(ELEMENTS)} elements" if count else "elements not stated"


def _with(word: str, party: Party) -> str:
    name = ", ".join(filter(None, (party.organisation, party.person, party.pool)))
    return f"{word} {name}" if name else ""


def _by(means: str) -> str:
    return "face to face" if means == "face_to_face" else f"by {_spaced(means)}"


def _spaced(code: str) -> str:
    return code.replace("_", " ")


def _organisation(event: TransitionEvent) -> str:
    if isinstance(event, TransitionEnteredInError):
        return ""
    return event.partner if isinstance(event, TransitionReported) else event.by.organisation


TRANSITION_STREAMS: Final = OwnStream[TransitionStream, TransitionEvent](
    kind="transition",
    icon="call",
    decider=TRANSITION,
    begins=TransitionFact,  # type: ignore[arg-type]  # each of its subclasses is in the union
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
