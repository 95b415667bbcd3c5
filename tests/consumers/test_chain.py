"""The protocol between relay and topic under faults, in hundreds of random histories of a model."""

from random import Random

import pytest
import structlog

from commands.ports.topic import (
    Checkpoint,
    Extent,
    Fenced,
    IncarnationMismatch,
    Link,
    Mark,
    ReadModelsAheadOfStore,
    TopicAheadOfStore,
    TopicUnavailable,
)
from consumers import chain, relay
from consumers.relay import Relay
from domain.body import RecordedEvent
from projections.engine.position import PartitionPosition, due
from tests.topic_samples import (
    INCARNATION,
    Killed,
    ModelCheckpoints,
    ModelLog,
    ModelRow,
    ModelTopic,
)

PARTITIONS = 4
NOTHING = Mark()


def links(*found: tuple[int, int], partition: int = 0, begin: int = 0) -> list[Link]:
    return [
        Link(partition, begin + nth, index, previous, f"e{index}", INCARNATION)
        for nth, (index, previous) in enumerate(found)
    ]


def walked(*found: tuple[int, int], mark: Mark = NOTHING) -> Mark:
    return chain.scan(
        {0: mark}, links(*found, begin=mark.next_offset), incarnation=INCARNATION
    ).marks[0]


def test_a_partition_without_holes_is_complete_to_its_end() -> None:
    assert walked((1, 0), (4, 1), (9, 4)) == Mark(3, 9)


def test_repeats_are_skipped() -> None:
    assert walked((1, 0), (4, 1), (1, 0), (4, 1), (9, 4)) == Mark(5, 9)


def test_events_after_a_hole_count_only_after_they_were_sent_again() -> None:
    assert walked((1, 0), (9, 4)) == Mark(2, 1)
    assert walked((1, 0), (9, 4), (4, 1), (9, 4)) == Mark(4, 9)


def test_records_that_are_not_our_events_are_skipped() -> None:
    assert walked((1, 0), (0, 0), (4, 1)) == Mark(3, 4)


def test_a_mark_of_another_topic_is_not_used() -> None:
    kept = Checkpoint(
        incarnation=INCARNATION, topic_id="old", position=9, marks={0: Mark(3, 9), 1: Mark(2, 8)}
    )
    start = chain.scan_start(kept, "new", {0: Extent(0, 3), 1: Extent(0, 0)})
    assert start.marks == {0: Mark(), 1: Mark()}
    assert start.reset == {0, 1}


def test_a_partition_that_has_become_shorter_is_scanned_from_its_beginning() -> None:
    kept = Checkpoint(
        incarnation=INCARNATION, topic_id="t", position=9, marks={0: Mark(3, 9), 1: Mark(2, 8)}
    )
    start = chain.scan_start(kept, "t", {0: Extent(0, 2), 1: Extent(0, 2)})
    assert start.reset == {0}
    scanned = chain.scan(start.marks, links((1, 0), (4, 1)), incarnation=INCARNATION)
    assert chain.checkpoint_after_scan(kept, "t", start, scanned).position == 4


def test_a_topic_filled_by_another_incarnation_is_refused() -> None:
    with pytest.raises(IncarnationMismatch, match="new generation"):
        chain.scan({}, links((1, 0)), incarnation="another")


def test_a_topic_ahead_of_its_store_halts_the_relay() -> None:
    log, row, topic = ModelLog(PARTITIONS), ModelRow(), ModelTopic(PARTITIONS)
    log.append(0, 1, 0)
    Relay(log, topic, ModelCheckpoints(row)).catch_up()
    del log.events[1:]
    with pytest.raises(TopicAheadOfStore) as refused:
        Relay(log, topic, ModelCheckpoints(row)).catch_up()
    assert "index 3; the store ends at 1" in str(refused.value)
    assert "new generation" in refused.value.remedy


def test_a_store_that_was_set_back_and_has_new_events_halts_the_relay() -> None:
    log, row, topic = ModelLog(PARTITIONS), ModelRow(), ModelTopic(PARTITIONS)
    log.append(0, 1)
    Relay(log, topic, ModelCheckpoints(row)).catch_up()
    backup = row.checkpoint
    log.append(0, 1)
    Relay(log, topic, ModelCheckpoints(row)).catch_up()
    del log.events[2:]
    row.checkpoint = backup
    log.life = 1
    log.append(0, 1, 2)
    with pytest.raises(TopicAheadOfStore, match="another event"):
        Relay(log, topic, ModelCheckpoints(row)).catch_up()


def test_a_checkpoint_of_another_incarnation_halts_the_relay() -> None:
    log, row, topic = ModelLog(PARTITIONS), ModelRow(), ModelTopic(PARTITIONS)
    Relay(log, topic, ModelCheckpoints(row)).catch_up()
    log.incarnation = "another"
    with pytest.raises(IncarnationMismatch):
        Relay(log, topic, ModelCheckpoints(row)).catch_up()


def test_only_one_relay_leads() -> None:
    log, row, topic = ModelLog(PARTITIONS), ModelRow(), ModelTopic(PARTITIONS)
    first, second = (Relay(log, topic, ModelCheckpoints(row)) for _ in range(2))
    assert first.resume() is not None
    assert second.resume() is None


CRASHES = ("killed", "unheard")
ALL_FAULTS = ("killed", "unheard", "hole", "zombie")


