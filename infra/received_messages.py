"""Write the rows of received messages.

A new message gets a row, together with its events. A resend is counted on the row of its first
sending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL

from commands.ports.intake import Disposition, IncomingMessage, MessageOutcome
from domain.ids import MessageId, RecordId
from infra.recorder import PARAMETERS, Columns, NewEvent, actor_text, parameters
from infra.sealing import Box
from infra.store_writer import sealed_event
from infra.subject_keys import SealingKeys
from projections.engine.arrays import array, texts


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """A message and its events, sealed and ready to be written."""

    message: IncomingMessage
    keys: SealingKeys
    box: Box
    sealed_for: tuple[RecordId, ...]
    events: tuple[NewEvent, ...]


def sealed_drafts(
    message: IncomingMessage, keys: SealingKeys, *, tenant: str
) -> tuple[NewEvent, ...]:
    """Seal the events of a message.

    Raises:
        BodyDoesNotHold: See ``make_body``.
    """
    return tuple(
        sealed_event(
            each.core,
            each.segments,
            topic=each.topic,
            columns=Columns(
                event_id=each.event_id,
                subjects=each.subjects,
                tenant=tenant,
                actor=message.actor,
                facility=each.facility,
                happened_at=each.happened_at,
                correlation=message.message_id,
                message_id=message.message_id,
                mapping_version=message.mapping_version,
                profile_version=message.profile_version,
            ),
            keys=keys,
        )
        for each in message.drafts
    )


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message of a batch, and how often its idempotency key comes again in the same batch."""

    prepared: SealedMessage
    duplicates: int
    last_duplicate: MessageId | None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcomes of a batch or, if nothing was recorded, the reasons."""

    known: frozenset[bytes] = frozenset()  # idempotency keys that the store has already
    #: Data key ids of subjects for which another key was proposed.
    taken: Mapping[RecordId, int] = field(default_factory=dict)
    outcomes: Mapping[bytes, MessageOutcome] = field(default_factory=dict)  # by idempotency key


def insert(
    connection: Connection[Any],
    batch: Sequence[NewMessage],
    *,
    proposed: Mapping[RecordId, int],
    tenant: str,
) -> BatchResult:
    """Record a batch in one SQL statement, which is a transaction of its own.

    Args:
        connection: A connection in autocommit mode.
        batch: The messages, each idempotency key once.
        proposed: The ids of the keys that are proposed for subjects, by subject.
        tenant: The name of the installation.
    """
    ready = [each.prepared for each in batch]
    messages = [each.message for each in ready]
    ends = list(accumulate((len(each.events) for each in ready), initial=0))
    spans = list(pairwise(ends))
    values = (
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
        texts(texts(each.warnings) for each in messages),
        texts(actor_text(each.actor) for each in messages),
        texts(each.profile_version for each in messages),
        texts(each.mapping_version for each in messages),
        array(str(start) if end > start else "null" for start, end in spans),
        array(str(end - 1) if end > start else "null" for start, end in spans),
        [each.box.data for each in ready],
        texts(array(each.sealed_for) for each in ready),
        [each.box.commitment for each in ready],
        array(str(each.duplicates) for each in batch),
        array(each.last_duplicate or "null" for each in batch),
        array(proposed),
        array(map(str, proposed.values())),
        *parameters([one for each in ready for one in each.events]),
        tenant,
    )
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        ((known, subjects, key_ids, first),) = cursor.execute(_RECORD, values, prepare=True)
    if known or subjects:
        taken = dict(zip(subjects or (), key_ids or (), strict=True))
        return BatchResult(known=frozenset(map(bytes, known)), taken=taken)
    return BatchResult(
        outcomes={
            each.key: _recorded(each, first + start, first + end - 1)
            if end > start
            else _recorded(each, 0, 0)
            for each, (start, end) in zip(messages, spans, strict=True)
        }
    )


@dataclass(frozen=True, slots=True)
class Resend:
    """Messages of a batch whose idempotency key the store has already."""

    key: bytes
    times: int
    first: MessageId  # of the messages with this key in the batch
    last: MessageId


def count_duplicates(
    connection: Connection[Any], seen: Sequence[Resend]
) -> dict[bytes, MessageOutcome]:
    """Count resends on the rows of their first, and return what became of these, by key.

    A retry after a lost answer is not a resend: the first message itself is not counted, and the
    resend that was counted last on its row is not counted again.
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
        bytes(row["key"]): MessageOutcome(
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


def _recorded(message: IncomingMessage, first: int, last: int) -> MessageOutcome:
    return MessageOutcome(
        disposition=message.disposition,
        message_id=message.message_id,
        first=message.disposition,
        reason=message.reason,
        place=message.place,
        first_index=first,
        last_index=last,
    )


_RECORD: Final = SQL(
    "select known, subjects, key_ids, first_id from intake.record(%s::uuid[], %b::bytea[],"
    " %b::bytea[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::integer[], %s::integer[], %b::bytea[], %s::text[], %b::bytea[], %s::integer[],"
    " %s::uuid[], %s::uuid[], %s::bigint[], {}, %s)"
).format(SQL(PARAMETERS))
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
    " join intake.key using (key)"
    " join intake.last_reading as read using (message_id)"
    " where first.message_id = intake.key.message_id"
    " returning first.key, first.message_id::text, read.disposition, read.reason, read.place,"
    " read.first_index, read.last_index"
)
