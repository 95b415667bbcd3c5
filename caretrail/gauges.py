"""What the database says at the moment of asking: the pages' part of ``/metrics``."""

from datetime import datetime

import psycopg
import structlog

from caretrail.bootstrap import Application
from caretrail.publishing import topic_name
from commands.ports.store import StoreUnavailable
from infra import clock, metrics
from infra.messages import waiting
from infra.relay_checkpoint import published_position

log = structlog.get_logger()


def measured(application: Application) -> bytes:
    """Return all metrics of this process, those of the database asked for anew.

    Where it does not answer, they stay as they were: ``/readyz`` says that it does not.
    """
    try:
        _ask(application)
    except (psycopg.Error, StoreUnavailable):
        log.warning("metrics.unknown")
    return metrics.exposition()


def _ask(application: Application) -> None:
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
    metrics.QUARANTINE_OLDEST.set(_since(oldest, now))
    if published is not None:
        owed = application.store.recorded_at_of(published + 1)
        metrics.RELAY_OLDEST.set(_since(owed, now))


def _since(at: datetime | None, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds()) if at else 0.0
