"""The topic as a client of another maker reads it, and brokers that do not answer."""

import json

import pytest
from confluent_kafka import Consumer, TopicPartition
from kafka.record import util as record_util

from commands.ports.topic import TopicUnavailable
from infra.kafka import EventTopic
from infra.kafka_access import Brokers
from infra.kafka_clients import SlowChecksums, require_fast_checksums, wait_for_port
from infra.record_mac import RecordMac
from tests import servers
from tests.intake_samples import FAMILY, NUMBER, draft, received
from tests.kafka_samples import PublishedStore
from tests.stores import record

NOWHERE = Brokers(servers="127.0.0.1:1")


def test_slow_checksums_are_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    require_fast_checksums()
    monkeypatch.setattr(record_util, "crc32c_c", None)
    with pytest.raises(SlowChecksums, match=r"kafka-python\[crc32c\]"):
        EventTopic(NOWHERE, "t", incarnation="", mac=RecordMac(b""), create=lambda: None)


def test_a_broker_that_does_not_answer_is_named_in_the_error() -> None:
    with pytest.raises(TopicUnavailable, match=r"no broker answers at 127\.0\.0\.1:1"):
        wait_for_port(NOWHERE, timeout=0.2)


@pytest.mark.postgres
@pytest.mark.kafka
def test_another_client_reads_cloudevents_without_direct_identifiers(owner: PublishedStore) -> None:
    record(owner.store, [received(f"m{nth}", draft()) for nth in range(3)])
    record(owner.store, [received("merge", draft("A7", others=[NUMBER]))])
    owner.relay().catch_up()
    records = _read_all(owner)
    assert len(records) == 4
    for index, (partition, key, headers, value) in records.items():
        stored = owner.store.one(index)
        assert stored is not None
        assert key.decode() == stored.envelope.stream
        assert partition == stored.envelope.partition
        assert json.loads(value)["body"] == json.loads(stored.body)
        assert headers["ce_id"].decode() == stored.envelope.event_id
        assert headers["ce_incarnation"].decode() == owner.store.incarnation
        assert headers["ce_specversion"] == b"1.0"
        assert headers["ce_type"] == b"org.caretrail.encounter.admitted.v1"
        assert headers["content-type"] == b"application/json"
        everything = key + value + b"".join(name.encode() + text for name, text in headers.items())
        for secret in (FAMILY, NUMBER):
            assert secret.encode() not in everything


def _read_all(owner: PublishedStore) -> dict[int, tuple[int, bytes, dict[str, bytes], bytes]]:
    """Return by index the partition, key, headers and value of every record."""
    client = Consumer({**servers.confluent_client(owner.brokers), "group.id": "another"})
    client.assign([TopicPartition(owner.name, number, 0) for number in range(12)])
    found = {}
    try:
        for _ in range(owner.store.max_index()):
            record = client.poll(20)
            assert record is not None
            assert record.error() is None
            partition, key, value = record.partition(), record.key(), record.value()
            assert partition is not None
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            headers = dict[str, bytes]()
            for header in record.headers() or ():
                assert isinstance(header, tuple)
                assert isinstance(header[1], bytes)
                headers[header[0]] = header[1]
            found[int(headers["ce_notificationid"])] = (partition, key, headers, value)
    finally:
        client.close()
    return found
