"""Read the received messages: lists, one message with its events, and the bytes of a message."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, LiteralString, Self
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow, class_row, dict_row
from psycopg.sql import SQL, Composable
from psycopg_pool import ConnectionPool

from commands.ports.intake import Disposition
from domain.ids import EventId, MessageId, RecordId
from infra.postgres import CONNECT_TIMEOUT, reachable, settings
from infra.sealing import Box
from infra.subject_keys import SubjectKeys


class NoSuchMessage(Exception):
    """No message has this id."""

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        super().__init__(f"no message {message_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessage:
    """One received message, without the parts that are sealed."""

    message_id: MessageId
    received_at: datetime
    arrived_by: str
    sender: str
    application: str  # MSH-3
    facility: str  # MSH-4
    control_id: str  # MSH-10
    trigger: str
    disposition: Disposition
    reason: str
    place: str
    warnings: tuple[str, ...]
    profile_version: str
    mapping_version: str
    reading: int  # number of its last reading, from 1: what the other members tell
    events: int  # how many events its readings have made
    duplicates: int
    last_seen: datetime
    control_id_reused: bool  # another message has the same MSH-3, -4 and -10 but other bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent:
    """An event of a message."""

    index: int
    event_id: EventId
    topic: str
    stream: RecordId
    recorded_at: datetime
    happened_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message, its events, and the other messages with its control id but other bytes."""

    message: ListedMessage
    events: tuple[MessageEvent, ...]
    same_control_id: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class QuarantineCount:
    """Messages in quarantine for one reason."""

    reason: str
    count: int
    oldest: datetime


def waiting(connection: Connection[Any]) -> list[QuarantineCount]:
    """Return how many messages are in quarantine, by reason."""
    with connection.cursor(row_factory=class_row(QuarantineCount)) as cursor:
        return cursor.execute(
            """
            select coalesce(reason, '') as reason, count(*) as count, min(received_at) as oldest
            from intake.last_reading where disposition = 'quarantined' and message_id in (
                select message_id from intake.message where disposition = 'quarantined'
                union all
                select message_id from intake.reading where disposition = 'quarantined'
            )
            group by 1 order by 1
            """
        ).fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilters:
    """Which messages: those that fit every member that is given. By their last reading."""

    ids: tuple[MessageId, ...] | None = None
    disposition: Disposition | None = None
    sender: str | None = None
    profile_version: str | None = None  # or its beginning
    trigger: str | None = None
    control_id: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageSize:
    """A received message, and the number of its bytes."""

    message_id: MessageId
    size: int


