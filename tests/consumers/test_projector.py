"""The projector's loop: its decisions over a log in memory, then with real PostgreSQL and Kafka."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from commands.ports.store import StoreUnavailable
from commands.ports.topic import Fenced, TopicAheadOfStore
from consumers import projector
from consumers.projector import Projector, ProjectorPorts, ProjectorStep, StoreSource, wait_through
from domain.body import RecordedEvent
from infra import topics
from tests.kafka_samples import AppliedCounts, Applier, BackgroundLoop, PublishedStore
from tests.topic_samples import START, ModelLog
from tests.waiting import until


@dataclass
class FailingApplier:
    """Applies batches, but first raises the given errors, and always fails at one event."""

    applier: Applier
    errors: list[Exception] = field(default_factory=list)
    poison: int = 0

    def apply(self, batch: Sequence[RecordedEvent]) -> AppliedCounts:
        if self.errors:
            raise self.errors.pop(0)
        if any(each.envelope.index == self.poison for each in batch):
            raise ValueError
        return self.applier.apply(batch)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "SHORTEST_PAUSE", 0.001)
    monkeypatch.setattr(projector, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(projector, "TAKE", 0.05)
    monkeypatch.setattr(projector, "STALLED", 0.2)


def over(log: ModelLog, script: FailingApplier, steps: list[ProjectorStep]) -> Projector:
    return Projector(
        ProjectorPorts(
            source=StoreSource(log, wait=lambda _: None),
            positions=script.applier.positions,
            apply=script.apply,
            now=lambda: START + timedelta(seconds=10),
            on_step=steps.append,
        )
    )


def run_until(loop: Projector, done: Callable[[], bool]) -> None:
    rounds = iter(range(10_000))
    loop.run(lambda: done() or next(rounds) == 9_999)
    assert done()


def test_every_event_of_the_log_is_applied_once_in_order() -> None:
    log, steps = ModelLog(), list[ProjectorStep]()
    log.append(*(nth % 5 for nth in range(4500)))
    script = FailingApplier(Applier(log.heal))
    run_until(over(log, script, steps), lambda: len(script.applier.events) == 4500)
    assert script.applier.events == log.events
    assert max(each.events for each in steps) == projector.LARGEST_BATCH
    assert steps[0].lag_events == 2500
    assert steps[0].lag_seconds == 8.0
    assert steps[-1].lag_events == 0
    assert steps[-1].lag_seconds == 0.0


def test_reading_goes_on_after_the_positions() -> None:
    log, applier = ModelLog(), Applier(ModelLog().heal)
    log.append(0, 1, 0, 2, 1)
    applier.apply(log.events[:2])
    run_until(over(log, FailingApplier(applier), []), lambda: len(applier.events) == 5)
    assert applier.events == log.events


def test_a_batch_is_tried_again_if_the_store_fails_or_another_projector_applied_it() -> None:
    log = ModelLog()
    log.append(0, 1, 2)
    script = FailingApplier(
        Applier(log.heal), errors=[StoreUnavailable(), Fenced(), StoreUnavailable()]
    )
    run_until(over(log, script, []), lambda: len(script.applier.events) == 3)
    assert script.applier.events == log.events


def test_events_before_one_that_fails_are_applied() -> None:
    log = ModelLog()
    log.append(*range(9))
    script = FailingApplier(Applier(log.heal), poison=6)
    run_until(over(log, script, []), lambda: len(script.applier.events) == 5)
    script.poison = 0
    run_until(over(log, script, []), lambda: len(script.applier.events) == 9)
    assert script.applier.events == log.events


def test_repeats_are_no_progress_of_a_projector_that_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, steps, pauses = ModelLog(), list[ProjectorStep](), list[float]()
    log.append(0, 1)
    script = FailingApplier(Applier(log.heal), poison=2)
    monkeypatch.setattr(projector, "pause", lambda seconds, _stop: pauses.append(seconds))
    run_until(over(log, script, steps), lambda: len(pauses) == 4)
    assert [each.applied for each in steps if each.events] == [1, 0, 0, 0]  # event 1 and repeats
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]


def test_the_source_waits_for_more_events_only_after_several_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept = list[float]()
    monkeypatch.setattr("consumers.projector.time.sleep", slept.append)
    log = ModelLog()
    source = StoreSource(log, wait=lambda _: None)
    sizes = []
    for partitions in ((0, 1), (2,), (3,)):
        log.append(*partitions)
        sizes.append((len(source.take(10, 0.0)), len(slept)))
    assert sizes == [(2, 0), (1, 1), (1, 1)]


def test_an_error_that_a_person_must_decide_ends_the_loop() -> None:
    log = ModelLog()
    log.append(0)
    halted = TopicAheadOfStore("set back.", remedy="Restore it.")
    with pytest.raises(TopicAheadOfStore, match="Restore it"):
        over(log, FailingApplier(Applier(log.heal), errors=[halted]), []).run(lambda: False)


@pytest.mark.parametrize("kept", [0, 2, 3, 5])
def test_events_that_the_store_lacks_are_refused_and_not_applied(kept: int) -> None:
    topic = ModelLog()
    topic.append(0, 1, 0)
    store = ModelLog(events=topic.events[:kept], life=1)
    store.append(*(0, 1, 0, 1, 0)[kept:])
    applier = Applier(store.heal)
    ports = ProjectorPorts(
        source=StoreSource(topic, wait=lambda _: None),
        positions=applier.positions,
        apply=applier.apply,
        now=lambda: START,
        ids=store.ids,
    )
    if kept < len(topic.events):
        with pytest.raises(TopicAheadOfStore, match="The store was set back"):
            Projector(ports).run(lambda: False)
        assert applier.events == []
    else:
        run_until(Projector(ports), lambda: len(applier.events) == 3)


def test_a_failure_after_which_the_loop_starts_again_is_reported() -> None:
    log = ModelLog()
    log.append(0)
    failures = list[Exception]()
    script = FailingApplier(Applier(log.heal), errors=[StoreUnavailable(), Fenced()])
    ports = ProjectorPorts(
        source=StoreSource(log, wait=lambda _: None),
        positions=script.applier.positions,
        apply=script.apply,
        now=lambda: START,
        on_failure=failures.append,
    )
    run_until(Projector(ports), lambda: len(script.applier.events) == 1)
    assert [type(each) for each in failures] == [StoreUnavailable, Fenced]


def test_catching_up_ends_at_the_given_index_or_with_a_timeout() -> None:
    log = ModelLog()
    log.append(0, 1, 2)
    script = FailingApplier(Applier(log.heal))

    def complete() -> int:
        return max(script.applier.positions().values(), default=0)

    assert over(log, script, []).catch_up(complete, 3) == 3
    with pytest.raises(TimeoutError, match="at index 3, not yet at 4"):
        over(log, script, []).catch_up(complete, 4, timeout=0.05)


def test_waiting_ends_at_the_given_index_or_with_a_timeout() -> None:
    positions = iter((1, 2, 5, 5))
    assert wait_through(lambda: next(positions), 4) == 5
    with pytest.raises(TimeoutError, match="at index 1, not yet at 4"):
        wait_through(lambda: 1, 4, timeout=0.01)


@dataclass
class EmptySource:
    """A source that never gives an event."""

    def seek(self, positions: Callable[[], Mapping[int, int]]) -> None:
        del positions

    def take(self, limit: int, seconds: float) -> list[RecordedEvent]:
        del limit, seconds
        return []

    def lag(self) -> int:
        return 0

    def all_taken(self) -> bool:
        return True

    def close(self) -> None:
        pass


def test_events_that_the_topic_has_lost_are_fetched_from_the_store() -> None:
    log, applier = ModelLog(), Applier(ModelLog().heal)
    log.append(0, 1, 0)
    loop = Projector(
        ProjectorPorts(
            source=EmptySource(),
            positions=applier.positions,
            apply=applier.apply,
            now=lambda: START,
            published=lambda: {0: 3, 1: 2},
            heal=log.heal,
        )
    )
    with BackgroundLoop(loop.run):
        until(lambda: len(applier.events) == 3, "the events")
    assert applier.indexes() == [1, 2, 3]


def test_an_event_that_is_published_during_the_look_for_lost_ones_is_not_lost() -> None:
    log, applier = ModelLog(), Applier(ModelLog().heal)
    fetched: list[int] = []

    def published() -> Mapping[int, int]:
        if not log.events:
            log.append(0)
        return log.last_ids()

    def heal(partition: int, after: int, upto: int) -> list[RecordedEvent]:
        fetched.append(upto)
        return log.heal(partition, after, upto)

    loop = Projector(
        ProjectorPorts(
            source=StoreSource(log, wait=time.sleep),
            positions=applier.positions,
            apply=applier.apply,
            now=lambda: START,
            published=published,
            heal=heal,
        )
    )
    with BackgroundLoop(loop.run):
        until(lambda: len(applier.events) == 1, "the event")
    assert fetched == []


def over_topic(owner: PublishedStore, applier: Applier, group: str | None = None) -> Projector:
    return Projector(
        ProjectorPorts(
            source=owner.reader(group),
            positions=applier.positions,
            apply=applier.apply,
            now=lambda: START,
        )
    )


def all_of(owner: PublishedStore) -> list[int]:
    return list(range(1, owner.recorded + 1))


@pytest.mark.postgres
@pytest.mark.kafka
def test_every_event_of_the_topic_is_applied_once_also_after_a_restart(
    owner: PublishedStore,
) -> None:
    owner.record(700)
    owner.relay().catch_up()
    applier = Applier(owner.heal)
    with BackgroundLoop(over_topic(owner, applier).run):
        until(lambda: len(applier.events) == 700, "the events")
    owner.record(300)
    owner.relay().catch_up()
    with BackgroundLoop(over_topic(owner, applier).run):
        until(lambda: len(applier.events) == 1000, "the other events")
    assert applier.indexes() == all_of(owner)
    assert applier.skipped <= 100  # events of one commit have one recorded-at: some are read again
    assert applier.healed == 0


@pytest.mark.postgres
@pytest.mark.kafka
def test_repeats_in_the_topic_are_skipped_and_holes_are_filled_from_the_store(
    owner: PublishedStore,
) -> None:
    owner.record(200)
    events = owner.store.read(0)
    topic = owner.topic()
    topic.identity()
    topic.publish(events[:100])
    topic.publish(events[50:80])
    topic.publish(events[150:])
    applier = Applier(owner.heal)
    with BackgroundLoop(over_topic(owner, applier).run):
        until(lambda: len(applier.events) == 200, "the events")
    assert applier.indexes() == all_of(owner)
    assert applier.skipped == 30
    assert applier.healed == 50


@pytest.mark.postgres
@pytest.mark.kafka
def test_reading_goes_on_after_the_topic_was_deleted_and_published_again(
    owner: PublishedStore,
) -> None:
    owner.record(300)
    owner.relay().catch_up()
    applier = Applier(owner.heal)
    with BackgroundLoop(over_topic(owner, applier).run):
        until(lambda: len(applier.events) == 300, "the events")
        topics.delete(owner.brokers, owner.name)
        owner.record(100)
        owner.relay().catch_up()
        until(lambda: len(applier.events) == 400, "the new events", 60)
    assert applier.indexes() == all_of(owner)


@pytest.mark.postgres
@pytest.mark.kafka
def test_readers_of_a_group_share_the_partitions_and_apply_every_event(
    owner: PublishedStore,
) -> None:
    owner.record(200)
    owner.relay().catch_up()
    first, second = Applier(owner.heal), Applier(owner.heal)
    group = f"{owner.prefix}-readers"
    with BackgroundLoop(over_topic(owner, first, group).run):
        until(lambda: len(first.events) == 200, "the events, alone")
        with BackgroundLoop(over_topic(owner, second, group).run):
            until(lambda: second.events, "some events for the second", 40)
            shared = {each.envelope.partition for each in second.events}
            owner.record(200, batch=20)
            owner.relay().catch_up()
            until(
                lambda: (
                    {each.envelope.index for each in first.events + second.events}
                    >= set(all_of(owner))
                ),
                "the events, together",
            )
    assert 0 < len(shared) < len(owner.store.last_ids())
    assert first.indexes() == sorted(set(first.indexes()))
    assert second.indexes() == sorted(set(second.indexes()))
