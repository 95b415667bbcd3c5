"""The region on pages, served to a browser."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
import uvicorn

from caretrail.http import create_app
from tests.region import WORDS, Told, now, told
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
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def tab(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests: it takes seconds to start."""
    with browser(chromium, tmp_path_factory.mktemp("browser")) as opened:
        yield opened
