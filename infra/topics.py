"""Create and configure the topics of an installation."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from commands.ports.topic import TopicUnavailable
from domain.partitions import PARTITIONS
from infra.kafka_access import Brokers
from infra.kafka_clients import LARGEST_VALUE, admin, failing_as_unavailable
from infra.topic_names import events_topic

_UNLIMITED: Final = "-1"
_DAY: Final = 24 * 60 * 60 * 1000  # ms

#: The timestamp of a record is its recorded-at, and a topic that is published again holds years of
#: them. So the broker starts no new log segment because of age. It also refuses no record whose
#: timestamp is ahead of its own clock.
_TIMES: Final = {
    "segment.ms": str(3650 * _DAY),
    "message.timestamp.type": "CreateTime",
    "message.timestamp.after.max.ms": str(2**63 - 1),
}


class WrongPartitions(Exception):
    """A topic has another number of partitions, so the order within a stream could not be kept."""

    def __init__(self, topic: str, found: int) -> None:
        self.topic = topic
        self.found = found
        super().__init__(
            f"topic {topic} has {found} partitions, not {PARTITIONS}. Delete the topic, or begin a"
            " new generation: caretrail topics apply --new-generation"
        )


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """A topic as it should be; the site decides on replication and in-sync replicas."""

    name: str
    partitions: int
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class TopicFound:
    """A topic with its present settings; ``partitions`` is 0 if it does not exist."""

    name: str
    partitions: int
    replication: int
    as_wanted: bool


def wanted(prefix: str = "care", generation: int = 1) -> tuple[TopicSettings, ...]:
    """Return the topics of an installation."""
    events = {
        "cleanup.policy": "delete",
        "retention.ms": _UNLIMITED,
        "retention.bytes": _UNLIMITED,
        "max.message.bytes": str(LARGEST_VALUE),
        **_TIMES,
    }
    return (TopicSettings(events_topic(prefix, generation), PARTITIONS, events),)


def apply(brokers: Brokers, prefix: str = "care", generation: int = 1) -> list[str]:
    """Create missing topics and set differing settings; return the names of the changed topics.

    The number of replicas is the broker's default (``default.replication.factor``).

    Raises:
        WrongPartitions: A topic exists with another number of partitions.
        TopicUnavailable: The brokers do not answer.
    """
    changed = []
    with _client(brokers) as client:
        for topic in wanted(prefix, generation):
            found = _described(client, topic)
            if not found.partitions:
                _create(client, topic)
            elif found.partitions != topic.partitions:
                raise WrongPartitions(topic.name, found.partitions)
            elif not found.as_wanted:
                client.alter_configs(
                    [ConfigResource(ConfigResourceType.TOPIC, topic.name, topic.settings)]
                )
            else:
                continue
            changed.append(topic.name)
    return changed


def ls(brokers: Brokers, prefix: str = "care", generation: int = 1) -> list[TopicFound]:
    """Return the present state of each topic of the installation.

    Raises:
        TopicUnavailable: The brokers do not answer.
    """
    with _client(brokers) as client:
        return [_described(client, topic) for topic in wanted(prefix, generation)]


def delete(brokers: Brokers, name: str) -> None:
    """Delete a topic; the store keeps every event, and the relay publishes them again.

    Raises:
        TopicUnavailable: The brokers do not answer, or there is no such topic.
    """
    with _client(brokers) as client:
        client.delete_topics([name])


@contextmanager
def _client(brokers: Brokers) -> Iterator[Any]:
    with closing(admin(brokers)) as client, failing_as_unavailable():
        yield client


def _create(client: Any, topic: TopicSettings) -> None:
    wish = {topic.name: {"num_partitions": topic.partitions, "configs": topic.settings}}
    try:
        client.create_topics(wish, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # another process of this installation was first
        client.wait_for_topics([topic.name])


def _described(client: Any, topic: TopicSettings) -> TopicFound:
    (found,) = client.describe_topics([topic.name])
    partitions = found["partitions"]
    if not partitions:
        return TopicFound(topic.name, 0, 0, as_wanted=False)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
    described = client.describe_configs([resource])
    settings = _settings_of(described, topic.name)
    return TopicFound(
        topic.name,
        len(partitions),
        len(partitions[0]["replica_nodes"]),
        as_wanted=all(settings.get(key) == value for key, value in topic.settings.items())
        and len(partitions) == topic.partitions,
    )


def _settings_of(described: Any, name: str) -> dict[str, str]:
    try:
        found = described["topic"][name]
        return {key: str(entry["value"]) for key, entry in found.items()}
    except (KeyError, TypeError) as error:
        raise TopicUnavailable(f"the brokers do not return the settings of topic {name}") from error
