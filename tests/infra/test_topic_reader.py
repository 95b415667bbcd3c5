"""Reading the topic from the positions of the read models."""

from contextlib import closing

import pytest

from commands.ports.topic import TopicUnavailable
from infra import kafka_clients as kafka_module
from infra.kafka_access import Brokers
from infra.record_mac import RecordMac
from infra.topic_names import events_topic
from infra.topic_reader import TopicReader
from tests.kafka_samples import PublishedStore
from tests.topic_samples import START
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


def test_records_that_are_not_our_events_are_set_aside_and_reported(owner: PublishedStore) -> None:
    owner.record(2)
    owner.relay().catch_up()
    sender = kafka_module.producer(owner.brokers)
    for number in range(12):
        sender.send(owner.name, value=b"hello", partition=number)
    sender.flush(10)
    kafka_module.throw_away(sender)
    owner.record(50)
    owner.relay().catch_up()
    report = owner.compared()
    assert (report.missing, report.differing) == (0, 0)
    assert (report.extra, report.refused) == (12, 12)
    owner.refused.clear()
    with closing(owner.reader()) as reader:
        reader.seek(dict)
        found = set[int]()

        def all_are_read() -> bool:
            for each in reader.take(500, 0.1):
                found.add(each.envelope.index)
            return len(found) == 52 and len(owner.refused) == 12

        until(all_are_read, "the events")


def test_reading_starts_at_the_time_of_the_last_applied_event(owner: PublishedStore) -> None:
    for _ in range(5):
        owner.record(100)
    owner.relay().catch_up()
    with closing(owner.reader()) as reader:
        reader.seek(owner.store.last_ids)
        again = [each.envelope.index for each in reader.take(2000, 1.0)]
    assert again
    assert min(again) > 400  # events of one commit have one recorded-at, so some come again


def test_the_brokers_know_of_records_that_no_read_has_announced_yet(owner: PublishedStore) -> None:
    owner.record(20)
    owner.relay().catch_up()
    with closing(owner.reader()) as reader:
        reader.seek(dict)
        assert not reader.all_taken()

        def all_is_read() -> bool:
            reader.take(500, 0.1)
            return reader.all_taken()

        until(all_is_read, "the events")
        owner.record(1)
        owner.relay().catch_up()
        assert not reader.all_taken()
        until(all_is_read, "the new event")


def test_a_missing_topic_is_named_in_the_error(kafka: Brokers, prefix: str) -> None:
    name = events_topic(prefix)
    reader = TopicReader(kafka, name, mac=RecordMac(b""), recorded_at=lambda _: START)
    with pytest.raises(TopicUnavailable, match=f"{prefix}.events.v1 does not exist"):
        reader.seek(dict)
