"""The role that publishes recorded events to Kafka."""

import gc
from collections.abc import Mapping
from threading import Event

from caretrail.bootstrap import Application, opened
from caretrail.publishing import event_topic
from caretrail.roles.halting import Halting
from caretrail.roles.newer_generation import NewerGeneration
from consumers.relay import Relay, RelayStep
from infra import health, metrics
from infra.relay_checkpoint import RelayCheckpoints
from infra.settings import BadSettings, Settings


def run(settings: Settings, stop: Event) -> None:
    """Publish until ``stop`` is set; stand by while another relay leads."""
    if settings.brokers is None:
        raise BadSettings("CARETRAIL_KAFKA_BOOTSTRAP_SERVERS: the relay needs brokers")
    with opened(settings) as application:
        halting = Halting()

        def problems() -> Mapping[str, str]:
            return {**application.problems(), **halting.problems()}

        # Objects made so far live as long as the process; the garbage collector can skip them.
        gc.freeze()
        with health.serving(settings.health_port, problems):
            halting.run(lambda: _publish(application, halting, stop), stop)


def _publish(application: Application, halting: Halting, stop: Event) -> None:
    application.store.load_incarnation()  # a new one may have begun since this process started
    ended = NewerGeneration(application, stop)
    topic = event_topic(application)

    def count(step: RelayStep) -> None:
        halting.works()
        metrics.RELAY_POSITION.set(step.position)
        metrics.RELAY_EVENTS.inc(step.events)

    try:
        checkpoints = RelayCheckpoints(application.url, topic.name)
        Relay(application.store, topic, checkpoints, on_step=count).run(ended)
    finally:
        topic.close()
