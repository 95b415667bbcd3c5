"""Publish the events of a store: to which topic, on which brokers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from caretrail.bootstrap import Application
from caretrail.topic_generation import generation_of
from consumers.relay import Relay, RelayStep
from infra import clock, topics
from infra.kafka import EventTopic
from infra.kafka_access import Brokers
from infra.kafka_server import KafkaServer
from infra.postgres import reachable
from infra.refused_records import RefusedRecords, RefusedSummary, keep, refused_in
from infra.relay_checkpoint import (
    RelayCheckpoints,
    begin_generation,
    newest_generation,
)
from infra.settings import BadSettings, Settings
from infra.topic_names import events_topic

_PUBLISH_SECONDS: Final = 600.0


def next_generation(application: Application) -> int:
    """Begin a new generation of the topics; it gets every event of the store, from the first.

    The store begins a new incarnation. The read models are rebuilt from it, because they may hold
    events of the old topic that the store does not have.
    """
    with application.connect() as connection:
        number = begin_generation(connection, clock.new_id())
        application.store.load_incarnation()
        application.read_models.rebuild(connection, [], application.store.max_index())
    return number


def event_topic(application: Application, brokers: Brokers | None = None) -> EventTopic:
    """Return the topic of events; create it if it does not exist.

    Raises:
        BadSettings: No brokers are known.
    """
    servers = brokers or application.settings.brokers
    if servers is None:
        raise BadSettings("CARETRAIL_KAFKA_BOOTSTRAP_SERVERS: set the addresses of the brokers")
    prefix = application.settings.topic_prefix
    number = generation_of(application)

    def create() -> None:
        topics.apply(servers, prefix, number)

    return EventTopic(
        servers,
        events_topic(prefix, number),
        incarnation=application.store.incarnation,
        mac=application.record_mac,
        create=create,
        on_refused=partial(keep_refused, application),
    )


def keep_refused(application: Application, refused: RefusedRecords) -> None:
    """Keep where records are that this installation did not publish.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    with reachable(), application.connect() as connection:
        keep(connection, refused)


def refused_records(application: Application) -> list[RefusedSummary]:
    """Return what was refused in the present generation of the topic; nothing is changed."""
    number = newest_generation(application.url)
    name = events_topic(application.settings.topic_prefix, number)
    with application.connect() as connection:
        return refused_in(connection, name)


def publish_owed(application: Application, brokers: Brokers) -> int:
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
def brokers_of(settings: Settings) -> Iterator[Brokers]:
    """Give the brokers of a home: those of the settings, or a local broker.

    A local broker that runs is joined. If none runs, one is started and stopped again.

    Raises:
        KafkaUnavailable: There is no broker, and none can be started.
    """
    given = settings.brokers
    if given is not None:
        yield given
        return
    server = KafkaServer(settings.home)
    server.start()
    try:
        yield server.brokers
    finally:
        server.leave()