class MessageArchive:
    """All received messages. Threads may share it. Close it, or use it in a ``with`` block.

    Raises:
        StoreUnavailable: From every method, if the database does not answer.
    """

    def __init__(self, url: str, keys: SubjectKeys, *, connections: int = 2) -> None:
        self._keys = keys
        self._pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
            kwargs={**settings(url, name="messages"), "autocommit": True, "row_factory": dict_row},
            min_size=0,
            max_size=connections,
            timeout=CONNECT_TIMEOUT,
            open=True,
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ls(  # noqa: PLR0913  # filters, all optional and by name
        self,
        *,
        disposition: Disposition | None = None,
        sender: str | None = None,
        trigger: str | None = None,
        control_id: str | None = None,
        reason: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: MessageId | None = None,
        limit: int = 100,
    ) -> list[ListedMessage]:
        """Return messages, newest first.

        Args:
            disposition: Only messages with this one; ``DUPLICATE`` selects those sent again.
            sender: The name of the sender's profile.
            trigger: The trigger as read, such as ``A01``.
            control_id: The whole of MSH-10.
            reason: The code of the reason.
            since: Only messages received at this instant or later.
            until: Only messages received before this instant.
            before: The last id of the previous page.
            limit: The largest number of messages to return.
        """
        given = {
            "disposition": disposition.value if disposition else None,
            "sender": sender,
            "trigger": trigger,
            "control_id": control_id,
            "reason": reason,
            "since": since,
            "until": until,
            "before": None if before is None else _uuid(before),
        }
        chosen = [_condition(name, value) for name, value in given.items() if value is not None]
        where = SQL(" and ").join(chosen) if chosen else SQL("true")
        query = SQL("{} where {} order by m.message_id desc limit {}").format(
            _SELECT, where, SQL("%(limit)s")
        )
        with self._connection() as connection:
            rows = connection.execute(query, {**given, "limit": limit}).fetchall()
        return [_listed(row) for row in rows]

    def chosen(
        self, filters: MessageFilters, *, after: MessageId | None, upto: MessageId, limit: int
    ) -> list[MessageSize]:
        """Return messages by their ids, that is in the order of receiving.

        Args:
            filters: Which messages.
            after: The last id of the previous page.
            upto: The greatest id.
            limit: The largest number of messages to return.

        Raises:
            NoSuchMessage: The text of an id in the filters is not an id.
        """
        where, given = _where(filters)
        query = SQL(
            "select m.message_id::text, octet_length(m.sealed) as size from intake.last_reading m"
            " where {} and (%(after)s::uuid is null or m.message_id > %(after)s::uuid)"
            " and m.message_id <= %(upto)s::uuid"
            " order by m.message_id limit %(limit)s"
        ).format(where)
        with self._connection() as connection:
            rows = connection.execute(
                query, {**given, "after": after, "upto": upto, "limit": limit}
            ).fetchall()
        return [MessageSize(**row) for row in rows]

    def count(self, filters: MessageFilters) -> int:
        """Return how many messages the filters choose.

        Raises:
            NoSuchMessage: The text of an id in the filters is not an id.
        """
        where, given = _where(filters)
        query = SQL("select count(*) as count from intake.last_reading m where {}").format(where)
        with self._connection() as connection:
            row = connection.execute(query, given).fetchone()
        return int(row["count"]) if row else 0

    def message(self, message_id: str) -> ListedMessage:
        """Return one message without its events.

        Raises:
            NoSuchMessage: No message has this id, or the text is not an id.
        """
        with self._connection() as connection:
            return _one(connection, message_id)

    def show(self, message_id: str) -> ReceivedMessage:
        """Return one message with its events.

        Raises:
            NoSuchMessage: No message has this id, or the text is not an id.
        """
        wanted = {"id": _uuid(message_id)}
        with self._connection() as connection:
            message = _one(connection, message_id)
            events = connection.execute(_EVENTS, wanted).fetchall()
            others = connection.execute(_SAME_PAIR, wanted).fetchall()
        return ReceivedMessage(
            message=message,
            events=tuple(MessageEvent(**each) for each in events),
            same_control_id=tuple(each["message_id"] for each in others),
        )

    def raw(self, message_id: str) -> bytes:
        """Return the bytes of a message as they were received.

        Raises:
            NoSuchMessage: No message has this id, or the text is not an id.
            SegmentDoesNotOpen: The key of a subject that the message names is gone.
        """
        wanted = _uuid(message_id)
        with self._connection() as connection:
            row = connection.execute(
                "select sealed, commitment, array_to_string(sealed_for, ',') as sealed_for"
                " from intake.message where message_id = %s",
                (wanted,),
                binary=True,
            ).fetchone()
        if row is None:
            raise NoSuchMessage(message_id)
        subjects = [RecordId(each) for each in row["sealed_for"].split(",")]
        box = Box(row["sealed"], row["commitment"])
        return self._keys.open_message(box, message_id=str(wanted), subjects=subjects)

    def profile_content(self, version: str) -> str | None:
        """Return the canonical content of a version of a profile; None: no message names it."""
        with self._connection() as connection:
            row = connection.execute(
                "select content from intake.profile where version = %s", (version,)
            ).fetchone()
        return None if row is None else str(row["content"])

    def counts(self) -> dict[Disposition, int]:
        """Return the number of messages by disposition; the sum is the number received."""
        with self._connection() as connection:
            found = {row["disposition"]: row["count"] for row in connection.execute(_COUNTS)}
        return {each: found.get(each.value, 0) for each in Disposition}

    @contextmanager
    def _connection(self) -> Iterator[Connection[DictRow]]:
        with reachable(), self._pool.connection() as connection:
            yield connection


