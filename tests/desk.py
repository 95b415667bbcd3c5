"""A person at the pages of a region that may be written to: fills forms, and sends them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path
from secrets import token_hex

import httpx
import pytest
from starlette.applications import Starlette

from caretrail.bootstrap import Application
from caretrail.http import OwnActivities
from tests import servers
from tests.pages import pages_app
from tests.projecting import projecting
from tests.region import Told, region
from tests.serving import serving
from tests.signed_in import sessions_of, sign_in


@dataclass
class Desk:
    """A person at the pages of a region that may be written to."""

    client: httpx.Client
    told: Told
    site: str
    app: Starlette

    @property
    def application(self) -> Application:
        return self.told.application

    def fields(self, address: str, **typed: str) -> dict[str, str]:
        """Return the hidden fields of a form, with what is typed."""
        page = self.client.get(address)
        assert page.status_code == 200, page.text
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
        given = {name: unescape(text) for name, text in hidden}
        return {**given, **{name.replace("__", "."): text for name, text in typed.items()}}

    def send(self, address: str, **typed: str) -> httpx.Response:
        """Fill a form and send it."""
        return self.client.post(address, data=self.fields(address, **typed))

    def recorded(self, address: str, **typed: str) -> str:
        """Fill a form and send it; return the page that shows what was recorded."""
        answer = self.send(address, **typed)
        assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)
        self.application.read_models.catch_up()
        page = self.client.get(answer.headers["location"])
        assert page.status_code == 200
        return unescape(page.text)

    def request(self, **typed: str) -> httpx.Response:
        """Request a referral of the patient Alder."""
        given = {"requester__organisation": "NGH", "target__organisation": "CSC"}
        return self.send(self.new, **{**given, "service": "cardiology", **typed})

    @property
    def new(self) -> str:
        return f"/ui/patients/{self.told.alder}/record/referral/request"

    def referral(self, **typed: str) -> str:
        """Request a referral; return its address."""
        answer = self.request(**typed)
        assert answer.status_code == 303, answer.text
        self.application.read_models.catch_up()
        return answer.headers["location"].partition("?")[0]

    def step(self, referral: str, verb: str) -> str:
        """Return the address of the form of a step."""
        return f"/ui/streams/{referral.rpartition('/')[2]}/record/referral/{verb}"

    def offered(self, referral: str) -> list[str]:
        """Return the verbs of the steps that the page of a referral offers, in their order."""
        steps = re.escape(self.step(referral, ""))
        page = self.client.get(referral).text
        return re.findall(rf'<li><a class="button[^"]*" href="{steps}(\w+)"', page)

    def events(self) -> int:
        return self.application.store.max_index()


@pytest.fixture(scope="module")
def desk(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    with open_desk(server, template_database, tmp_path_factory.mktemp("home")) as opened:
        yield opened


@contextmanager
def open_desk(
    server: str, template: str, home: Path, *, present: datetime | None = None
) -> Iterator[Desk]:
    """Serve the pages of a new region that may be written to; give a person who is signed in.

    Args:
        server: The server of the database.
        template: A database that is migrated, with empty read models.
        home: The home of the application.
        present: The instant that commands take for the present; None: the clock.
    """
    name = f"desk_{token_hex(4)}"
    database = servers.create_database(server, name, template)
    with (
        region(database, home, present=present) as (application, reader),
        projecting(application),
    ):
        told = Told(application, reader)
        app = pages_app(
            reader, own=OwnActivities(decisions=application.decisions, id_key=application.id_key)
        )
        with serving(app) as site, httpx.Client(base_url=site, trust_env=False) as client:
            yield Desk(sign_in(client, sessions_of(reader)), told, site, app)
    servers.drop_database(server, name)
