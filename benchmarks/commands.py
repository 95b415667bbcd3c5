"""Measure commands over HTTP.

``python -m benchmarks.commands`` prints a table: commands per second with 16 clients, beside a
plain ``Application`` of ``eventsourcing`` behind FastAPI, and how long one command takes beside the
bare transaction of PostgreSQL that inserts the same rows. Every figure is durable: a command is
answered after its commit is on the disk.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import psycopg

from benchmarks.client import LoadResult
from benchmarks.measures import Rates
from benchmarks.running import Machine, cpu_seconds, machine, run, until
from benchmarks.table import TableLine, markdown
from caretrail.running_service import unready_role
from caretrail.service import Service
from commands.permissions import Role
from infra import tokens
from infra.ports import free_port
from infra.tokens import NewToken

CLIENTS: Final = 16
#: Commands per second with 16 clients, against the plain application.
GOAL: Final = 3.0
_WARM_SECONDS: Final = 2.0


@dataclass(slots=True)
class CommandFigures:
    """The figures of every round."""

    rates: Rates = field(default_factory=Rates)
    #: p50 and p99 of one command, in seconds.
    baseline: list[tuple[float, float]] = field(default_factory=list)
    ours: list[tuple[float, float]] = field(default_factory=list)
    bare: list[tuple[float, float]] = field(default_factory=list)
    #: Milliseconds of CPU that the server process of each side takes for a command.
    cpu: Rates = field(default_factory=Rates)
    #: Milliseconds of CPU that the client takes for a command; it shares their cores.
    client: Rates = field(default_factory=Rates)

    @staticmethod
    def medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
        """Return the medians of p50 and p99, in seconds."""
        p50, p99 = zip(*rounds, strict=True)
        return statistics.median(p50), statistics.median(p99)


@dataclass(frozen=True, slots=True)
class _CommandSide:
    port: int
    url: str
    token: str
    pid: int

    def load(self, clients: int, seconds: float) -> LoadResult:
        (output,) = run("command_client", str(self.port), str(clients), str(seconds), self.token)
        return LoadResult(**output)

    def busy(self, seconds: float) -> tuple[float, float, float]:
        """Load with all clients.

        Returns:
            The rate, and the milliseconds of CPU of a command: of the server process and of the
            client.
        """
        before = cpu_seconds(self.pid)
        seen = self.load(CLIENTS, seconds)
        server = cpu_seconds(self.pid) - before
        return seen.rate, server / seen.sent * 1000, seen.cpu / seen.sent * 1000


@contextmanager
def _plain(here: Machine) -> Iterator[_CommandSide]:
    port, url = free_port(), here.database()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.plain_commands", url, str(port)])
    side = _CommandSide(port, url, "none", process.pid)
    try:
        until(lambda: unready_role(side.port) is None)
        yield side
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _caretrail(here: Machine) -> Iterator[_CommandSide]:
    url = here.database()
    settings = here.settings(url, projects=False).model_copy(update={"http_port": 0})
    service = Service(settings, only=("http",), say=lambda _: None)
    try:
        service.start()
        with psycopg.connect(url, autocommit=True) as connection:
            token, _ = tokens.issue(
                connection,
                NewToken(
                    subject="benchmark",
                    name="",
                    roles=[Role.COORDINATOR.value],
                    organisations=["CSC"],
                    issued_by="benchmark",
                    lifetime=timedelta(days=1),
                ),
            )
        yield _CommandSide(service.http_port, url, token, service.child_pids()["http"])
    finally:
        service.stop()


def _bare(url: str, seconds: float) -> tuple[float, float]:
    """Insert rows of recorded commands again, a transaction each; return p50 and p99 in seconds."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("event", "command_key"):
            connection.execute(f"drop table if exists bare_{table}")
            connection.execute(f"create table bare_{table} (like es.{table} including all)")
        rows = connection.execute(_ROWS).fetchall()
        waits, ends = list[float](), time.perf_counter() + seconds
        for event, key in rows:
            if time.perf_counter() >= ends:
                break
            began = time.perf_counter()
            with connection.transaction():
                connection.execute(_INSERT_EVENT, (event,), prepare=True)
                connection.execute(_INSERT_KEY, (key,), prepare=True)
            waits.append(time.perf_counter() - began)
    waits.sort()
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100]


#: Rows of commands, with one event each, and the row of their idempotency key.
_ROWS: Final = """
    select e::text, k::text from es.command_key k
    join es.event e on e.originator_id = k.stream and e.originator_version = k.version + 1
    where k.events = 1 order by e.notification_id limit 20000
"""
_INSERT_EVENT: Final = "insert into bare_event select (%s::es.event).*"
_INSERT_KEY: Final = "insert into bare_command_key select (%s::es.command_key).*"


def measured(here: Machine, *, rounds: int, seconds: float) -> CommandFigures:
    """Measure both sides in turns.

    Args:
        here: The servers.
        rounds: How often each side is measured.
        seconds: How long one load takes.
    """
    found = CommandFigures()
    with _plain(here) as plain, _caretrail(here) as ours:
        for side in (plain, ours):
            side.load(CLIENTS, _WARM_SECONDS)
        for _ in range(rounds):
            for side, rates, cpu, client in (
                (plain, found.rates.baseline, found.cpu.baseline, found.client.baseline),
                (ours, found.rates.ours, found.cpu.ours, found.client.ours),
            ):
                rate, of_server, of_client = side.busy(seconds)
                rates.append(rate)
                cpu.append(of_server)
                client.append(of_client)
            for side, waits in ((plain, found.baseline), (ours, found.ours)):
                seen = side.load(1, seconds)
                waits.append((seen.p50, seen.p99))
            found.bare.append(_bare(ours.url, seconds))
    return found


def lines(found: CommandFigures) -> list[TableLine]:
    """Return the lines of the table."""
    plain, ours, bare = map(found.medians, (found.baseline, found.ours, found.bare))
    return [
        TableLine.rates(f"commands over HTTP, {CLIENTS} clients, commands/s", found.rates, GOAL),
        TableLine(
            "CPU of the server process for one command, ms",
            f"{statistics.median(found.cpu.baseline):.2f}",
            f"{statistics.median(found.cpu.ours):.2f}",
            f"{1 / found.cpu.ratio:.1f} x",
            "",
        ),
        TableLine(
            "CPU of the client for one command, ms",
            f"{statistics.median(found.client.baseline):.2f}",
            f"{statistics.median(found.client.ours):.2f}",
            "",
            "",
        ),
        TableLine.waits("one command over HTTP, p50, ms", plain[0], ours[0]),
        TableLine.waits("one command over HTTP, p99, ms", plain[1], ours[1]),
        *(
            TableLine(
                f"its rows in a bare transaction, {name}, ms",
                "",
                f"{bare[at] * 1000:.1f}",
                f"{ours[at] / bare[at]:.1f} x",
                "",
            )
            for at, name in enumerate(("p50", "p99"))
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commands", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    given = parser.parse_args()
    with machine(with_kafka=False) as here:
        found = measured(here, rounds=given.rounds, seconds=given.seconds)
    print(markdown(lines(found)))


if __name__ == "__main__":
    main()