_SELECT: Final = SQL("""
    select m.message_id::text, m.received_at, m.arrived_by, m.sender, m.application, m.facility,
        m.control_id, m.trigger, m.disposition, m.reason, m.place, m.warnings, m.profile_version,
        m.mapping_version, m.reading, m.events, m.duplicates, m.last_seen,
        exists (
            select from intake.message other
            where other.pair_key = m.pair_key and other.message_id <> m.message_id
        ) as control_id_reused
    from intake.last_reading m
""")


def _by_index(column: LiteralString) -> SQL:
    """Return the condition that a column has a value that few messages have."""
    return SQL(
        f"m.{column} = %({column})s and m.message_id in ("  # noqa: S608  # names of this module
        f"select message_id from intake.message where {column} = %({column})s union all"
        f" select message_id from intake.reading where {column} = %({column})s)"
    )


_FILTERS: Final[Mapping[str, SQL]] = {
    "disposition": SQL("m.disposition = %(disposition)s"),
    "rare_disposition": _by_index("disposition"),
    "sender": SQL("m.sender = %(sender)s"),
    "trigger": SQL("m.trigger = %(trigger)s"),
    "control_id": _by_index("control_id"),
    "reason": SQL("m.reason = %(reason)s"),
    "since": SQL("m.received_at >= %(since)s"),
    "until": SQL("m.received_at < %(until)s"),
    "before": SQL("m.message_id < %(before)s"),
    "profile_version": SQL("starts_with(m.profile_version, %(profile_version)s)"),
    "ids": SQL("m.message_id = any(%(ids)s)"),
}
_EVENTS: Final = """
    select notification_id as index, event_id::text, topic, originator_id::text as stream,
        recorded_at, happened_at
    from (
        select first_index, last_index from intake.message
        where message_id = %(id)s and first_index > 0
        union all
        select first_index, last_index from intake.reading
        where message_id = %(id)s and first_index > 0
    ) as added
    join es.event on notification_id between added.first_index and added.last_index
    order by notification_id
"""
_SAME_PAIR: Final = """
    select other.message_id::text from intake.message m
    join intake.message other using (pair_key)
    where m.message_id = %(id)s and other.message_id <> m.message_id order by 1
"""
_COUNTS: Final = """
    select disposition, count(*) from intake.last_reading group by disposition
    union all
    select 'duplicate', coalesce(sum(duplicates), 0)::bigint from intake.message
    where duplicates > 0
"""


def _condition(name: str, value: object) -> SQL:
    if name == "disposition" and value == Disposition.DUPLICATE.value:
        return SQL("m.duplicates > 0")
    if name == "disposition" and value != Disposition.RECORDED.value:
        return _FILTERS["rare_disposition"]
    return _FILTERS[name]


def _where(filters: MessageFilters) -> tuple[Composable, dict[str, object]]:
    """Return the condition of filters, and its parameters."""
    given: dict[str, object] = {
        each.name: value
        for each in fields(filters)
        if (value := getattr(filters, each.name)) is not None
    }
    if filters.ids is not None:
        given["ids"] = list(map(_uuid, filters.ids))
    if filters.disposition is not None:
        given["disposition"] = filters.disposition.value
    chosen = [_condition(name, value) for name, value in given.items()]
    return SQL(" and ").join(chosen) if chosen else SQL("true"), given


def _one(connection: Connection[DictRow], message_id: str) -> ListedMessage:
    query = SQL("{} where m.message_id = %(id)s").format(_SELECT)
    row = connection.execute(query, {"id": _uuid(message_id)}).fetchone()
    if row is None:
        raise NoSuchMessage(message_id)
    return _listed(row)


def _listed(row: Mapping[str, Any]) -> ListedMessage:
    return ListedMessage(
        **{
            **row,
            "disposition": Disposition(row["disposition"]),
            "warnings": tuple(row["warnings"]),
            "received_at": row["received_at"].astimezone(UTC),
            "last_seen": row["last_seen"].astimezone(UTC),
        }
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchMessage(text) from None
