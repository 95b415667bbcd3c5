"""Publish the events of a store: to which topic, on which brokers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from caretrail.bootstrap import Application
from consumers.relay import Relay, RelayStep
from infra import topics
from infra.kafka import EventTopic
from infra.kafka_server import KafkaServer
from infra.relay_checkpoint import RelayCheckpoints, begin_generation, generation
from infra.settings import BadSettings, Settings

_PUBLISH_SECONDS: Final = 600.0


def generation_of(application: Application) -> int:
    """Return the generation of the topics that this store publishes to."""
    with application.connect() as connection:
        return generation(connection, application.store.incarnation)


def next_generation(application: Application) -> int:
    """Begin a new generation of the topics; it gets every event of the store, from the first."""
    with application.connect() as connection:
        return begin_generation(connection, application.store.incarnation)


def topic_name(application: Application) -> str:
    """Return the name of the topic of events, in the generation that this store publishes to."""
    return topics.events_topic(application.settings.topic_prefix, generation_of(application))


def event_topic(application: Application, brokers: str | None = None) -> EventTopic:
    """Return the topic of events; create it if it does not exist.

    Raises:
        BadSettings: No brokers are known.
    """
    servers = brokers or application.settings.kafka_bootstrap_servers
    if not servers:
        raise BadSettings("CARETRAIL_KAFKA_BOOTSTRAP_SERVERS: set the addresses of the brokers")
    prefix = application.settings.topic_prefix
    number = generation_of(application)

    def create() -> None:
        topics.apply(servers, prefix, number)

    return EventTopic(
        servers,
        topics.events_topic(prefix, number),
        incarnation=application.store.incarnation,
        create=create,
    )


def publish_owed(application: Application, brokers: str) -> int:
    """Publish the events that the topic lacks; return how many.

    Raises:
        TimeoutError: Not all were published within 600 s.
    """
    topic = event_topic(application, brokers)
    published = 0

    def count(step: RelayStep) -> None:
        nonlocal published
        published += step.events

    checkpoints = RelayCheckpoints(application.url, topic.name)
    Relay(application.store, topic, checkpoints, on_step=count).catch_up(timeout=_PUBLISH_SECONDS)
    topic.close()
    return published


@contextmanager
def brokers_of(settings: Settings) -> Iterator[str]:
    """Give the brokers of a home: those of the settings, or a local broker.

    A local broker that runs is joined. If none runs, one is started and stopped again.

    Raises:
        KafkaUnavailable: There is no broker, and none can be started.
    """
    given = settings.kafka_bootstrap_servers
    if given:
        yield given
        return
    server = KafkaServer(settings.home)
    server.start()
    try:
        yield server.bootstrap_servers
    finally:
        server.leave()
