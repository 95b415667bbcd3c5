"""Referrals as the timeline, the command line and the page show them."""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from domain.party import Party
from domain.referral import (
    REFERRAL,
    Channel,
    History,
    Referral,
    ReferralAccepted,
    ReferralClosed,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralOutcomeReceived,
    ReferralRequested,
)
from projections.referral_loop import ReferralRow, referral_row


def referral_json(row: ReferralRow) -> Json:
    """Return one referral."""
    return {
        "stream_id": row.stream_id,
        "state": row.state,
        "version": row.version,
        "patient_id": row.patient_id,
        "record_id": row.record_id,
        "mode": row.mode,
        "requester": {
            "organisation": row.requester_organisation or None,
            "person": row.requester_person or None,
        },
        "target": {
            "organisation": row.target_organisation or None,
            "person": row.target_person or None,
            "pool": row.target_pool or None,
        },
        "service": row.service or None,
        "specialty": row.specialty or None,
        "urgency": row.urgency,
        "category": row.category,
        "requested_at": instant(row.requested_at),
        "requested_precision": row.requested_precision,
        "accepted_at": instant(row.accepted_at),
        "accepted_precision": row.accepted_precision,
        "outcome_at": instant(row.outcome_at),
        "outcome_precision": row.outcome_precision,
        "closed_at": instant(row.closed_at),
        "closed_precision": row.closed_precision,
        "need_met": row.need_met,
        "anchor": row.anchor_ref,
        "encounter_id": row.encounter_id,
        "flags": list(row.flags),
    }


def _summary(
    stream: StreamId,
    history: History,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> StreamSummary:
    row = referral_row(stream, history, patient_of=patient_of, encounter_of=encounter_of)
    return StreamSummary(began_at=row.requested_at, members=referral_json(row))


_CHANNELS: Final[Mapping[Channel, str]] = {
    "sent": "sent by the target",
    "found": "found in the record",
    "fax": "by fax",
    "told": "told by the patient or the target",
}


def _words(event: ReferralEvent, event_of: Callable[[EventId], ReferralEvent | None]) -> EntryWords:
    match event:
        case ReferralRequested():
            asked_for = " ".join(filter(None, (event.service, event.specialty)))
            who = f"from {_party(event.requester)} to {_party(event.target)}"
            head = "Referral requested"
            rest = ", ".join(filter(None, (who, asked_for, event.urgency)))
        case ReferralAccepted():
            head = "Referral accepted"
            by = f"by {_party(event.by)}"
            expected = f"expected by {event.expected_by}" if event.expected_by else ""
            rest = ", ".join(filter(None, (by, expected)))
        case ReferralOutcomeReceived():
            head, rest = "Referral outcome received", _CHANNELS[event.how]
        case ReferralClosed():
            head = "Referral closed"
            by = f"by {_party(event.acknowledged_by)}"
            told = event.plan_told_to_patient_on
            plan = f"patient told on {told}" if told else "patient not told yet"
            rest = ", ".join((by, f"need met: {event.need_met}", plan))
        case ReferralEnteredInError():
            return error_words("Referral", event, event_of)
        case _:
            assert_never(event)
    return EntryWords(kind=event.move(), head=head, rest=rest)


def _party(party: Party) -> str:
    """Return the codes of a party as text, such as ``GENERAL, dr-ward``."""
    return ", ".join(filter(None, (party.organisation, party.person, party.pool)))


def _organisation(event: ReferralEvent) -> str:
    match event:
        case ReferralRequested():
            return event.requester.organisation
        case ReferralAccepted():
            return event.by.organisation
        case ReferralClosed():
            return event.acknowledged_by.organisation
        case ReferralOutcomeReceived() | ReferralEnteredInError():
            return ""
        case _:
            assert_never(event)


REFERRALS: Final = OwnStream[Referral, ReferralEvent](
    kind="referral",
    icon="ref",
    decider=REFERRAL,
    begins=ReferralRequested,
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
