"""Which topic a store publishes to, and the brokers it is on."""

from collections.abc import Iterator
from contextlib import contextmanager

from caretrail.bootstrap import Application
from infra import topics
from infra.kafka import EventTopic
from infra.kafka_server import KafkaServer
from infra.relay_checkpoint import begin_generation, generation
from infra.settings import BadSettings, Settings


def generation_of(application: Application) -> int:
    """Return the generation of the topics that this store publishes to."""
    with application.connect() as connection:
        return generation(connection, application.store.incarnation)


def next_generation(application: Application) -> int:
    """Begin a new generation of the topics; the store is published to it from its first event."""
    with application.connect() as connection:
        return begin_generation(connection, application.store.incarnation)


def topic_name(application: Application) -> str:
    """Return the name of the topic of events of this life of the store."""
    return topics.events_topic(application.settings.topic_prefix, generation_of(application))


def event_topic(application: Application, brokers: str | None = None) -> EventTopic:
    """Return the topic of events, made where it is missing.

    Raises:
        BadSettings: No brokers are known.
    """
    servers = brokers or application.settings.kafka_bootstrap_servers
    if not servers:
        raise BadSettings("CARETRAIL_KAFKA_BOOTSTRAP_SERVERS: say where the brokers are")
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


@contextmanager
def brokers_of(settings: Settings) -> Iterator[str]:
    """Give the brokers of a home: those that are set, those that run, else one started meanwhile.

    Raises:
        KafkaUnavailable: There are none, and none can be started.
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
