"""Do store and topic hold the same events? Publishes what is owed, then compares each by index."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple, Protocol, TypeVar

from commands.ports.log import NotificationLog
from commands.ports.topic import Extent
from domain.body import RecordedEvent

#: How many of each kind a report names; all of them are counted.
NAMED: Final = 1000
_SIZE: Final = 16  # bytes kept of each event's hash: indexes are dense, so an array holds them
_STEP: Final = 10_000  # events between two calls of progress

_Item = TypeVar("_Item")


class ReadableTopic(Protocol):
    """A topic that can be read through."""

    def extents(self) -> Mapping[int, Extent]:
        """Return what each partition holds now."""
        ...

    def events(
        self, spans: Mapping[int, Extent]
    ) -> Iterable[tuple[int, int, RecordedEvent | None]]:
        """Yield partition, offset and event of these records; None for what is no event."""
        ...


class Progress(Protocol):
    """Told how far it is; must not raise."""

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """``stage`` is "store" or "topic"; ``done`` and ``total`` count its events."""
        ...


class Place(NamedTuple):
    """A record of the topic."""

    partition: int
    offset: int


@dataclass(slots=True)
class Report:
    """What was compared, and what did not agree. The lists name the first ``NAMED`` of a kind."""

    events: int  # in the store
    records: int = 0  # in the topic
    published: int = 0  # what was owed, and is there now
    repeats: int = 0  # records of an event that stands in the topic already: harmless
    missing: int = 0  # events that the topic lacks
    extra: int = 0  # records of no event of the store
    differing: int = 0  # another id, body, partition or predecessor than in the store
    missing_indexes: list[int] = field(default_factory=list)
    extra_places: list[Place] = field(default_factory=list)
    differing_indexes: list[int] = field(default_factory=list)

    @property
    def in_topic(self) -> int:
        """How many events the topic holds, each once, and records of none."""
        return self.events - self.missing + self.extra

    @property
    def equal(self) -> bool:
        """Whether store and topic hold the same events."""
        return not (self.missing or self.extra or self.differing)


def _silent(_stage: str, _done: int, _total: int, /) -> None:
    pass


def reconcile(
    store: NotificationLog,
    topic: ReadableTopic,
    *,
    publish: Callable[[], int],
    progress: Progress = _silent,
) -> Report:
    """Publish what is owed, then compare every event of the store with the topic.

    Args:
        store: What was recorded; takes 16 bytes of memory per event.
        topic: What was published.
        publish: Publishes what is owed and returns how many events that were.
        progress: Called now and then.

    Raises:
        StoreUnavailable, TopicUnavailable: Nothing can be said.
    """
    published = publish()
    total = store.max_index()
    # The extents are read after the store's end: everything up to it was published by now. What
    # is recorded meanwhile is none of this comparison's.
    spans = topic.extents()
    hashes = bytearray(total * _SIZE)
    for event in _told(store.drain(0, total), "store", total, progress):
        at = (event.envelope.index - 1) * _SIZE
        hashes[at : at + _SIZE] = _hash(event)
    report = Report(events=total, published=published)
    for index, place in _compare(report, hashes, topic.events(spans), spans, progress):
        if index > store.max_index():  # not one recorded while we compared
            report.extra += 1
            _name(report.extra_places, place)
    return report


def _compare(
    report: Report,
    hashes: bytearray,
    records: Iterable[tuple[int, int, RecordedEvent | None]],
    spans: Mapping[int, Extent],
    progress: Progress,
) -> list[tuple[int, Place]]:
    """Fill in ``report``; return the index and place of records beyond its events."""
    beyond: list[tuple[int, Place]] = []
    seen = bytearray(report.events)
    differing: set[int] = set()
    expected = sum(span.end - span.begin for span in spans.values())
    for partition, offset, event in _told(records, "topic", expected, progress):
        report.records += 1
        index = event.envelope.index if event else 0
        if event and index > report.events:
            beyond.append((index, Place(partition, offset)))
            continue
        if event is None or index < 1:
            report.extra += 1
            _name(report.extra_places, Place(partition, offset))
            continue
        at = (index - 1) * _SIZE
        agrees = event.envelope.partition == partition and hashes[at : at + _SIZE] == _hash(event)
        if not agrees and index not in differing:
            differing.add(index)
        report.repeats += seen[index - 1]
        seen[index - 1] = 1
    report.differing = len(differing)
    report.differing_indexes = sorted(differing)[:NAMED]
    report.missing = seen.count(0)
    at = -1
    while len(report.missing_indexes) < NAMED and (at := seen.find(0, at + 1)) >= 0:
        report.missing_indexes.append(at + 1)
    return beyond


def _hash(event: RecordedEvent) -> bytes:
    """Return a hash of everything that makes an event this one, its body byte for byte."""
    envelope = event.envelope
    head = f"{envelope.event_id}|{envelope.topic}|{envelope.stream}|{envelope.previous}|"
    return sha256(head.encode() + event.body).digest()[:_SIZE]


def _name(names: list[Place], place: Place) -> None:
    if len(names) < NAMED:
        names.append(place)


def _told(items: Iterable[_Item], stage: str, total: int, progress: Progress) -> Iterator[_Item]:
    """Pass ``items`` on, telling how far it is."""
    done = 0
    progress(stage, done, total)
    for done, item in enumerate(items, start=1):
        yield item
        if done % _STEP == 0:
            progress(stage, done, total)
    progress(stage, done, total)
