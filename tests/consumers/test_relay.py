"""The relay with real PostgreSQL and real Kafka."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from commands.ports.topic import Fenced, IncarnationMismatch, TopicAheadOfStore
from consumers.relay import Relay
from infra import topics
from infra.relay_checkpoint import RelayCheckpoints, begin_generation, generation
from tests.kafka_samples import Published, Running, published
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


@pytest.fixture
def owner(database: str, tmp_path: Path, kafka: str, topic_prefix: str) -> Iterator[Published]:
    with published(database, tmp_path, kafka, topic_prefix) as made:
        yield made


def test_what_is_recorded_is_published_once_and_byte_for_byte(owner: Published) -> None:
    owner.record(1200)
    report = owner.compared()
    assert report.equal
    assert (report.events, report.records, report.published) == (1200, 1200, 1200)
    assert owner.compared().published == 0


def test_a_running_relay_publishes_what_comes(owner: Published) -> None:
    owner.record(3)
    with Running(owner.relay().run):
        until(lambda: owner.in_topic() == 3, "the first events")
        owner.record(5)
        until(lambda: owner.in_topic() == 8, "the next events")
    assert owner.compared().equal


def test_whoever_catches_up_beside_a_running_relay_waits_for_what_is_owed(
    owner: Published,
) -> None:
    owner.record(700)
    with Running(owner.relay().run):
        until(lambda: owner.in_topic() > 0, "the relay leads")
        assert owner.relay().catch_up(timeout=30) == 700
        owner.record(3)
        assert owner.relay().catch_up(timeout=30) == 703
        assert owner.in_topic() == 703


def test_a_second_relay_stands_by_until_the_first_resigns(owner: Published) -> None:
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
def test_a_relay_killed_anywhere_leaves_no_hole(owner: Published, kills: int) -> None:
    random = Random(7)
    owner.record(500)
    for _ in range(kills):
        with subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.consumers.relay_process",
                owner.database,
                owner.bootstrap,
                owner.prefix,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout
            process.stdout.readline()  # it has published something
            for _ in range(random.randint(1, 12)):
                owner.record(random.randint(1, 300))
            process.kill()
    report = owner.compared()
    assert report.equal, report
    assert report.events == owner.recorded


def test_a_topic_that_was_deleted_is_published_anew(owner: Published) -> None:
    owner.record(300)
    with Running(owner.relay().run):
        until(lambda: owner.in_topic() == 300, "the events")
        topics.delete(owner.bootstrap, owner.name)
        owner.record(20)
        until(lambda: _position(owner) == 320, "everything", 60)
    report = owner.compared()
    assert report.equal
    assert report.records == 320


def test_a_topic_deleted_while_no_relay_runs_is_published_anew(owner: Published) -> None:
    owner.record(300)
    assert owner.compared().equal
    topics.delete(owner.bootstrap, owner.name)
    report = owner.compared()
    assert report.equal
    assert report.published == 300


def test_a_store_set_back_halts_the_relay(owner: Published) -> None:
    owner.record(50)
    assert owner.compared().equal
    before = _Shorter(owner)
    with pytest.raises(TopicAheadOfStore, match="the store ends at 40"):
        Relay(before, owner.topic(), RelayCheckpoints(owner.database, owner.name)).catch_up()


def test_another_incarnation_halts_the_relay_and_publishes_to_a_new_generation(
    owner: Published,
) -> None:
    owner.record(5)
    assert owner.compared().equal
    with owner.store.connections.connection() as connection:
        assert generation(connection, owner.store.incarnation) == 1
        owner.store.incarnation = "00000000-0000-7000-8000-00000000000b"
        with pytest.raises(IncarnationMismatch, match="new generation"):
            owner.relay().catch_up()
        assert generation(connection, owner.store.incarnation) == 1
        assert begin_generation(connection, owner.store.incarnation) == 2
    assert topics.events_topic(owner.prefix, 2) == f"{owner.prefix}.events.v1.g2"


class _Shorter:
    """The store as an older backup had it."""

    def __init__(self, owner: Published) -> None:
        self.incarnation = owner.store.incarnation
        self.read = owner.store.read
        self.one = owner.store.one
        self.drain = owner.store.drain
        self.last_ids = owner.store.last_ids

    def max_index(self) -> int:
        return 40


def _position(owner: Published) -> int:
    with owner.store.connections.connection() as connection:
        row = connection.execute("select position from relay.checkpoint").fetchone()
    return row[0] if row else 0
