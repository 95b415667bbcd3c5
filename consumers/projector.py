"""The projector: what was recorded, into the read models, in batches, each event once.

The loop takes events from a source, hands them to the fold, and obeys what a failure means. It
keeps nothing: positions move in the fold's own transaction, and after any trouble it begins again
from them. Repeats and holes are the fold's to see, by the chain of events in each partition.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final, Protocol

import structlog

from commands.ports.log import NotificationLog
from commands.ports.store import StoreUnavailable
from commands.ports.topic import Fenced, Halted, TopicUnavailable
from consumers.patience import pause
from domain.body import RecordedEvent

log = structlog.get_logger()

LARGEST_BATCH: Final = 2000
LINGER: Final = 0.05  # s between looks at a store that is appended to faster than that
TAKE: Final = 0.5  # s that the source may wait for something new
STALLED: Final = 2.0  # s without news after which the store is asked what the topic should hold
SHORTEST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0


class Meaning(Enum):
    """What a failure means for the loop."""

    RETRY = auto()  # the world is not ready: pause, then the same again
    RESEEK = auto()  # another applied it: begin again from the positions, at once
    SPLIT = auto()  # the batch is the problem: find the event that is, the others go on
    HALT = auto()  # only a person can decide


class Source(Protocol):
    """Where events come from: the topic, or the store's notification log."""

    def seek(self, positions: Callable[[], Mapping[int, int]]) -> None:
        """Read on after these: by partition, the index of the last event applied."""
        ...

    def take(self, limit: int, seconds: float) -> list[RecordedEvent]:
        """Return at most ``limit`` events as soon as there are some; none after ``seconds``."""
        ...

    def lag(self) -> int:
        """Return how many events wait to be taken."""
        ...

    def close(self) -> None:
        """Let go of connections; ``seek`` makes new ones."""
        ...


class Applied(Protocol):
    """What the fold did with a batch."""

    @property
    def skipped(self) -> int:
        """Events that had been applied before."""
        ...

    @property
    def healed(self) -> int:
        """Events fetched from the store to fill a hole."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What one batch came to, for whoever counts."""

    events: int
    skipped: int
    healed: int
    lag_events: int
    lag_seconds: float  # since the last event of the batch was recorded; 0 when nothing waits


class Listener(Protocol):
    """Told after each batch and each idle look; must not raise."""

    def __call__(self, progress: Progress, /) -> None:
        """Take note."""
        ...


def _ignore(_progress: Progress) -> None:
    pass


def meaning_of(error: Exception) -> Meaning:
    """Return what the errors of the ports mean; anything else is the batch's own fault."""
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
class Ports:
    """What the projector works with.

    ``apply`` is one transaction, positions included; it sets aside what cannot be interpreted by
    itself. ``published`` tells by partition up to which index the topic is known to hold it, and
    ``heal`` (partition, after, upto) fetches from the store; without them, records that the topic
    lost from its end are applied when the next event of their partition arrives.
    """

    source: Source
    positions: Callable[[], Mapping[int, int]]
    apply: Callable[[Sequence[RecordedEvent]], Applied]
    now: Callable[[], datetime]
    meaning: Callable[[Exception], Meaning] = meaning_of
    published: Callable[[], Mapping[int, int]] = dict
    heal: Callable[[int, int, int], list[RecordedEvent]] | None = None
    on_progress: Listener = _ignore


