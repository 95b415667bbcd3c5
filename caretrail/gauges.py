"""The metrics of the pages: some of them are read from the database at each request."""

from datetime import datetime

import psycopg
import structlog

from caretrail.bootstrap import Application
from caretrail.topic_generation import topic_name
from commands.ports.store import StoreUnavailable
from infra import clock, metrics
from infra.messages import waiting
from infra.relay_checkpoint import published_position

log = structlog.get_logger()


def current_metrics(application: Application) -> bytes:
    """Return all metrics of this process in the text format of Prometheus.

    If the database does not answer, its metrics keep their last values; ``/readyz`` reports it.
    """
    try:
        _update(application)
    except (psycopg.Error, StoreUnavailable):
        log.warning("metrics.unknown")
    return metrics.exposition()


def _update(application: Application) -> None:
    now = clock.now()
    with application.connect() as connection:
        found = waiting(connection)
        published: int | None = None
        if application.settings.kafka_bootstrap_servers:
            published = published_position(connection, topic_name(application))
    metrics.QUARANTINED.clear()
    for each in found:
        metrics.QUARANTINED.labels(each.reason).set(each.count)
    oldest = min((each.oldest for each in found), default=None)
    metrics.QUARANTINE_OLDEST.set(_seconds_since(oldest, now))
    if published is not None:
        owed = application.store.recorded_at_of(published + 1)
        metrics.RELAY_OLDEST.set(_seconds_since(owed, now))


def _seconds_since(at: datetime | None, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds()) if at else 0.0
