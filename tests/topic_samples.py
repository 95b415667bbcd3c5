"""Sample events; and a model of a store, a topic and a checkpoint in memory.

The model keeps the promises of the ports and also has their faults. It serves tests of the
protocol between relay and topic. PostgreSQL and Kafka themselves are tested with real servers.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from commands.ports.topic import Checkpoint, Extent, Fenced, Link, TopicUnavailable
from domain.body import Actor, Envelope, RecordedEvent
from domain.ids import EventId, RecordId

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
INCARNATION = "11111111-1111-7111-8111-111111111111"


def event(
    index: int, previous: int, partition: int, *, life: int = 0, incarnation: str = INCARNATION
) -> RecordedEvent:
    stream = RecordId(str(UUID(int=partition + 1)))
    return RecordedEvent(
        envelope=Envelope(
            index=index,
            previous=previous,
            partition=partition,
            event_id=EventId(str(UUID(int=(life << 64) + index))),
            topic="encounter.admitted.v1",
            stream=stream,
            version=index,
            subjects=(stream,),
            recorded_at=START + timedelta(milliseconds=index),
            happened_at=START,
            tenant="default",
            facility="GENERAL",
            actor=Actor(subject="adt"),
            incarnation=incarnation,
        ),
        body=b'{"core":{"index":%d,"life":%d}}' % (index, life),
    )


@dataclass
class ModelLog:
    """A notification log in memory; it keeps the promises of the port and no more."""

    partitions: int = 12
    incarnation: str = INCARNATION
    events: list[RecordedEvent] = field(default_factory=list)
    life: int = 0  # with another number, new events get other ids: a store that was set back

    def append(self, *partitions: int) -> None:
        last = self.last_ids()
        for partition in partitions:
            index = len(self.events) + 1
            made = event(
                index,
                last.get(partition, 0),
                partition,
                life=self.life,
                incarnation=self.incarnation,
            )
            self.events.append(made)
            last[partition] = index

    def max_index(self) -> int:
        return len(self.events)

    def read(
        self, after: int, limit: int = 1000, *, upto: int | None = None
    ) -> list[RecordedEvent]:
        return self.events[after : min(after + limit, len(self.events) if upto is None else upto)]

    def one(self, index: int) -> RecordedEvent | None:
        return self.events[index - 1] if 0 < index <= len(self.events) else None

    def drain(self, after: int, upto: int) -> Iterator[RecordedEvent]:
        yield from self.events[after:upto]

    def last_ids(self) -> dict[int, int]:
        return {each.envelope.partition: each.envelope.index for each in self.events}

    def ids(self, indexes: Collection[int]) -> dict[int, str]:
        known = {each.envelope.index: each.envelope.event_id for each in self.events}
        return {index: known[index] for index in indexes if index in known}

    def heal(self, partition: int, after: int, upto: int) -> list[RecordedEvent]:
        return [each for each in self.events[after:upto] if each.envelope.partition == partition]


class Killed(Exception):
    """The model of a killed process."""


@dataclass
class ModelTopic:
    """A topic in memory that fails in the ways of brokers, networks and processes."""

    partitions: int = 12
    random: Random = field(default_factory=lambda: Random(0))
    faults: tuple[str, ...] = ()
    rate: float = 0.0
    made: int = 1
    kept: dict[int, list[RecordedEvent]] = field(default_factory=dict)
    limbo: list[RecordedEvent] = field(default_factory=list)  # of a stopped relay, written later

    def identity(self) -> str:
        return f"topic-{self.made}"

    def extents(self) -> dict[int, Extent]:
        return {
            number: Extent(0, len(self.kept.get(number, []))) for number in range(self.partitions)
        }

    def links(self, spans: Mapping[int, Extent]) -> Iterator[Link]:
        for partition, offset, each in self.events(spans):
            envelope = each.envelope
            yield Link(
                partition,
                offset,
                envelope.index,
                envelope.previous,
                envelope.event_id,
                envelope.incarnation,
            )

    def events(self, spans: Mapping[int, Extent]) -> Iterator[tuple[int, int, RecordedEvent]]:
        for partition, span in spans.items():
            for offset in range(span.begin, span.end):
                yield partition, offset, self.kept[partition][offset]

    def publish(self, events: Sequence[RecordedEvent]) -> list[int]:
        fault = self.random.choice(self.faults) if self._fails() else ""
        match fault:
            case "killed":  # while sending: the topic has the first events of each partition
                for sent in self._by_partition(events):
                    self._write(sent[: self.random.randint(0, len(sent))])
                raise Killed
            case "hole":  # a request expired, and a later one was written
                for sent in self._by_partition(events):
                    first, last = sorted(self.random.randint(0, len(sent)) for _ in range(2))
                    self._write(sent[:first] + sent[last:])
                raise TopicUnavailable
            case "zombie":  # suspended before it wrote; it writes when another relay leads
                self.limbo += events
                raise Killed
            case "unheard":  # all events were written, but the answer was lost
                self._write(events)
                raise TopicUnavailable
            case _:
                return self._write(events)

    def wake_zombies(self) -> None:
        late, self.limbo = self.limbo, []
        for sent in self._by_partition(late):
            self._write(sent[: self.random.randint(0, len(sent))])

    def create_again(self) -> None:
        self.made += 1
        self.kept = {}

    def lose_ends(self) -> None:
        """Lose the last events of some partitions and all unwritten ones, as in a power cut."""
        self.limbo = []
        for kept in self.kept.values():
            del kept[self.random.randint(0, len(kept)) :]

    def _fails(self) -> bool:
        return bool(self.faults) and self.random.random() < self.rate

    def _by_partition(self, events: Sequence[RecordedEvent]) -> Iterable[list[RecordedEvent]]:
        sorted_out: dict[int, list[RecordedEvent]] = {}
        for each in events:
            sorted_out.setdefault(each.envelope.partition, []).append(each)
        return sorted_out.values()

    def _write(self, events: Sequence[RecordedEvent]) -> list[int]:
        offsets = []
        for each in events:
            kept = self.kept.setdefault(each.envelope.partition, [])
            offsets.append(len(kept))
            kept.append(each)
        return offsets


@dataclass
class ModelRow:
    """The row of the checkpoint, which all relays share."""

    checkpoint: Checkpoint | None = None
    leader: object = None


class ModelCheckpoints:
    """The session of one relay."""

    def __init__(self, row: ModelRow, *, dies: Callable[[], bool] = lambda: False) -> None:
        self._row = row
        self._dies = dies

    def lead(self, incarnation: str) -> Checkpoint | None:
        if self._row.leader not in (None, self):
            return None
        kept = self._row.checkpoint or Checkpoint(incarnation=incarnation)
        self._row.leader = self
        self._row.checkpoint = replace(kept, epoch=kept.epoch + 1)
        return self._row.checkpoint

    def save(self, checkpoint: Checkpoint) -> None:
        if self._dies():
            raise Killed
        if self._row.checkpoint is None or self._row.checkpoint.epoch != checkpoint.epoch:
            raise Fenced
        self._row.checkpoint = checkpoint
        if self._dies():
            raise Killed

    def wait(self, seconds: float) -> None:
        del seconds

    def position(self) -> int:
        return self._row.checkpoint.position if self._row.checkpoint else 0

    def resign(self) -> None:
        if self._row.leader is self:
            self._row.leader = None
