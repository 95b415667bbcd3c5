"""Both sides as running processes: what a measure starts, feeds, asks and stops."""

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

from benchmarks.client import Seen
from caretrail.service import Service, free_port
from infra.event_log import EventLog
from infra.kafka_server import KafkaServer
from infra.postgres import pool
from infra.postgres_server import PostgresServer
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from projections.engine import fold

_LOOK_SECONDS: Final = 0.02
_VISIBLE_SECONDS: Final = 600.0


class Failed(Exception):
    """A process of the benchmark did not do what it was started for."""


@dataclass(slots=True)
class Machine:
    """One PostgreSQL and one broker, shared by both sides; each measure has its own databases."""

    folder: Path
    url: str
    brokers: str

    def database(self, template: str = "template0") -> str:
        """Make a database, a copy of ``template``, and return where it is."""
        name = f"bench_{token_hex(4)}"
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return make_conninfo(self.url, dbname=name)

    def settings(self, url: str, *, projects: bool) -> Settings:
        """Return the settings of a caretrail on a database of this machine."""
        name = str(conninfo_to_dict(url)["dbname"])
        home = self.folder / name
        home.mkdir(mode=0o700, exist_ok=True)
        return Settings.model_validate(
            {
                "home": home,
                "database_url": url,
                "kafka_bootstrap_servers": self.brokers if projects else None,
                "kafka": projects,
                "topic_prefix": name,
                "key_file": self.folder / "master.key",  # copies of a database have the same
                "id_key": "07" * 32,
                "mllp_port": 0,
                "log_level": "error",
            }
        )


@contextmanager
def machine() -> Iterator[Machine]:
    """Start the servers with the settings that ``caretrail demo`` starts them with."""
    # Not in anybody's private folder: as root, PostgreSQL runs as another user.
    with TemporaryDirectory(prefix="caretrail-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with PostgresServer(home) as postgres, KafkaServer(home) as kafka:
            yield Machine(home, postgres.url, kafka.bootstrap_servers)


@dataclass(slots=True)
class Side:
    """Something that listens for MLLP; how far a feed has been sent to it."""

    name: str
    port: int
    sent: int = 0

    def load(self, connections: int, *, count: int = 10**9, seconds: float = 1e9) -> Seen:
        """Send the next messages of the feed until so many are answered, or so long.

        Raises:
            Failed: Some were not accepted.
        """
        numbers = (self.port, connections, self.sent, count, seconds)
        (said,) = run("client", *map(str, numbers))
        seen = Seen(**said)
        self.sent += seen.sent
        if set(seen.codes) != {"AA"}:
            raise Failed(f"{self.name} answered {seen.codes}")
        return seen


@dataclass(slots=True)
class Baseline(Side):
    """The assembly from libraries, as two processes."""

    url: str = ""
    brokers: str = ""
    _processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def serve(self) -> None:
        """Start the process that receives, records and publishes."""
        self._start("serve", self.url, self.brokers, str(self.port))

    def project(self) -> None:
        """Start the process that keeps the view."""
        self._start("project", self.url)

    def stop_projecting(self) -> None:
        """End that process, and forget what it made."""
        self._stop(self._processes.pop())
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("truncate last_seen")
            # The library keeps a mark of its own there, and stumbles where it is missing.
            connection.execute("delete from last_seen_tracking where application_name = 'records'")

    def newest(self) -> int:
        """Return the id of the newest event."""
        return self._number("select coalesce(max(notification_id), 0) from records_events")

    def position(self) -> int:
        """Return the id of the newest event in the view."""
        return self._number(
            "select coalesce(max(notification_id), 0) from last_seen_tracking"
            " where application_name = 'records'"
        )

    def shows(self, newest: int) -> bool:
        """Say whether everything up to this event is in the view."""
        return self.position() >= newest

    def stop(self) -> None:
        """End what was started."""
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
            raise Failed(f"the baseline does not {mode}")

    def _stop(self, process: "subprocess.Popen[bytes]") -> None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def baseline(machine: Machine) -> Iterator[Baseline]:
    """Give the assembly on a database of its own, receiving."""
    side = Baseline("baseline", free_port(), url=machine.database(), brokers=machine.brokers)
    try:
        side.serve()
        yield side
    finally:
        side.stop()


@dataclass(slots=True)
class Ours(Side):
    """Caretrail's roles on a database of their own."""

    service: Service | None = None
    url: str = ""

    def pids(self) -> dict[str, int]:
        """Return the process of each role."""
        return self.service.child_pids() if self.service else {}

    def newest(self) -> dict[int, int]:
        """Return the index of the newest event of each partition."""
        with pool(self.url, name="benchmark", size=1) as connections:
            return EventLog(connections, incarnation="").last_ids()

    def shows(self, newest: dict[int, int]) -> bool:
        """Say whether everything up to these events is in all read models."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            applied = fold.positions(connection, PROJECTIONS)
        return all(applied.get(partition, 0) >= last for partition, last in newest.items())


@contextmanager
def ours(machine: Machine, *roles: str) -> Iterator[Ours]:
    """Give caretrail with these roles, receiving."""
    url = machine.database()
    service = Service(
        machine.settings(url, projects="projector" in roles), only=roles, say=lambda _: None
    )
    try:
        service.start()
        yield Ours("caretrail", service.mllp_port, service=service, url=url)
    finally:
        service.stop()


def until(reached: Callable[[], bool]) -> float:
    """Wait until something is so; return when it was, on the clock of ``time.perf_counter``.

    Raises:
        Failed: It takes too long.
    """
    deadline = time.perf_counter() + _VISIBLE_SECONDS
    while not reached():
        if time.perf_counter() > deadline:
            raise Failed("what was sent does not become visible")
        time.sleep(_LOOK_SECONDS)
    return time.perf_counter()


def run(
    module: str, *arguments: str, environment: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Run a module of the benchmark to its end; return the lines of JSON that it printed.

    Raises:
        Failed: It ended with an error.
    """
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode:
        raise Failed(f"{module} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def resident(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    found = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(found.stdout) / 1024
