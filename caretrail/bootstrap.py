"""Wire the application: choose the implementation of each port. Importing this does nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from psycopg import Connection

from caretrail.default_protocol import publish_default_protocol
from caretrail.facts import KnownFacts
from caretrail.fold_services import fold_services, worker_tools
from caretrail.home import connect, data_keys_of, database, id_key_of
from caretrail.organisations_file import OrganisationsFile
from caretrail.read_models import ReadModels
from caretrail.reading.opening import SegmentOpener
from caretrail.sensitive_file import sensitive_codes
from commands import record_messages
from commands.decisions import Decisions
from commands.ports.facts import Facts
from commands.ports.intake import IncomingMessage, MessageOutcome
from commands.record_messages import PreparedMessage
from commands.sensitive_codes import SensitiveCodes
from consumers.hl7v2 import profiles
from consumers.hl7v2.profiles import Profiles
from domain.ids import IdKey
from infra import clock
from infra.event_store import CONNECTIONS, CareStore, open_store
from infra.migrate import migrate
from infra.postgres import Lender, pool
from infra.received_messages import SealedMessage
from infra.record_mac import PURPOSE, RecordMac
from infra.settings import Settings
from infra.subject_keys import SubjectKeys
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from projections.engine.services import Services

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An open home: settings, store, keys and profiles. Every verb and every role works on one."""

    settings: Settings
    url: str
    id_key: IdKey
    keys: SubjectKeys
    store: CareStore
    profiles: Profiles
    services: Services
    read_models: ReadModels
    facts: Facts
    sensitive: SensitiveCodes
    organisations: OrganisationsFile
    facts_lender: Lender

    @property
    def record_mac(self) -> RecordMac:
        """Return what authenticates the records of our topics."""
        return RecordMac(self.keys.derived(PURPOSE))

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
        return Decisions(
            streams=self.store.streams,
            facts=self.facts,
            id_key=self.id_key,
            now=self.settings.present,
            new_id=clock.new_id,
            sensitive=self.sensitive,
            organisations=self.organisations.current,
        )

    def connect(self) -> Connection[Any]:
        """Open a new connection in autocommit mode; the caller closes it."""
        return connect(self.url)

    def problems(self) -> Mapping[str, str]:
        """Return the problem of the database, by part; empty if it answers."""
        try:
            self.store.max_index()
        except Exception as error:  # noqa: BLE001 - the operator must see any failure
            return {"database": type(error).__name__}
        return {}


@contextmanager
def opened(settings: Settings) -> Iterator[Application]:
    """Open a home: its database, migrated, with its keys, store and profiles.

    Raises:
        PostgresUnavailable, StoreUnavailable: There is no database.
        BadSettings: A setting cannot be used.
        ProfilesInvalid: The file of profiles cannot be used.
    """
    chosen = profiles.load(settings.profiles_file)
    sensitive = sensitive_codes(settings)
    organisations = OrganisationsFile(settings)
    if settings.profiles and not settings.profiles.exists():
        log.warning("profiles.missing", file=str(settings.profiles))
    with ExitStack() as stack:
        url = stack.enter_context(database(settings))
        migrate(url)
        ids = id_key_of(settings, url)
        keys_url = settings.keys_database_url
        if keys_url is not None:
            migrate(keys_url.get_secret_value())
        with connect(url) as connection:
            generations.create(connection, PROJECTIONS)
        keys = stack.enter_context(data_keys_of(settings, url))
        store = stack.enter_context(
            open_store(
                url,
                id_key=ids,
                keys=keys,
                tenant=settings.tenant,
                external=settings.database_url is not None,
            )
        )
        publish_default_protocol(store, ids)
        services = fold_services(keys, ids)
        facts_lender = Lender(stack.enter_context(pool(url, name="facts", size=CONNECTIONS)))
        yield Application(
            settings=settings,
            url=url,
            id_key=ids,
            keys=keys,
            store=store,
            profiles=chosen,
            services=services,
            read_models=ReadModels(
                store=store,
                services=services,
                connect=partial(connect, url),
                worker_tools=partial(worker_tools, settings, url),
            ),
            sensitive=sensitive,
            organisations=organisations,
            facts=KnownFacts(
                facts_lender.connection, SegmentOpener(services.open_segment, services.warm)
            ),
            facts_lender=facts_lender,
        )
