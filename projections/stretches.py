"""The log of the store in stretches, so that several processes read it at once.

Whoever reads a stretch puts its events aside by stream, and tells what the others need of it: whom
its events join, and how they follow each other.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from projections import audit_trail, last_seen
from projections.engine import substrate
from projections.engine.logged_event import LoggedEvent
from projections.rebuilding.chain import Run, Runs
from projections.rebuilding.spill import Spill

#: Projections that are folded event by event.
_OF_EVENTS: Final = frozenset({audit_trail.NAME, last_seen.NAME})

#: Reads the events of the store after an index, up to and including another.
Read: TypeAlias = Callable[[int, int], Iterable[LoggedEvent]]

#: Events of a stretch: few enough that all who read have some until the end.
_EVENTS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events after an index, up to and including another."""

    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The log of the store as a source: no repeats, and nothing else has what it lacks."""

    read: Read
    upto: int

    def stretches(self) -> Iterator[Stretch]:
        """Return it in pieces, in order."""
        for after in range(0, self.upto, _EVENTS):
            yield Stretch(after, min(after + _EVENTS, self.upto))


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read of a stretch."""

    events: int
    runs: list[Run]
    joined: list[tuple[str, ...]]  # nodes that may concern each other


def are_stated(names: Iterable[str]) -> bool:
    """Tell whether any of these projections is made of statements, and not event by event."""
    return any(name not in _OF_EVENTS for name in names)


class Sorter:
    """Puts events aside by stream, and tells whom they join."""

    def __init__(
        self, spill: Spill, names: Collection[str], join: Callable[[tuple[str, ...]], object]
    ) -> None:
        """Do so for the projections ``names``; ``join`` is told nodes that are joined."""
        self._add = spill.add
        self._join = join
        self._stated = are_stated(names)
        self._seen = last_seen.NAME in names

    def put(self, one: LoggedEvent) -> None:
        """Put an event aside, where it is needed."""
        if self._stated and substrate.is_statement(one.topic):
            nodes = substrate.named(one)
            if nodes != one.subjects or len(nodes) > 1:
                nodes = tuple(dict.fromkeys((*nodes, *one.subjects)))
                if len(nodes) > 1:
                    self._join(nodes)
            self._add(one)
        elif self._seen:
            self._add(one)


class Reader:
    """Reads stretches of the store's log for the projections ``names``.

    ``bounds``: up to which index in each partition; None: to the end.
    """

    def __init__(
        self, read: Read, spill: Spill, names: Collection[str], bounds: Mapping[int, int] | None
    ) -> None:
        self._read = read
        self._spill = spill
        self._names = names
        self._bounds = bounds

    def gather(self, stretch: Stretch) -> Gathered:
        """Read a stretch and put aside what is needed of it."""
        joined: dict[tuple[str, ...], None] = {}
        put = Sorter(self._spill, self._names, joined.setdefault).put
        runs, bounds = Runs(), self._bounds
        count = 0
        for one in self._read(stretch.after, stretch.upto):
            if bounds is None or one.index <= bounds.get(one.partition, 0):
                runs.add(one)
                put(one)
                count += 1
        return Gathered(count, runs.found, list(joined))
