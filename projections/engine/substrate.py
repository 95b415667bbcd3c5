"""The statements, filed by source record. They are interpreted live, as of and as known at.

Table ``statement`` holds the core and the sealed segments as they are stored, with the members of
the envelope that are shown. Table ``component`` says which records may concern each other. The
projector writes both in the transaction of the rows, so that the read models may be in another
database than the events. Own events are filed beside the statements: see ``own_events``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
from psycopg import Connection, sql

from domain.ids import EventId, MessageId, RecordId
from domain.statement import Moment, Statement, may_join_records
from projections.engine.arrays import array, texts
from projections.engine.decoding import decode_body, decode_core, decode_nodes, split
from projections.engine.events import FiledStatement, LoggedEvent, records_named
from projections.engine.table import Column, Row, Table, load

NAME: Final = "substrate"
VERSION: Final = 6

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
        Column("core", "text", "The core as stored, verbatim JSON.", required=True, external=True),
        Column("sealed", "text", "The sealed segments as stored, verbatim JSON.", "segments"),
    ),
    key=("source_position",),
    indexes=(("record_id",), ("latest_at",)),  # other look-ups use the audit trail
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


class FiledIndexes(NamedTuple):
    """What tells whether the statements of a component are the same as before."""

    last: int  # the highest index
    number: int
    total: int  # the sum of the indexes

    @classmethod
    def of(cls, indexes: Sequence[int]) -> "FiledIndexes":
        """Return those of some statements, given by their indexes."""
        return cls(max(indexes, default=0), len(indexes), sum(indexes))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedStatement:
    """A statement that is about to be filed in the substrate."""

    row: Row  # of ``STATEMENT``
    nodes: tuple[str, ...]  # the nodes that it joins, its own record first
    index: int
    event_id: str
    filed: FiledStatement | None  # None: the body cannot be read

    def readable(self) -> FiledStatement:
        """Return the statement.

        Raises:
            ValueError: The body cannot be read.
        """
        if self.filed is None:
            raise ValueError("the body of a statement cannot be read")
        return self.filed


class UndecodedStatement(NamedTuple):
    """A statement as read from the substrate, not decoded yet."""

    source_position: int
    event_id: str
    topic: str
    recorded_at: datetime
    message_id: str | None
    partition: int
    core: str
    segments: str | None  # None: the body could not be read when it was filed

    def decoded(self) -> FiledStatement:
        """Decode it for interpretation.

        Raises:
            msgspec.MsgspecError: It cannot be read.
        """
        core, segments = self.core, self.segments
        if segments is None:
            core, segments = split(core.encode())
        return FiledStatement(
            index=self.source_position,
            event_id=EventId(self.event_id),
            topic=self.topic,
            recorded_at=self.recorded_at,
            message_id=None if self.message_id is None else MessageId(self.message_id),
            partition=self.partition,
            statement=decode_core(core),
            segments=segments,
        )


def arrived(one: LoggedEvent) -> ArrivedStatement:
    """Read a statement that is to be filed.

    A body that cannot be read is filed whole, under its stream. Its component is set aside, and a
    later release that can read the body finds it there.
    """
    statement: Statement | None = None
    filed: FiledStatement | None = None
    try:
        statement, segments = decode_body(one.body)
        filed = filed_statement(one, statement, segments)
        nodes = nodes_of(statement, one.subjects)
    except ValueError:  # the errors of msgspec and of Unicode are both of this class
        nodes = tuple(dict.fromkeys((*stated_nodes(one), *one.subjects)))
    return ArrivedStatement(
        row=statement_row(one, statement),
        nodes=nodes,
        index=one.index,
        event_id=one.event_id,
        filed=filed,
    )


def nodes_of(statement: Statement, subjects: Iterable[str]) -> tuple[str, ...]:
    """Return the nodes that a statement joins.

    They are the records that it names, and the refs of identifiers that may join records.
    Components only grow. Interpretation decides which records of a component are one
    patient.
    """
    nodes: dict[str, None] = dict.fromkeys((*records_named(statement), *subjects))
    for each in statement.identifiers:
        if may_join_records(
            field=each.field, kind=each.type, trusted=each.trusted, placeholder=each.placeholder
        ):
            nodes[each.ref] = None
    return tuple(nodes)


def stated_nodes(one: LoggedEvent) -> tuple[str, ...]:
    """Return the nodes that a statement states: its record first. Nothing else is decoded."""
    try:
        return decode_nodes(one.body)
    except ValueError:
        return (one.stream,)


def statement_row(one: LoggedEvent, statement: Statement | None) -> Row:
    """Return the row of a statement; None if the statement cannot be read."""
    core, sealed = halves(one.body)
    if sealed is None:
        statement = None
    elif statement is None:
        core, sealed = as_text(one.body), None
    earliest, latest = (None, None) if statement is None else _times(statement)
    return (
        one.index,
        stated_nodes(one)[0] if statement is None else statement.record,
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


def filed_statement(
    one: LoggedEvent, statement: Statement, segments: str | msgspec.Raw
) -> FiledStatement:
    """Return a statement with what is shown of its event."""
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


def halves(body: bytes) -> tuple[str, str | None]:
    """Return core and sealed segments of a body; the body as text and None if it has no core."""
    try:
        return split(body)
    except ValueError:
        return as_text(body), None


def as_text(body: bytes) -> str:
    """Return a body as text that PostgreSQL can store."""
    return body.decode("utf-8", "backslashreplace")


def _times(statement: Statement) -> tuple[datetime | None, datetime | None]:
    """Return the earliest and the latest instant that a statement names."""
    stated = [
        moment
        for moment in (
            statement.sent,
            statement.entered,
            statement.occurred,
            statement.admitted,
            statement.discharged,
            statement.died,
        )
        if moment is not None
    ]
    return (
        min((moment.at for moment in stated), default=None),
        max(map(_last, stated), default=None),
    )


def _last(moment: Moment) -> datetime:
    return moment.last


def file(connection: Connection[Any], schema: str, statements: Sequence[ArrivedStatement]) -> None:
    """File statements."""
    load(connection, schema, STATEMENT, [one.row for one in statements])


def filed_of(
    connection: Connection[Any], records: Sequence[RecordId], *, upto: int | None = None
) -> list[FiledStatement]:
    """Return all statements filed in the components of ``records``, by index.

    Args:
        connection: The connection of the caller.
        records: Source records.
        upto: If given, only statements that were recorded up to this index.
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
    return [UndecodedStatement(*one[1:]).decoded() for one in rows]


