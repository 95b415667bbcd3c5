"""Wire the application: choose the implementation of each port. Importing this does nothing."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final

import psycopg
import structlog
from psycopg import Connection

from commands import record_messages
from commands.decisions import Decisions
from commands.ports.intake import IncomingMessage, MessageOutcome
from commands.ports.store import StoreUnavailable
from commands.record_messages import PreparedMessage
from consumers.chain import refuse_other_positions
from consumers.hl7v2 import profiles
from consumers.hl7v2.limits import MessageLimits
from consumers.hl7v2.profiles import Profiles
from consumers.hl7v2.translate import ReadingContext
from consumers.projector import (
    Meaning,
    Projector,
    ProjectorPorts,
    ProjectorStep,
    Source,
    StoreSource,
    meaning_of,
    wait_through,
)
from domain.body import Actor, RecordedEvent, SealedSegment
from domain.catalogue import own_event
from domain.ids import IdKey
from domain.interpretation import interpret
from infra import clock, id_key
from infra.event_log import EventLog
from infra.event_store import CareStore, DevelopmentKey, id_key_fingerprint, open_store
from infra.migrate import migrate
from infra.postgres import await_recovery, network, pool
from infra.postgres_server import joined
from infra.received_messages import SealedMessage
from infra.record_mac import PURPOSE, RecordMac
from infra.settings import Settings
from infra.subject_keys import SubjectKeys, open_keys
from projections import audit_trail
from projections.catalogue import PROJECTIONS
from projections.engine import fold, generations, position, resuming
from projections.engine.failures import ServiceUnavailable, is_of_content
from projections.engine.large import LargeComponents
from projections.engine.parking import ParkedEvent
from projections.engine.projection import Needs
from projections.engine.row_memory import RowMemory
from projections.engine.services import Services
from projections.rebuilding import rebuild as rebuilding
from projections.rebuilding.filling import Progress as RebuildProgress
from projections.rebuilding.stretches import ReadStretch, StoreLog

log = structlog.get_logger()

#: Advisory lock of the one process that updates the read models.
_PROJECTING: Final = 0x63617265_0003
_WAITING_SECONDS: Final = 1.0  # between two looks for large components that wait
_LOOK_SECONDS: Final = 2.0  # between two attempts to take that lock
_KEY_BYTES: Final = 32
_TOKENS: Final = 4096  # size of the cache of name tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An open home: settings, store, keys and profiles. Every verb and every role works on one."""

    settings: Settings
    url: str
    id_key: IdKey
    keys: SubjectKeys
    store: CareStore
    profiles: Profiles

    @property
    def services(self) -> Services:
        """Return the services that folding needs."""
        return _services(self.keys, self.id_key)

    @property
    def record_mac(self) -> RecordMac:
        """Return what authenticates the records of our topics."""
        return RecordMac(self.keys.derived(PURPOSE))

    def reading(self, *, arrived_by: str, sender: str = "") -> ReadingContext:
        """Return the context in which messages are read; ``sender`` chooses a profile by name."""
        return ReadingContext(
            id_key=self.id_key,
            profiles=self.profiles,
            new_id=clock.new_id,
            arrived_by=arrived_by,
            sender=sender,
            actor=Actor(kind="feed", issuer=arrived_by),
            limits=MessageLimits(
                statements=self.settings.message_max_statements,
                sealed=self.settings.message_max_sealed,
            ),
        )

    def record(self, messages: Sequence[IncomingMessage]) -> list[MessageOutcome]:
        """Record messages; see ``commands.record_messages``."""
        return self.record_ready([self.make_ready(each) for each in messages])

    def make_ready(
        self, message: IncomingMessage, *, may_wait: bool = True
    ) -> PreparedMessage[SealedMessage]:
        """Make a message ready to be recorded; see ``commands.record_messages``."""
        return record_messages.prepare(message, self.store, may_wait=may_wait)

    def record_ready(
        self, messages: Sequence[PreparedMessage[SealedMessage]]
    ) -> list[MessageOutcome]:
        """Record messages that were made ready; see ``commands.record_messages``."""
        return record_messages.handle(messages, self.store)

    @property
    def decisions(self) -> Decisions:
        """What own commands need."""
        return Decisions(streams=self.store.streams, now=clock.now, new_id=clock.new_id)

    def connect(self) -> Connection[Any]:
        """Open a new connection in autocommit mode; the caller closes it."""
        return psycopg.connect(**network(self.url), autocommit=True)

    def problems(self) -> Mapping[str, str]:
        """Return the problem of the database, by part; empty if it answers."""
        try:
            self.store.max_index()
        except Exception as error:  # noqa: BLE001 - the operator must see any failure
            return {"database": type(error).__name__}
        return {}

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
        services = replace(self.services, memory=RowMemory(), large=large)
        return Projector(
            ProjectorPorts(
                source=source,
                positions=lambda: self.positions(connection()),
                apply=lambda batch: fold.apply(
                    connection(),
                    PROJECTIONS,
                    batch,
                    heal=self.store.read_partition,
                    services=services,
                ),
                now=clock.now,
                meaning=failure_meaning,
                published=published or dict,
                heal=self.store.read_partition,
                ids=self.store.ids if published else None,
                on_step=on_step,
                on_failure=on_failure,
            )
        )

    def fold_large(self, large: LargeComponents, stop: threading.Event) -> None:
        """Fold the large components that wait, one after the other, until ``stop`` is set."""
        services = replace(self.services, memory=RowMemory())
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

    def prepare(self, connection: Connection[Any]) -> None:
        """Make the read models fit this release, and retry parked components.

        Read models of another release are rebuilt from the store. A component that an earlier
        release could not interpret may be interpreted now. Readers keep reading meanwhile.
        """
        try:
            generations.fed(connection, PROJECTIONS)
        except generations.NeedsRebuild as error:
            log.warning("projections.rebuilding", count=len(error.names))
            names = [] if error.all_projections else error.names
            self.rebuild(connection, names, self.store.max_index())
        parked = self.retry(connection)
        if parked:
            log.error("components.parked", parked=len(parked))

    def retry(self, connection: Connection[Any]) -> list[ParkedEvent]:
        """Interpret again what is set aside; return the events that stay so."""
        heal = self.store.read_partition
        return resuming.retry(connection, PROJECTIONS, self.services, heal=heal)

    def rebuild(
        self,
        connection: Connection[Any],
        names: Sequence[str],
        upto: int,
        *,
        source: Iterable[RecordedEvent] | None = None,
        progress: RebuildProgress | None = None,
        keep: bool = False,
    ) -> rebuilding.RebuildResult:
        """Rebuild projections; see ``projections.rebuilding.rebuild``.

        Args:
            connection: A connection in autocommit mode.
            names: The projections to rebuild; empty: all.
            upto: The index of the newest event.
            source: The events, if they do not come from the store.
            progress: Called with the progress.
            keep: Keep the generations that were read before up to date.
        """
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
            tools=partial(_tools, self.settings, self.url, self.store.incarnation, reads),
            progress=progress,
            total=upto,
            keep=keep,
        )

    def catch_up(
        self, shown: Callable[[int], None] = lambda _index: None, *, timeout: float = 3600.0
    ) -> int:
        """Return when the read models hold every event recorded before the call.

        If a service updates them, wait for it. Otherwise fold the events of the store here.

        Args:
            shown: Called from time to time with the index that they have reached.
            timeout: In seconds.

        Raises:
            TimeoutError: They did not reach the newest event in time.
            ReadModelsAheadOfStore: The store does not have their events: it was set back.
        """
        target = self.store.max_index()
        with self.connect() as connection:

            def through() -> int:
                index = self.complete_through(connection)
                shown(min(index, target))
                return index

            until = time.monotonic() + timeout
            while not claim_projecting(connection):
                left = until - time.monotonic()
                try:
                    return wait_through(through, target, min(left, _LOOK_SECONDS))
                except TimeoutError:
                    # The service may have ended meanwhile; the next round then takes its lock.
                    if left <= _LOOK_SECONDS:
                        raise
            self.prepare(connection)
            self.positions(connection)  # also if no event waits: refuse those that the store lacks
            left = max(1, round(1000 * (until - time.monotonic())))
            connection.execute("select set_config('statement_timeout', %s, false)", (str(left),))
            source = StoreSource(self.store, wait=lambda _seconds: None)
            return self.projector(lambda: connection, source).catch_up(
                through, target, until - time.monotonic()
            )


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Give the connection string of the database, with any schema or none.

    The embedded server is joined if it runs. Otherwise it is started and stopped again.

    Raises:
        PostgresUnavailable: The embedded server is not available here, or does not start.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        await_recovery(url)
        yield url
        return
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with joined(settings.home) as url:
        yield url


