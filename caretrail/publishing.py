"""Which topic a store publishes to, and the brokers it is on."""

from collections.abc import Iterator
from contextlib import contextmanager

from caretrail.bootstrap import Application
from infra import topics
from infra.kafka import EventTopic
from infra.kafka_server import KafkaServer
from infra.relay_checkpoint import generation
from infra.settings import BadSettings, Settings


def topic_name(application: Application) -> str:
    """Return the name of the topic of events of this life of the store."""
    with application.connect() as connection:
        number = generation(connection, application.store.incarnation)
    return topics.events_topic(application.settings.topic_prefix, number)


def event_topic(application: Application, brokers: str | None = None) -> EventTopic:
    """Return the topic of events, made where it is missing.

    Raises:
        BadSettings: No brokers are known.
    """
    servers = brokers or application.settings.kafka_bootstrap_servers
    if not servers:
        raise BadSettings("CARETRAIL_KAFKA_BOOTSTRAP_SERVERS: say where the brokers are")
    prefix = application.settings.topic_prefix
    with application.connect() as connection:
        number = generation(connection, application.store.incarnation)

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
