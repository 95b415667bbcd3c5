"""Read the own activities of a patient, such as referrals, and write their entries in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, assert_never

import structlog

from caretrail.reading.wording import EntryWords
from domain import decider
from domain.catalogue import own_event
from domain.continuity import Patient
from domain.events import ErrorReason
from domain.ids import EncounterId, EventId, PatientId, StatementRef, StreamId
from domain.referral import (
    REFERRAL,
    Channel,
    History,
    Party,
    ReferralAccepted,
    ReferralClosed,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralOutcomeReceived,
    ReferralRequested,
)
from projections.engine.events import FiledOwnEvent
from projections.engine.own_events import OwnEventRow, streams_of
from projections.referral_loop import ReferralRow, history, is_referral, referral_row

log = structlog.get_logger()

#: An own event that is recorded this long after it happened is late.
LATE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEntry:
    """One own event as an entry of the timeline."""

    stream: str  # the kind, such as "referral"
    stream_id: StreamId
    index: int
    event_id: EventId
    happened_at: datetime
    recorded_at: datetime
    words: EntryWords
    facility: str  # the organisation that acted; empty: not stated
    encounter_id: EncounterId | None
    voided_by: EventId | None
    flags: tuple[str, ...]
    late: timedelta | None  # None: recorded soon enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """The own activities of a patient, as of one instant and as known at another."""

    entries: tuple[ActivityEntry, ...] = ()  # by the time at which they happened
    referrals: tuple[ReferralRow, ...] = ()  # by the time at which they were requested


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralReading:
    """One referral with its entries, as it is now."""

    row: ReferralRow
    entries: tuple[ActivityEntry, ...]  # by the time at which they happened


def read_referral(row: ReferralRow, filed: Iterable[OwnEventRow]) -> ReferralReading:
    """Return a referral with its entries, from the events filed in its component."""
    encounters = {row.anchor_ref: row.encounter_id} if row.anchor_ref and row.encounter_id else {}
    entries: list[ActivityEntry] = []
    for stream, events in _streams(each for each in filed if each.stream_id == row.stream_id):
        entries += _entries(stream, events, history(events), encounters)
    entries.sort(key=lambda one: (one.happened_at, one.index))
    return ReferralReading(row=row, entries=tuple(entries))


def read_activities(
    filed: Iterable[OwnEventRow], patient: Patient, *, as_of: datetime | None
) -> Activities:
    """Return the activities of a patient from the events filed in the component.

    An event belongs to the patient that its source record answers with. A stream with an event
    that this release cannot read is left out and logged: its component is set aside already.
    """
    encounters = {
        ref: encounter.encounter_id
        for encounter in patient.encounters
        for ref in encounter.statements
    }
    entries: list[ActivityEntry] = []
    referrals: list[ReferralRow] = []
    for stream, events in _streams(filed):
        if not set(events[0].records) & set(patient.records) or not is_referral(events):
            continue
        whole = history(events)
        then = whole if as_of is None else decider.as_of(whole, as_of)
        if not any(isinstance(each.event, ReferralRequested) for each in then):
            continue
        referrals.append(
            referral_row(
                stream,
                then,
                patient_of=lambda _: PatientId(patient.patient_id),
                encounter_of=lambda ref: encounters.get(ref) if ref else None,
            )
        )
        shown = [each for each in events if as_of is None or _fact(each).happened_at.at <= as_of]
        entries += _entries(stream, shown, then, encounters)
    entries.sort(key=lambda one: (one.happened_at, one.stream, one.stream_id, one.index))
    referrals.sort(key=lambda one: (one.requested_at, one.stream_id))
    return Activities(entries=tuple(entries), referrals=tuple(referrals))


def _streams(filed: Iterable[OwnEventRow]) -> Iterable[tuple[StreamId, Sequence[FiledOwnEvent]]]:
    by_stream = sorted(filed, key=lambda row: row.stream_id)
    for stream, rows in groupby(by_stream, key=lambda row: row.stream_id):
        try:
            for events in streams_of(rows, own_event).values():
                yield StreamId(stream), events
        except ValueError:
            log.warning("activity.unreadable", stream=stream)


def _entries(
    stream: StreamId,
    shown: Iterable[FiledOwnEvent],
    then: History,
    encounters: Mapping[StatementRef, EncounterId],
) -> Iterable[ActivityEntry]:
    folded = decider.fold(REFERRAL, then)
    by_id = {each.event_id: each.event for each in then}
    for each in shown:
        event = _fact(each)
        behind = each.recorded_at - event.happened_at.last
        yield ActivityEntry(
            stream="referral",
            stream_id=stream,
            index=each.index,
            event_id=each.event_id,
            happened_at=event.happened_at.at,
            recorded_at=each.recorded_at,
            words=referral_words(event, by_id.get),
            facility=_organisation(event),
            encounter_id=encounters.get(event.anchor) if event.anchor else None,
            voided_by=folded.void.get(each.event_id),
            flags=("rests_on_void",) if each.event_id in folded.rests_on_void else (),
            late=behind if behind >= LATE else None,
        )


def _fact(filed: FiledOwnEvent) -> ReferralEvent:
    (only,) = history([filed])
    return only.event


_ERRORS: Final[Mapping[ErrorReason, str]] = {
    "wrong_patient": "wrong patient",
    "wrong_item": "wrong item",
    "duplicate": "recorded twice",
    "not_done": "it was not done",
    "other": "another reason",
}
_CHANNELS: Final[Mapping[Channel, str]] = {
    "sent": "sent by the target",
    "found": "found in the record",
    "fax": "by fax",
    "told": "told by the patient or the target",
}


def referral_words(
    event: ReferralEvent, event_of: Callable[[EventId], ReferralEvent | None]
) -> EntryWords:
    """Return the words of the entry of an event of a referral.

    Args:
        event: The event.
        event_of: Returns an event of the same referral by its id.
    """
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
            head = "Referral entry marked as an error"
            named = event_of(event.event_id)
            step = named.move().replace("_", " ") if named else "an entry"
            rest = f"{step}, {_ERRORS[event.reason_code]}"
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
