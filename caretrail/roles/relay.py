"""The role that publishes recorded events to Kafka."""

import gc
from threading import Event

from caretrail.bootstrap import opened
from caretrail.publishing import event_topic
from consumers.relay import Relay, RelayStep
from infra import health, metrics
from infra.relay_checkpoint import RelayCheckpoints
from infra.settings import BadSettings, Settings


def run(settings: Settings, stop: Event) -> None:
    """Publish until ``stop`` is set; stand by while another relay leads."""
    if settings.brokers is None:
        raise BadSettings("CARETRAIL_KAFKA_BOOTSTRAP_SERVERS: the relay needs brokers")
    with opened(settings) as application:
        topic = event_topic(application)
        checkpoints = RelayCheckpoints(application.url, topic.name)
        relay = Relay(application.store, topic, checkpoints, on_step=_count)
        # Objects made so far live as long as the process; the garbage collector can skip them.
        gc.freeze()
        with health.serving(settings.health_port, application.problems):
            relay.run(stop.is_set)
        topic.close()


def _count(step: RelayStep) -> None:
    metrics.RELAY_POSITION.set(step.position)
    metrics.RELAY_EVENTS.inc(step.events)
