"""The position of each generation of a projection, by partition.

A position is moved in the transaction that changes the rows, and only if it is where the
transaction found it. Every event names the event before it in its partition. So a repeat is
skipped, the next event is applied, and a hole is filled from the store before later events are
applied.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from psycopg import Connection

from domain.body import RecordedEvent
from projections.engine.arrays import array, texts

#: Fetches events from the store: (partition, after, upto) gives the events of that partition with
#: ``after < index <= upto``, in order.
Heal: TypeAlias = Callable[[int, int, int], list[RecordedEvent]]

#: A generation: the name of its projection, and its number.
GenerationKey: TypeAlias = tuple[str, int]

DDL: Final = """
create table if not exists proj.position (
    projection  text    not null,
    version     integer not null,
    partition   integer not null,
    last_index  bigint  not null,
    incarnation text    not null default '',
    primary key (projection, version, partition)
) with (fillfactor = 25); -- updated in place, batch after batch
"""


_LOCK: Final = """
select pg_advisory_xact_lock(hashtext(%s), partition)
from unnest(%s::integer[]) as p(partition)
"""
_HELD: Final = """
select p.partition, p.last_index, p.incarnation
from unnest(%s::text[], %s::integer[]) as v(projection, version)
join proj.position as p using (projection, version)
where p.partition = any(%s::integer[])
"""
_BEGIN: Final = """
insert into proj.position (projection, version, partition, last_index)
select v.projection, v.version, p.partition, 0
from unnest(%s::text[], %s::integer[]) as v(projection, version)
cross join unnest(%s::integer[]) as p(partition)
order by p.partition, v.projection
on conflict do nothing
"""
_ADVANCE: Final = """
update proj.position as p set last_index = m.last_index, incarnation = m.incarnation
from unnest(%s::text[], %s::integer[]) as v(projection, version),
    unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::text[])
        as m(partition, held, last_index, incarnation)
where p.projection = v.projection and p.version = v.version
    and p.partition = m.partition and p.last_index = m.held
returning p.partition
"""


class PositionMoved(Exception):
    """Another transaction moved the position of this partition first; nothing was applied."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        super().__init__(f"position of partition {partition} moved meanwhile")


class PositionsDisagree(Exception):
    """Generations that move together are at different positions. Rebuild all projections."""

    def __init__(self, partition: int, held: Sequence[int]) -> None:
        self.partition = partition
        self.held = tuple(held)
        super().__init__(f"positions of partition {partition} disagree; rebuild all projections")


class HoleNotFilled(Exception):
    """Events of a partition are missing, and the store does not have them."""

    def __init__(self, partition: int, after: int, upto: int) -> None:
        self.partition = partition
        self.after = after
        self.upto = upto
        super().__init__(f"partition {partition} lacks events after {after} up to {upto}")


class OtherIncarnation(Exception):
    """The events are of another incarnation of the store, which gave some ids twice.

    The remedy is to republish to a new generation of the topic and to rebuild all projections.
    """

    def __init__(self, *, held: str, met: str) -> None:
        self.held = held
        self.met = met
        super().__init__("events of another incarnation of the store; rebuild all projections")


@dataclass(frozen=True, slots=True, kw_only=True)
class DueEvents:
    """The events of a batch that are to be applied: contiguous in every partition, by index."""

    events: tuple[RecordedEvent, ...]
    skipped: int  # repeats
    healed: int  # fetched from the store


@dataclass(frozen=True, slots=True)
class PartitionPosition:
    """The last applied event of a partition."""

    last_index: int
    incarnation: str


def lock(
    connection: Connection[Any], keys: Sequence[GenerationKey], partitions: Iterable[int]
) -> dict[int, PartitionPosition]:
    """Lock ``partitions`` until the transaction ends, and return the position of all ``keys``.

    The lock is an advisory lock, because this costs no write. A transaction that feeds other
    generations takes another lock. If both feed the same generation, ``advance`` refuses the
    second.

    Raises:
        PositionsDisagree: The generations are not at the same position.
    """
    wanted = sorted(set(partitions))
    names, numbers = _arrays(keys)
    first = min(keys, default=("", 0))
    with connection.pipeline():
        connection.execute(_LOCK, (f"{first[0]} {first[1]}", array(map(str, wanted))))
        read = connection.execute(_HELD, (names, numbers, array(map(str, wanted))))
        rows = read.fetchall()
    if len(rows) < len(keys) * len(wanted):
        connection.execute(_BEGIN, (names, numbers, array(map(str, wanted))))
        rows = connection.execute(_HELD, (names, numbers, array(map(str, wanted)))).fetchall()
    held: dict[int, set[PartitionPosition]] = {}
    for partition, last, incarnation in rows:
        held.setdefault(partition, set()).add(PartitionPosition(last, incarnation))
    for partition, seen in held.items():
        if len(seen) > 1:
            raise PositionsDisagree(partition, sorted(one.last_index for one in seen))
    return {partition: seen.pop() for partition, seen in held.items()}


