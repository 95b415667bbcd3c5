import json
import os
import signal
import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from infra import child_processes, java, kafka_jars, topics
from infra.kafka_access import Brokers
from infra.kafka_home import KafkaHome
from infra.kafka_server import SETTINGS, KafkaServer, KafkaUnavailable, running_bootstrap
from infra.topic_names import events_topic
from tests import servers
from tests.infra.server_users import another_user, end

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose name holds characters that Java, log4j or Kafka's settings treat specially."""
    home = tmp_path_factory.mktemp("kafka") / "an 'odd', %20 ü#home"
    with KafkaServer(home):
        pass
    return home


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """A home in which a broker has run before; each test must leave no process in it."""
    yield made
    assert left_behind(made) == []


def left_behind(home: Path) -> list[int]:
    return [each.pid for each in KafkaHome(home, SETTINGS).all_running()]


def create(brokers: Brokers, topic: str) -> None:
    admin = KafkaAdminClient(**brokers.client())
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()


def send(brokers: Brokers, topic: str, value: bytes) -> int:
    """Send one record and return its offset once every replica has it."""
    producer = KafkaProducer(**brokers.client(), acks="all")
    offset: int = producer.send(topic, value, partition=0).get(timeout=30).offset
    producer.close()
    return offset


def values(brokers: Brokers, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        topic,
        **brokers.client(),
        auto_offset_reset="earliest",
        consumer_timeout_ms=30_000,
    )
    found = [record.value for _, record in zip(range(count), consumer, strict=False)]
    consumer.close()
    return found


def test_a_record_comes_back(kafka: Brokers, topic_prefix: str) -> None:
    topic = f"{topic_prefix}records"
    create(kafka, topic)
    assert send(kafka, topic, b"first") == 0
    assert values(kafka, topic, 1) == [b"first"]


def test_a_topic_is_not_created_because_a_client_asks_for_it(
    kafka: Brokers, topic_prefix: str
) -> None:
    admin = KafkaAdminClient(**kafka.client())
    described = admin.describe_topics([f"{topic_prefix}unknown"])
    assert described[0]["error_code"] == 3  # unknown topic or partition
    assert f"{topic_prefix}unknown" not in admin.list_topics()
    admin.close()


def test_a_client_without_the_password_of_the_home_is_refused(
    kafka: Brokers, topic_prefix: str
) -> None:
    topics.apply(kafka, topic_prefix)
    name = events_topic(topic_prefix)
    assert can_reach(kafka, name)
    for stranger in (
        Brokers(servers=kafka.servers),
        replace(kafka, password=kafka.password[::-1]),
        replace(kafka, username="admin"),
    ):
        assert not can_reach(stranger, name, within=1)


def can_reach(brokers: Brokers, topic: str, *, within: float = 3) -> bool:
    """Say whether a client of another maker can ask the broker for a topic.

    A client that is refused tries again until ``within`` seconds are over.
    """
    client = Consumer({**servers.confluent_client(brokers), "group.id": "stranger"})
    try:
        return topic in client.list_topics(timeout=within).topics
    except KafkaException:
        return False
    finally:
        client.close()


def test_the_port_that_the_broker_uses_itself_asks_for_the_password_too(home: Path) -> None:
    with KafkaServer(home) as server:
        clients, itself = (KafkaHome(home, SETTINGS).folder / "ports").read_text().split()
        assert server.bootstrap_servers.endswith(f":{clients}")
        for port in (clients, itself):
            with socket.create_connection(("127.0.0.1", int(port)), 5) as stranger:
                # A request for metadata (key 3) comes before any login: the broker hangs up.
                stranger.sendall(struct.pack(">ihhihb", 11, 3, 0, 1, 0, 0))
                stranger.settimeout(20)
                assert stranger.recv(1) == b""


