"""Read the events of a store by index, by id or by time, or read all of them in one stream."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed, Literal
from psycopg_pool import ConnectionPool

from domain.body import Envelope, RecordedEvent
from domain.ids import EventId, MessageId, RecordId
from infra.postgres import reachable
from infra.recorder import actor_of
from projections.engine.events import STATEMENT_PREFIXES, LoggedEvent

#: Rows of one query of a long read, so that no query holds its snapshot for long.
CHUNK: Final = 50_000
#: Rows that the client fetches together. This costs far less than a COPY, which gives single rows.
_AT_ONCE: Final = 200


class EventLog:
    """The events of a store, in the order of the log.

    Raises:
        StoreUnavailable: From every method, if the database does not answer.
    """

    def __init__(
        self, connections: ConnectionPool[Connection[TupleRow]], *, incarnation: str
    ) -> None:
        self.incarnation = incarnation
        self.connections = connections

    def load_incarnation(self) -> None:
        """Read the incarnation of the store again; a new generation of the topics has begun it."""
        self.incarnation = str(self._value("select incarnation from es.store"))

    def max_index(self) -> int:
        """Return the index of the newest event; 0 if the store has no events."""
        return int(self._value("select coalesce(max(notification_id), 0) from es.event"))

    def read(
        self, after: int, limit: int = 1000, *, upto: int | None = None
    ) -> list[RecordedEvent]:
        """Return at most ``limit`` events after an index, up to and including ``upto``."""
        with self._cursor() as cursor:
            cursor.execute(_READ, (after, upto, limit), prepare=True)
            return [_recorded(row, self.incarnation) for row in cursor.fetchall()]

    def read_partition(self, partition: int, after: int, upto: int) -> list[RecordedEvent]:
        """Return all events of one partition after an index, up to and including another."""
        with self._cursor() as cursor:
            cursor.execute(_READ_PARTITION, (partition, after, upto), prepare=True)
            return [_recorded(row, self.incarnation) for row in cursor.fetchall()]

    def one(self, index: int) -> RecordedEvent | None:
        """Return the event at an index; None if there is no such event."""
        found = self.read(index - 1, 1, upto=index)
        return found[0] if found else None

    def ids(self, indexes: Collection[int]) -> dict[int, EventId]:
        """Return the ids of the events at these indexes, by index."""
        with self._cursor() as cursor:
            return dict(cursor.execute(_IDS, (list(indexes),), prepare=True).fetchall())

    def by_event_id(self, event_id: EventId) -> RecordedEvent | None:
        """Return the event with an id; None if no event has it, or if the text is not an id."""
        try:
            wanted = UUID(event_id)
        except ValueError:
            return None
        with self._cursor() as cursor:
            row = cursor.execute(_BY_EVENT_ID, (wanted,)).fetchone()
        return _recorded(row, self.incarnation) if row else None

    def drain(self, after: int, upto: int) -> Iterator[RecordedEvent]:
        """Yield the events after an index, up to and including another.

        The events are streamed in chunks: no snapshot gets old, and memory does not grow with the
        length of the log. The iterator holds a connection during a chunk, so the caller must read
        it to its end or close it.
        """
        for row in self._stream(_COLUMNS, after, upto):
            yield _recorded(row, self.incarnation)

    def drain_for_rebuild(self, after: int, upto: int, *, bodies: bool) -> Iterator[LoggedEvent]:
        """Yield the same events with only the columns that read models need.

        This is several times as fast as ``drain``. With ``bodies``, the events have their bodies
        and the other columns that statements need.
        """
        for row in self._stream(_WITH_BODIES if bodies else _LEAN, after, upto):
            one = LoggedEvent(*row)
            one.incarnation = self.incarnation
            if bodies:
                one.subjects = tuple(row[9].split(","))
            yield one

    def _stream(self, columns: SQL | Composed, after: int, upto: int) -> Iterator[TupleRow]:
        for start in range(after, upto, CHUNK):
            query = _RANGE.format(columns, Literal(start), Literal(min(start + CHUNK, upto)))
            with self._cursor() as cursor, cursor.connection.transaction():
                # The caller may need long for the events of one chunk.
                cursor.execute("set local statement_timeout = 0")
                yield from cursor.stream(query, binary=True, size=_AT_ONCE)

    def last_ids(self) -> dict[int, int]:
        """Return the last index of each partition that has events."""
        with self._cursor() as cursor:
            return dict(cursor.execute(_LAST_IDS).fetchall())

    def first_after(self, positions: Mapping[int, int]) -> int:
        """Return the lowest index of an event that is after the position of its partition.

        Args:
            positions: An index by partition; at least one of these partitions has a later event.
        """
        partitions, after = list(positions), list(positions.values())
        return int(self._value(_FIRST_AFTER, partitions, after))

    def recorded_at_of(self, index: int) -> datetime | None:
        """Return when the event at an index was recorded; None if there is no such event."""
        found: datetime | None = self._value(
            "select recorded_at from es.event where notification_id = %s", index
        )
        return found.astimezone(UTC) if found else None

    def index_at(self, instant: datetime) -> int:
        """Return the greatest index recorded at or before an instant; 0 if there is none.

        The search is a bisection, because ``recorded_at`` never falls while the index rises.
        """
        return int(self._value(_INDEX_AT, instant))

    def _value(self, query: LiteralString, *parameters: object) -> Any:
        with self._cursor() as cursor:
            row = cursor.execute(query, parameters).fetchone()
        return row[0] if row else None

    @contextmanager
    def _cursor(self) -> Iterator[Cursor[TupleRow]]:
        with (
            reachable(),
            self.connections.connection() as connection,
            connection.cursor(binary=True) as cursor,
        ):
            yield cursor


# Ids are selected as text. Reading them as UUID objects first would double the cost.
_COLUMNS: Final = SQL(
    "notification_id, originator_id::text, originator_version, topic, state, event_id::text,"
    " partition::int4, previous, recorded_at, happened_at, array_to_string(subjects, ','), tenant,"
    " facility, actor::text, cause, correlation, message_id::text, mapping_version, profile_version"
)
_LEAN: Final = SQL(
    "notification_id, previous, partition::int4, originator_id::text, topic, event_id::text,"
    " recorded_at, happened_at"
)
_WITH_BODIES: Final = SQL(
    "{}, message_id::text, array_to_string(subjects, ','), state, originator_version,"
    " case when {} then '' else actor::text end"
).format(
    _LEAN,
    SQL(" or ").join(
        SQL("starts_with(topic, {})").format(Literal(prefix)) for prefix in STATEMENT_PREFIXES
    ),
)
_READ: Final[Composed] = SQL(
    "select {} from es.event where notification_id > %s"
    " and notification_id <= coalesce(%s, 9223372036854775807) order by notification_id limit %s"
).format(_COLUMNS)
_READ_PARTITION: Final[Composed] = SQL(
    "select {} from es.event where partition = %s and notification_id > %s"
    " and notification_id <= %s order by notification_id"
).format(_COLUMNS)
_IDS: Final = (
    "select notification_id, event_id::text from es.event where notification_id = any(%s::bigint[])"
)
_BY_EVENT_ID: Final[Composed] = SQL("select {} from es.event where event_id = %s").format(_COLUMNS)
_RANGE: Final = SQL(
    "select {} from es.event where notification_id > {} and notification_id <= {}"
    " order by notification_id"
)
_LAST_IDS: Final = """
    select number, newest.notification_id from generate_series(0, 11) as number
    cross join lateral (
        select notification_id from es.event where partition = number::int2
        order by notification_id desc limit 1
    ) newest
