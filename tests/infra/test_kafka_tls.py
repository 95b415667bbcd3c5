"""Brokers of a site: TLS with certificates, and users with SCRAM, on a real broker."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.ports.topic import TopicUnavailable
from infra import kafka_clients, topics
from infra.kafka_access import Brokers
from infra.settings import BadSettings, Settings
from tests.kafka_samples import PublishedStore, forgotten_sockets, published
from tests.servers import kafka_variables
from tests.tls_broker import tls_broker

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with tls_broker(tmp_path_factory.mktemp("broker")) as made:
        kafka_clients.wait_for_port(made, timeout=120)
        yield made


@pytest.fixture
def owner(
    database: str, tmp_path: Path, brokers: Brokers, topic_prefix: str
) -> Iterator[PublishedStore]:
    with published(database, tmp_path, brokers, topic_prefix) as made:
        yield made


def test_events_are_published_and_read_over_tls_with_a_user(owner: PublishedStore) -> None:
    owner.record(20)
    report = owner.compared()
    assert (report.equal, report.records) == (True, 20)


def test_a_client_with_all_credentials_is_served(brokers: Brokers) -> None:
    assert [each.partitions for each in topics.ls(brokers, "none")] == [0]


@pytest.mark.filterwarnings("ignore:unclosed <s:ResourceWarning")
@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "another"},
        {"username": "another"},
        {"certificate": None},
        {"ca": None},
        {"protection": "SASL_PLAINTEXT"},
        {"protection": "SSL"},
    ],
)
def test_a_client_that_lacks_a_credential_is_refused(
    brokers: Brokers, wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_clients, "ANSWER", 2.0)
    with forgotten_sockets(), pytest.raises(TopicUnavailable):
        topics.ls(replace(brokers, **wrong), "none")


def test_the_settings_name_all_of_it(
    brokers: Brokers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in kafka_variables(brokers).items():
        monkeypatch.setenv(name, text)
    assert Settings().brokers == brokers
    assert "long and random" not in repr(Settings())
    monkeypatch.setenv("CARETRAIL_KAFKA_PASSWORD", "")
    with pytest.raises(BadSettings, match="CARETRAIL_KAFKA_PASSWORD"):
        _ = Settings().brokers
    monkeypatch.setenv("CARETRAIL_KAFKA_PASSWORD", "long and random")
    monkeypatch.setenv("CARETRAIL_KAFKA_CA", str(tmp_path / "none.pem"))
    with pytest.raises(BadSettings, match="CARETRAIL_KAFKA_CA"):
        _ = Settings().brokers
