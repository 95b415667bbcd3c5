"""The role that updates the read models, from Kafka or, without Kafka, from the store."""

import gc
import time
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any, Final

import psycopg
import structlog
from psycopg import Connection

from caretrail.bootstrap import Application, opened
from caretrail.problems import explanation
from caretrail.publishing import keep_refused
from caretrail.read_models import claim_projecting
from caretrail.roles.halting import Halting
from caretrail.roles.newer_generation import NewerGeneration
from caretrail.topic_generation import topic_name
from commands.ports.store import StoreUnavailable
from consumers.projector import ProjectorStep, Source, StoreSource
from infra import health, metrics
from infra.kafka_access import Brokers
from infra.recorder import CHANNEL
from infra.refused_records import RefusedRecords
from infra.relay_checkpoint import published_last
from infra.settings import Settings
from infra.topic_reader import TopicReader
from projections.catalogue import PROJECTIONS
from projections.engine import fold
from projections.engine.large import LargeComponents

log = structlog.get_logger()

_LOOK_SECONDS: Final = 1.0  # between two measurements of the complete-through position
_SILENT_SECONDS: Final = 60.0  # a healthy projector reports at least every half second
_QUIET_SECONDS: Final = 5.0  # without events after a failure; then the failure is over
_LOCK_SECONDS: Final = 0.25  # between two attempts while another process projects


class _ClaimedConnection:
    """A connection that holds the claim to project. A lost one is opened and claimed again."""

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
                self._application.read_models.prepare(connection)
                return connection
        except BaseException:
            connection.close()  # this releases the claim
            raise
        connection.close()
        raise StoreUnavailable("told to stop")

    def _has_turn(self, connection: Connection[Any]) -> bool:
        """Wait until no other process projects; return False if told to stop before that."""
        while not self._stop.is_set():
            if claim_projecting(connection):
                return True
            self._stop.wait(_LOCK_SECONDS)
        return False


def run(settings: Settings, stop: Event) -> None:
    """Project until ``stop`` is set."""
    with opened(settings) as application:
        claimed = _ClaimedConnection(application, stop)
        halting = Halting()
        measured = _ProgressMetrics(application, claimed, halting)

        def problems() -> Mapping[str, str]:
            return {**application.problems(), **halting.problems(), **measured.problems()}

        def work() -> None:
            measured.begin()
            try:
                # A new one may have begun since this process started.
                application.store.load_incarnation()
                if settings.brokers is not None:
                    _from_kafka(application, settings.brokers, claimed, measured, stop)
                else:
                    _from_store(application, claimed, measured, stop)
            finally:
                claimed.close()

        # Objects made so far live as long as the process; the garbage collector can skip them.
        gc.freeze()
        with health.serving(settings.health_port, problems):
            halting.run(work, stop)


def _from_kafka(
    application: Application,
    brokers: Brokers,
    claimed: _ClaimedConnection,
    measured: "_ProgressMetrics",
    stop: Event,
) -> None:
    ended = NewerGeneration(application, stop)
    name = topic_name(application)

    def refused(records: RefusedRecords) -> None:
        metrics.REFUSED.labels(records.reason).inc(len(records.offsets))
        keep_refused(application, records)

    source = TopicReader(
        brokers,
        name,
        mac=application.record_mac,
        recorded_at=application.store.recorded_at_of,
        on_refused=refused,
    )
    _run(application, source, claimed, measured, ended, topic=name)


def _from_store(
    application: Application, claimed: _ClaimedConnection, measured: "_ProgressMetrics", stop: Event
) -> None:
    notices = _AppendNotices(application)
    try:
        source = StoreSource(application.store, notices)
        _run(application, source, claimed, measured, stop.is_set, topic=None)
    finally:
        notices.close()


class _AppendNotices:
    """Waits for the notice of an append, on a connection of its own. A lost one is opened again."""

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
    claimed: _ClaimedConnection,
    measured: "_ProgressMetrics",
    stop: Callable[[], bool],
    *,
    topic: str | None,
) -> None:
    def published() -> dict[int, int]:
        return published_last(claimed(), topic) if topic else {}

    measured.due = published if topic else application.store.last_ids
    large, ended = LargeComponents(), Event()
    projector = application.read_models.projector(
        claimed,
        source,
        published=published if topic else None,
        on_step=measured,
        on_failure=measured.failed,
        large=large,
    )
    thread = Thread(
        target=application.read_models.fold_large, args=(large, ended), name="large components"
    )
    thread.start()
    try:
        projector.run(stop)
    finally:
        ended.set()
        large.wake()
        thread.join()


class _ProgressMetrics:
    """Turns the progress of the projector into metrics and readiness."""

    def __init__(
        self, application: Application, claimed: _ClaimedConnection, halting: Halting
    ) -> None:
        self._application = application
        self._claimed = claimed
        self._halting = halting
        #: Returns the last index of each partition that the source holds.
        self.due: Callable[[], Mapping[int, int]] = dict
        self._next = 0.0
        self._last: float | None = None  # None: not begun; another process may be projecting
        self._failure = ""
        self._quiet_since: float | None = None  # None: a batch failed, and no look followed

    def problems(self) -> Mapping[str, str]:
        """Report a projector that had begun and fails, or has made no progress for 60 s."""
        if self._failure:
            return {"projections": f"cannot go on: {self._failure}"}
        last = self._last
        silent = 0.0 if last is None else time.monotonic() - last
        return (
            {} if silent < _SILENT_SECONDS else {"projections": f"no progress for {silent:.0f} s"}
        )

    def begin(self) -> None:
        """Note that the projector starts again: a look without events proves nothing yet."""
        self._quiet_since = None

    def failed(self, error: Exception) -> None:
        """Note a failure, after which the projector starts again."""
        self._failure = explanation(error) or type(error).__name__
        self._quiet_since = None

    def __call__(self, step: ProjectorStep) -> None:
        metrics.HEALED.inc(step.healed)
        metrics.SKIPPED.inc(step.skipped)
        metrics.PROJECTION_LAG.set(step.lag_events)
        metrics.PROJECTION_LAG_SECONDS.set(step.lag_seconds)
        now = self._last = time.monotonic()
        if self._quiet_since is None:
            self._quiet_since = now
        if step.applied:
            self._forget_failure()
        if now < self._next:
            return
        self._next = now + _LOOK_SECONDS
        try:
            # A look without events alone proves nothing: the event that fails may come next.
            if now - self._quiet_since > _QUIET_SECONDS and not self._waits():
                self._forget_failure()
            metrics.PROJECTION_POSITION.set(
                self._application.read_models.complete_through(self._claimed())
            )
        except (psycopg.Error, StoreUnavailable):
            log.warning("position.unknown")

    def _forget_failure(self) -> None:
        self._failure = ""
        self._halting.works()

    def _waits(self) -> bool:
        """Tell whether the source holds an event that is not applied, if that matters now."""
        if not (self._failure or self._halting.problems()):
            return False
        applied = fold.positions(self._claimed(), PROJECTIONS)
        return any(applied.get(partition, 0) < last for partition, last in self.due().items())
