"""Measure pages, lists of the API and lists of the command line with a million patients.

``python -m benchmarks.pages`` records messages and commands of 2,000 patients, and loads copies of
all rows of all read models until there are a million (``benchmarks.copies``). Then it starts the
role ``http``, signs a coordinator in, and asks by HTTP. Beside each page it runs a bare SQL query
of the rows that the page is made of (``benchmarks.page_queries``). With ``--home FOLDER`` the
database is made in this folder, stays, and is used again by the next run.
"""

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, LiteralString

import httpx
from psycopg import Connection, sql

from benchmarks import copies, page_data, page_queries
from benchmarks.table import TableLine
from caretrail.bootstrap import Application, opened
from caretrail.service import Service
from caretrail.web.referral_pages import COLUMNS, ENDED
from commands.permissions import Role
from domain.ids import IdKey
from infra import clock, tokens
from infra.postgres import pool
from infra.postgres_server import PostgresServer
from infra.settings import Settings
from infra.tokens import NewToken
from infra.web_sessions import PageUser, WebSessions

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
_NEXT: Final = re.compile(r'href="([^"]+)">(?:Next|Older)</a>')

#: What a page is asked for: values by name. The bare query takes them as parameters.
_Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MeasuredRead:
    """A page or a list, and the bare query of its rows."""

    what: str
    ask: Callable[[_Given], httpx.Response]
    query: LiteralString
    given: Callable[[], _Given] = dict


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
            yield application, settings


@dataclass(frozen=True, slots=True)
class _Clients:
    """Who asks, in a browser that is signed in and in a program with a token."""

    pages: httpx.Client
    api: httpx.Client
    csrf: str

    def page(self, address: str) -> Callable[[_Given], httpx.Response]:
        """Return how to ask for a page; the address has places for what is given."""
        return lambda given: self.pages.get(address.format_map(given))

    def list(self, address: str) -> Callable[[_Given], httpx.Response]:
        """Return how to ask for a list of the API."""
        return lambda given: self.api.get(f"/api/v1/{address}".format_map(given))

    def search(self, given: _Given) -> httpx.Response:
        """Search as the form of the page does, with the page that it leads to."""
        form = {"q": given["words"], "csrf": self.csrf}
        return self.pages.post("/ui/search", data=form, follow_redirects=True)

    def find(self, given: _Given) -> httpx.Response:
        """Search through the API."""
        return self.api.post("/api/v1/patients/search", json={"words": given["words"]})

    def following(self, first: str) -> Callable[[], _Given]:
        """Return what gives the address of each next page, from the second page of a list on."""
        address = first

        def given() -> _Given:
            nonlocal address
            found = _NEXT.search(self.pages.get(address).text)
            address = unescape(found[1]) if found else first
            return {"next": address}

        return given


@contextmanager
def _service(settings: Settings) -> Iterator[Service]:
    service = Service(settings, only=("http",), say=lambda _: None)
    try:
        service.start()
        yield service
    finally:
        service.stop()


@contextmanager
def _clients(application: Application, address: str, user: PageUser) -> Iterator[_Clients]:
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
        found = _CSRF.search(pages.get("/ui/patients").text)
        if found is None:
            raise SystemExit("the sign-in failed")
        yield _Clients(pages, api, found[1])


