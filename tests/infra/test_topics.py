"""Topics are created once, with our settings, and never with another number of partitions."""

from contextlib import closing

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from infra import topics
from infra.kafka_access import Brokers
from infra.topic_names import events_topic
from infra.topics import WrongPartitions
from tests.waiting import until

pytestmark = pytest.mark.kafka


def test_topics_are_created_once_and_changed_settings_are_set_again(
    kafka: Brokers, prefix: str
) -> None:
    name = events_topic(prefix)
    assert [each.partitions for each in topics.ls(kafka, prefix)] == [0]
    assert topics.apply(kafka, prefix) == [name]
    assert topics.apply(kafka, prefix) == []
    (found,) = topics.ls(kafka, prefix)
    assert (found.name, found.partitions, found.as_wanted) == (name, 12, True)
    with topics._client(kafka) as client:
        client.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": "1000"})]
        )
    until(lambda: not topics.ls(kafka, prefix)[0].as_wanted, "the altered setting")
    assert topics.apply(kafka, prefix) == [name]
    until(lambda: topics.ls(kafka, prefix)[0].as_wanted, "our setting again")


def test_a_topic_with_another_number_of_partitions_is_refused(kafka: Brokers, prefix: str) -> None:
    name = events_topic(prefix)
    with closing(KafkaAdminClient(**kafka.client())) as client:
        client.create_topics({name: {"num_partitions": 3}}, wait_for_metadata=True)
    with pytest.raises(WrongPartitions, match="3 partitions, not 12"):
        topics.apply(kafka, prefix)