def due(
    batch: Sequence[RecordedEvent], held: Mapping[int, PartitionPosition], heal: Heal
) -> DueEvents:
    """Return the events of ``batch`` that are to be applied, with holes filled from the store.

    Raises:
        HoleNotFilled: The store does not have the missing events.
        OtherIncarnation: The events are of another incarnation of the store.
    """
    last = {partition: one.last_index for partition, one in held.items()}
    events: list[RecordedEvent] = []
    skipped = healed = 0
    for recorded in sorted(batch, key=_index):
        envelope = recorded.envelope
        partition = envelope.partition
        known = held[partition].incarnation
        if known and envelope.incarnation != known:
            raise OtherIncarnation(held=known, met=envelope.incarnation)
        if envelope.index <= last[partition]:
            skipped += 1
            continue
        if envelope.previous < last[partition]:
            raise HoleNotFilled(partition, envelope.previous, envelope.index)
        if envelope.previous > last[partition]:
            missing = heal(partition, last[partition], envelope.previous)
            _check(missing, partition, last[partition], envelope.previous)
            events += missing
            healed += len(missing)
        events.append(recorded)
        last[partition] = envelope.index
    events.sort(key=_index)
    return DueEvents(events=tuple(events), skipped=skipped, healed=healed)


def advance(
    connection: Connection[Any],
    keys: Sequence[GenerationKey],
    held: Mapping[int, PartitionPosition],
    events: Sequence[RecordedEvent],
) -> dict[int, int]:
    """Move the positions of ``keys`` over ``events``; return the last index of each partition.

    Raises:
        PositionMoved: A position is not where ``held`` says.
    """
    last = {recorded.envelope.partition: recorded.envelope for recorded in events}
    if not last:
        return {}
    moved = connection.execute(
        _ADVANCE,
        (
            *_arrays(keys),
            array(map(str, last)),
            array(str(held[partition].last_index) for partition in last),
            array(str(one.index) for one in last.values()),
            texts([one.incarnation for one in last.values()]),
        ),
    ).fetchall()
    count = Counter(partition for (partition,) in moved)
    for partition in last:
        if count[partition] != len(keys):
            raise PositionMoved(partition)
    return {partition: one.index for partition, one in last.items()}


def read(connection: Connection[Any], keys: Sequence[GenerationKey]) -> dict[int, int]:
    """Return the index of the last event applied, by partition: the lowest of all ``keys``."""
    rows = connection.execute(
        """
        select partition, min(last_index)
        from proj.position
        join unnest(%s::text[], %s::integer[]) as v(projection, version)
            using (projection, version)
        group by partition
        """,
        _arrays(keys),
    ).fetchall()
    return dict(rows)


def furthest(connection: Connection[Any], keys: Sequence[GenerationKey]) -> dict[int, int]:
    """Return the index of the last event applied, by partition: the greatest of all ``keys``."""
    rows = connection.execute(
        """
        select partition, max(last_index)
        from proj.position
        join unnest(%s::text[], %s::integer[]) as v(projection, version)
            using (projection, version)
        group by partition
        """,
        _arrays(keys),
    ).fetchall()
    return dict(rows)


def of(connection: Connection[Any], key: GenerationKey) -> dict[int, PartitionPosition]:
    """Return the position of one generation, by partition."""
    rows = connection.execute(
        "select partition, last_index, incarnation from proj.position"
        " where projection = %s and version = %s",
        key,
    ).fetchall()
    return {partition: PartitionPosition(last, held) for partition, last, held in rows}


def place(
    connection: Connection[Any],
    keys: Sequence[GenerationKey],
    held: Mapping[int, PartitionPosition],
) -> None:
    """Write the first position of ``keys``."""
    for name, version in keys:
        for partition, one in sorted(held.items()):
            connection.execute(
                "insert into proj.position values (%s, %s, %s, %s, %s)",
                (name, version, partition, one.last_index, one.incarnation),
            )


def complete_through(
    applied: Mapping[int, int],
    last_ids: Mapping[int, int],
    first_after: Callable[[Mapping[int, int]], int],
) -> int:
    """Return the position up to which every partition has applied all its events.

    Args:
        applied: The index of the last event applied, by partition.
        last_ids: The index of the last event in the store, by partition.
        first_after: Returns the lowest index in the store of an event that is after the given one
            of its partition.

    >>> complete_through({0: 7, 1: 9}, {0: 7, 1: 9}, lambda _: 0)
    9
    >>> complete_through({0: 4, 1: 9}, {0: 7, 1: 9}, lambda lagging: {0: 4} == lagging and 6)
    5
    >>> complete_through({}, {0: 7}, lambda _: 7)
    6
    """
    lagging = {
        partition: applied.get(partition, 0)
        for partition, last in last_ids.items()
        if applied.get(partition, 0) < last
    }
    return first_after(lagging) - 1 if lagging else max(last_ids.values(), default=0)


def _arrays(keys: Iterable[GenerationKey]) -> tuple[str, str]:
    given = list(keys)
    return array(name for name, _ in given), array(str(number) for _, number in given)


def _index(recorded: RecordedEvent) -> int:
    return recorded.envelope.index


def _check(missing: Sequence[RecordedEvent], partition: int, after: int, upto: int) -> None:
    last = after
    for recorded in missing:
        if recorded.envelope.partition != partition or recorded.envelope.previous != last:
            raise HoleNotFilled(partition, last, upto)
        last = recorded.envelope.index
    if last != upto:
        raise HoleNotFilled(partition, last, upto)