class Projector:
    """Keeps the read models up to date. Not for several threads."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._attempt = 0

    def run(self, stop: Callable[[], bool]) -> None:
        """Apply until ``stop()``.

        Raises:
            Exception: The failure that means ``HALT``; everything before it stays applied.
        """
        try:
            while not stop():
                try:
                    self._ports.source.seek(self._ports.positions)
                    self._follow(stop)
                except Exception as error:  # noqa: BLE001 - what it means is a value to obey
                    self._obey(error, stop)
        finally:
            self._ports.source.close()

    def catch_up(
        self, complete_through: Callable[[], int], index: int, timeout: float = 60.0
    ) -> int:
        """Apply until everything up to ``index`` is; return the complete-through position.

        For one-shot commands that project by themselves.

        Raises:
            TimeoutError: ``timeout`` seconds passed.
            Exception: The failure that means ``HALT``.
        """
        deadline = time.monotonic() + timeout
        position = complete_through()

        def done() -> bool:
            nonlocal position
            position = complete_through()
            return position >= index or time.monotonic() > deadline

        self.run(done)
        if position < index:
            raise TimeoutError(f"read models are at {position}, not yet at {index}")
        return position

    def _follow(self, stop: Callable[[], bool]) -> None:
        idle_since = time.monotonic()
        while not stop():
            batch = self._ports.source.take(LARGEST_BATCH, TAKE)
            if batch:
                self._deliver(batch)
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > STALLED:
                self._look_for_lost()
                idle_since = time.monotonic()
            if not batch:
                self._tell(None, skipped=0, healed=0)

    def _deliver(self, batch: Sequence[RecordedEvent]) -> None:
        """Apply ``batch``; where it fails for its content, its halves, in order."""
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
            self._attempt = 0
            self._tell(part, skipped=applied.skipped, healed=applied.healed)

    def _obey(self, error: Exception, stop: Callable[[], bool]) -> None:
        meaning = self._ports.meaning(error)
        if meaning is Meaning.HALT:
            log.error("projector.halted", exc_info=error)
            raise error
        self._attempt += 1
        if meaning is Meaning.RESEEK and self._attempt == 1:
            return
        # A single event that fails, and that the fold does not set aside, is met again and again:
        # skipping it would break every promise, so it is loud instead.
        level = log.error if meaning is Meaning.SPLIT else log.warning
        level("projector.interrupted", exc_info=error, attempt=self._attempt)
        pause(min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0 ** min(self._attempt, 10)), stop)

    def _look_for_lost(self) -> None:
        """Apply what the topic should hold and does not give."""
        heal = self._ports.heal
        if heal is None or self._ports.source.lag():
            return
        positions = self._ports.positions()
        for partition, upto in sorted(self._ports.published().items()):
            after = positions.get(partition, 0)
            if after < upto:
                log.warning("projector.topic_lacks", partition=partition, index=upto)
                self._deliver(heal(partition, after, upto))

    def _tell(self, batch: Sequence[RecordedEvent] | None, *, skipped: int, healed: int) -> None:
        lag = self._ports.source.lag()
        seconds = 0.0
        if lag and batch:
            newest = max(event.envelope.recorded_at for event in batch)
            seconds = max(0.0, (self._ports.now() - newest).total_seconds())
        self._ports.on_progress(
            Progress(
                events=len(batch or ()),
                skipped=skipped,
                healed=healed,
                lag_events=lag,
                lag_seconds=seconds,
            )
        )


class StoreSource:
    """The store's notification log as a source, for a home without Kafka: same events, same order.

    Implements ``Source``.
    """

    def __init__(self, store: NotificationLog, wait: Callable[[float], None]) -> None:
        """Read ``store``; ``wait`` returns when an append was announced, or after its seconds."""
        self._store = store
        self._wait = wait
        self._after = 0
        self._crowded = False  # the last time there were several, and no more

    def seek(self, positions: Callable[[], Mapping[int, int]]) -> None:
        """Read on from the first event that some partition lacks."""
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

        A lone event goes on at once; in a crowd there is more to come.
        """
        if self._crowded:
            time.sleep(LINGER)
        events = self._store.read(self._after, limit)
        if not events:
            self._wait(seconds)
            events = self._store.read(self._after, limit)
        if events:
            self._after = events[-1].envelope.index
        self._crowded = 1 < len(events) < limit
        return events

    def lag(self) -> int:
        """Return how many events wait to be taken."""
        return max(0, self._store.max_index() - self._after)

    def close(self) -> None:
        """Do nothing: the store is the caller's."""


def wait_through(complete_through: Callable[[], int], index: int, timeout: float = 30.0) -> int:
    """Return the complete-through position once it has reached ``index``.

    Raises:
        TimeoutError: It has not in ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    interval = 0.002
    while (position := complete_through()) < index:
        if time.monotonic() > deadline:
            raise TimeoutError(f"read models are at {position}, not yet at {index}")
        time.sleep(interval)
        interval = min(0.05, interval * 1.5)
    return position
