"""Relay and projector while their broker dies in mid-stream and comes back."""

import os
import signal
from pathlib import Path

import pytest

from consumers.projector import Ports, Projector
from infra.kafka_server import KafkaServer
from tests.kafka_samples import Applier, Running, forgotten_sockets, published
from tests.topic_samples import START
from tests.waiting import until


@pytest.mark.postgres
@pytest.mark.kafka
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_broker_killed_in_mid_stream_costs_time_and_nothing_else(
    database: str, tmp_path: Path, topic_prefix: str
) -> None:
    with (
        forgotten_sockets(),
        KafkaServer(tmp_path / "broker") as server,
        published(database, tmp_path, server.bootstrap_servers, topic_prefix) as owner,
    ):
        applier = Applier(owner.heal)
        projector = Projector(
            Ports(
                source=owner.reader(),
                positions=applier.positions,
                apply=applier.apply,
                now=lambda: START,
            )
        )
        owner.record(2000)
        owner.in_topic()  # it is there
        with Running(owner.relay().run), Running(projector.run):
            until(lambda: len(applier.events) >= 500, "some of the events", 60)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            owner.record(500)
            until(lambda: not server.is_running(), "the end of the broker")
            server.start()
            assert server.bootstrap_servers == owner.bootstrap
            owner.record(200)
            until(lambda: len(applier.events) == 2700, "everything", 90)
        assert applier.indexes() == list(range(1, 2701))
        report = owner.compared()
        assert report.equal, report
        assert report.records == 2700
