"""The statements themselves, by source record: what interpretation reads, live and as known at.

Tables: ``statement`` (core and sealed segments verbatim, with what of the envelope is shown) and
``component`` (which records may concern each other). The projector keeps them in the transaction
of the rows, so that read models may stand in another database than the events.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
from psycopg import Connection, sql

from domain.body import RecordedEvent, Sealed
from domain.ids import EventId, MessageId, RecordId
from domain.statement import Moment, Statement
from projections.engine import fast
from projections.engine.arrays import array, texts
from projections.engine.decoding import decode_core, decode_sealed, records_named, split
from projections.engine.logged_event import LoggedEvent, logged
from projections.engine.table import Column, Row, Table, load

NAME: Final = "substrate"
VERSION: Final = 1

STATEMENT: Final = Table(
    "statement",
    "One row per statement filed, under its source record.",
    (
        Column("source_position", "bigint", "Index of the event in the log.", "arrival", True),
        Column("record_id", "text", "Source record under which it is filed.", required=True),
        Column("statement_ref", "text", "Ref of the statement; null: unreadable."),
        Column("partition", "integer", "Partition of its stream.", "arrival", True),
        Column("event_id", "text", "Id of the event.", "arrival", True),
        Column("topic", "text", "Topic of the event.", required=True),
        Column("recorded_at", "timestamptz", "When it was recorded.", "arrival", True),
        Column("message_id", "text", "Id of the message received.", "arrival"),
        Column("earliest_at", "timestamptz", "Earliest time that it states."),
        Column("latest_at", "timestamptz", "Latest time that it states."),
        Column("core", "text", "The core as stored, verbatim JSON.", required=True),
        Column("sealed", "text", "The sealed segments as stored, verbatim JSON.", "segments"),
    ),
    key=("source_position",),
    indexes=(("record_id",),),  # what else is looked up stands in ``audit_trail``
    published=False,
    order=("statement_ref", "record_id"),
)

COMPONENT: Final = Table(
    "component",
    "One row per source record or trusted ref; rows of one component may concern each other.",
    (
        Column(
            "node", "text", "A source record, or the ref of a trusted identifier.", required=True
        ),
        Column("component", "text", "The smallest node of the component.", required=True),
    ),
    key=("node",),
    indexes=(("component",),),
    published=False,
)

TABLES: Final = (STATEMENT, COMPONENT)

#: Events of these streams are statements of a source (DESIGN, section 5).
_STREAMS: Final = ("encounter.", "patient.")


class FiledStatement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A statement as it is filed, and what of its event is shown beside it."""

    index: int
    event_id: EventId
    topic: str
    recorded_at: datetime
    message_id: MessageId | None
    partition: int
    statement: Statement
    segments: str | msgspec.Raw  # as stored: a JSON array

    @property
    def sealed(self) -> tuple[Sealed, ...]:
        """The sealed segments, decoded."""
        return decode_sealed(self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A statement as it goes into the substrate, and which nodes it joins: its own record first."""

    row: tuple[Any, ...]  # of ``STATEMENT``
    nodes: tuple[str, ...]
    statement: Statement | None  # None: it cannot be read

    @property
    def source_position(self) -> int:
        """Index of the event in the log."""
        index: int = self.row[0]
        return index

    @property
    def event_id(self) -> str:
        """Id of the event."""
        event_id: str = self.row[4]
        return event_id

    def filed(self) -> FiledStatement:
        """Return it as it is filed.

        Raises:
            ValueError: It cannot be read.
        """
        index, _, _, partition, event_id, topic, recorded_at, message_id, *_, core, sealed = (
            self.row
        )
        if self.statement is None or sealed is None:
            return filed(index, event_id, topic, recorded_at, message_id, partition, core, sealed)
        return FiledStatement(
            index=index,
            event_id=event_id,
            topic=topic,
            recorded_at=recorded_at,
            message_id=message_id,
            partition=partition,
            statement=self.statement,
            segments=sealed,
        )


class Stored(NamedTuple):
    """A statement as it comes out of the substrate."""

    source_position: int
    event_id: str
    topic: str
    recorded_at: datetime
    message_id: str | None
    partition: int
    core: str
    segments: str | None

    def filed(self) -> FiledStatement:
        """Decode it for interpretation.

        Raises:
            msgspec.MsgspecError: It cannot be read.
        """
        return filed(*self, decode=fast.decode_core)


_FILED: Final = """
    select c.component, s.source_position, s.event_id, s.topic, s.recorded_at, s.message_id,
        s.partition, s.core, s.sealed
    from {statement} as s
    join {component} as c on c.node = s.record_id
"""


def is_statement(topic: str) -> bool:
    """Tell whether events of this topic are statements of a source."""
    return topic.startswith(_STREAMS)


def joins(statement: Statement, subjects: Iterable[RecordId]) -> tuple[str, ...]:
    """Return what ``statement`` joins: whom it names, and trusted refs that are no placeholder.

    A superset that only grows: who is really joined is decided inside the component.
    """
    nodes: dict[str, None] = dict.fromkeys((*records_named(statement), *subjects))
    for identifier in statement.identifiers:
        if identifier.trusted and not identifier.placeholder:
            nodes[identifier.ref] = None
    return tuple(nodes)


def read(recorded: RecordedEvent) -> Read:
    """Read a statement as it is filed.

    A body that cannot be read is filed whole under its stream: its component is set aside, and a
    later release that can read it finds it there.
    """
    one = logged(recorded)
    try:
        statement, _ = fast.decode_whole(one.body)
    except ValueError:  # msgspec's and Unicode's errors are both
        nodes = dict.fromkeys((*named(one), *one.subjects))
        return Read(row=row_of(one, None), nodes=tuple(nodes), statement=None)
    nodes_of = joins(statement, recorded.envelope.subjects)
    return Read(row=row_of(one, statement), nodes=nodes_of, statement=statement)


def row_of(one: LoggedEvent, statement: Statement | None) -> Row:
    """Return the row of a statement; None: it cannot be read."""
    core: str
    sealed: str | None
    try:
        if statement is not None:
            core, sealed = split(one.body)
    except ValueError:
        statement = None
    if statement is None:
        core, sealed = one.body.decode("utf-8", "backslashreplace"), None
    earliest, latest = (None, None) if statement is None else times(statement)
    return (
        one.index,
        named(one)[0] if statement is None else statement.record,
        None if statement is None else statement.ref,
        one.partition,
        one.event_id,
        one.topic,
        one.recorded_at,
        one.message_id,
        earliest,
        latest,
        core,
        sealed,
    )


def filed_as(one: LoggedEvent, statement: Statement, segments: str | msgspec.Raw) -> FiledStatement:
    """Return an event with the statement in it."""
    return FiledStatement(
        index=one.index,
        event_id=EventId(one.event_id),
        topic=one.topic,
        recorded_at=one.recorded_at,
        message_id=None if one.message_id is None else MessageId(one.message_id),
        partition=one.partition,
        statement=statement,
        segments=segments,
    )


def named(one: LoggedEvent) -> tuple[str, ...]:
    """Return whom a statement names, its record first, reading no more of it than that."""
    try:
        return fast.decode_joins(one.body)
    except ValueError:
        return (one.stream,)


def times(statement: Statement) -> tuple[datetime | None, datetime | None]:
    """Return the earliest and the latest instant that a statement names."""
    stated = [
        moment
        for moment in (
            statement.sent,
            statement.entered,
            statement.occurred,
            statement.admitted,
            statement.discharged,
        )
        if moment is not None
    ]
    return (
        min((moment.at for moment in stated), default=None),
        max(map(_last, stated), default=None),
    )


def file(connection: Connection[Any], schema: str, statements: Sequence[Read]) -> None:
    """File statements."""
    load(connection, schema, STATEMENT, [one.row for one in statements])


def filed_of(
    connection: Connection[Any], records: Sequence[RecordId], *, upto: int | None = None
) -> list[FiledStatement]:
    """Return everything filed in the components of ``records``, by index.

    ``upto``: only what was recorded up to this index.
    """
    rows = _select(
        connection,
        "proj",
        """
        where s.record_id in (
            select other.node
            from {component} as mine
            join {component} as other using (component)
            where mine.node = any(%s)
        ) and (%s::bigint is null or s.source_position <= %s)
        order by s.source_position
        """,
        (list(records), upto, upto),
    )
    return [filed(*one[1:]) for one in rows]


def filed_by_component(
    connection: Connection[Any],
    schema: str,
    wanted: Sequence[str],
    *,
    upto: int | None = None,
    but: Iterable[int] = (),
) -> dict[str, list[Stored]]:
    """Return all statements of ``wanted`` components, by index.

    ``upto``: only what was recorded up to this index; ``but``: without these indexes, which the
    caller has already.
    """
    rows = _select(
        connection,
        schema,
        """
        where c.component = any(%s::text[]) and (%s::bigint is null or s.source_position <= %s)
            and s.source_position <> all(%s::bigint[])
        order by s.source_position
        """,
        (texts(wanted), upto, upto, array(map(str, but))),
    )
    found: dict[str, list[Stored]] = {one: [] for one in wanted}
    for one in rows:
        found[one[0]].append(Stored(*one[1:]))
    return found


def filed(  # noqa: PLR0913  # the columns, in the order of the query
    index: int,
    event_id: str,
    topic: str,
    recorded_at: datetime,
    message_id: str | None,
    partition: int,
    core: str,
    segments: str | None,
    *,
    decode: Callable[[str], Statement] = decode_core,
) -> FiledStatement:
    """Decode a row of the substrate.

    Raises:
        msgspec.MsgspecError: Its body cannot be read.
    """
    if segments is None:
        core, segments = split(core.encode())
    return FiledStatement(
        index=index,
        event_id=EventId(event_id),
        topic=topic,
        recorded_at=recorded_at,
        message_id=None if message_id is None else MessageId(message_id),
        partition=partition,
        statement=decode(core),
        segments=segments,
    )


def _select(
    connection: Connection[Any], schema: str, where: LiteralString, parameters: tuple[object, ...]
) -> list[tuple[Any, ...]]:
    """Select rows for ``filed`` with their component in front."""
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(_selecting(schema, where), parameters).fetchall()


@lru_cache(maxsize=16)
def _selecting(schema: str, where: LiteralString) -> bytes:
    tables = {
        "statement": sql.Identifier(schema, "statement"),
        "component": sql.Identifier(schema, "component"),
    }
    return sql.SQL(_FILED + where).format(**tables).as_bytes(None)


def _last(moment: Moment) -> datetime:
    return moment.last
