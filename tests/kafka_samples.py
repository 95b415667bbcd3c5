"""A store with events and the topic that it publishes to, both real."""

import gc
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import pytest

from consumers.reconcile import Report, reconcile
from consumers.relay import Relay
from domain.body import RecordedEvent
from infra import topics
from infra.event_store import CareStore
from infra.kafka import EventTopic
from infra.kafka_access import Brokers
from infra.record_mac import PURPOSE, RecordMac
from infra.refused_records import RefusedRecords
from infra.relay_checkpoint import RelayCheckpoints
from infra.topic_names import events_topic
from infra.topic_reader import TopicReader
from projections.engine.position import PartitionPosition, due
from tests.intake_samples import draft, received
from tests.stores import opened, record


@dataclass
class PublishedStore:
    """A store, with relays and readers of its events on request."""

    store: CareStore
    database: str
    brokers: Brokers
    prefix: str
    mac: RecordMac
    recorded: int = 0
    opened: list[EventTopic | RelayCheckpoints] = field(default_factory=list)
    refused: list[RefusedRecords] = field(default_factory=list)

    @property
    def name(self) -> str:
        return events_topic(self.prefix)

    def record(self, count: int, *, batch: int = 100) -> None:
        """Record ``count`` messages about 40 patients, in commits of ``batch``."""
        while count > 0:
            numbers = range(self.recorded, self.recorded + min(batch, count))
            record(self.store, [received(f"m{nth}", draft(f"{nth % 40}")) for nth in numbers])
            self.recorded += len(numbers)
            count -= len(numbers)

    def topic(self, brokers: Brokers | None = None) -> EventTopic:
        at = brokers or self.brokers
        made = EventTopic(
            at,
            self.name,
            incarnation=self.store.incarnation,
            mac=self.mac,
            create=lambda: topics.apply(at, self.prefix),
            on_refused=self.refused.append,
        )
        self.opened.append(made)
        return made

    def relay(self, topic: EventTopic | None = None) -> Relay:
        checkpoints = RelayCheckpoints(self.database, self.name)
        self.opened.append(checkpoints)
        return Relay(self.store, topic or self.topic(), checkpoints)

    def reader(self, group: str | None = None) -> TopicReader:
        return TopicReader(
            self.brokers,
            self.name,
            mac=self.mac,
            recorded_at=self.store.recorded_at_of,
            on_refused=self.refused.append,
            group=group,
        )

    def compared(self) -> Report:
        """Publish all events; compare store and topic."""

        def publish() -> int:
            before = self.in_topic()
            self.relay().catch_up()
            return self.in_topic() - before

        return reconcile(self.store, self.topic(), publish=publish)

    def in_topic(self) -> int:
        topic = self.topic()
        topic.identity()  # creates the topic if it is missing
        return sum(extent.end - extent.begin for extent in topic.extents().values())

    def heal(self, partition: int, after: int, upto: int) -> list[RecordedEvent]:
        return self.store.read_partition(partition, after, upto)

    def close(self) -> None:
        for each in self.opened:
            if isinstance(each, EventTopic):
                each.close()
            else:
                each.resign()


@contextmanager
def published(database: str, home: Path, brokers: Brokers, prefix: str) -> Iterator[PublishedStore]:
    with opened(database, home) as (store, keys):
        mac = RecordMac(keys.derived(PURPOSE))
        made = PublishedStore(store, database, brokers, prefix.rstrip("."), mac)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def owner(
    database: str, tmp_path: Path, kafka: Brokers, topic_prefix: str
) -> Iterator[PublishedStore]:
    """A store and the topic that it publishes to."""
    with published(database, tmp_path, kafka, topic_prefix) as made:
        yield made


@dataclass
class AppliedCounts:
    skipped: int
    healed: int


@dataclass
class Applier:
    """Applies each event once, by the rule of the read models, and keeps the order."""

    heal: Callable[[int, int, int], list[RecordedEvent]]
    events: list[RecordedEvent] = field(default_factory=list)
    held: dict[int, PartitionPosition] = field(default_factory=dict)
    skipped: int = 0
    healed: int = 0

    def positions(self) -> dict[int, int]:
        return {number: held.last_index for number, held in self.held.items()}

    def apply(self, batch: Sequence[RecordedEvent]) -> AppliedCounts:
        for each in batch:
            self.held.setdefault(each.envelope.partition, PartitionPosition(0, ""))
        found = due(batch, self.held, self.heal)
        for each in found.events:
            held = self.held[each.envelope.partition]
            self.held[each.envelope.partition] = replace(held, last_index=each.envelope.index)
        self.events += found.events
        self.skipped += found.skipped
        self.healed += found.healed
        return AppliedCounts(found.skipped, found.healed)

    def indexes(self) -> list[int]:
        return sorted(each.envelope.index for each in self.events)


@contextmanager
def forgotten_sockets() -> Iterator[None]:
    """Close the sockets that kafka-python leaves open if a broker refuses its connections.

    The client forgets the sockets of failed attempts; the garbage collector closes them.
    """
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


class BackgroundLoop:
    """Runs a loop in another thread; an error of the loop is raised at the end of the block."""

    def __init__(self, run: Callable[[Callable[[], bool]], None]) -> None:
        self._stopped = False
        self._error: BaseException | None = None
        self._run = run
        self._thread = Thread(target=self._guarded)

    def _guarded(self) -> None:
        try:
            self._run(lambda: self._stopped)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            self._error = error

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