class RandomHistory:
    """A store and a relay that append, publish, crash and start again at random, and a reader."""

    def __init__(self, seed: int, faults: tuple[str, ...], *, losses: bool) -> None:
        self.random = Random(seed)
        self.losses = losses
        self.log = ModelLog(PARTITIONS)
        self.row = ModelRow()
        self.topic = ModelTopic(PARTITIONS, self.random, faults, rate=0.4)
        self.applied: list[RecordedEvent] = []
        self.held = {number: PartitionPosition(0, "") for number in range(PARTITIONS)}
        self.offsets = dict.fromkeys(range(PARTITIONS), 0)
        self.ended: list[Checkpoint] = []

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            self.append()
            self.lead()
            if self.random.random() < 0.5:
                self.read()
            if self.losses and self.random.random() < 0.1:
                self.lose()
            if self.random.random() < 0.5:
                self.topic.wake_zombies()
        self.topic.rate = 0.0
        self.topic.wake_zombies()
        assert Relay(self.log, self.topic, ModelCheckpoints(self.row)).catch_up() == len(
            self.log.events
        )
        for number in self.offsets:
            self.offsets[number] = 0
        self.read(everything=True)

    def append(self) -> None:
        numbers = [self.random.randrange(PARTITIONS) for _ in range(self.random.randint(0, 8))]
        self.log.append(*numbers)

    def lead(self) -> None:
        """Run one relay until a fault ends it, or for a few steps."""
        checkpoints = ModelCheckpoints(self.row, dies=lambda: self.random.random() < 0.05)
        running = Relay(self.log, self.topic, checkpoints)
        checkpoint = None
        try:
            checkpoint = running.resume()
            assert checkpoint is not None
            for _ in range(self.random.randint(1, 6)):
                checkpoint = running.step(checkpoint)
        except Killed:
            pass
        except TopicUnavailable:
            pass
        if checkpoint is not None:
            self.ended.append(checkpoint)
        self.row.leader = None  # the session of a dead relay ends and releases its lock

    def lose(self) -> None:
        self.random.choice((self.topic.create_again, self.topic.lose_ends))()

    def read(self, *, everything: bool = False) -> None:
        """Read some more records of each partition; sometimes read some of them again."""
        batch: list[RecordedEvent] = []
        for number, extent in self.topic.extents().items():
            begin = self.offsets[number] if self.random.random() < 0.7 else 0
            begin = min(begin, extent.end)
            end = extent.end if everything else self.random.randint(begin, extent.end)
            batch += [each for _, _, each in self.topic.events({number: Extent(begin, end)})]
            self.offsets[number] = end
        found = due(batch, self.held, self.log.heal)
        for each in found.events:
            self.held[each.envelope.partition] = PartitionPosition(each.envelope.index, "")
        self.applied += found.events

    def repeats_in_topic(self) -> int:
        return sum(
            len(kept) - len({each.envelope.index for each in kept})
            for kept in self.topic.kept.values()
        )

    def check(self) -> None:
        complete = dict.fromkeys(range(PARTITIONS), 0)
        for number, kept in self.topic.kept.items():
            for each in kept:
                if each.envelope.previous == complete[number]:
                    complete[number] = each.envelope.index
        last_ids = dict.fromkeys(range(PARTITIONS), 0) | self.log.last_ids()
        assert complete == last_ids, "the topic has a hole"
        for number in range(PARTITIONS):
            assert [each for each in self.applied if each.envelope.partition == number] == [
                each for each in self.log.events if each.envelope.partition == number
            ], "the reader lost, doubled or reordered events"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BATCH", 5)
    monkeypatch.setattr(relay, "log", structlog.testing.CapturingLogger())  # thousands of lines


@pytest.mark.usefixtures("small_batches")
def test_crashes_leave_no_hole_and_no_repeat_in_the_topic() -> None:
    for seed in range(400):
        history = RandomHistory(seed, CRASHES, losses=False)
        history.run(rounds=12)
        history.check()
        assert history.repeats_in_topic() == 0, seed


@pytest.mark.usefixtures("small_batches")
def test_late_writers_expired_batches_and_lost_topics_leave_no_hole() -> None:
    for seed in range(400):
        history = RandomHistory(seed, ALL_FAULTS, losses=True)
        history.run(rounds=12)
        history.check()


@pytest.mark.usefixtures("small_batches")
def test_a_relay_that_lost_its_lead_cannot_move_the_checkpoint() -> None:
    for seed in range(50):
        history = RandomHistory(seed, ALL_FAULTS, losses=False)
        history.run(rounds=6)
        before = history.row.checkpoint
        assert history.ended
        for checkpoint in history.ended:
            with pytest.raises(Fenced):
                ModelCheckpoints(history.row).save(checkpoint)
        assert history.row.checkpoint == before


def test_positions_at_events_that_the_store_lacks_are_refused() -> None:
    chain.refuse_other_positions({3: "a", 7: "b"}, {3: "a", 7: "b"})
    for stored, words in (({3: "a"}, "no event there"), ({3: "a", 7: "c"}, "another event there")):
        with pytest.raises(ReadModelsAheadOfStore, match=words) as refused:
            chain.refuse_other_positions({3: "a", 7: "b"}, stored)
        assert "topics apply --new-generation" in refused.value.remedy
