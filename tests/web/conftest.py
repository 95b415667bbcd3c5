"""The pages of the region, served to a browser."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from caretrail.http import create_app
from tests.region import WORDS, Told, now, told
from tests.serving import serving
from tests.web.browser import Browser, browser

__all__ = ["told"]


@pytest.fixture(scope="session")
def site(told: Told) -> Iterator[str]:
    """The pages, on a free port of loopback."""
    numbers = count(1)
    app = create_app(
        told.reader,
        now=now,
        new_id=lambda: f"search-{next(numbers)}",
        words=WORDS,
        problems=dict,
        metrics=bytes,
    )
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def tab(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests: it takes seconds to start."""
    with browser(chromium, tmp_path_factory.mktemp("browser")) as opened:
        yield opened
