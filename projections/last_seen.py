"""The last event of each stream: the simplest read model.

The benchmark compares it with the same view made by other means. Its rows need only the envelopes.
The latest event of a stream has the greatest index, so order and repeats change nothing.
"""

from collections.abc import Iterable
from typing import Any, Final

from domain.body import Envelope
from projections.engine.events import LoggedEvent
from projections.engine.projection import ByStream, Projection
from projections.engine.table import Column, Row, Table

LAST_SEEN: Final = Table(
    "last_seen",
    "One row per stream: the number of its events, and the last of them.",
    (
        Column("record_id", "text", "The stream: of statements the source record.", required=True),
        Column("event_count", "bigint", "Number of its events.", required=True),
        Column(
            "happened_at", "timestamptz", "Latest time that any of them happened; null: not stated."
        ),
        Column("topic", "text", "Topic of the event recorded last.", "arrival", True),
        Column("recorded_at", "timestamptz", "When that event was recorded.", "arrival", True),
        Column("event_id", "text", "Id of that event.", "arrival", True),
        Column("source_position", "bigint", "Index of that event.", "arrival", True),
    ),
    key=("record_id",),
    published=False,
)


def rows(events: Iterable[Envelope | LoggedEvent]) -> dict[str, list[Row]]:
    """Return one row per stream of ``events``, which are by index."""
    found: dict[str, Row] = {}
    for event in events:
        stream = event.stream
        happened = event.happened_at
        before = found.get(stream)
        count: Any = 1
        if before is not None:
            count = before[1]
            count += 1
            latest: Any = before[2]
            if happened is None or (latest is not None and latest > happened):
                happened = latest
        found[stream] = (
            stream,
            count,
            happened,
            event.topic,
            event.recorded_at,
            event.event_id,
            event.index,
        )
    return {LAST_SEEN.name: list(found.values())}


PROJECTION: Final = Projection(
    name="last_seen",
    version=1,
    tables=(LAST_SEEN,),
    fold=ByStream(
        rows=rows,
        merge={
            "event_count": "kept.event_count + excluded.event_count",
            "happened_at": "greatest(kept.happened_at, excluded.happened_at)",
        },
    ),
)