def test_the_password_is_drawn_once_and_only_our_user_can_read_it(home: Path) -> None:
    folder = KafkaHome(home, SETTINGS).folder
    password = (folder / "password").read_text().strip()
    for name in ("password", "server.properties"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
        assert password in (folder / name).read_text()
    assert folder.stat().st_mode & 0o077 == 0
    with KafkaServer(home) as server:
        assert server.brokers.password == password
        assert password not in repr(server.brokers)
        assert server.pid is not None
        assert not any(password in each for each in child_processes.arguments_of(server.pid))


def test_a_password_that_others_may_read_is_refused_with_the_remedy(home: Path) -> None:
    password = KafkaHome(home, SETTINGS).folder / "password"
    password.chmod(0o644)
    try:
        with pytest.raises(KafkaUnavailable, match="chmod 600"):
            KafkaServer(home).start()
    finally:
        password.chmod(0o600)


def test_a_broker_that_asks_for_no_credentials_is_replaced(home: Path) -> None:
    end(another_user(KafkaServer, home), kill=True)
    left = left_behind(home)
    record = KafkaHome(home, SETTINGS).record
    facts = json.loads(record.read_text())
    del facts["facts"]["credentials"]  # as release 0.1.0 has started it
    record.write_text(json.dumps(facts))
    with KafkaServer(home) as server:
        assert [server.pid] != left


def test_a_clean_stop_keeps_a_class_archive_and_the_next_start_uses_it(made: Path) -> None:
    runtime = java.find()
    archives = kafka_jars.fetched().parent / runtime.key
    assert (archives / "classes.jsa").stat().st_size > 10_000_000
    options = java.options(runtime, archives, KafkaHome(made, SETTINGS).training)
    assert any(each.endswith("classes.jsa") for each in options)
    assert not any("ArchiveClassesAtExit" in each for each in options)


def test_each_home_has_a_broker_with_its_own_session_loopback_port_and_topics(
    home: Path, kafka: Brokers
) -> None:
    with KafkaServer(home) as server:
        assert server.pid is not None
        assert os.getsid(server.pid) == server.pid
        assert running_bootstrap(home) == server.bootstrap_servers != kafka.servers
        host, _, port = server.bootstrap_servers.partition(":")
        assert host == "127.0.0.1"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", int(port)), 1)
        create(server.brokers, "only-here")
        admin = KafkaAdminClient(**kafka.client())
        assert "only-here" not in admin.list_topics()
        admin.close()


def test_acknowledged_records_survive_a_stop_a_change_of_port_and_a_kill(home: Path) -> None:
    with KafkaServer(home) as server:
        first = server.bootstrap_servers
        create(server.brokers, "kept")
        send(server.brokers, "kept", b"before the stop")
    assert running_bootstrap(home) is None
    with socket.create_server(("127.0.0.1", int(first.partition(":")[2]))), server:
        second = server.bootstrap_servers
        assert second != first
        send(server.brokers, "kept", b"before the kill")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert child_processes.wait_until(lambda: not server.is_running(), 10)
        assert running_bootstrap(home) is None
        assert server.start() == second  # clients still know this address
        assert values(server.brokers, "kept", 2) == [b"before the stop", b"before the kill"]
    server.stop()


def test_a_broker_left_by_a_killed_run_is_taken_over_and_the_last_to_leave_stops_it(
    home: Path,
) -> None:
    end(another_user(KafkaServer, home), kill=True)
    left = left_behind(home)
    server = KafkaServer(home)
    assert server.start() == running_bootstrap(home)
    assert [server.pid] == left
    other = another_user(KafkaServer, home)
    server.leave()
    assert left_behind(home) == left
    end(other)
    assert running_bootstrap(home) is None


def test_a_broker_left_by_a_run_killed_before_it_wrote_a_record_is_stopped(home: Path) -> None:
    end(another_user(KafkaServer, home), kill=True)
    left = left_behind(home)
    KafkaHome(home, SETTINGS).record.unlink()
    with KafkaServer(home) as server:
        assert len(left) == 1
        assert server.pid not in left
        assert left_behind(home) == [server.pid]


def test_a_start_that_fails_says_why_in_one_line_with_the_log_and_leaves_no_process(
    home: Path,
) -> None:
    properties = KafkaHome(home, SETTINGS).folder / "data" / "meta.properties"
    kept = properties.read_text()
    properties.write_text("version=1\ncluster.id=other\nnode.id=7\n")
    server = KafkaServer(home)
    with pytest.raises(KafkaUnavailable, match="7") as raised:
        server.start()
    assert "\n" not in raised.value.reason
    assert f"(log: {server.log})" in raised.value.reason
    assert not server.is_running()
    properties.write_text(kept)
