"""The rows of received messages: keys first, then the rows; always in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import Cursor
from psycopg.sql import SQL

from commands.ports import Disposition, Outcome, Received
from domain.ids import MessageId, RecordId
from infra.recorder import actor_text, array
from infra.sealing import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message, sealed, and the indexes that its events got."""

    message: Received
    box: Box
    sealed_for: tuple[RecordId, ...]
    first_index: int
    last_index: int
    duplicates: int  # of the same key in the same batch

    def outcome(self) -> Outcome:
        """Return what became of it."""
        return Outcome(
            disposition=self.message.disposition,
            message_id=self.message.message_id,
            first=self.message.disposition,
            reason=self.message.reason,
            place=self.message.place,
            first_index=self.first_index,
            last_index=self.last_index,
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


def count_duplicates(cursor: Cursor[Any], seen: Mapping[bytes, int]) -> dict[bytes, Outcome]:
    """Count resends on the rows of their first, and return what became of these, by key."""
    cursor.execute(_LOCK_FIRST, (list(seen),), prepare=True)
    cursor.execute(_COUNT, (list(seen), list(seen.values())), prepare=True)
    return {
        bytes(row["key"]): Outcome(
            disposition=Disposition.DUPLICATE,
            message_id=MessageId(row["message_id"]),
            first=Disposition(row["disposition"]),
            reason=row["reason"],
            place=row["place"],
            first_index=row["first_index"],
            last_index=row["last_index"],
        )
        for row in cursor.fetchall()
    }


def insert(cursor: Cursor[Any], rows: Sequence[Row]) -> None:
    """Insert the rows."""
    messages = [row.message for row in rows]
    cursor.execute(
        _INSERT,
        (
            array(each.message_id for each in messages),
            [each.key for each in messages],
            [each.pair_key for each in messages],
            [each.arrived_by for each in messages],
            [each.sender for each in messages],
            [each.application for each in messages],
            [each.facility for each in messages],
            [each.control_id for each in messages],
            [each.trigger for each in messages],
            array(each.disposition.value for each in messages),
            [each.reason for each in messages],
            [each.place for each in messages],
            [msgspec.json.encode(each.warnings).decode() for each in messages],
            [actor_text(each.actor) for each in messages],
            [each.profile_version for each in messages],
            [each.mapping_version for each in messages],
            array(str(row.first_index) for row in rows),
            array(str(row.last_index) for row in rows),
            [row.box.data for row in rows],
            [array(row.sealed_for) for row in rows],
            [row.box.commitment for row in rows],
            array(str(row.duplicates) for row in rows),
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
    "update intake.message as first set duplicates = first.duplicates + again.times,"
    " last_seen = clock_timestamp()"
    " from unnest(%b::bytea[], %s::integer[]) as again (key, times)"
    " join intake.key using (key) where first.message_id = intake.key.message_id"
    " returning first.key, first.message_id::text, disposition, reason, place, first_index,"
    " last_index"
)
_INSERT: Final = SQL(
    "insert into intake.message (message_id, key, pair_key, arrived_by, sender, application,"
    " facility, control_id, trigger, disposition, reason, place, warnings, actor, profile_version,"
    " mapping_version, first_index, last_index, sealed, sealed_for, commitment, duplicates)"
    " select m.message_id, m.key, m.pair_key, m.arrived_by, m.sender, m.application, m.facility,"
    " m.control_id, m.trigger, m.disposition, m.reason, m.place,"
    " array(select jsonb_array_elements_text(m.warnings::jsonb)), m.actor::jsonb,"
    " m.profile_version, m.mapping_version, m.first_index, m.last_index, m.sealed,"
    " m.sealed_for::uuid[], m.commitment, m.duplicates"
    " from unnest(%s::uuid[], %b::bytea[], %b::bytea[], %b::text[], %b::text[], %b::text[],"
    " %b::text[], %b::text[], %b::text[], %s::text[], %b::text[], %b::text[], %b::text[],"
    " %b::text[], %b::text[], %b::text[], %s::bigint[], %s::bigint[], %b::bytea[], %b::text[],"
    " %b::bytea[], %s::integer[]) as m (message_id, key, pair_key, arrived_by, sender, application,"
    " facility, control_id, trigger, disposition, reason, place, warnings, actor, profile_version,"
    " mapping_version, first_index, last_index, sealed, sealed_for, commitment, duplicates)"
)
