"""Let a role that works with a topic notice that a newer generation of the topics has begun."""

import time
from threading import Event
from typing import Final

import psycopg
import structlog

from caretrail.bootstrap import Application
from caretrail.topic_generation import generation_of
from infra.relay_checkpoint import newest_generation

log = structlog.get_logger()

_LOOK_SECONDS: Final = 5.0  # between two looks into the database


class NewerGeneration:
    """Tells a role when to end its present work: it is told to stop, or its topic is superseded.

    In the second case the role begins its work again, with the new topic.
    """

    def __init__(self, application: Application, stop: Event) -> None:
        self._url = application.url
        self._mine = generation_of(application)
        self._stop = stop
        self._looked = time.monotonic()
        self._superseded = False

    def __call__(self) -> bool:
        """Tell whether to end the present work; once true, this stays true."""
        return self._stop.is_set() or self._begun()

    def _begun(self) -> bool:
        if self._superseded or (now := time.monotonic()) - self._looked < _LOOK_SECONDS:
            return self._superseded
        self._looked = now
        try:
            newest = newest_generation(self._url)
        except psycopg.Error:
            return False  # the work itself reports a database that does not answer
        if newest != self._mine:
            self._superseded = True
            log.info("topic.superseded", generation=newest)
        return self._superseded
