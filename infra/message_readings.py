"""Read received messages with their last readings, and record later readings of them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

import psycopg
from psycopg.sql import SQL
from typing_extensions import override

from commands.ports.intake import Disposition
from commands.ports.readings import (
    CountingEvent,
    MessageReadings,
    NewReading,
    ReadingTaken,
    ReceivedReading,
)
from commands.ports.store import CannotStore, StoreUnavailable
from domain.body import PlainSegment, SealedSegment
from domain.catalogue import WITHDRAWN
from domain.encoding import read_body
from domain.ids import EventId, MessageId, RecordId
from domain.segments import SegmentDoesNotOpen
from domain.statement import Statement
from infra.received_messages import sealed_drafts
from infra.recorder import PARAMETERS, NewEvent, actor_of, parameters
from infra.sealing import Box
from infra.store_writer import REASONS, ROUNDS, StoreWriter
from infra.subject_keys import SubjectKeys
from projections.engine.arrays import array, texts


class RecordedReadings(MessageReadings):
    """The readings of the messages of one store. Safe for threads."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer

    @override
    def last(self, message_ids: Sequence[MessageId]) -> list[ReceivedReading]:
        wanted = (array(message_ids),)
        with self._writer.connection() as connection, connection.transaction():
            messages = connection.execute(_MESSAGES, wanted, binary=True).fetchall()
            events = connection.execute(_EVENTS, (*wanted, *wanted), binary=True).fetchall()
        by_message: dict[str, list[Mapping[str, Any]]] = {}
        for row in events:
            by_message.setdefault(row["message_id"], []).append(row)
        subjects = {one for row in messages for one in row["sealed_for"].split(",")}
        self._writer.keys.warm(map(RecordId, subjects))
        return [
            _reading(row, by_message.get(row["message_id"], ()), self._writer.keys)
            for row in messages
        ]

    @override
    def record(self, readings: Sequence[NewReading]) -> None:
        for _ in range(ROUNDS):
            if self._try(readings):
                return
        raise StoreUnavailable("OthersWereFirst")

    def _try(self, readings: Sequence[NewReading]) -> bool:
        """Try once to record; False if another writer has just given a subject its key.

        Locks are taken in the order that ``infra.event_store`` states.
        """
        writer = self._writer
        messages = [each.message for each in readings]
        subjects = {
            one.subject for each in messages for draft in each.drafts for one in draft.segments
        }
        keys = writer.keys.for_sealing(subjects)
        try:
            events = [sealed_drafts(each, keys, tenant=writer.tenant) for each in messages]
        except tuple(REASONS) as error:
            # The cause is left out, because its text quotes values.
            raise CannotStore(REASONS[type(error)]) from None
        proposed = keys.proposed()
        values = _values(readings, events, proposed, writer.tenant)
        with writer.connection() as connection:
            try:
                row = connection.execute(_RECORD, values, prepare=True).fetchone()
            except psycopg.errors.SerializationFailure:
                if self._is_taken(readings):
                    raise ReadingTaken from None
                return False
        assert row is not None  # noqa: S101  # the function returns one row
        if row["subjects"]:
            writer.keys.adopt(
                dict(zip(map(RecordId, row["subjects"]), row["key_ids"], strict=True))
            )
            return False
        writer.keys.confirm(proposed)
        return True

    def _is_taken(self, readings: Sequence[NewReading]) -> bool:
        ids = array(each.message.message_id for each in readings)
        with self._writer.connection() as connection:
            rows = connection.execute(_NUMBERS, (ids,)).fetchall()
        numbers = {row["message_id"]: row["number"] for row in rows}
        return any(numbers.get(each.message.message_id, 1) >= each.number for each in readings)


