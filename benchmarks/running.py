"""Start, load, query and stop the processes of both sides."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks.client import LoadResult
from caretrail.service import Service
from infra.event_log import EventLog
from infra.kafka_access import Brokers
from infra.kafka_server import KafkaServer
from infra.ports import free_port
from infra.postgres import pool
from infra.postgres_server import PostgresServer
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from projections.engine import fold

_LOOK_SECONDS: Final = 0.02
_VISIBLE_SECONDS: Final = 600.0


class BenchmarkFailed(Exception):
    """A process of the benchmark failed."""


@dataclass(slots=True)
class Machine:
    """One PostgreSQL and one broker for both sides; each measure has its own databases."""

    folder: Path
    url: str
    broker: Brokers | None

    @property
    def brokers(self) -> Brokers:
        """The broker.

        Raises:
            BenchmarkFailed: The machine was started without one.
        """
        if self.broker is None:
            raise BenchmarkFailed("this machine has no broker")
        return self.broker

    def database(self, template: str = "template0") -> str:
        """Make a database as a copy of ``template``; return its connection string."""
        name = f"bench_{token_hex(4)}"
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return make_conninfo(self.url, dbname=name)

    def settings(self, url: str, *, projects: bool) -> Settings:
        """Return settings for caretrail on a database; ``projects``: with Kafka."""
        name = str(conninfo_to_dict(url)["dbname"])
        home = self.folder / name
        home.mkdir(mode=0o700, exist_ok=True)
        made = Settings.model_validate(
            {
                "home": home,
                "database_url": url,
                "kafka": projects,
                "topic_prefix": name,
                "key_file": self.folder / "master.key",  # one for all, because databases are copied
                "id_key": "07" * 32,
                "mllp_port": 0,
                "log_level": "error",
            }
        )
        return made.with_brokers(self.brokers if projects else None)


@contextmanager
def machine(*, with_kafka: bool = True) -> Iterator[Machine]:
    """Start the servers with the same settings as ``caretrail demo``."""
    # In a folder that another user can enter: if we are root, PostgreSQL runs as another user.
    with TemporaryDirectory(prefix="caretrail-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with PostgresServer(home) as postgres:
            if not with_kafka:
                yield Machine(home, postgres.url, None)
                return
            with KafkaServer(home) as kafka:
                yield Machine(home, postgres.url, kafka.brokers)


@dataclass(slots=True)
class MeasuredSide:
    """One side of a comparison: it listens for MLLP, and has been sent a part of the feed."""

    name: str
    port: int
    sent: int = 0

    def load(self, connections: int, *, count: int = 10**9, seconds: float = 1e9) -> LoadResult:
        """Send the next messages of the feed.

        Args:
            connections: How many connections are used.
            count: Stop when so many messages are answered.
            seconds: Stop after so many seconds.

        Raises:
            BenchmarkFailed: A message was not answered AA.
        """
        numbers = (self.port, connections, self.sent, count, seconds)
        (output,) = run("client", *map(str, numbers))
        seen = LoadResult(**output)
        self.sent += seen.sent
        if set(seen.codes) != {"AA"}:
            raise BenchmarkFailed(f"{self.name} answered {seen.codes}")
        return seen


@dataclass(slots=True)
class BaselineSide(MeasuredSide):
    """The assembly from libraries, as two processes."""

    url: str = ""
    brokers: str = ""  # settings of its clients, as JSON
    _processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def serve(self) -> None:
        """Start the process that receives, records and publishes."""
        self._start("serve", self.url, self.brokers, str(self.port))

    def project(self) -> None:
        """Start the process that keeps the view."""
        self._start("project", self.url)

    def stop_projecting(self) -> None:
        """Stop the process that keeps the view, and empty the view."""
        self._stop(self._processes.pop())
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("truncate last_seen")
            # Not all of it: the library fails if its own mark in this table is missing.
            connection.execute("delete from last_seen_tracking where application_name = 'records'")

    def newest(self) -> int:
        """Return the id of the newest recorded event."""
        return self._number("select coalesce(max(notification_id), 0) from records_events")

    def position(self) -> int:
        """Return the id of the newest event in the view."""
        return self._number(
            "select coalesce(max(notification_id), 0) from last_seen_tracking"
            " where application_name = 'records'"
        )

    def shows(self, newest: int) -> bool:
        """Say whether every event up to ``newest`` is in the view."""
        return self.position() >= newest

    def stop(self) -> None:
        """Stop all processes."""
        while self._processes:
            self._stop(self._processes.pop())

    def _number(self, query: str) -> int:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def _start(self, mode: str, *arguments: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.baseline", mode, *arguments], stdout=subprocess.PIPE
        )
        self._processes.append(process)
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise BenchmarkFailed(f"the baseline does not {mode}")

    def _stop(self, process: "subprocess.Popen[bytes]") -> None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def baseline(machine: Machine) -> Iterator[BaselineSide]:
    """Start the assembly on a database of its own; it receives until exit."""
    side = BaselineSide(
        "baseline",
        free_port(),
        url=machine.database(),
        brokers=json.dumps(machine.brokers.client()),
    )
    try:
        side.serve()
        yield side
    finally:
        side.stop()


@dataclass(slots=True)
class CaretrailSide(MeasuredSide):
    """Roles of caretrail on a database of their own."""

    service: Service | None = None
    url: str = ""

    def pids(self) -> dict[str, int]:
        """Return the process id of each role."""
        return self.service.child_pids() if self.service else {}

    def newest(self) -> dict[int, int]:
        """Return the index of the newest event of each partition."""
        with pool(self.url, name="benchmark", size=1) as connections:
            return EventLog(connections, incarnation="").last_ids()

    def shows(self, newest: dict[int, int]) -> bool:
        """Say whether every event up to ``newest`` is in all read models."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            applied = fold.positions(connection, PROJECTIONS)
        return all(applied.get(partition, 0) >= last for partition, last in newest.items())


@contextmanager
def ours(machine: Machine, *roles: str) -> Iterator[CaretrailSide]:
    """Start caretrail with these roles; it receives until exit."""
    url = machine.database()
    service = Service(
        machine.settings(url, projects="projector" in roles), only=roles, say=lambda _: None
    )
    try:
        service.start()
        yield CaretrailSide("caretrail", service.mllp_port, service=service, url=url)
    finally:
        service.stop()


def until(reached: Callable[[], bool]) -> float:
    """Wait until ``reached()`` is true; return the time, on the clock of ``time.perf_counter``.

    Raises:
        BenchmarkFailed: It was not true within ten minutes.
    """
    deadline = time.perf_counter() + _VISIBLE_SECONDS
    while not reached():
        if time.perf_counter() > deadline:
            raise BenchmarkFailed(f"events are not visible after {_VISIBLE_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)
    return time.perf_counter()


def run(
    module: str, *arguments: str, environment: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Run a module of the benchmark to its end; return the JSON objects that it printed.

    Raises:
        BenchmarkFailed: The process ended with an error.
    """
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode:
        raise BenchmarkFailed(f"{module} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def resident(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    found = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(found.stdout) / 1024


def cpu_seconds(pid: int) -> float:
    """Return the seconds of CPU that a process has taken, as Linux counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
