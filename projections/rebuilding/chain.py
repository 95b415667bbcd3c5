"""The log without repeats and holes: every event names the one before it in its partition."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.body import RecordedEvent
from projections.engine import position
from projections.engine.logged_event import LoggedEvent, logged
from projections.engine.position import Heal, Held, HoleNotFilled, OtherIncarnation


@dataclass(slots=True)
class Run:
    """Events of one partition that follow each other."""

    partition: int
    after: int  # the index that its first event names as the one before
    upto: int
    incarnation: str


def chained(
    source: Iterable[RecordedEvent] | Iterable[LoggedEvent],
    bounds: Mapping[int, int] | None,
    heal: Heal,
    audit: Callable[[RecordedEvent], None] | None,
) -> Iterator[LoggedEvent]:
    """Pass on what comes next in every partition: repeats left out, holes filled.

    ``audit`` is told of it as it was recorded.
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
            held = Held(0, "") if last is None else Held(last.index, last.incarnation)
            if one.index <= held.last_index and one.incarnation == held.incarnation:
                continue
            for missing in _missing(one, held, heal):
                if audit is not None:
                    audit(missing)
                yield logged(missing)
        newest[partition] = one
        if audit is not None:
            assert isinstance(given, RecordedEvent)  # noqa: S101  # needs() told the caller
            audit(given)
        yield one


def _missing(one: LoggedEvent, held: Held, heal: Heal) -> Sequence[RecordedEvent]:
    """Return what stands between ``held`` and an event of the same partition.

    Raises:
        position.HoleNotFilled: The store does not have it.
        position.OtherIncarnation: They are of two lives of the store.
    """
    if held.incarnation and one.incarnation != held.incarnation:
        raise OtherIncarnation(held=held.incarnation, met=one.incarnation)
    found = heal(one.partition, held.last_index, one.previous)
    missing = position.due(found, {one.partition: held}, heal).events
    end = missing[-1].envelope.index if missing else held.last_index
    if end != one.previous:
        raise HoleNotFilled(one.partition, end, one.previous)
    return missing


class Runs:
    """Which runs there are among events by rising index."""

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


def joined(runs: Iterable[Run]) -> dict[int, Held]:
    """Return where the log ends, by partition, that these runs make together.

    Raises:
        position.HoleNotFilled: Something is missing between them, or before the first.
    """
    held: dict[int, Held] = {}
    for run in sorted(runs, key=_upto):
        last = held.get(run.partition)
        end = 0 if last is None else last.last_index
        if run.after != end:
            raise HoleNotFilled(run.partition, end, run.after)
        held[run.partition] = Held(run.upto, run.incarnation)
    return held


def _upto(run: Run) -> int:
    return run.upto
