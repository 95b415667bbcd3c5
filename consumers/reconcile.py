"""Check that store and topic hold the same events: publish missing ones, then compare each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from commands.ports.log import NotificationLog
from commands.ports.topic import Extent
from domain.body import RecordedEvent

#: How many differences of each kind a report names; it counts all of them.
NAMED: Final = 1000
_SIZE: Final = 16  # bytes kept of each event's hash, in one array, because indexes are dense
_STEP: Final = 10_000  # events between two calls of ``progress``

_Item = TypeVar("_Item")
#: Called with the stage ("store" or "topic"), how many of its events are done, and how many it has.
ReconcileProgress: TypeAlias = Callable[[str, int, int], None]


class ReadableTopic(Protocol):
    """A topic whose records can all be read."""

    def extents(self) -> Mapping[int, Extent]:
        """Return what each partition holds now."""
        ...

    def events(
        self, spans: Mapping[int, Extent]
    ) -> Iterable[tuple[int, int, RecordedEvent | None]]:
        """Yield partition, offset and event of these records.

        The event is None if this installation did not publish the record.
        """
        ...


class RecordPlace(NamedTuple):
    """Where a record is in the topic."""

    partition: int
    offset: int


@dataclass(slots=True)
class Report:
    """The result of a comparison; each list names the first ``NAMED`` differences of its kind."""

    events: int  # in the store
    records: int = 0  # in the topic
    published: int = 0  # events that were published before the comparison
    repeats: int = 0  # further records of an event that is in the topic already; harmless
    missing: int = 0  # events of the store that are not in the topic
    extra: int = 0  # records that are not an event of the store
    refused: int = 0  # of these, records that this installation did not publish
    differing: int = 0  # events whose id, body, partition or predecessor differs from the store
    missing_indexes: list[int] = field(default_factory=list)
    extra_places: list[RecordPlace] = field(default_factory=list)
    differing_indexes: list[int] = field(default_factory=list)

    @property
    def in_topic(self) -> int:
        """How many different events the topic holds, plus the extra records."""
        return self.events - self.missing + self.extra

    @property
    def equal(self) -> bool:
        """Whether store and topic hold the same events."""
        return not (self.missing or self.extra or self.differing)


def reconcile(
    store: NotificationLog,
    topic: ReadableTopic,
    *,
    publish: Callable[[], int],
    progress: ReconcileProgress = lambda _stage, _done, _total: None,
) -> Report:
    """Publish the events that are not in the topic, then compare all events of store and topic.

    The comparison takes 16 bytes of memory for each event of the store.

    Args:
        store: The recorded events.
        topic: The published events.
        publish: Publishes the events that are not in the topic; returns their number.
        progress: Called at the start and the end of each stage and every 10,000 events.

    Raises:
        StoreUnavailable, TopicUnavailable: The comparison was not finished.
    """
    published = publish()
    total = store.max_index()
    # The extents are read after the end of the store, so all events up to ``total`` are published
    # by then. Events that are recorded meanwhile are not compared.
    spans = topic.extents()
    hashes = bytearray(total * _SIZE)
    for event in _with_progress(store.drain(0, total), "store", total, progress):
        at = (event.envelope.index - 1) * _SIZE
        hashes[at : at + _SIZE] = _hash(event)
    report = Report(events=total, published=published)
    for index, place in _compare(report, hashes, topic.events(spans), spans, progress):
        if index > store.max_index():  # otherwise it was recorded during the comparison
            report.extra += 1
            _name(report.extra_places, place)
    return report


def _compare(
    report: Report,
    hashes: bytearray,
    records: Iterable[tuple[int, int, RecordedEvent | None]],
    spans: Mapping[int, Extent],
    progress: ReconcileProgress,
) -> list[tuple[int, RecordPlace]]:
    """Complete ``report``; return index and place of the records after its last event."""
    beyond: list[tuple[int, RecordPlace]] = []
    seen = bytearray(report.events)
    differing: set[int] = set()
    expected = sum(span.end - span.begin for span in spans.values())
    for partition, offset, event in _with_progress(records, "topic", expected, progress):
        report.records += 1
        index = event.envelope.index if event else 0
        if event and index > report.events:
            beyond.append((index, RecordPlace(partition, offset)))
            continue
        if event is None or index < 1:
            report.extra += 1
            report.refused += event is None
            _name(report.extra_places, RecordPlace(partition, offset))
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
    """Return a hash of the parts that must agree: ids, topic, predecessor and the body's bytes."""
    envelope = event.envelope
    head = f"{envelope.event_id}|{envelope.topic}|{envelope.stream}|{envelope.previous}|"
    return sha256(head.encode() + event.body).digest()[:_SIZE]


def _name(names: list[RecordPlace], place: RecordPlace) -> None:
    if len(names) < NAMED:
        names.append(place)


def _with_progress(
    items: Iterable[_Item], stage: str, total: int, progress: ReconcileProgress
) -> Iterator[_Item]:
    """Yield ``items`` and call ``progress`` meanwhile."""
    done = 0
    progress(stage, done, total)
    for done, item in enumerate(items, start=1):
        yield item
        if done % _STEP == 0:
            progress(stage, done, total)
    progress(stage, done, total)
