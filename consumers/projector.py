"""The projector: fold recorded events into the read models, in batches, each event once.

The loop takes events from a source and hands them to the fold. If the fold fails, the kind of the
error decides how the loop goes on. The loop keeps no state: the fold moves the positions in its
own transaction, and after a failure the loop starts again from them. The fold also finds repeats
and holes, by the chain of events in each partition (``consumers.chain``).
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final, Protocol

import structlog

from commands.ports.log import NotificationLog
from commands.ports.store import StoreUnavailable
from commands.ports.topic import Fenced, Halted, TopicUnavailable
from consumers import chain
from consumers.pause import pause
from domain.body import RecordedEvent

log = structlog.get_logger()

LARGEST_BATCH: Final = 2000  # events
LINGER: Final = 0.05  # seconds between reads of a store that gets events faster than that
TAKE: Final = 0.5  # seconds that the source may wait for new events
#: Seconds without an event after which the loop checks whether the topic has lost some.
STALLED: Final = 2.0
SHORTEST_PAUSE: Final = 0.1  # seconds between attempts
LONGEST_PAUSE: Final = 10.0  # seconds between attempts


class Meaning(Enum):
    """The reaction of the loop to a failure."""

    RETRY = auto()  # the store or Kafka does not answer: pause, then try again
    RESEEK = auto()  # another projector applied the batch: start again from the positions, at once
    SPLIT = auto()  # an event of the batch fails: apply the batch in halves to find it
    HALT = auto()  # a person must decide: stop


class Source(Protocol):
    """Gives events: the topic, or the store's notification log."""

    def seek(self, positions: Callable[[], Mapping[int, int]]) -> None:
        """Read on after ``positions()``: by partition, the index of the last applied event."""
        ...

    def take(self, limit: int, seconds: float) -> list[RecordedEvent]:
        """Return at most ``limit`` events as soon as there are some; none after ``seconds``."""
        ...

    def lag(self) -> int:
        """Return how many events have not been taken yet, as far as is known."""
        ...

    def all_taken(self) -> bool:
        """Ask the topic or the store whether every event that it holds now has been taken."""
        ...

    def close(self) -> None:
        """Close the connections; ``seek`` opens new ones."""
        ...


