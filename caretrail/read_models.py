"""Fold events into the read models, rebuild them, and wait until they hold every event."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog
from psycopg import Connection

from caretrail.deadline import Deadline
from caretrail.fold_failures import failure_meaning
from consumers.chain import refuse_other_positions
from consumers.projector import (
    Meaning,
    Projector,
    ProjectorPorts,
    ProjectorStep,
    Source,
    StoreSource,
    wait_through,
)
from domain.body import RecordedEvent
from infra import clock
from infra.event_store import CareStore
from projections import audit_trail
from projections.catalogue import PROJECTIONS
from projections.engine import fold, generations, resuming
from projections.engine.component_memory import ComponentMemory
from projections.engine.fold import AppliedBatch
from projections.engine.large import LargeComponents
from projections.engine.parking import ParkedEvent
from projections.engine.projection import Needs
from projections.engine.services import Services

if TYPE_CHECKING:
    from projections.rebuilding.filling import Progress as RebuildProgress
    from projections.rebuilding.rebuild import RebuildResult
    from projections.rebuilding.stretches import ReadStretch

log = structlog.get_logger()

#: Advisory lock of the one process that updates the read models.
_PROJECTING: Final = 0x63617265_0003
_WAITING_SECONDS: Final = 1.0  # between two looks for large components that wait
_LOOK_SECONDS: Final = 2.0  # between two attempts to take that lock
_BRIEF_SECONDS: Final = 0.2  # between two looks for the end of another rebuild
_LEAST_SECONDS: Final = 1.0  # so that statements that take no time are not ended
_NOT_BUILT: Final = -1  # in place of a position: below that of read models without events


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModels:
    """The read models of a home, which follow the events of its store.

    ``connect`` opens a new connection in autocommit mode. ``worker_tools`` opens what a worker
    process of a rebuild reads and folds with, for an incarnation of the store. It is sent to the
    worker, so it can be pickled.
    """

    store: CareStore
    services: Services
    connect: Callable[[], Connection[Any]]
    worker_tools: Callable[
        [str, Needs], "AbstractContextManager[tuple[Connection[Any], Services, ReadStretch]]"
    ]

    def complete_through(self, connection: Connection[Any]) -> int:
        """Return the index up to which the read models hold every event."""
        return fold.complete_through(
            connection, PROJECTIONS, self.store.last_ids(), self.store.first_after
        )

    def positions(self, connection: Connection[Any]) -> dict[int, int]:
        """Return the index of the last event in the read models, by partition.

        Raises:
            ReadModelsAheadOfStore: The store does not have these events: it was set back.
        """
        found = fold.positions(connection, PROJECTIONS)
        applied = audit_trail.ids(connection, found.values())
        refuse_other_positions(applied, self.store.ids(applied))
        return found

    def projector(
        self,
        connection: Callable[[], Connection[Any]],
        source: Source,
        *,
        published: Callable[[], Mapping[int, int]] | None = None,
        on_step: Callable[[ProjectorStep], None] = lambda _step: None,
        on_failure: Callable[[Exception], None] = lambda _error: None,
        large: LargeComponents | None = None,
    ) -> Projector:
        """Return a projector that folds the events of ``source``.

        Args:
            connection: Called before each batch; it opens a lost connection again.
            source: Where the events come from.
            published: Returns, by partition, the index up to which the topic holds every event.
                None: the events come from the store.
            on_step: Called after each batch and each idle look.
            on_failure: Called with the error after which the projector starts again.
            large: Shared with ``fold_large``, if another thread runs it. If it is not given, large
                components are folded with their batch.
        """
        services = replace(self.services, memory=ComponentMemory(), large=large)
        return Projector(
            ProjectorPorts(
                source=source,
                positions=lambda: self.positions(connection()),
                apply=lambda batch: self._apply(connection(), batch, services),
                now=clock.now,
                meaning=failure_meaning,
                published=published or dict,
                heal=self.store.read_partition,
                ids=self.store.ids if published else None,
                on_step=on_step,
                on_failure=on_failure,
            )
        )

    def _apply(
        self, connection: Connection[Any], batch: Sequence[RecordedEvent], services: Services
    ) -> AppliedBatch:
        """Apply a batch. If no other thread folds what waits after it, fold that too."""
        applied = fold.apply(
            connection, PROJECTIONS, batch, heal=self.store.read_partition, services=services
        )
        if services.large is None and applied.waiting:
            while resuming.fold_waiting(connection, PROJECTIONS, services):
                pass
        return applied

    def fold_large(self, large: LargeComponents, stop: threading.Event) -> None:
        """Fold the large components that wait, one after the other, until ``stop`` is set."""
        services = replace(self.services, memory=ComponentMemory())
        while not stop.is_set():
            try:
                with self.connect() as connection:
                    large.note(resuming.large_components(connection, PROJECTIONS))
                    while not stop.is_set():
                        if not resuming.fold_waiting(connection, PROJECTIONS, services):
                            large.sleep(_WAITING_SECONDS)
            except Exception as error:
                if failure_meaning(error) is Meaning.SPLIT:
                    raise
                log.warning("large_components.interrupted", exc_info=error)
                stop.wait(_LOOK_SECONDS)

    def prepare(
        self, connection: Connection[Any], check: Callable[[], None] = lambda: None
    ) -> None:
        """Make the read models fit this release, and retry parked components.

        Read models of another release are rebuilt from the store. A component that an earlier
        release could not interpret may be interpreted now. Readers keep reading meanwhile.

        Args:
            connection: A connection in autocommit mode.
            check: Called about once a second, or between two steps that take longer. An error
                that it raises ends the work. Steps that are done stay done; a rebuild begins again
                the next time.

        Raises:
            RebuildRunning: Another process rebuilds the read models.
        """
        try:
            generations.fed(connection, PROJECTIONS)
        except generations.NeedsRebuild as error:
            log.warning("projections.rebuilding", count=len(error.names))
            names = [] if error.all_projections else error.names
            self.rebuild(connection, names, self.store.max_index(), progress=lambda *_done: check())
        parked = self.retry(connection, check)
        if parked:
            log.error("components.parked", parked=len(parked))

    def retry(
        self, connection: Connection[Any], check: Callable[[], None] = lambda: None
    ) -> list[ParkedEvent]:
        """Interpret again what is set aside; return the events that stay so.

        ``check`` is called before each component. An error that it raises ends the work.
        """
        return resuming.retry(
            connection, PROJECTIONS, self.services, heal=self.store.read_partition, check=check
        )

    def rebuild(
        self,
        connection: Connection[Any],
        names: Sequence[str],
        upto: int,
        *,
        source: Iterable[RecordedEvent] | None = None,
        progress: "RebuildProgress | None" = None,
        keep: bool = False,
    ) -> "RebuildResult":
        """Rebuild projections; see ``projections.rebuilding.rebuild``.

        Args:
            connection: A connection in autocommit mode.
            names: The projections to rebuild; empty: all.
            upto: The index of the newest event.
            source: The events, if they do not come from the store.
            progress: Called with the progress.
            keep: Keep the generations that were read before up to date.
        """
        # Imported only here: most commands only read, and a rebuild needs worker processes.
        from projections.rebuilding import rebuild as rebuilding  # noqa: PLC0415
        from projections.rebuilding.stretches import StoreLog  # noqa: PLC0415

        reads = PROJECTIONS.needs(names)
        events: Iterable[RecordedEvent] | StoreLog
        if source is not None:
            events = source
        elif reads == "all":
            events = self.store.drain(0, upto)
        else:
            read = partial(self.store.drain_for_rebuild, bodies=reads == "body")
            events = StoreLog(read, upto)
        return rebuilding.rebuild(
            connection,
            PROJECTIONS,
            names,
            events,
            heal=self.store.read_partition,
            services=self.services,
            tools=partial(self.worker_tools, self.store.incarnation, reads),
            progress=progress,
            total=upto,
            keep=keep,
        )

    def catch_up(
        self,
        shown: Callable[[int], None] = lambda _index: None,
        *,
        timeout: float = 120.0,
        renewed: bool = True,
    ) -> int:
        """Return when the read models hold every event recorded before the call.

        If a service updates or rebuilds them, wait for it. Otherwise fold the events of the store
        here, after a rebuild if they are missing or of another release.

        Args:
            shown: Called from time to time with the index that they have reached.
            timeout: In seconds.
            renewed: Whether progress begins ``timeout`` again. A rebuild in this process is then
                never given up.

        Raises:
            TimeoutError: They did not reach the newest event in time.
            ReadModelsAheadOfStore: The store does not have their events: it was set back.
        """
        target = self.store.max_index()
        deadline = Deadline(timeout, renewed=renewed)
        with self.connect() as connection:

            def through() -> int:
                try:
                    index = self.complete_through(connection)
                except generations.NeedsRebuild:  # the service rebuilds them when it starts
                    index = _NOT_BUILT
                deadline.reached(index)
                shown(max(0, min(index, target)))
                return index

            while not claim_projecting(connection):
                # The service may end meanwhile; the next round then takes its lock.
                try:
                    return wait_through(through, target, min(deadline.left, _LOOK_SECONDS))
                except TimeoutError:
                    if deadline.left <= 0:
                        raise deadline.missed(target) from None
            # A server ends sessions later than clients close them: the next caller would find the
            # claim taken, and wait instead of looking.
            with giving_up_claim(connection):
                ends = Deadline(inf, renewed=False) if renewed else deadline
                if not self._prepared(connection, ends, shown):
                    raise deadline.missed(target)
                # Also if no event waits: refuse those that the store lacks.
                self.positions(connection)
                source = StoreSource(self.store, wait=lambda _seconds: None)
                projector = self.projector(lambda: connection, source)
                while True:
                    _limit_statements(connection, deadline.left)
                    try:
                        return projector.catch_up(through, target, deadline.left)
                    except TimeoutError:
                        if deadline.left <= 0:
                            raise deadline.missed(target) from None

    def _prepared(
        self, connection: Connection[Any], deadline: Deadline, shown: Callable[[int], None]
    ) -> bool:
        """Prepare the read models; return False if the deadline comes first.

        If a command of another process rebuilds them, wait for it.
        """

        def check() -> None:
            shown(0)
            if deadline.left <= 0:
                raise _TimeIsOver

        try:
            while True:
                _limit_statements(connection, deadline.left)
                try:
                    self.prepare(connection, check)
                except generations.RebuildRunning:
                    check()
                    time.sleep(_BRIEF_SECONDS)
                else:
                    return True
        except _TimeIsOver:
            return False
        except psycopg.errors.QueryCanceled:
            if deadline.left > 0:
                raise
            return False


class _TimeIsOver(Exception):
    """The deadline came before the work was done."""


def _limit_statements(connection: Connection[Any], seconds: float) -> None:
    """Let PostgreSQL end each statement that takes longer than ``seconds``, and than a second."""
    limit = 0 if seconds == inf else round(1000 * max(_LEAST_SECONDS, seconds))  # 0: no limit
    connection.execute("select set_config('statement_timeout', %s, false)", (str(limit),))


def claim_projecting(connection: Connection[Any]) -> bool:
    """Try to become the one process that updates the read models; tell whether it worked.

    The claim ends with the connection.
    """
    row = connection.execute("select pg_try_advisory_lock(%s)", (_PROJECTING,)).fetchone()
    return row == (True,)


@contextmanager
def giving_up_claim(connection: Connection[Any]) -> Iterator[None]:
    """Give up the claim of ``claim_projecting`` at the end, if the connection still works."""
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("select pg_advisory_unlock(%s)", (_PROJECTING,))
