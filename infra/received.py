"""The rows of received messages: keys first, then the rows; always in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import Connection, Cursor
from psycopg.sql import SQL

from commands.ports import Disposition, Outcome, Received
from domain.ids import MessageId, RecordId
from infra.recorder import actor_text, array, texts
from infra.sealing import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message, sealed, and which of the events of its batch are its own."""

    message: Received
    box: Box
    sealed_for: tuple[RecordId, ...]
    events: range  # places in the batch, from 0; empty where it has none
    duplicates: int  # of the same key in the same batch
    last_duplicate: MessageId | None

    def outcome(self, indexes: Sequence[int]) -> Outcome:
        """Return what became of it; ``indexes`` are those of all events of the batch."""
        own = indexes[self.events.start : self.events.stop] or [0]
        return Outcome(
            disposition=self.message.disposition,
            message_id=self.message.message_id,
            first=self.message.disposition,
            reason=self.message.reason,
            place=self.message.place,
            first_index=own[0],
            last_index=own[-1],
        )


def claim_keys(cursor: Cursor[Any], messages: Sequence[Received]) -> set[bytes]:
    """Insert idempotency keys, and return those that were not there.

    Waits for other transactions that insert one of them. Sorted, so that two batches with keys in
    common never wait for each other in a circle.
    """
    cursor.execute(
        _CLAIM,
        ([each.key for each in messages], array(each.message_id for each in messages)),
        binary=True,
        prepare=True,
    )
    return {bytes(row["key"]) for row in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Again:
    """A key of a batch that was there before."""

    key: bytes
    times: int
    first: MessageId  # of the messages with this key in the batch
    last: MessageId


def count_duplicates(connection: Connection[Any], seen: Sequence[Again]) -> dict[bytes, Outcome]:
    """Count resends on the rows of their first, and return what became of these, by key.

    A message asked for again after a lost answer is no resend: the first itself is not counted, nor
    is what was the last to be counted on its row.
    """
    keys = [each.key for each in seen]
    connection.execute(_LOCK_FIRST, (keys,), prepare=True)
    cursor = connection.cursor()
    cursor.execute(
        _COUNT,
        (
            keys,
            array(str(each.times) for each in seen),
            array(each.first for each in seen),
            array(each.last for each in seen),
        ),
        binary=True,
        prepare=True,
    )
    return {
        bytes(row["key"]): Outcome(
            disposition=Disposition(row["disposition"]),
            message_id=MessageId(row["message_id"]),
            first=Disposition(row["disposition"]),
            reason=row["reason"],
            place=row["place"],
            first_index=row["first_index"],
            last_index=row["last_index"],
        )
        for row in cursor.fetchall()
    }


def insert(cursor: Cursor[Any], rows: Sequence[Row], *, events: int) -> None:
    """Insert the rows of a batch after its ``events``, the last ones of the log by now.

    Their indexes are counted back from the end of the log, so that in a pipeline nobody waits to
    be told.
    """
    messages = [row.message for row in rows]
    cursor.execute(
        _INSERT,
        (
            array(each.message_id for each in messages),
            [each.key for each in messages],
            [each.pair_key for each in messages],
            texts(each.arrived_by for each in messages),
            texts(each.sender for each in messages),
            texts(each.application for each in messages),
            texts(each.facility for each in messages),
            texts(each.control_id for each in messages),
            texts(each.trigger for each in messages),
            array(each.disposition.value for each in messages),
            texts(each.reason for each in messages),
            texts(each.place for each in messages),
            texts(msgspec.json.encode(each.warnings).decode() for each in messages),
            texts(actor_text(each.actor) for each in messages),
            texts(each.profile_version for each in messages),
            texts(each.mapping_version for each in messages),
            array(str(events - row.events.start) if row.events else "null" for row in rows),
            array(str(events - row.events.stop + 1) if row.events else "null" for row in rows),
            [row.box.data for row in rows],
            texts(array(row.sealed_for) for row in rows),
            [row.box.commitment for row in rows],
            array(str(row.duplicates) for row in rows),
            array(row.last_duplicate or "null" for row in rows),
        ),
        prepare=True,
    )


_CLAIM: Final = SQL(
    "insert into intake.key (key, message_id) select * from unnest(%b::bytea[], %s::uuid[])"
    " order by 1 on conflict (key) do nothing returning key"
)
_LOCK_FIRST: Final = SQL(
    "select from intake.message where message_id in"
    " (select message_id from intake.key where key = any(%b::bytea[]))"
    " order by message_id for update"
)
_COUNT: Final = SQL(
    "update intake.message as first set"
    " duplicates = first.duplicates + case"
    " when again.last in (first.message_id, first.last_duplicate) then 0"
    " else again.times - (again.first = first.message_id)::integer end,"
    " last_duplicate = nullif(again.last, first.message_id),"
    " last_seen = clock_timestamp()"
    " from unnest(%b::bytea[], %s::integer[], %s::uuid[], %s::uuid[])"
    " as again (key, times, first, last)"
    " join intake.key using (key) where first.message_id = intake.key.message_id"
    " returning first.key, first.message_id::text, disposition, reason, place, first_index,"
    " last_index"
)
_INSERT: Final = SQL("""
    insert into intake.message (message_id, key, pair_key, arrived_by, sender, application,
        facility, control_id, trigger, disposition, reason, place, warnings, actor,
        profile_version, mapping_version, first_index, last_index, sealed, sealed_for, commitment,
        duplicates, last_duplicate)
    select m.message_id, m.key, m.pair_key, m.arrived_by, m.sender, m.application, m.facility,
        m.control_id, m.trigger, m.disposition, m.reason, m.place,
        array(select jsonb_array_elements_text(m.warnings::jsonb)), m.actor::jsonb,
        m.profile_version, m.mapping_version, coalesce(newest.id - m.from_first + 1, 0),
        coalesce(newest.id - m.from_last + 1, 0), m.sealed,
        m.sealed_for::uuid[], m.commitment, m.duplicates, m.last_duplicate
    from unnest(%s::uuid[], %b::bytea[], %b::bytea[], %s::text[], %s::text[], %s::text[],
        %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %b::bytea[], %s::text[],
        %b::bytea[], %s::integer[], %s::uuid[])
    as m (message_id, key, pair_key, arrived_by, sender, application, facility, control_id,
        trigger, disposition, reason, place, warnings, actor, profile_version, mapping_version,
        from_first, from_last, sealed, sealed_for, commitment, duplicates, last_duplicate)
    cross join (select max(notification_id) as id from es.event) as newest
""")