def _reading(
    row: Mapping[str, Any], events: Iterable[Mapping[str, Any]], keys: SubjectKeys
) -> ReceivedReading:
    message_id = MessageId(row["message_id"])
    subjects = [RecordId(each) for each in row["sealed_for"].split(",")]
    raw: bytes | None
    counting: tuple[CountingEvent, ...] = ()
    try:
        box = Box(row["sealed"], row["commitment"])
        raw = keys.open_message(box, message_id=message_id, subjects=subjects)
        counting = _counting(events, keys)
    except SegmentDoesNotOpen:
        raw = None
    return ReceivedReading(
        message_id=message_id,
        number=row["reading"],
        raw=raw,
        arrived_by=row["arrived_by"],
        actor=actor_of(row["actor"]),
        application=row["application"],
        facility=row["facility"],
        sender=row["sender"],
        control_id=row["control_id"],
        trigger=row["trigger"],
        disposition=Disposition(row["disposition"]),
        reason=row["reason"],
        place=row["place"],
        warnings=tuple(row["warnings"]),
        profile_version=row["profile_version"],
        mapping_version=row["mapping_version"],
        events=counting,
    )


def _counting(rows: Iterable[Mapping[str, Any]], keys: SubjectKeys) -> tuple[CountingEvent, ...]:
    """Return the events of a message that count.

    Raises:
        SegmentDoesNotOpen: The key of a segment is destroyed.
    """
    found: list[tuple[Mapping[str, Any], Statement, tuple[SealedSegment, ...]]] = []
    gone: set[str] = set()
    for row in rows:
        body = read_body(row["topic"], row["state"])
        assert isinstance(body.core, Statement)  # noqa: S101  # messages make statements
        gone.update(body.core.supersedes)
        if row["topic"] != WITHDRAWN:
            found.append((row, body.core, body.sealed))
    return tuple(
        CountingEvent(
            event_id=EventId(row["event_id"]),
            topic=row["topic"],
            subjects=tuple(row["subjects"].split(",")),
            core=core,
            segments=tuple(
                PlainSegment(
                    subject=each.subject,
                    segment=each.segment,
                    text=keys.open(each, event_id=row["event_id"], topic=row["topic"]),
                )
                for each in sealed
            ),
            happened_at=row["happened_at"],
            facility=row["facility"],
        )
        for row, core, sealed in found
        if row["event_id"] not in gone
    )


def _values(
    readings: Sequence[NewReading],
    events: Sequence[Sequence[NewEvent]],
    proposed: Mapping[RecordId, int],
    tenant: str,
) -> tuple[Any, ...]:
    messages = [each.message for each in readings]
    spans = list(pairwise(accumulate(map(len, events), initial=0)))
    return (
        array(each.message_id for each in messages),
        array(str(each.number) for each in readings),
        texts(each.sender for each in messages),
        texts(each.control_id for each in messages),
        texts(each.trigger for each in messages),
        array(each.disposition.value for each in messages),
        texts(each.reason for each in messages),
        texts(each.place for each in messages),
        texts(texts(each.warnings) for each in messages),
        texts(each.profile_version for each in messages),
        texts(each.mapping_version for each in messages),
        array(str(start) if end > start else "null" for start, end in spans),
        array(str(end - 1) if end > start else "null" for start, end in spans),
        array(proposed),
        array(map(str, proposed.values())),
        *parameters([one for each in events for one in each]),
        tenant,
    )


_MESSAGES: Final = """
    select message_id::text, reading, sealed, commitment,
        array_to_string(sealed_for, ',') as sealed_for, arrived_by, actor::text, application,
        facility, sender, control_id, trigger, disposition, reason, place, warnings,
        profile_version, mapping_version
    from intake.last_reading where message_id = any(%s::uuid[]) order by message_id
"""
_EVENTS: Final = """
    select e.message_id::text, e.event_id::text, e.topic, e.state,
        array_to_string(e.subjects, ',') as subjects, e.happened_at, e.facility
    from (
        select first_index, last_index from intake.message
        where message_id = any(%s::uuid[]) and first_index > 0
        union all
        select first_index, last_index from intake.reading
        where message_id = any(%s::uuid[]) and first_index > 0
    ) as added
    join es.event e on e.notification_id between added.first_index and added.last_index
    order by e.notification_id
"""
_NUMBERS: Final = (
    "select message_id::text, max(number) as number from intake.reading"
    " where message_id = any(%s::uuid[]) group by 1"
)
_RECORD: Final = SQL(
    "select subjects, key_ids, first_id from intake.read_again(%s::uuid[], %s::integer[],"
    " %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::text[], %s::text[], %s::integer[], %s::integer[], %s::uuid[], %s::bigint[], {}, %s)"
).format(SQL(PARAMETERS))