def _reads(
    ask: _Clients, auditor: _Clients, ids: IdKey, token: Callable[[str], str], recorded: int
) -> list[MeasuredRead]:
    """Return what is measured."""
    drawn = random.Random(1)  # noqa: S311  # the same patients in every run
    usual = page_data.with_activities(recorded)
    open_states = [state for _, states in COLUMNS for state in states]

    def one_of(patients: range) -> Callable[[], _Given]:
        return lambda: {"patient": page_data.record_of(ids, drawn.choice(patients))}

    def hospital() -> _Given:
        return {"organisation": page_data.facility(drawn.randrange(recorded))}

    def clinic() -> _Given:
        return {
            "organisation": page_data.clinic(drawn.randrange(recorded)),
            "states": [*open_states, *ENDED],
            "limit": 12,
        }

    def by_number() -> _Given:
        patient = drawn.randrange(recorded)
        home, number = page_data.facility(patient), page_data.number(patient)
        return {"words": f"{home}|{number}", "ref": ids.record(home, number, "P")}

    def by_name() -> _Given:
        name = page_data.family(drawn.randrange(recorded))
        return {"words": name, "token": token(f"name:{name.lower()}")}

    own = {"organisations": page_data.organisations(), "person": page_data.PERSON}
    board = {"states": [*open_states, *ENDED], "limit": 12}
    return [
        MeasuredRead("first page", auditor.page("/"), page_queries.NEWEST, lambda: {"limit": 1}),
        MeasuredRead(
            "work list of 40 organisations", ask.page("/ui/work"), page_queries.WORK_OF_THESE,
            lambda: own,
        ),
        MeasuredRead(
            "work list of a person", ask.page("/ui/work?whose=mine"), page_queries.WORK_OF_PERSON,
            lambda: own,
        ),
        MeasuredRead("work list of all", ask.page("/ui/work?whose=all"), page_queries.WORK),
        MeasuredRead(
            "work list of one clinic", ask.page("/ui/work?facility={organisation}"),
            page_queries.WORK_OF_ONE, clinic,
        ),
        MeasuredRead(
            "work list, overdue for long", ask.page("/ui/work?facility={organisation}&older=yes"),
            page_queries.WORK_OLDER, clinic,
        ),
        MeasuredRead(
            "work list, next page", ask.page("{next}"), "",
            ask.following("/ui/work?whose=all"),
        ),
        MeasuredRead(
            "referral board", ask.page("/ui/referrals"), page_queries.BOARD, lambda: board
        ),
        MeasuredRead(
            "referral board of one clinic", ask.page("/ui/referrals?facility={organisation}"),
            page_queries.BOARD_OF_ONE, clinic,
        ),
        MeasuredRead(
            "referral board, one state", ask.page("/ui/referrals?state=Requested"),
            page_queries.BOARD, lambda: {"states": list(COLUMNS[0][1]), "limit": 50},
        ),
        MeasuredRead(
            "referrals as a table, next page", ask.page("{next}"), "",
            ask.following("/ui/referrals?view=table"),
        ),
        MeasuredRead(
            "patient page", ask.page("/ui/patients/{patient}"), page_queries.PERSON, one_of(usual)
        ),
        MeasuredRead(
            "patient page, long history", ask.page("/ui/patients/{patient}"), page_queries.PERSON,
            one_of(page_data.long_histories()),
        ),
        MeasuredRead(
            "replay of a patient", ask.page("/ui/patients/{patient}/replay"), page_queries.PERSON,
            one_of(usual),
        ),
        MeasuredRead(
            "replay, long history", ask.page("/ui/patients/{patient}/replay"), page_queries.PERSON,
            one_of(page_data.long_histories()),
        ),
        MeasuredRead(
            "census of a facility", auditor.page("/ui/census?facility={organisation}"),
            page_queries.CENSUS, hospital,
        ),
        MeasuredRead(
            "patients", auditor.page("/ui/patients"), page_queries.NEWEST, lambda: {"limit": 50}
        ),
        MeasuredRead("search by number", auditor.search, page_queries.BY_NUMBER, by_number),
        MeasuredRead("search by family name", auditor.search, page_queries.BY_NAME, by_name),
        MeasuredRead(
            "API: work list of one clinic", ask.list("work-list?organisation={organisation}"),
            page_queries.WORK_OF_ONE, clinic,
        ),
        MeasuredRead(
            "API: open referrals of one clinic",
            ask.list("referrals?open=true&target={organisation}"),
            page_queries.BOARD_OF_ONE, clinic,
        ),
        MeasuredRead(
            "API: referrals in one state", ask.list("referrals?state=requested"),
            page_queries.BOARD, lambda: {"states": ["requested"], "limit": 50},
        ),
        MeasuredRead(
            "API: patients", auditor.list("patients"), page_queries.NEWEST, lambda: {"limit": 50}
        ),
        MeasuredRead(
            "API: search by number", auditor.find, page_queries.BY_NUMBER, by_number
        ),
        MeasuredRead(
            "API: timeline of a patient", ask.list("patients/{patient}/timeline"),
            page_queries.PERSON, one_of(usual),
        ),
        MeasuredRead(
            "API: census of a facility", auditor.list("census?facility={organisation}"),
            page_queries.CENSUS, hospital,
        ),
    ]  # fmt: skip


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
            reads = _reads(ask, auditor, application.id_key, application.services.token, recorded)
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
