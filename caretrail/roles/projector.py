"""The role that keeps the read models up to date: from Kafka, or from the store without it."""

import gc
import time
from collections.abc import Mapping
from threading import Event
from typing import Any, Final

import psycopg
import structlog
from psycopg import Connection

from caretrail.bootstrap import Application, opened, projects_alone
from caretrail.publishing import topic_name
from commands.ports.store import StoreUnavailable
from consumers.projector import Progress, Source, StoreSource
from infra import health, metrics
from infra.recorder import CHANNEL
from infra.relay_checkpoint import published_last
from infra.settings import Settings
from infra.topic_reader import TopicReader

log = structlog.get_logger()

_LOOK_SECONDS: Final = 1.0  # between two looks at the complete-through position
_SILENT_SECONDS: Final = 60.0  # it looks every half second, and no batch takes so long
_LOCK_SECONDS: Final = 0.25  # between two tries while another one projects


class _Alone:
    """A connection on which this process is the only one to project; opened anew when lost."""

    def __init__(self, application: Application, stop: Event) -> None:
        self._application = application
        self._stop = stop
        self._connection: Connection[Any] | None = None

    def __call__(self) -> Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self._open()
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Connection[Any]:
        connection = self._application.connect()
        try:
            if self._has_turn(connection):
                self._application.prepare(connection)
                return connection
        except BaseException:
            connection.close()  # and with it the lock, for whoever tries next
            raise
        connection.close()
        raise StoreUnavailable("told to stop")

    def _has_turn(self, connection: Connection[Any]) -> bool:
        """Wait until nobody else projects; False when told to stop before."""
        while not self._stop.is_set():
            if projects_alone(connection):
                return True
            self._stop.wait(_LOCK_SECONDS)
        return False


def run(settings: Settings, stop: Event) -> None:
    """Project until ``stop`` is set."""
    with opened(settings) as application:
        alone = _Alone(application, stop)
        counted = _Counted(application, alone)

        def problems() -> Mapping[str, str]:
            return {**application.problems(), **counted.problems()}

        # What is there by now stays: it need not be looked through for garbage.
        gc.freeze()
        with health.serving(settings.health_port, problems):
            try:
                if settings.kafka_bootstrap_servers:
                    _from_kafka(application, alone, counted, stop)
                else:
                    _from_store(application, alone, counted, stop)
            finally:
                alone.close()


def _from_kafka(application: Application, alone: _Alone, counted: "_Counted", stop: Event) -> None:
    name = topic_name(application)
    source = TopicReader(
        application.settings.kafka_bootstrap_servers or "",
        name,
        recorded_at=application.store.recorded_at_of,
    )
    _run(application, source, alone, counted, stop, topic=name)
    source.close()


def _from_store(application: Application, alone: _Alone, counted: "_Counted", stop: Event) -> None:
    hints = _Hints(application)
    try:
        source = StoreSource(application.store, hints)
        _run(application, source, alone, counted, stop, topic=None)
    finally:
        hints.close()


class _Hints:
    """Waits until an append is announced, on a connection of its own; opened anew when lost."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._connection: Connection[Any] | None = None

    def __call__(self, seconds: float) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = self._application.connect()
            self._connection.execute(f'listen "{CHANNEL}"'.encode())
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            pass

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _run(
    application: Application,
    source: Source,
    alone: _Alone,
    counted: "_Counted",
    stop: Event,
    *,
    topic: str | None,
) -> None:
    def published() -> dict[int, int]:
        return published_last(alone(), topic) if topic else {}

    projector = application.projector(alone, source, published=published, on_progress=counted)
    projector.run(stop.is_set)


class _Counted:
    """Counts what the projector did; looks now and then how far everything is."""

    def __init__(self, application: Application, alone: _Alone) -> None:
        self._application = application
        self._alone = alone
        self._next = 0.0
        self._last: float | None = None  # None: it has not begun, or stands by for another

    def problems(self) -> Mapping[str, str]:
        """Say so where a projector that works has come to a stand."""
        last = self._last
        silent = 0.0 if last is None else time.monotonic() - last
        return (
            {} if silent < _SILENT_SECONDS else {"projections": f"no progress for {silent:.0f} s"}
        )

    def __call__(self, progress: Progress) -> None:
        metrics.HEALED.inc(progress.healed)
        metrics.SKIPPED.inc(progress.skipped)
        metrics.PROJECTION_LAG.set(progress.lag_events)
        metrics.PROJECTION_LAG_SECONDS.set(progress.lag_seconds)
        now = self._last = time.monotonic()
        if now < self._next:
            return
        self._next = now + _LOOK_SECONDS
        try:
            metrics.PROJECTION_POSITION.set(self._application.complete_through(self._alone()))
        except (psycopg.Error, StoreUnavailable):
            log.warning("position.unknown")
