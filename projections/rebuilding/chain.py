"""The log without repeats and holes: each event names the event before it in its partition."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.body import RecordedEvent
from projections.engine import position
from projections.engine.events import LoggedEvent, logged
from projections.engine.position import Heal, HoleNotFilled, OtherIncarnation, PartitionPosition


@dataclass(slots=True)
class Run:
    """Events of one partition that follow each other."""

    partition: int
    after: int  # the index of the event before its first event
    upto: int
    incarnation: str


def chained(
    source: Iterable[RecordedEvent] | Iterable[LoggedEvent],
    bounds: Mapping[int, int] | None,
    heal: Heal,
    by_event: Callable[[RecordedEvent, LoggedEvent], None] | None,
) -> Iterator[LoggedEvent]:
    """Yield the events of every partition in order, without repeats and with holes filled.

    Args:
        source: By rising index in every partition.
        bounds: The index up to which each partition is read; None: to the end.
        heal: Fetches the events that the source lacks.
        by_event: Called with each event that is yielded, if given. Then the source gives recorded
            events.
    """
    newest: dict[int, LoggedEvent] = {}  # by partition
    for given in source:
        one = given if isinstance(given, LoggedEvent) else logged(given)
        partition = one.partition
        if bounds is not None and one.index > bounds.get(partition, 0):
            continue
        last = newest.get(partition)
        if (
            one.previous != last.index or one.incarnation != last.incarnation
            if last is not None
            else one.previous != 0
        ):
            held = (
                PartitionPosition(0, "")
                if last is None
                else PartitionPosition(last.index, last.incarnation)
            )
            if one.index <= held.last_index and one.incarnation == held.incarnation:
                continue
            for missing in _missing(one, held, heal):
                flat = logged(missing)
                if by_event is not None:
                    by_event(missing, flat)
                yield flat
        newest[partition] = one
        if by_event is not None:
            assert isinstance(given, RecordedEvent)  # noqa: S101  # the caller reads "all"
            by_event(given, one)
        yield one


def _missing(one: LoggedEvent, held: PartitionPosition, heal: Heal) -> Sequence[RecordedEvent]:
    """Return the events between a position and an event of the same partition.

    Raises:
        position.HoleNotFilled: The store does not have them.
        position.OtherIncarnation: The position and the event are of two incarnations of the store.
    """
    if held.incarnation and one.incarnation != held.incarnation:
        raise OtherIncarnation(held=held.incarnation, met=one.incarnation)
    found = heal(one.partition, held.last_index, one.previous)
    missing = position.due(found, {one.partition: held}, heal).events
    end = missing[-1].envelope.index if missing else held.last_index
    if end != one.previous:
        raise HoleNotFilled(one.partition, end, one.previous)
    return missing


class RunFinder:
    """Finds the runs among events that come by rising index."""

    def __init__(self) -> None:
        self.found: list[Run] = []
        self._newest: dict[int, Run] = {}  # by partition

    def add(self, one: LoggedEvent) -> None:
        """Add an event."""
        run = self._newest.get(one.partition)
        if run is None or run.upto != one.previous:
            run = Run(one.partition, one.previous, one.index, one.incarnation)
            self._newest[one.partition] = run
            self.found.append(run)
        run.upto = one.index


def joined(runs: Iterable[Run]) -> dict[int, PartitionPosition]:
    """Join runs, and return the last event of each partition.

    Raises:
        position.HoleNotFilled: Events are missing between two runs, or before the first.
    """
    held: dict[int, PartitionPosition] = {}
    for run in sorted(runs, key=_upto):
        last = held.get(run.partition)
        end = 0 if last is None else last.last_index
        if run.after != end:
            raise HoleNotFilled(run.partition, end, run.after)
        held[run.partition] = PartitionPosition(run.upto, run.incarnation)
    return held


def _upto(run: Run) -> int:
    return run.upto
