"""Which topic a store publishes to."""

from caretrail.bootstrap import Application
from infra.relay_checkpoint import generation
from infra.topic_names import events_topic


def generation_of(application: Application) -> int:
    """Return the generation of the topics that this store publishes to."""
    with application.connect() as connection:
        return generation(connection, application.store.incarnation)


def topic_name(application: Application) -> str:
    """Return the name of the topic of events, in the generation that this store publishes to."""
    return events_topic(application.settings.topic_prefix, generation_of(application))
