"""Read the log of the store in stretches, so that several processes read it at the same time.

A process that reads a stretch sorts its events by the stream or record under which they are folded,
and reports to the other processes which nodes are joined and how the events follow each other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from msgspec.structs import replace

from projections.engine import own_events, substrate
from projections.engine.events import LoggedEvent, is_statement
from projections.engine.targets import Targets
from projections.rebuilding.chain import Run, RunFinder
from projections.rebuilding.spill import Spill

#: Reads the events of the store after an index, up to and including another.
ReadStretch: TypeAlias = Callable[[int, int], Iterable[LoggedEvent]]

#: Events of a stretch: few enough that all processes have some until the end.
_EVENTS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events after an index, up to and including another."""

    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class StoreLog:
    """The log of the store as a source: it has no repeats, and it is complete up to ``upto``."""

    read: ReadStretch
    upto: int

    def stretches(self) -> Iterator[Stretch]:
        """Return the log in pieces, in order."""
        for after in range(0, self.upto, _EVENTS):
            yield Stretch(after, min(after + _EVENTS, self.upto))


@dataclass(frozen=True, slots=True)
class StretchResult:
    """The result of reading a stretch."""

    events: int
    runs: list[Run]
    joined: list[tuple[str, ...]]  # groups of nodes that statements join


class Sorter:
    """Puts events aside by the stream or record under which they are folded."""

    def __init__(
        self, spill: Spill, targets: Targets, join: Callable[[tuple[str, ...]], object]
    ) -> None:
        """Sort events.

        Args:
            spill: Where events are put aside.
            targets: For which generations.
            join: Called with each group of nodes that a statement joins.
        """
        self._add = spill.add
        self._join = join
        self._of_components = targets.of_components
        self._by_stream = bool(targets.by_stream)

    def put(self, one: LoggedEvent) -> None:
        """Put an event aside, if a generation is folded from it."""
        if not self._of_components:
            if self._by_stream:
                self._add(one)
            return
        if is_statement(one.topic):
            nodes = substrate.stated_nodes(one)
            if nodes != one.subjects or len(nodes) > 1:
                nodes = tuple(dict.fromkeys((*nodes, *one.subjects)))
                if len(nodes) > 1:
                    self._join(nodes)
            self._add(one)
            return
        for record in own_events.records_of(one):
            self._add(replace(one, record=record))
        if self._by_stream:
            self._add(one)


class StretchReader:
    """Reads stretches of the store's log."""

    def __init__(
        self,
        read: ReadStretch,
        spill: Spill,
        targets: Targets,
        bounds: Mapping[int, int] | None,
    ) -> None:
        """Read for ``targets``.

        Args:
            read: Reads events.
            spill: Where they are put aside.
            targets: For which generations.
            bounds: The index up to which each partition is read; None: to the end.
        """
        self._read = read
        self._spill = spill
        self._targets = targets
        self._bounds = bounds

    def gather(self, stretch: Stretch) -> StretchResult:
        """Read a stretch and put its events aside."""
        joined: dict[tuple[str, ...], None] = {}
        put = Sorter(self._spill, self._targets, joined.setdefault).put
        runs, bounds = RunFinder(), self._bounds
        count = 0
        for one in self._read(stretch.after, stretch.upto):
            if bounds is None or one.index <= bounds.get(one.partition, 0):
                runs.add(one)
                put(one)
                count += 1
        return StretchResult(count, runs.found, list(joined))
