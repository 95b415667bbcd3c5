"""The work on duties, as the timeline shows it."""

from collections.abc import Callable
from typing import Final, assert_never

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.decider import fold
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from domain.party import Party
from domain.work import (
    WORK,
    Work,
    WorkAssigned,
    WorkClaimed,
    WorkEnteredInError,
    WorkEvent,
    WorkFact,
    WorkHistory,
    WorkReleased,
    WorkSnoozed,
)


def party_json(organisation: str | None, person: str | None, pool: str | None) -> Json | None:
    """Return a party; None if no part of it is stated."""
    if not (organisation or person or pool):
        return None
    return {"organisation": organisation or None, "person": person or None, "pool": pool or None}


def _party_json(party: Party) -> Json | None:
    return party_json(party.organisation, party.person, party.pool)


def _summary(
    stream: StreamId,
    history: WorkHistory,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> StreamSummary:
    folded = fold(WORK, history)
    first = next(each.event for each in history if isinstance(each.event, WorkEvent))
    claim, snooze, assignment = folded.state.claim, folded.state.snooze, folded.state.assignment
    encounter = encounter_of(first.anchor)
    members = {
        "stream_id": stream,
        "version": len(history),
        "patient_id": patient_of(first.record),
        "record_id": first.record,
        "mode": first.mode,
        "about": encounter or first.about,
        "duty": first.duty,
        "part": first.part or None,
        "claimed_by": _party_json(claim.by) if claim else None,
        "claimed_until": instant(claim.until) if claim else None,
        "snoozed_until": instant(snooze.until) if snooze else None,
        "snooze_reason": snooze.reason if snooze else None,
        "assigned_to": _party_json(assignment.to) if assignment else None,
        "encounter_id": encounter,
        "flags": ["has_void_events"] if folded.void else [],
    }
    began = min(each.event.happened_at.at for each in history)
    return StreamSummary(began_at=began, members=members)


def _words(event: WorkFact, event_of: Callable[[EventId], WorkFact | None]) -> EntryWords:
    stated = None
    match event:
        case WorkClaimed():
            head, rest = "Work claimed", f"by {_name(event.by)}"
            stated = "until", event.until
        case WorkReleased():
            head, rest = "Work released", f"by {_name(event.by)}"
        case WorkSnoozed():
            head = "Work put off"
            reason = event.reason.replace("_", " ")
            rest = f"by {_name(event.by)}, {reason}"
            stated = "until", event.until
        case WorkAssigned():
            head, rest = "Work assigned", f"to {_name(event.to)} by {_name(event.by)}"
        case WorkEnteredInError():
            return error_words("Work", event, event_of)
        case _:
            assert_never(event)
    return EntryWords(kind=event.move(), head=head, rest=f"{event.duty}, {rest}", stated=stated)


def _name(party: Party) -> str:
    return ", ".join(filter(None, (party.organisation, party.person, party.pool)))


def _organisation(event: WorkFact) -> str:
    return "" if isinstance(event, WorkEnteredInError) else event.by.organisation


WORK_STREAMS: Final = OwnStream[Work, WorkFact](
    kind="work",
    icon="admin",
    decider=WORK,
    begins=WorkEvent,  # type: ignore[arg-type]  # each of its subclasses is in the union
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
