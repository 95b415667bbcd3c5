"""Relay and projector while their broker is killed and starts again."""

import os
import signal
from pathlib import Path

import pytest

from consumers.projector import Projector, ProjectorPorts
from infra.kafka_server import KafkaServer
from tests.kafka_samples import Applier, BackgroundLoop, forgotten_sockets, published
from tests.topic_samples import START
from tests.waiting import until


@pytest.mark.postgres
@pytest.mark.kafka
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_no_event_is_lost_or_published_twice_if_the_broker_is_killed_and_starts_again(
    database: str, tmp_path: Path, topic_prefix: str
) -> None:
    with (
        forgotten_sockets(),
        KafkaServer(tmp_path / "broker") as server,
        published(database, tmp_path, server.brokers, topic_prefix) as owner,
    ):
        applier = Applier(owner.heal)
        projector = Projector(
            ProjectorPorts(
                source=owner.reader(),
                positions=applier.positions,
                apply=applier.apply,
                now=lambda: START,
            )
        )
        owner.record(2000)
        owner.in_topic()  # creates the topic
        with BackgroundLoop(owner.relay().run), BackgroundLoop(projector.run):
            until(lambda: len(applier.events) >= 500, "some of the events", 60)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            owner.record(500)
            until(lambda: not server.is_running(), "the end of the broker")
            server.start()
            assert server.brokers == owner.brokers
            owner.record(200)
            until(lambda: len(applier.events) == 2700, "everything", 90)
        assert applier.indexes() == list(range(1, 2701))
        report = owner.compared()
        assert report.equal, report
        assert report.records == 2700
