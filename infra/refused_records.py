"""Records of a topic that this installation did not publish: count and report them.

They stay in the topic, and nothing is folded from them. The log names their place, never their
content. ``doctor`` and ``audit reconcile`` report them until a new generation of the topics begins.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, NamedTuple, TypeAlias

import psycopg
import structlog
from psycopg.rows import tuple_row

log = structlog.get_logger()


class RefusedRecords(NamedTuple):
    """Records of one partition that are refused for the same reason."""

    topic: str
    partition: int
    reason: str
    offsets: tuple[int, ...]


#: Offsets that are collected before they are reported: a flood of records must not fill memory.
_MOST: Final = 10_000

#: Called with the records that a reader has set aside.
OnRefused: TypeAlias = Callable[[RefusedRecords], None]


@dataclass(slots=True)
class RefusalCollector:
    """Collects the refused records of one read, and reports them together."""

    topic: str
    on_refused: OnRefused
    _found: dict[tuple[int, str], list[int]] = field(default_factory=dict)

    def add(self, partition: int, offset: int, reason: str) -> None:
        """Note a record."""
        offsets = self._found.setdefault((partition, reason), [])
        offsets.append(offset)
        if len(offsets) >= _MOST:
            self.report()

    def report(self) -> None:
        """Report the records noted; one line of the log for each partition and reason."""
        found, self._found = self._found, {}
        for (partition, reason), offsets in found.items():
            log.error(
                "records.refused",
                topic=self.topic,
                partition=partition,
                offset=offsets[0],
                count=len(offsets),
                reason=reason,
            )
            self.on_refused(RefusedRecords(self.topic, partition, reason, tuple(offsets)))


_KEEP: LiteralString = """
    insert into relay.refused_record as r
        (topic, partition, reason, count, first_offset, last_offset)
    values (%(topic)s, %(partition)s, %(reason)s, cardinality(%(offsets)s::bigint[]),
        %(first)s, %(last)s)
    on conflict (topic, partition, reason) do update set
        count = r.count + (
            select count(*) from unnest(%(offsets)s::bigint[]) o where o > r.last_offset
        ),
        last_offset = greatest(r.last_offset, excluded.last_offset),
        last_seen_at = now()
"""
_FOUND: LiteralString = """
    select topic, partition, reason, count, first_offset
    from relay.refused_record where topic = %s order by partition, first_offset
"""


class RefusedSummary(NamedTuple):
    """How many records of a partition were refused for a reason, and where the first of them is."""

    topic: str
    partition: int
    reason: str
    records: int
    first_offset: int


def keep(connection: psycopg.Connection[Any], refused: RefusedRecords) -> None:
    """Keep the places of refused records; a record that is read twice counts once."""
    connection.execute(
        _KEEP,
        {
            "topic": refused.topic,
            "partition": refused.partition,
            "reason": refused.reason,
            "offsets": list(refused.offsets),
            "first": refused.offsets[0],
            "last": refused.offsets[-1],
        },
    )


def refused_in(connection: psycopg.Connection[Any], topic: str) -> list[RefusedSummary]:
    """Return how many records of a topic were refused, by partition and reason."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [RefusedSummary(*row) for row in cursor.execute(_FOUND, (topic,)).fetchall()]


#: The remedy, for ``doctor`` and ``audit reconcile``.
REMEDY: Final = (
    "Find out who can write to the topic, and give the brokers a new password. Then begin a new"
    " generation: caretrail topics apply --new-generation"
)
