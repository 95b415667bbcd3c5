"""An attacker who can write to the topic: nothing of it is applied, and the rest goes on."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from kafka import TopicPartition

from domain.partitions import PARTITIONS
from infra import kafka_clients, refused_records, topics
from infra.cloud_events import decode_value
from infra.kafka import EventTopic
from infra.record_mac import HEADER, RecordMac
from infra.refused_records import RefusedRecords
from infra.topic_names import events_topic
from tests.kafka_samples import Applier, PublishedStore
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


@dataclass
class Attacker:
    """Has the password of the brokers, and not the keys of the installation."""

    owner: PublishedStore
    written: int = 0
    producer: Any = field(init=False)

    def __post_init__(self) -> None:
        self.producer = kafka_clients.producer(self.owner.brokers)

    def records(self) -> list[Any]:
        """Return every record of the topic."""
        places = [TopicPartition(self.owner.name, number) for number in range(PARTITIONS)]
        found = list[Any]()
        with closing(kafka_clients.consumer(self.owner.brokers)) as reader:
            reader.assign(places)
            ends = reader.end_offsets(places)
            reader.seek_to_beginning(*places)
            while len(found) < sum(ends.values()):
                for records in reader.poll(timeout_ms=200).values():
                    found += records
        return found

    def write(self, record: Any, **changed: Any) -> None:
        """Write a record again, with some of its parts changed."""
        parts = {
            "topic": record.topic,
            "partition": record.partition,
            "key": record.key,
            "value": record.value,
            "headers": record.headers,
            "timestamp_ms": record.timestamp,
            **changed,
        }
        self.producer.send(parts.pop("topic"), **parts).get(timeout=30)
        self.written += 1


@pytest.fixture
def attacker(owner: PublishedStore) -> Iterator[Attacker]:
    owner.record(60)
    owner.relay().catch_up()
    made = Attacker(owner)
    yield made
    kafka_clients.throw_away(made.producer)


def died(value: bytes) -> bytes:
    """Return the value of a record with another statement in it."""
    assert b'"trigger":"A01"' in value
    return value.replace(b'"trigger":"A01"', b'"trigger":"A03"')


def headers_of(record: Any, **changed: str) -> list[tuple[str, bytes]]:
    return [(name, changed.get(name, text.decode()).encode()) for name, text in record.headers]


def read_all(owner: PublishedStore, count: int) -> Applier:
    """Read the topic as the projector does, from the beginning, until ``count`` are applied."""
    applier = Applier(owner.heal)
    with closing(owner.reader()) as reader:
        reader.seek(applier.positions)

        def all_are_read() -> bool:
            applier.apply(reader.take(500, 0.1))
            return len(applier.events) >= count and reader.lag() == 0

        until(all_are_read, "the events")
    return applier


def test_forged_records_are_set_aside_and_the_rest_goes_on(attacker: Attacker) -> None:
    owner = attacker.owner
    first, *_, last = attacker.records()
    without = [each for each in last.headers if each[0] != HEADER]
    stranger = RecordMac(bytes(32))
    value = died(last.value)
    attacker.write(last, value=value, headers=without)
    attacker.write(last, value=value)
    attacker.write(last, value=value, headers=[*without, (HEADER, b"0" * 64)])
    mac = stranger.header(last.topic, last.partition, key=last.key, value=value, headers=without)
    attacker.write(last, value=value, headers=[*without, mac])
    attacker.write(last, key=first.key)
    attacker.write(last, headers=headers_of(last, ce_notificationid="61", ce_previousid="60"))
    attacker.write(last, partition=(last.partition + 1) % PARTITIONS)
    attacker.write(last, value=b"hello", headers=[])
    attacker.write(last, value=b"", key=None, headers=[])

    owner.record(40)
    owner.relay().catch_up()
    assert sum(len(each.offsets) for each in owner.refused) == attacker.written
    owner.refused.clear()
    applier = read_all(owner, 100)
    assert applier.indexes() == list(range(1, 101))
    stored = {each.envelope.index: each for each in owner.store.read(0, 100)}
    assert {each.envelope.index: each for each in applier.events} == stored
    assert sum(len(each.offsets) for each in owner.refused) == attacker.written
    assert {each.reason for each in owner.refused} == {"no_mac", "wrong_mac"}
    report = owner.compared()
    assert (report.missing, report.differing, report.events) == (0, 0, 100)
    assert (report.extra, report.refused) == (attacker.written, attacker.written)
    assert not report.equal


def test_a_true_record_that_is_written_again_is_applied_once(attacker: Attacker) -> None:
    owner = attacker.owner
    for record in attacker.records()[::7]:
        attacker.write(record)
    owner.record(10)
    owner.relay().catch_up()
    applier = read_all(owner, 70)
    assert applier.indexes() == list(range(1, 71))
    assert applier.skipped == attacker.written
    assert owner.refused == []
    report = owner.compared()
    assert (report.equal, report.repeats) == (True, attacker.written)


def test_a_true_record_is_refused_in_another_generation_of_the_topic(attacker: Attacker) -> None:
    owner = attacker.owner
    name = events_topic(owner.prefix, 2)
    refused = list[RefusedRecords]()
    second = EventTopic(
        owner.brokers,
        name,
        incarnation=owner.store.incarnation,
        mac=owner.mac,
        create=lambda: topics.apply(owner.brokers, owner.prefix, 2),
        on_refused=refused.append,
    )
    with closing(second):
        second.identity()
        records = attacker.records()[:5]
        for record in records:
            attacker.write(record, topic=name)
        assert [event for _, _, event in second.events(second.extents())] == [None] * 5
        assert [each.reason for each in refused] == ["wrong_mac"] * len(refused)
        assert sum(len(each.offsets) for each in refused) == 5


def test_a_forged_record_does_not_stop_the_relay(attacker: Attacker) -> None:
    """A record of a later index, or of another incarnation, would halt a relay that believed it."""
    owner = attacker.owner
    record = attacker.records()[-1]
    attacker.write(record, headers=headers_of(record, ce_notificationid="1000000"))
    attacker.write(record, headers=headers_of(record, ce_incarnation="another"))
    owner.record(10)
    assert owner.relay().catch_up() == 70
    assert sum(len(each.offsets) for each in owner.refused) == 2
    assert read_all(owner, 70).indexes() == list(range(1, 71))


def test_what_was_refused_is_kept_and_counted_once(attacker: Attacker) -> None:
    owner = attacker.owner
    record = attacker.records()[-1]
    for _ in range(3):
        attacker.write(record, headers=[])
    read_all(owner, 60)
    with psycopg.connect(owner.database, autocommit=True) as connection:
        for each in (*owner.refused, *owner.refused):
            refused_records.keep(connection, each)
        (kept,) = refused_records.refused_in(connection, owner.name)
        assert (kept.partition, kept.reason, kept.records) == (record.partition, "no_mac", 3)
        further = (owner.refused[-1].offsets[-1], owner.refused[-1].offsets[-1] + 7)
        refused_records.keep(connection, owner.refused[-1]._replace(offsets=further))
        (kept,) = refused_records.refused_in(connection, owner.name)
        assert kept.records == 4
        assert refused_records.refused_in(connection, "another") == []


def test_no_record_is_decoded_before_it_is_authenticated(attacker: Attacker) -> None:
    """A value that only looks like an event is not read at all."""
    record = attacker.records()[0]
    assert decode_value(record.value).envelope.index
    attacker.write(record, value=record.value[:-2], headers=[])
    applier = read_all(attacker.owner, 60)
    assert len(applier.events) == 60
