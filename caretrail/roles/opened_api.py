"""Wire the API of an application: readers, decisions, authentication and access records."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from starlette.types import ASGIApp

from caretrail.actors.accesses import AccessRecorder
from caretrail.actors.authentication import Authentication
from caretrail.actors.care import CareLookup
from caretrail.api import ApiServices, create_api
from caretrail.bootstrap import Application
from caretrail.readers import Readers, open_readers
from infra import clock, tokens
from infra.oidc import OidcIssuer, issuer_of
from infra.tokens import LocalToken


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedApi:
    """The API with what the pages share with it."""

    api: ASGIApp
    readers: Readers
    authentication: Authentication
    accesses: AccessRecorder
    care: CareLookup
    oidc: OidcIssuer | None  # the issuer that the settings name


@contextmanager
def open_api(
    application: Application, *, now: Callable[[], datetime] | None = None
) -> Iterator[OpenedApi]:
    """Open the API of an application.

    Args:
        application: The open home.
        now: Returns the present for reads; by default the present of the home. Tokens are judged
            by the clock.
    """
    present = now or application.settings.present
    threads = application.settings.http_threads
    with open_readers(application, connections=threads) as readers:

        def find_token(text: str) -> LocalToken | None:
            with readers.connection() as connection:
                return tokens.find(connection, text)

        def complete_through() -> int:
            with readers.connection() as connection:
                return application.read_models.complete_through(connection)

        issuer = issuer_of(application.settings)
        authentication = Authentication(
            find_token,
            oidc=issuer if application.settings.oidc_audience else None,
            now=clock.now,
        )
        accesses = AccessRecorder(readers.connection, new_id=clock.new_id)
        care = CareLookup(readers.connection, now=present)

        @contextmanager
        def held() -> Iterator[None]:
            with application.facts_lender.held(), readers.lender.held():
                yield

        services = ApiServices(
            reader=readers.reader,
            core_reader=readers.core,
            decisions=application.decisions,
            id_key=application.id_key,
            authentication=authentication,
            accesses=accesses,
            care=care,
            newest=application.store.max_index,
            complete_through=complete_through,
            now=present,
            new_id=clock.new_id,
            wait_seconds=application.settings.read_wait,
            threads=threads,
            held=held,
        )
        yield OpenedApi(
            api=create_api(services),
            readers=readers,
            authentication=authentication,
            accesses=accesses,
            care=care,
            oidc=issuer,
        )
