"""The relay with real PostgreSQL and real Kafka."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from commands.ports.topic import Fenced, IncarnationMismatch, TopicAheadOfStore
from consumers.relay import Relay
from infra import clock, topics
from infra.kafka import EventTopic
from infra.relay_checkpoint import RelayCheckpoints, begin_generation, generation
from infra.topic_names import events_topic
from tests import servers
from tests.kafka_samples import BackgroundLoop, PublishedStore
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


def test_every_recorded_event_is_published_once_and_byte_for_byte(owner: PublishedStore) -> None:
    owner.record(1200)
    report = owner.compared()
    assert report.equal
    assert (report.events, report.records, report.published) == (1200, 1200, 1200)
    assert owner.compared().published == 0


def test_a_running_relay_publishes_new_events(owner: PublishedStore) -> None:
    owner.record(3)
    with BackgroundLoop(owner.relay().run):
        until(lambda: owner.in_topic() == 3, "the first events")
        owner.record(5)
        until(lambda: owner.in_topic() == 8, "the next events")
    assert owner.compared().equal


def test_catching_up_beside_a_running_relay_waits_until_that_relay_has_published(
    owner: PublishedStore,
) -> None:
    owner.record(700)
    with BackgroundLoop(owner.relay().run):
        until(lambda: owner.in_topic() > 0, "the relay leads")
        assert owner.relay().catch_up(timeout=30) == 700
        owner.record(3)
        assert owner.relay().catch_up(timeout=30) == 703
        assert owner.in_topic() == 703


def test_a_second_relay_leads_only_after_the_first_resigns_which_then_saves_nothing(
    owner: PublishedStore,
) -> None:
    owner.record(10)
    first, second = (RelayCheckpoints(owner.database, owner.name) for _ in range(2))
    leading = first.lead(owner.store.incarnation)
    assert leading is not None
    assert second.lead(owner.store.incarnation) is None
    first.resign()
    taken = second.lead(owner.store.incarnation)
    assert taken is not None
    assert taken.epoch == leading.epoch + 1
    first.lead(owner.store.incarnation)
    with pytest.raises(Fenced):
        first.save(leading)
    second.save(taken)
    second.resign()


@pytest.mark.parametrize(
    "kills", [3, pytest.param(60, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
def test_a_killed_relay_leaves_no_hole(owner: PublishedStore, tmp_path: Path, kills: int) -> None:
    random = Random(7)
    owner.record(500)
    for _ in range(kills):
        with subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.consumers.relay_process",
                owner.database,
                owner.prefix,
            ],
            env={
                **os.environ,
                **servers.kafka_variables(owner.brokers),
                "CARETRAIL_KEY_FILE": str(tmp_path / "master.key"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout
            process.stdout.readline()  # it has published its first events
            for _ in range(random.randint(1, 12)):
                owner.record(random.randint(1, 300))
            process.kill()
    report = owner.compared()
    assert report.equal, report
    assert report.events == owner.recorded


def test_a_topic_deleted_under_a_running_relay_is_published_again(owner: PublishedStore) -> None:
    owner.record(300)
    with BackgroundLoop(owner.relay().run):
        until(lambda: owner.in_topic() == 300, "the events")
        topics.delete(owner.brokers, owner.name)
        owner.record(20)
        until(lambda: _position(owner) == 320, "everything", 60)
    report = owner.compared()
    assert report.equal
    assert report.records == 320


def test_a_topic_deleted_while_no_relay_runs_is_published_again(owner: PublishedStore) -> None:
    owner.record(300)
    assert owner.compared().equal
    topics.delete(owner.brokers, owner.name)
    report = owner.compared()
    assert report.equal
    assert report.published == 300


def test_a_store_set_back_halts_the_relay(owner: PublishedStore) -> None:
    owner.record(50)
    assert owner.compared().equal
    older = _OlderStore(owner)
    with pytest.raises(TopicAheadOfStore, match="the store ends at 40"):
        Relay(older, owner.topic(), RelayCheckpoints(owner.database, owner.name)).catch_up()


def test_another_incarnation_halts_the_relay_and_publishes_to_a_new_generation(
    owner: PublishedStore,
) -> None:
    owner.record(5)
    assert owner.compared().equal
    with owner.store.connections.connection() as connection:
        assert generation(connection, owner.store.incarnation) == 1
        owner.store.incarnation = "00000000-0000-7000-8000-00000000000b"
        with pytest.raises(IncarnationMismatch, match="new generation"):
            owner.relay().catch_up()
        assert generation(connection, owner.store.incarnation) == 1
        assert begin_generation(connection, clock.new_id()) == 2
    halted = owner.store.incarnation
    owner.store.load_incarnation()
    assert owner.store.incarnation != halted
    name = events_topic(owner.prefix, 2)
    assert name == f"{owner.prefix}.events.v1.g2"
    topic = EventTopic(
        owner.brokers,
        name,
        incarnation=owner.store.incarnation,
        mac=owner.mac,
        create=lambda: topics.apply(owner.brokers, owner.prefix, 2),
    )
    with closing(topic):
        assert Relay(owner.store, topic, RelayCheckpoints(owner.database, name)).catch_up() == 5
        found = {(one.incarnation, one.index) for one in topic.links(topic.extents())}
    assert found == {(owner.store.incarnation, index) for index in range(1, 6)}
    with closing(owner.topic()) as earlier:
        before = {(one.incarnation, one.index) for one in earlier.links(earlier.extents())}
    assert (len(before), before & found) == (5, set())  # to no reader is an event a repeat


class _OlderStore:
    """The store as it was at index 40."""

    def __init__(self, owner: PublishedStore) -> None:
        self.incarnation = owner.store.incarnation
        self.read = owner.store.read
        self.one = owner.store.one
        self.drain = owner.store.drain
        self.last_ids = owner.store.last_ids

    def max_index(self) -> int:
        return 40


def _position(owner: PublishedStore) -> int:
    with owner.store.connections.connection() as connection:
        row = connection.execute("select position from relay.checkpoint").fetchone()
    return row[0] if row else 0
