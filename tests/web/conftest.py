"""The pages of the region, served to a browser."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.pages import pages_app
from tests.region import Told
from tests.serving import serving
from tests.signed_in import NURSE, sessions_of, sign_in
from tests.web.browser import Browser, browser
from tests.web.office import Office, open_office


@pytest.fixture(scope="session")
def site(told: Told) -> Iterator[str]:
    """The pages, on a free port of loopback."""
    numbers = count(1)
    app = pages_app(told.reader, new_id=lambda: f"search-{next(numbers)}")
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def client(told: Told, site: str) -> Iterator[httpx.Client]:
    """A client of the pages that is signed in."""
    with httpx.Client(base_url=site, trust_env=False) as made:
        yield sign_in(made, sessions_of(told.reader))


@pytest.fixture(scope="session")
def office(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """Pages of a region that may be written to, with recorded activities."""
    with open_office(server, template_database, tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture(scope="session")
def chromium_tab(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests: it takes seconds to start."""
    with browser(chromium, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="session")
def tab(chromium_tab: Browser, told: Told, site: str) -> Browser:
    """A tab that is signed in at the pages of the region."""
    link = sessions_of(told.reader).new_link(NURSE)
    chromium_tab.show(f"{site}/ui/login?link={link}", 1366, 768)
    return chromium_tab