@contextmanager
def opened(settings: Settings) -> Iterator[Application]:
    """Open a home: its database, migrated, with its keys, store and profiles.

    Raises:
        PostgresUnavailable, StoreUnavailable: There is no database.
        BadSettings: A setting cannot be used.
        ProfilesInvalid: The file of profiles cannot be used.
    """
    chosen = profiles.load(settings.profiles_file)
    if settings.profiles and not settings.profiles.exists():
        log.warning("profiles.missing", file=str(settings.profiles))
    with ExitStack() as stack:
        url = stack.enter_context(database(settings))
        migrate(url)
        ids = id_key_of(settings, url)
        keys_url = settings.keys_database_url
        if keys_url is not None:
            migrate(keys_url.get_secret_value())
        with psycopg.connect(**network(url), autocommit=True) as connection:
            generations.create(connection, PROJECTIONS)
        keys = stack.enter_context(
            open_keys(
                url,
                master_key_file=settings.master_key_file,
                keys_url=keys_url.get_secret_value() if keys_url else None,
            )
        )
        store = stack.enter_context(
            open_store(
                url,
                id_key=ids,
                keys=keys,
                tenant=settings.tenant,
                external=settings.database_url is not None,
            )
        )
        for name in {profiles.DEFAULT, *chosen.named}:
            profile = chosen[name]
            store.keep_profile(profile.version, name=name, content=profile.canonical.decode())
        yield Application(
            settings=settings,
            url=url,
            id_key=ids,
            keys=keys,
            store=store,
            profiles=chosen,
        )