class BatchFoldResult(Protocol):
    """The result of folding a batch."""

    @property
    def skipped(self) -> int:
        """How many events were skipped, because they had been applied before."""
        ...

    @property
    def healed(self) -> int:
        """How many missing events were fetched from the store."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectorStep:
    """The result of one batch, or of one look without events, for metrics."""

    events: int
    skipped: int
    healed: int
    lag_events: int  # events that have not been taken yet
    lag_seconds: float  # since the newest event of the batch was recorded; 0 if no event waits

    @property
    def applied(self) -> int:
        """How many events were applied. Repeats were applied before, so they are left out."""
        return self.events - self.skipped + self.healed


def meaning_of(error: Exception) -> Meaning:
    """Return what an error of a port means; any other error is caused by an event of the batch."""
    match error:
        case StoreUnavailable() | TopicUnavailable():
            return Meaning.RETRY
        case Fenced():
            return Meaning.RESEEK
        case Halted():
            return Meaning.HALT
        case _:
            return Meaning.SPLIT


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectorPorts:
    """The ports of the projector.

    - ``apply`` folds a batch and moves the positions, in one transaction. It parks events that
      cannot be interpreted.
    - ``published`` returns, by partition, the index up to which the topic is known to be complete.
    - ``heal(partition, after, upto)`` fetches events from the store.
    - ``ids`` returns the ids of the store's events at some indexes, by index. If it is given, a
      batch is refused if the store does not have its events. Not needed if the store is the source.
    - ``on_step`` is called after each batch and each look without events; it must not raise.
    - ``on_failure`` is called with the error after which the loop starts again; it must not raise.

    Without ``published`` and ``heal``, events that the topic has lost at its end are applied only
    when the next event of their partition arrives.
    """

    source: Source
    positions: Callable[[], Mapping[int, int]]
    apply: Callable[[Sequence[RecordedEvent]], BatchFoldResult]
    now: Callable[[], datetime]
    meaning: Callable[[Exception], Meaning] = meaning_of
    published: Callable[[], Mapping[int, int]] = dict
    heal: Callable[[int, int, int], list[RecordedEvent]] | None = None
    ids: Callable[[Collection[int]], Mapping[int, str]] | None = None
    on_step: Callable[[ProjectorStep], None] = lambda _step: None
    on_failure: Callable[[Exception], None] = lambda _error: None


class Projector:
    """Keeps the read models up to date. Not safe for threads."""

    def __init__(self, ports: ProjectorPorts) -> None:
        self._ports = ports
        self._attempt = 0

    def run(self, stop: Callable[[], bool]) -> None:
        """Fold events until ``stop()`` is true.

        Raises:
            Exception: An error that means ``HALT``; all events before it stay applied.
        """
        try:
            while not stop():
                try:
                    self._ports.source.seek(self._ports.positions)
                    self._follow(stop)
                except Exception as error:  # noqa: BLE001 - the meaning of the error decides
                    self._recover(error, stop)
        finally:
            self._ports.source.close()

    def catch_up(
        self, complete_through: Callable[[], int], index: int, timeout: float = 60.0
    ) -> int:
        """Fold events until all up to ``index`` are applied; return the complete-through position.

        For commands that fold events themselves, because no projector runs.

        Args:
            complete_through: Returns the complete-through position of the read models.
            index: The index of an event.
            timeout: In seconds.

        Raises:
            TimeoutError: ``timeout`` seconds passed.
            Exception: An error that means ``HALT``.
        """
        deadline = time.monotonic() + timeout
        position = complete_through()

        def done() -> bool:
            nonlocal position
            position = complete_through()
            return position >= index or time.monotonic() > deadline

        self.run(done)
        if position < index:
            raise _not_applied(position, index, timeout)
        return position

    def _follow(self, stop: Callable[[], bool]) -> None:
        idle_since = time.monotonic()
        while not stop():
            batch = self._ports.source.take(LARGEST_BATCH, TAKE)
            if batch:
                if self._ports.ids is not None:
                    chain.refuse_other_events(batch, self._ports.ids)
                self._deliver(batch)
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > STALLED:
                self._apply_lost_events()
                idle_since = time.monotonic()
            if not batch:
                self._report(None, skipped=0, healed=0)

    def _deliver(self, batch: Sequence[RecordedEvent]) -> None:
        """Apply ``batch``; if an event of it fails, apply its halves in order."""
        pending = [batch]
        while pending:
            part = pending.pop()
            try:
                applied = self._ports.apply(part)
            except Exception as error:
                if self._ports.meaning(error) is not Meaning.SPLIT or len(part) == 1:
                    raise
                half = len(part) // 2
                pending += [part[half:], part[:half]]
                continue
            if applied.skipped < len(part):  # repeats prove nothing about the event that failed
                self._attempt = 0
            self._report(part, skipped=applied.skipped, healed=applied.healed)

    def _recover(self, error: Exception, stop: Callable[[], bool]) -> None:
        """React to an error by its meaning: raise it, continue immediately, or pause."""
        meaning = self._ports.meaning(error)
        if meaning is Meaning.HALT:
            log.error("projector.halted", exc_info=error)
            raise error
        self._attempt += 1
        if meaning is Meaning.RESEEK and self._attempt == 1:
            return
        self._ports.on_failure(error)
        # ``SPLIT`` arrives here with a single event that fails and is not parked. It must not be
        # skipped, so it is tried again and logged as an error each time.
        level = log.error if meaning is Meaning.SPLIT else log.warning
        level("projector.interrupted", exc_info=error, attempt=self._attempt)
        pause(min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0 ** min(self._attempt, 10)), stop)

    def _apply_lost_events(self) -> None:
        """Apply the events that the topic is known to hold, but does not give."""
        heal = self._ports.heal
        if heal is None:
            return
        # In this order: events that are published after this look have not been lost.
        published = self._ports.published()
        if not self._ports.source.all_taken():
            return
        positions = self._ports.positions()
        for partition, upto in sorted(published.items()):
            after = positions.get(partition, 0)
            if after < upto:
                log.warning("projector.events_missed", partition=partition, index=upto)
                self._deliver(heal(partition, after, upto))

    def _report(self, batch: Sequence[RecordedEvent] | None, *, skipped: int, healed: int) -> None:
        lag = self._ports.source.lag()
        seconds = 0.0
        if lag and batch:
            newest = max(event.envelope.recorded_at for event in batch)
            seconds = max(0.0, (self._ports.now() - newest).total_seconds())
        self._ports.on_step(
            ProjectorStep(
                events=len(batch or ()),
                skipped=skipped,
                healed=healed,
                lag_events=lag,
                lag_seconds=seconds,
            )
        )


class StoreSource:
    """A ``Source`` that reads the store's notification log, for a home without Kafka."""

    def __init__(self, store: NotificationLog, wait: Callable[[float], None]) -> None:
        """Read from ``store``.

        Args:
            store: The notification log.
            wait: Returns when an append is announced, or after the seconds it is given.
        """
        self._store = store
        self._wait = wait
        self._after = 0
        self._several_last_time = False  # the last read gave more than one event, but not ``limit``

    def seek(self, positions: Callable[[], Mapping[int, int]]) -> None:
        """Read on from the first event that is not applied in its partition."""
        applied, last_ids = positions(), self._store.last_ids()
        self._after = min(
            (
                applied.get(partition, 0)
                for partition, last in last_ids.items()
                if applied.get(partition, 0) < last
            ),
            default=max(last_ids.values(), default=0),
        )

    def take(self, limit: int, seconds: float) -> list[RecordedEvent]:
        """Return at most ``limit`` events as soon as there are some; none after ``seconds``.

        A single event is returned at once. If several came last time, more are likely to come, so
        this waits a moment to return them together.
        """
        if self._several_last_time:
            time.sleep(LINGER)
        events = self._store.read(self._after, limit)
        if not events:
            self._wait(seconds)
            events = self._store.read(self._after, limit)
        if events:
            self._after = events[-1].envelope.index
        self._several_last_time = 1 < len(events) < limit
        return events

    def lag(self) -> int:
        """Return how many events have not been taken yet."""
        return max(0, self._store.max_index() - self._after)

    def all_taken(self) -> bool:
        """Ask the store whether every event that it holds now has been taken."""
        return self.lag() == 0

    def close(self) -> None:
        """Do nothing, because the caller closes the store."""


def wait_through(complete_through: Callable[[], int], index: int, timeout: float = 30.0) -> int:
    """Wait until the complete-through position has reached ``index``; return the position.

    Args:
        complete_through: Returns the complete-through position of the read models.
        index: The index of an event.
        timeout: In seconds.

    Raises:
        TimeoutError: ``timeout`` seconds passed.
    """
    deadline = time.monotonic() + timeout
    interval = 0.002
    while (position := complete_through()) < index:
        if time.monotonic() > deadline:
            raise _not_applied(position, index, timeout)
        time.sleep(interval)
        interval = min(0.05, interval * 1.5)
    return position


def _not_applied(position: int, index: int, timeout: float) -> TimeoutError:
    return TimeoutError(
        f"the read models are at index {position}, not yet at {index}, after {timeout:.0f} s;"
        " the log of the projector says why"
    )
