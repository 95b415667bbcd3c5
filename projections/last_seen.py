"""When a source record was last heard of: the simplest of read models, one row per record.

The reference view of the benchmark. Its fold needs the envelope alone: the latest event of a
record is the one with the greatest index, so that order and repetition change nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from psycopg import Connection, sql

from domain.body import RecordedEvent
from projections.engine.arrays import array, instants, texts
from projections.engine.table import Column, Row, Table

NAME: Final = "last_seen"
VERSION: Final = 1

LAST_SEEN: Final = Table(
    "last_seen",
    "One row per source record: how often, and when last, something was said of it.",
    (
        Column("record_id", "text", "Source record, or stream.", required=True),
        Column("event_count", "bigint", "How many events stand in its stream.", required=True),
        Column("happened_at", "timestamptz", "Latest time that any of them happened."),
        Column("topic", "text", "Topic of the one recorded last.", "arrival", True),
        Column("recorded_at", "timestamptz", "When that one was recorded.", "arrival", True),
        Column("event_id", "text", "Id of that one.", "arrival", True),
        Column("source_position", "bigint", "Index of that one.", "arrival", True),
    ),
    key=("record_id",),
    published=False,
)

TABLES: Final = (LAST_SEEN,)


class Event(Protocol):
    """What the fold needs of an event."""

    @property
    def index(self) -> int: ...  # noqa: D102
    @property
    def stream(self) -> str: ...  # noqa: D102
    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def event_id(self) -> str: ...  # noqa: D102
    @property
    def recorded_at(self) -> datetime: ...  # noqa: D102
    @property
    def happened_at(self) -> datetime | None: ...  # noqa: D102


class Folded:
    """The last event per record, of any number of events."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Fold further events in, by rising index."""
        rows = self._rows
        for event in events:
            stream = event.stream
            happened = event.happened_at
            before = rows.get(stream)
            count: Any = 1
            if before is not None:
                count = before[1]
                count += 1
                latest: Any = before[2]
                if happened is None or (latest is not None and latest > happened):
                    happened = latest
            rows[stream] = (
                stream,
                count,
                happened,
                event.topic,
                event.recorded_at,
                event.event_id,
                event.index,
            )

    def rows(self) -> list[Row]:
        """Return one row per record met."""
        return list(self._rows.values())


def upsert(connection: Connection[Any], schema: str, events: Sequence[RecordedEvent]) -> None:
    """Fold events into the table: one statement for the batch."""
    folded = Folded()
    folded.add(recorded.envelope for recorded in events)
    rows = folded.rows()
    if not rows:
        return
    record_ids, counts, happened, topics, recorded, event_ids, indexes = zip(*rows, strict=True)
    connection.execute(
        _upsert(schema),
        (
            array(record_ids),
            array(map(str, counts)),
            instants(happened),
            texts(topics),
            instants(recorded),
            array(event_ids),
            array(map(str, indexes)),
        ),
    )


@lru_cache(maxsize=8)
def _upsert(schema: str) -> bytes:
    return (
        sql.SQL(
            """
        insert into {table} as l
            (record_id, event_count, happened_at, topic, recorded_at, event_id, source_position)
        select * from unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::text[],
            %s::timestamptz[], %s::text[], %s::bigint[])
        on conflict (record_id) do update set
            event_count = l.event_count + excluded.event_count,
            happened_at = greatest(l.happened_at, excluded.happened_at),
            topic = excluded.topic,
            recorded_at = excluded.recorded_at,
            event_id = excluded.event_id,
            source_position = excluded.source_position
        """
        )
        .format(table=LAST_SEEN.at(schema))
        .as_bytes(None)
    )
