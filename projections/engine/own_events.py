"""Own events, filed by source record beside the statements.

An own event is filed under every source record that it names. It never joins components: an event
that names two patients is filed once under each. All events of a stream must name the same records.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
from psycopg import Connection, sql

from domain.body import Actor
from domain.ids import EventId, RecordId, StreamId
from projections.engine.arrays import texts
from projections.engine.decoding import split
from projections.engine.events import FiledOwnEvent, LoggedEvent
from projections.engine.substrate import COMPONENT, halves
from projections.engine.table import Column, Table, load

OWN_EVENT: Final = Table(
    "own_event",
    "One row per own event and source record that it names.",
    (
        Column("source_position", "bigint", "Index of the event in the log.", "arrival", True),
        Column(
            "record_id",
            "text",
            "Source record under which it is filed; its stream if it names no record.",
            required=True,
        ),
        Column("stream_id", "text", "Own stream of the event.", required=True),
        Column("version", "bigint", "Its place in the stream, from 1.", required=True),
        Column("event_id", "text", "Id of the event.", "arrival", True),
        Column("topic", "text", "Topic of the event.", required=True),
        Column("recorded_at", "timestamptz", "When it was recorded.", "arrival", True),
        Column("happened_at", "timestamptz", "When it happened; null: not stated."),
        Column("actor", "text", "Who recorded it, as JSON.", "arrival", True),
        Column("core", "text", "The core as stored, verbatim JSON.", required=True, external=True),
        Column(
            "sealed",
            "text",
            "The sealed segments as stored, verbatim JSON; null: unreadable.",
            "segments",
        ),
    ),
    key=("source_position", "record_id"),
    indexes=(("record_id",), ("stream_id",), ("happened_at",)),
    # Those of the installation, such as protocols: each page and many commands read them.
    partial_indexes=((("source_position",), "record_id = stream_id"),),
    published=False,
    order=("stream_id", "version", "record_id"),
)

#: Returns the core of an own event as the catalogue of topics types it: see ``Services.read_own``.
ReadOwn = Callable[[str, str], object | None]

_decode_actor: Final = msgspec.json.Decoder(Actor).decode
_source_position: Final = attrgetter("source_position")


class OwnEventRow(NamedTuple):
    """A row of ``OWN_EVENT``."""

    source_position: int
    record_id: str
    stream_id: str
    version: int
    event_id: str
    topic: str
    recorded_at: datetime
    happened_at: datetime | None
    actor: str
    core: str
    segments: str | None  # None: the body could not be read when it was filed


def records_of(one: LoggedEvent) -> tuple[str, ...]:
    """Return the nodes under which an own event is filed.

    They are the source records that it names: its subjects after the stream. An event that names
    no record is filed under its stream.
    """
    return tuple(dict.fromkeys(each for each in one.subjects if each != one.stream)) or (
        one.stream,
    )


def rows_of(one: LoggedEvent, records: Iterable[str]) -> list[OwnEventRow]:
    """Return the rows of an own event: one for each of ``records``."""
    core, sealed = halves(one.body)
    return [
        OwnEventRow(
            one.index,
            record,
            one.stream,
            one.version,
            one.event_id,
            one.topic,
            one.recorded_at,
            one.happened_at,
            one.actor,
            core,
            sealed,
        )
        for record in records
    ]


def streams_of(
    rows: Iterable[OwnEventRow], read_own: ReadOwn
) -> dict[str, tuple[FiledOwnEvent, ...]]:
    """Return the own streams of one component, each by version.

    Args:
        rows: All rows of the component, in any order.
        read_own: See ``Services``.

    Raises:
        ValueError: An event cannot be read.
    """
    streams: dict[str, list[FiledOwnEvent]] = {}
    for _, same in groupby(sorted(rows), key=_source_position):  # the index rises with the version
        filings = list(same)
        one = filings[0]
        core, segments = one.core, one.segments
        if segments is None:
            core, segments = split(core.encode())
        decoded = read_own(one.topic, core)
        if decoded is None:
            continue
        event = FiledOwnEvent(
            index=one.source_position,
            event_id=EventId(one.event_id),
            topic=one.topic,
            stream=one.stream_id,
            version=one.version,
            records=tuple(RecordId(each.record_id) for each in filings),
            recorded_at=one.recorded_at,
            happened_at=one.happened_at,
            actor=_decode_actor(one.actor),
            core=decoded,
            segments=segments,
        )
        streams.setdefault(one.stream_id, []).append(event)
    return {stream: tuple(events) for stream, events in streams.items()}


def file(connection: Connection[Any], schema: str, rows: Sequence[OwnEventRow]) -> None:
    """File own events."""
    load(connection, schema, OWN_EVENT, rows)


def own_of(
    connection: Connection[Any], records: Sequence[RecordId], *, upto: int | None = None
) -> list[OwnEventRow]:
    """Return all own events filed in the components of ``records``, by index.

    Args:
        connection: The connection of the caller.
        records: Source records.
        upto: If given, only events that were recorded up to this index.
    """
    rows = _select(
        connection,
        "proj",
        """
        where o.record_id in (
            select other.node
            from {component} as mine
            join {component} as other using (component)
            where mine.node = any(%s)
        ) and (%s::bigint is null or o.source_position <= %s)
        order by o.source_position
        """,
        (list(records), upto, upto),
    )
    return [OwnEventRow(*row[1:]) for row in rows]


def own_of_streams_with(
    connection: Connection[Any], records: Sequence[RecordId], *, topic: str, text: str
) -> list[OwnEventRow]:
    """Return the own streams of records in which an event of a topic has a text, by index.

    Args:
        connection: The connection of the caller.
        records: Source records. The event is filed under one of them.
        topic: The topic of the event.
        text: What the core of the event has somewhere, such as a keyed hash.
    """
    rows = _select(
        connection,
        "proj",
        """
        where o.stream_id in (
            select stream_id from {own_event}
            where record_id = any(%s) and topic = %s and position(%s in core) > 0
        )
        order by o.source_position
        """,
        (list(records), topic, text),
    )
    return [OwnEventRow(*row[1:]) for row in rows]


def own_of_stream(connection: Connection[Any], stream: StreamId) -> list[OwnEventRow]:
    """Return the events of an own stream, by index; each once for each record it is filed under."""
    rows = _select(
        connection, "proj", "where o.stream_id = %s order by o.source_position", (stream,)
    )
    return [OwnEventRow(*row[1:]) for row in rows]


def stream_at(connection: Connection[Any], index: int) -> StreamId | None:
    """Return the own stream of the event at an index; None: no own event is filed there."""
    query = sql.SQL("select stream_id from {} where source_position = %s limit 1")
    found = connection.execute(query.format(OWN_EVENT.at("proj")), (index,)).fetchone()
    return StreamId(found[0]) if found else None


def own_of_kind(connection: Connection[Any], kind: str) -> list[OwnEventRow]:
    """Return the own events of one kind that name no source record, by index."""
    rows = _select(
        connection,
        "proj",
        """
        where o.record_id = o.stream_id and starts_with(o.topic, %s || '.')
        order by o.source_position
        """,
        (kind,),
    )
    return [OwnEventRow(*row[1:]) for row in rows]


def own_of_node(connection: Connection[Any], schema: str, node: str) -> list[OwnEventRow]:
    """Return the own events that are filed under one node, by index."""
    rows = _select(connection, schema, "where o.record_id = %s order by o.source_position", (node,))
    return [OwnEventRow(*row[1:]) for row in rows]


def own_by_component(
    connection: Connection[Any], schema: str, wanted: Sequence[str], *, upto: int | None = None
) -> dict[str, list[OwnEventRow]]:
    """Return all own events of the components ``wanted``.

    Args:
        connection: The connection of the caller.
        schema: Of the substrate.
        wanted: Components.
        upto: If given, only events that were recorded up to this index.
    """
    rows = _select(
        connection,
        schema,
        """
        where c.component = any(%s::text[])
            and (%s::bigint is null or o.source_position <= %s)
        """,
        (texts(wanted), upto, upto),
    )
    found: dict[str, list[OwnEventRow]] = {one: [] for one in wanted}
    for row in rows:
        found[row[0]].append(OwnEventRow(*row[1:]))
    return found


_SELECT: Final = """
    select c.component, o.source_position, o.record_id, o.stream_id, o.version, o.event_id, o.topic,
        o.recorded_at, o.happened_at, o.actor, o.core, o.sealed
    from {own_event} as o
    join {component} as c on c.node = o.record_id
"""


def _select(
    connection: Connection[Any], schema: str, where: LiteralString, parameters: tuple[object, ...]
) -> list[tuple[Any, ...]]:
    """Select the columns of ``OwnEventRow``, with the component before them."""
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(_selecting(schema, where), parameters).fetchall()


@lru_cache(maxsize=16)
def _selecting(schema: str, where: LiteralString) -> bytes:
    return (
        sql.SQL(_SELECT + where)
        .format(own_event=OWN_EVENT.at(schema), component=COMPONENT.at(schema))
        .as_bytes(None)
    )
