"""What this machine cannot run is left out loudly: never a quiet skip.

A pytest plugin. Tests marked ``kafka``, ``chromium`` or ``openid`` are deselected where there is no
broker, no browser or no OpenID provider, the last lines of the run say so, and with
``CARETRAIL_CI=1`` the run has failed. Where tests are run by workers (``-n``), these collect; each
hands over what it has left out.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from infra import java, kafka_jars

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_not_run: Counter[tuple[str, str]] = Counter()


class Missing(Exception):
    """Something that tests need and this machine does not have."""


@cache
def kafka() -> None:
    """Have all that the broker needs, fetched if need be.

    Raises:
        Missing: it cannot be had here.
    """
    try:
        java.find()
        kafka_jars.fetched()
    except (java.NoJava, kafka_jars.NoJars) as error:
        raise Missing(str(error)) from error


@cache
def chromium() -> Path:
    """Return the browser's program: ``CARETRAIL_CHROMIUM``, else the one on the path.

    Raises:
        Missing: there is none.
    """
    for name in (os.environ.get("CARETRAIL_CHROMIUM"), *_BROWSERS):
        found = which(name) if name else None
        if found:
            return Path(found)
    raise Missing("no chromium on the path: apt-get install chromium")


@cache
def openid() -> Path:
    """Return the program of the OpenID provider, whose packages ``make test`` installs.

    Raises:
        Missing: Node.js or the packages are missing.
    """
    folder = Path(__file__).parent / "openid"
    if which("node") is None:
        raise Missing("no node on the path: apt-get install nodejs npm")
    if not (folder / "node_modules" / "oidc-provider").is_dir():
        raise Missing("its packages are missing: make openid")
    return folder / "provider.mjs"


_NEEDED: Mapping[str, Callable[[], object]] = {
    "kafka": kafka,
    "chromium": chromium,
    "openid": openid,
}


@pytest.hookimpl(trylast=True)  # after -m and -k: what nobody asked for is not missed
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not _can_run(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def _can_run(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    for need, have in _NEEDED.items():
        if need in fixtures or item.get_closest_marker(need) is not None:
            try:
                have()
            except Missing as error:
                _not_run[need, str(error)] += 1
                return False
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Iterator[None]:
    yield
    if _not_run:
        terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
        for (need, reason), count in sorted(_not_run.items()):
            tests = "test" if count == 1 else "tests"
            terminalreporter.write_line(
                f"{count} {tests} of {need} NOT RUN: {reason}", red=True, bold=True
            )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for need, reason, count in getattr(node, "workeroutput", {}).get("not_run", []):
        _not_run[need, reason] = max(count, _not_run[need, reason])  # each worker collects all


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        handed_over = [(need, reason, count) for (need, reason), count in _not_run.items()]
        session.config.workeroutput["not_run"] = handed_over
    elif _not_run and os.environ.get("CARETRAIL_CI") == "1":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
