"""Measure pages, lists of the API and lists of the command line with a million patients.

``python -m benchmarks.pages`` records messages and commands of 2,000 patients, and loads copies of
all rows of all read models until there are a million (``benchmarks.copies``). Then it starts the
role ``http``, signs a coordinator in, and asks by HTTP. Beside each page it runs a bare SQL query
of the rows that the page is made of (``benchmarks.page_queries``). With ``--home FOLDER`` the
database is made in this folder, stays, and is used again by the next run.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from psycopg import Connection, sql

from benchmarks import copies, page_data
from benchmarks.page_reads import MeasuredRead, PageClients, page_reads
from benchmarks.table import TableLine
from caretrail.bootstrap import Application, opened
from caretrail.service import Service
from commands.permissions import Role
from infra import clock, tokens
from infra.postgres import pool
from infra.postgres_server import PostgresServer
from infra.settings import Settings
from infra.tokens import NewToken
from infra.web_sessions import PageUser, WebSessions
from projections.catalogue import PROJECTIONS
from projections.engine import generations

#: Milliseconds in which a page is to be answered.
GOAL: Final = 100.0
PATIENTS: Final = 1_000_000
#: Requests of each page.
ROUNDS: Final = 200

_TEMPLATES: Final = 2_000
_WARM: Final = 20  # requests that are not counted
_COMMANDS: Final = 5  # runs of each verb of the command line
#: Has the patients with activities in care: what a page shows is looked up there.
_COORDINATOR: Final = PageUser(
    issuer="local",
    subject=page_data.PERSON,
    roles=(Role.COORDINATOR.value,),
    organisations=tuple(page_data.organisations()),
)
#: Reads every patient.
_AUDITOR: Final = PageUser(
    issuer="local", subject="auditor", roles=(Role.COMPLIANCE.value,), organisations=()
)
#: Rows that are loaded into an emptied table are not written to the WAL.
_SERVER: Final = {"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "8GB"}
_CSRF: Final = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class PageTimes:
    """Milliseconds of each request of one page, and of the bare SQL query of its rows."""

    what: str
    page: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        """The median of the page."""
        return statistics.median(self.page)

    @property
    def p95(self) -> float:
        """The time within which 95 of 100 requests were answered."""
        return statistics.quantiles(self.page, n=20, method="inclusive")[18]

    @property
    def bare_p50(self) -> float:
        """The median of the bare query."""
        return statistics.median(self.bare)

    def line(self, patients: int) -> TableLine:
        """Return the line of the table."""
        return TableLine(
            f"{self.what}, p50, ms, {patients:,} patients",
            f"bare SQL {self.bare_p50:.1f}" if self.bare else "",
            f"{self.p50:.0f}",
            f"p95 {self.p95:.0f}",
            "" if self.what.startswith("command line") else f"{GOAL:.0f} ms",
        )


@contextmanager
def _server(home: Path | None) -> Iterator[tuple[PostgresServer, Path]]:
    """Give a server and its folder."""
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        with PostgresServer(home, settings=_SERVER) as postgres:
            yield postgres, home
        return
    # In a folder that another user can enter: if we are root, PostgreSQL runs as another user.
    with (
        TemporaryDirectory(prefix="caretrail-bench-", ignore_cleanup_errors=True) as folder,
        PostgresServer(Path(folder), settings=_SERVER) as postgres,
    ):
        yield postgres, Path(folder)


@contextmanager
def _filled(
    patients: int, report: Callable[[str], None], home: Path | None
) -> Iterator[tuple[Application, Settings]]:
    with _server(home) as (postgres, folder):
        (folder / "home").mkdir(mode=0o700, exist_ok=True)
        settings = Settings.model_validate(
            {"home": folder / "home", "database_url": postgres.url, "kafka": False,
             "id_key": "07" * 32, "http_port": 0, "log_level": "error"}
        )  # fmt: skip
        filled = folder / f"filled-{patients}"
        with opened(settings) as application:
            if not filled.exists():
                recorded = min(patients, _TEMPLATES)
                report(f"pages: recording {recorded:,} patients")
                page_data.record(application, recorded, clock.now())
                with application.connect() as connection:
                    copies.fill(connection, patients // recorded - 1, report)
                filled.touch()
            with application.connect() as connection:
                _refuse_another_release(connection, folder)
            yield application, settings


def _refuse_another_release(connection: Connection[Any], folder: Path) -> None:
    """Stop if the read models are of another release. The copies cannot be rebuilt: see ``copies``.

    Raises:
        SystemExit: They are.
    """
    try:
        generations.fed(connection, PROJECTIONS)
    except generations.NeedsRebuild as error:
        names = ", ".join(error.names)
        raise SystemExit(
            f"The read models in {folder} are of another release ({names}). Name another folder"
            " with --home, or delete this one."
        ) from None


@contextmanager
def _service(settings: Settings) -> Iterator[Service]:
    service = Service(settings, only=("http",), say=lambda _: None)
    try:
        service.start()
        yield service
    finally:
        service.stop()


@contextmanager
def _clients(application: Application, address: str, user: PageUser) -> Iterator[PageClients]:
    with pool(application.url, name="benchmark", size=1) as connections:
        link = WebSessions(connections.connection).new_link(user)
    with application.connect() as connection:
        token, _ = tokens.issue(
            connection,
            NewToken(
                subject=user.subject, name="", roles=list(user.roles),
                organisations=list(user.organisations), issued_by="benchmark",
                lifetime=timedelta(days=1),
            ),
        )  # fmt: skip
    headers = {"Authorization": f"Bearer {token}", "Purpose-Of-Use": "TREAT"}
    with (
        httpx.Client(base_url=address, timeout=600) as pages,
        httpx.Client(base_url=address, timeout=600, headers=headers) as api,
    ):
        pages.get("/ui/login", params={"link": link}, follow_redirects=True)
        answer = pages.get("/ui/patients")
        found = _CSRF.search(answer.text)
        if found is None:
            raise SystemExit(f"the first page of {user.subject} failed: {answer.status_code}")
        yield PageClients(pages, api, found[1])


def _measured(
    connection: Connection[Any], reads: list[MeasuredRead], *, rounds: int, warm: int
) -> list[PageTimes]:
    times = {each.what: PageTimes(each.what) for each in reads}
    for number in range(warm + rounds):
        for each in reads:
            given = each.given()
            started = time.perf_counter()
            answer = each.ask(given)
            page = time.perf_counter() - started
            if answer.status_code != httpx.codes.OK:
                raise SystemExit(f"{each.what}: {answer.status_code}")
            if number >= warm:
                times[each.what].page.append(page * 1000)
            if each.query:
                started = time.perf_counter()
                connection.execute(sql.SQL(each.query), given).fetchall()
                bare = time.perf_counter() - started
                if number >= warm:
                    times[each.what].bare.append(bare * 1000)
    return list(times.values())


def _verbs(settings: Settings, runs: int) -> list[PageTimes]:
    """Measure verbs of the command line, each in a process of its own, as a person runs them."""
    times = []
    for verb in ("--version", "work ls --org CLINIC1", "referral ls --target CLINIC1"):
        found = PageTimes(f"command line: {verb}")
        for _ in range(runs):
            started = time.perf_counter()
            subprocess.run(
                [Path(sys.executable).with_name("caretrail"), *verb.split()],
                env={**os.environ, **settings.environment()},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            found.page.append((time.perf_counter() - started) * 1000)
        times.append(found)
    return times


def measured(
    patients: int,
    report: Callable[[str], None],
    *,
    rounds: int,
    home: Path | None = None,
    warm: int = _WARM,
    only: str = "",
) -> list[PageTimes]:
    """Measure each page with so many patients.

    Args:
        patients: The number of patients.
        report: Told what is done.
        rounds: Requests of each page.
        home: The folder of the database, which stays; None: the database is dropped at the end.
        warm: Requests of each page before them that are not counted.
        only: Measure only what has this text in its name.
    """
    with _filled(patients, report, home) as (application, settings):
        report("pages: asking")
        with (
            _service(settings) as service,
            _clients(application, service.pages, _COORDINATOR) as ask,
            _clients(application, service.pages, _AUDITOR) as auditor,
            application.connect() as connection,
        ):
            recorded = min(patients, _TEMPLATES)
            reads = page_reads(
                ask, auditor, application.id_key, application.services.token, recorded
            )
            wanted = [each for each in reads if only in each.what]
            found = _measured(connection, wanted, rounds=rounds, warm=warm)
        return found if only else [*found, *_verbs(settings, min(rounds, _COMMANDS))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--warm", type=int, default=_WARM, help="requests that are not counted")
    parser.add_argument("--only", default="", help="only what has this text in its name")
    parser.add_argument("--home", type=Path, help="keep the database in this folder, and use it")
    given = parser.parse_args()
    began = time.perf_counter()
    found = measured(
        given.patients,
        lambda stage: print(
            f"{time.perf_counter() - began:.0f} s {stage}", file=sys.stderr, flush=True
        ),
        rounds=given.rounds,
        home=given.home,
        warm=given.warm,
        only=given.only,
    )
    print(f"| what, {given.patients:,} patients | bare SQL, p50, ms | p50, ms | p95, ms |")
    print("|---|---|---|---|")
    for each in found:
        bare = f"{each.bare_p50:.1f}" if each.bare else ""
        print(f"| {each.what} | {bare} | {each.p50:.0f} | {each.p95:.0f} |")


if __name__ == "__main__":
    main()