def _services(keys: SubjectKeys, ids: IdKey) -> Services:
    def open_segment(sealed: SealedSegment, event_id: str, topic: str) -> bytes:
        try:
            return keys.open(sealed, event_id=event_id, topic=topic)
        except StoreUnavailable as error:
            raise ServiceUnavailable from error

    return Services(
        open_segment=open_segment,
        # The same names and birth dates come many times.
        token=lru_cache(maxsize=_TOKENS)(lambda text: ids.ref("token", text)),
        interpret=interpret,
        read_own=own_event,
        warm=keys.warm,
    )


@contextmanager
def _tools(
    settings: Settings, url: str, incarnation: str, reads: Needs
) -> Iterator[tuple[Connection[Any], Services, ReadStretch]]:
    """Open the connection, services and reader of a worker process of a rebuild."""
    keys_url = settings.keys_database_url
    with (
        open_keys(
            url,
            master_key_file=settings.master_key_file,
            keys_url=keys_url.get_secret_value() if keys_url else None,
        ) as keys,
        psycopg.connect(**network(url), autocommit=True) as connection,
        pool(url, name="rebuild", size=1) as connections,
    ):
        log = EventLog(connections, incarnation=incarnation)
        read = partial(log.drain_for_rebuild, bodies=reads == "body")
        yield connection, _services(keys, id_key_of(settings, url)), read


def claim_projecting(connection: Connection[Any]) -> bool:
    """Try to become the one process that updates the read models; tell whether it worked.

    The claim ends with the connection.
    """
    row = connection.execute("select pg_try_advisory_lock(%s)", (_PROJECTING,)).fetchone()
    return row == (True,)


def id_key_of(settings: Settings, url: str) -> IdKey:
    """Return the key from which ids are derived; a new home draws one.

    Args:
        settings: The settings; ``CARETRAIL_ID_KEY`` counts before the file of the home.
        url: The database.

    Raises:
        DevelopmentKey: A database outside the home needs ``CARETRAIL_ID_KEY``.
        IdKeyUnusable: The file of the home is missing or cannot be used.
        StoreUnavailable: The database does not answer.
    """
    if settings.id_key is not None:
        return IdKey(bytes.fromhex(settings.id_key.get_secret_value()))
    if settings.database_url is not None:
        raise DevelopmentKey
    return id_key.of_home(
        settings.id_key_file,
        fingerprint=id_key_fingerprint(url),
        draw=lambda: os.urandom(_KEY_BYTES),
    )


def failure_meaning(error: Exception) -> Meaning:
    """Return what a failure of the fold means for the loop of the projector."""
    match error:
        case ServiceUnavailable():
            return Meaning.RETRY
        case psycopg.OperationalError() | psycopg.InterfaceError() if not is_of_content(error):
            return Meaning.RETRY
        case position.PositionMoved():
            return Meaning.RESEEK
        case (
            position.OtherIncarnation() | position.PositionsDisagree() | generations.NeedsRebuild()
        ):
            return Meaning.HALT
        case position.HoleNotFilled():
            return Meaning.RETRY
        case _:
            return meaning_of(error)