"""
_FIRST_AFTER: Final = """
    select min(next.notification_id)
    from unnest(%s::int2[], %s::bigint[]) as held (partition, index)
    cross join lateral (
        select notification_id from es.event
        where partition = held.partition and notification_id > held.index
        order by notification_id limit 1
    ) next
"""
_INDEX_AT: Final = """
    with recursive search (low, high) as (
        select 0::bigint, coalesce(max(notification_id), 0) from es.event
        union all
        select case when hit then middle else low end, case when hit then high else middle - 1 end
        from (
            select low, high, middle,
                (select recorded_at <= %s from es.event where notification_id = middle) as hit
            from (select low, high, (low + high + 1) / 2 as middle from search where low < high) s
        ) looked
    )
    select low from search where low = high
"""


def _recorded(row: TupleRow, incarnation: str) -> RecordedEvent:
    happened_at, message_id = row[9], row[16]
    return RecordedEvent(
        envelope=Envelope(
            index=row[0],
            previous=row[7],
            partition=row[6],
            event_id=EventId(row[5]),
            topic=row[3],
            stream=RecordId(row[1]),
            version=row[2],
            subjects=tuple(map(RecordId, row[10].split(","))),
            recorded_at=row[8],
            happened_at=happened_at,
            tenant=row[11],
            facility=row[12],
            actor=actor_of(row[13]),
            cause=row[14],
            correlation=row[15],
            message_id=MessageId(message_id) if message_id else None,
            mapping_version=row[17],
            profile_version=row[18],
            incarnation=incarnation,
        ),
        body=row[4],
    )