def filed_by_component(
    connection: Connection[Any],
    schema: str,
    wanted: Sequence[str],
    *,
    upto: int | None = None,
    without: Iterable[int] = (),
) -> dict[str, list[UndecodedStatement]]:
    """Return all statements of the components ``wanted``, by index.

    Args:
        connection: The connection of the caller.
        schema: Of the substrate.
        wanted: Components.
        upto: If given, only statements that were recorded up to this index.
        without: Indexes to leave out, because the caller has these statements already.
    """
    rows = _select(
        connection,
        schema,
        """
        where c.component = any(%s::text[]) and (%s::bigint is null or s.source_position <= %s)
            and s.source_position <> all(%s::bigint[])
        order by s.source_position
        """,
        (texts(wanted), upto, upto, array(map(str, without))),
    )
    found: dict[str, list[UndecodedStatement]] = {one: [] for one in wanted}
    for one in rows:
        found[one[0]].append(UndecodedStatement(*one[1:]))
    return found


def filed_since(
    connection: Connection[Any],
    schema: str,
    component: str,
    *,
    known: FiledIndexes,
    without: Sequence[int] = (),
) -> list[UndecodedStatement] | None:
    """Return the statements of a component that follow those that the caller knows, by index.

    Args:
        connection: The connection of the caller.
        schema: Of the substrate.
        component: The component.
        known: The statements that the caller knows.
        without: Indexes to leave out, because the caller has these statements already.

    Returns:
        The statements; None: the component has not exactly the known ones up to the last of these.
    """
    given = {"component": component, "last": known.last, "without": array(map(str, without))}
    with connection.cursor(binary=True) as cursor:
        cursor.execute(_counting(schema), given)
        number, total, later = cursor.fetchone() or (0, 0, 0)
    if (number, total) != (known.number, known.total):
        return None
    if not later:
        return []
    rows = _select(
        connection,
        schema,
        """
        where c.component = %s and s.source_position > %s
            and s.source_position <> all(%s::bigint[])
        order by s.source_position
        """,
        (component, known.last, given["without"]),
    )
    return [UndecodedStatement(*one[1:]) for one in rows]


_COUNT: Final = """
    select count(*) filter (where s.source_position <= %(last)s),
        coalesce(sum(s.source_position) filter (where s.source_position <= %(last)s), 0)::bigint,
        count(*) filter (where s.source_position > %(last)s)
    from {statement} as s
    join {component} as c on c.node = s.record_id
    where c.component = %(component)s and s.source_position <> all(%(without)s::bigint[])
"""


@lru_cache(maxsize=8)
def _counting(schema: str) -> bytes:
    return (
        sql.SQL(_COUNT)
        .format(statement=STATEMENT.at(schema), component=COMPONENT.at(schema))
        .as_bytes(None)
    )


_SELECT: Final = """
    select c.component, s.source_position, s.event_id, s.topic, s.recorded_at, s.message_id,
        s.partition, s.core, s.sealed
    from {statement} as s
    join {component} as c on c.node = s.record_id
"""


def _select(
    connection: Connection[Any], schema: str, where: LiteralString, parameters: tuple[object, ...]
) -> list[tuple[Any, ...]]:
    """Select the columns of ``UndecodedStatement``, with the component before them."""
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(_selecting(schema, where), parameters).fetchall()


@lru_cache(maxsize=16)
def _selecting(schema: str, where: LiteralString) -> bytes:
    return (
        sql.SQL(_SELECT + where)
        .format(statement=STATEMENT.at(schema), component=COMPONENT.at(schema))
        .as_bytes(None)
    )
