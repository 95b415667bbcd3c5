"""The API over the region of the tests of pages, served on loopback, with a token per role."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from secrets import token_hex
from threading import Timer
from typing import Any

import httpx
import pytest

from caretrail.bootstrap import Application
from caretrail.roles.opened_api import OpenedApi, open_api
from commands.permissions import Role
from infra import tokens
from infra.tokens import NewToken
from tests import servers
from tests.pages import pages_app
from tests.region import now, region
from tests.serving import serving

_numbers = count(1)


@dataclass(frozen=True)
class ApiClient:
    """Calls the API as a person of the region."""

    application: Application
    opened: OpenedApi
    http: httpx.Client
    tokens: Mapping[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str | None = "coordinator",
        purpose: str = "TREAT",
        reason: str = "direct_care",
        **headers: str,
    ) -> httpx.Response:
        """Send a request with the token of a role; None: without a token."""
        given = {"Purpose-Of-Use": purpose, "Access-Reason": reason}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if role is not None:
            given["Authorization"] = f"Bearer {self.tokens.get(role, role)}"
        sent = {name: value for name, value in given.items() if value}
        return self.http.request(method, f"/api/v1{path}", json=body, headers=sent)

    def get(self, path: str, **given: Any) -> httpx.Response:
        """Send a GET request; see ``call``."""
        return self.call("GET", path, **given)

    def post(self, path: str, body: Any, **given: Any) -> httpx.Response:
        """Send a POST request; see ``call``."""
        return self.call("POST", path, body, **given)

    def referral(self, patient: str = "NGH|0048213", **changed: Any) -> dict[str, Any]:
        """Request a referral, let the read models hold it, and return the outcome."""
        answer = self.post("/referrals", {**REQUEST, "patient": patient, **changed})
        assert answer.status_code == 201, answer.text
        self.application.read_models.catch_up()
        found: dict[str, Any] = answer.json()
        return found

    def once_known(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Let the read models catch up while a request waits for them; return its answer.

        A request that could not wait so long is sent again.
        """
        later = Timer(0.1, self.application.read_models.catch_up)
        later.start()
        answer = ask()
        later.join()
        return ask() if answer.status_code == 504 else answer

    def issue(self, *roles: str, subject: str = "", organisations: tuple[str, ...] = ()) -> str:
        """Issue a token."""
        new = NewToken(
            subject=subject or f"person-{next(_numbers)}",
            name="",
            roles=roles,
            organisations=organisations,
            issued_by="test",
            lifetime=timedelta(hours=1),
        )
        with self.application.connect() as connection:
            return tokens.issue(connection, new)[0]


REQUEST: Mapping[str, Any] = {
    "patient": "NGH|0048213",
    "requester": {"organisation": "NGH", "person": "dr-meriwether"},
    "target": {"organisation": "CSC"},
    "service": "CARDIOLOGY",
}
#: A code is stated, not a text that could hold a name.
PROBLEM = "urn:caretrail:problem:"


def code_of(answer: httpx.Response) -> str:
    """Return the code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    assert problem["remedy"]
    return str(problem["type"]).removeprefix(PROBLEM)


@contextmanager
def opened_region(database: str, home: Path) -> Iterator[ApiClient]:
    """Serve the API over a new region."""
    with region(database, home) as (application, reader), open_api(application, now=now) as opened:
        app = pages_app(reader, api=opened.api)
        with (
            serving(app) as address,
            httpx.Client(base_url=address, trust_env=False, timeout=60) as http,
        ):
            bare = ApiClient(application, opened, http)
            made = {
                role.value: bare.issue(
                    role.value, subject=f"{role.value}-1", organisations=("CSC",)
                )
                for role in Role
            }
            yield ApiClient(application, opened, http, made)


@pytest.fixture(scope="session")
def api(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiClient]:
    """The API over a region of its own, to which tests add streams."""
    name = f"api_{token_hex(4)}"
    database = servers.create_database(server, name, template_database)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CARETRAIL_READ_WAIT", "2")
        with opened_region(database, tmp_path_factory.mktemp("home")) as client:
            yield client
    servers.drop_database(server, name)
