"""The topic as others see it: its settings, and records read by a client that is not ours."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.record import util as record_util

from commands.ports.topic import Link, TopicUnavailable
from domain.body import Actor
from infra import kafka as kafka_module
from infra import topics
from infra.cloud_events import decode_link, encode_headers, milliseconds
from infra.kafka import (
    EventTopic,
    NotAnEvent,
    SlowChecksums,
    decode_value,
    encode_value,
    require_fast_checksums,
    wait_for_port,
)
from infra.topic_reader import TopicReader
from infra.topics import WrongPartitions
from tests.intake_samples import FAMILY, NUMBER, draft, received
from tests.kafka_samples import Published, published
from tests.stores import record
from tests.topic_samples import INCARNATION, START, event
from tests.waiting import until


def test_a_value_reads_back_as_the_event_its_body_byte_for_byte() -> None:
    odd = b'{"core":  {"b":1.50,\n "a":"\\u00e9\xc3\xa9"} }'
    each = replace(event(7, 3, 2), body=odd)
    assert decode_value(encode_value(each)) == each
    assert (
        json.loads(encode_value(each))["envelope"]["recorded_at"] == "2026-03-01T08:00:00.007000Z"
    )


@pytest.mark.parametrize("value", [b"", b"null", b'{"envelope":{}}', b"\xff\xfe", b"[1"])
def test_what_is_no_event_is_told_apart(value: bytes) -> None:
    with pytest.raises(NotAnEvent):
        decode_value(value)


def test_headers_are_those_of_cloudevents() -> None:
    envelope = replace(event(7, 3, 2).envelope, actor=Actor(issuer="GH", subject="ADT 1/ü"))
    assert dict(encode_headers(envelope, INCARNATION.encode())) == {
        "ce_specversion": b"1.0",
        "content-type": b"application/json",
        "ce_id": envelope.event_id.encode(),
        "ce_source": b"/feed/GH/ADT%201%2F%C3%BC",
        "ce_type": b"org.caretrail.encounter.admitted.v1",
        "ce_subject": envelope.stream.encode(),
        "ce_partitionkey": envelope.stream.encode(),
        "ce_time": b"2026-03-01T08:00:00+00:00",
        "ce_notificationid": b"7",
        "ce_previousid": b"3",
        "ce_incarnation": INCARNATION.encode(),
    }


def test_an_unknown_time_is_left_out_and_a_person_is_not_named() -> None:
    person = Actor(kind="person", issuer="https://id.example", subject="j.smith")
    envelope = replace(event(7, 3, 2).envelope, happened_at=None, actor=person)
    headers = dict(encode_headers(envelope, b""))
    assert "ce_time" not in headers
    assert headers["ce_source"] == b"/caretrail"


def test_the_chain_is_read_from_headers_alone() -> None:
    each = event(7, 3, 2).envelope
    headers = encode_headers(each, INCARNATION.encode())
    assert decode_link(2, 40, headers) == Link(2, 40, 7, 3, each.event_id, INCARNATION)
    assert decode_link(2, 40, [("ce_id", b"x"), ("ce_notificationid", None)]).index == 0


def test_slow_checksums_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    require_fast_checksums()
    monkeypatch.setattr(record_util, "crc32c_c", None)
    with pytest.raises(SlowChecksums, match=r"kafka-python\[crc32c\]"):
        EventTopic("127.0.0.1:1", "t", incarnation="", create=lambda: None)


def test_a_broker_that_is_not_there_is_told_in_time() -> None:
    with pytest.raises(TopicUnavailable, match=r"no broker answers at 127\.0\.0\.1:1"):
        wait_for_port("127.0.0.1:1", timeout=0.2)


@pytest.fixture
def prefix(topic_prefix: str) -> str:
    return topic_prefix.rstrip(".")


@pytest.mark.kafka
def test_topics_are_made_once_and_their_settings_put_right(kafka: str, prefix: str) -> None:
    name = topics.events_topic(prefix)
    assert [each.partitions for each in topics.ls(kafka, prefix)] == [0]
    assert topics.apply(kafka, prefix) == [name]
    assert topics.apply(kafka, prefix) == []
    (found,) = topics.ls(kafka, prefix)
    assert (found.name, found.partitions, found.as_wanted) == (name, 12, True)
    with topics._client(kafka) as client:
        client.alter_configs([_resource(name, {"retention.ms": "1000"})])
    until(lambda: not topics.ls(kafka, prefix)[0].as_wanted, "the altered setting")
    assert topics.apply(kafka, prefix) == [name]
    until(lambda: topics.ls(kafka, prefix)[0].as_wanted, "the setting put right")


@pytest.mark.kafka
def test_a_topic_with_other_partitions_is_refused(kafka: str, prefix: str) -> None:
    name = topics.events_topic(prefix)
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as client:
        client.create_topics({name: {"num_partitions": 3}}, wait_for_metadata=True)
    with pytest.raises(WrongPartitions, match="3 partitions, not 12"):
        topics.apply(kafka, prefix)


@pytest.fixture
def owner(database: str, tmp_path: Path, kafka: str, topic_prefix: str) -> Iterator[Published]:
    with published(database, tmp_path, kafka, topic_prefix) as made:
        yield made


@pytest.mark.postgres
@pytest.mark.kafka
def test_another_client_reads_cloudevents_without_direct_identifiers(owner: Published) -> None:
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
        everything = key + value + b"".join(name.encode() + said for name, said in headers.items())
        for secret in (FAMILY, NUMBER):
            assert secret.encode() not in everything


def _read_all(owner: Published) -> dict[int, tuple[int, bytes, dict[str, bytes], bytes]]:
    """Return by index the partition, key, headers and value of every record."""
    client = Consumer({"bootstrap.servers": owner.bootstrap, "group.id": "another"})
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


@pytest.mark.postgres
@pytest.mark.kafka
def test_records_that_are_none_of_ours_are_passed_over(owner: Published) -> None:
    owner.record(2)
    owner.relay().catch_up()
    sender = kafka_module._producer(owner.bootstrap)
    for number in range(12):
        sender.send(owner.name, value=b"hello", partition=number)
    sender.flush(10)
    kafka_module._throw_away(sender)
    owner.record(50)
    owner.relay().catch_up()
    report = owner.compared()
    assert (report.missing, report.differing, report.extra) == (0, 0, 12)
    with closing(owner.reader()) as reader:
        reader.seek(dict)
        found = set[int]()

        def everything_was_read() -> bool:
            for each in reader.take(500, 0.1):
                found.add(each.envelope.index)
            return len(found) == 52 and reader.ignored == 12

        until(everything_was_read, "the events")


@pytest.mark.postgres
@pytest.mark.kafka
def test_reading_begins_at_the_time_of_the_last_event_applied(owner: Published) -> None:
    for _ in range(5):
        owner.record(100)
    owner.relay().catch_up()
    with closing(owner.reader()) as reader:
        reader.seek(owner.store.last_ids)
        again = [each.envelope.index for each in reader.take(2000, 1.0)]
    assert again
    assert min(again) > 400  # at most what shares a recorded-at, which is that of a commit


@pytest.mark.kafka
def test_reading_a_topic_that_is_not_there_is_told(kafka: str, prefix: str) -> None:
    reader = TopicReader(kafka, topics.events_topic(prefix), recorded_at=lambda _: START)
    with pytest.raises(TopicUnavailable, match="does not exist"):
        reader.seek(dict)


def _resource(name: str, settings: dict[str, str]) -> object:
    return ConfigResource(ConfigResourceType.TOPIC, name, settings)


def test_record_times_are_those_of_recording() -> None:
    assert milliseconds(datetime(2026, 3, 1, 8, 0, 0, 7999, tzinfo=UTC)) == 1772352000007
