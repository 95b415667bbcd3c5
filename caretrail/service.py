"""Run a service: PostgreSQL, the Kafka broker, and one process per role.

The supervisor starts the servers that the settings do not name, starts the roles, and restarts a
role that died. It stops the roles first (intake, relay, projector, pages), then the broker, and
PostgreSQL last. Processes that a ``kill -9`` of the supervisor leaves behind are found by their
records and stopped at the next start.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from threading import Event
from typing import IO, Final

import structlog

from caretrail import listening
from caretrail.bootstrap import opened
from caretrail.failure import HALTED, AlreadyRunning, RoleFailed
from caretrail.role import ROLES
from caretrail.running_service import SILENT, record_of, running_service, unready_role
from infra import child_processes
from infra.atomic_file import write_atomically
from infra.child_processes import ChildProcess
from infra.kafka_access import Brokers
from infra.kafka_server import KafkaServer, KafkaUnavailable
from infra.oidc import issuer_of
from infra.oidc_login import client_of, public_address
from infra.ports import free_port, free_ports
from infra.postgres import await_recovery, recovering
from infra.postgres_server import PostgresServer, PostgresUnavailable
from infra.relay_checkpoint import newest_generation
from infra.settings import Settings
from infra.topics import apply as apply_topics

log = structlog.get_logger()

_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_RESTART_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # before the nth restart in a row
_FAILURES_AT_START: Final = 3  # of one role, until starting is given up
_STEADY_SECONDS: Final = 30.0  # after running this long, a role's earlier failures do not count


@dataclass(slots=True)
class _Role:
    """One role and its present process."""

    name: str
    health: int
    environment: Mapping[str, str]
    child: ChildProcess | None = None
    started: float = 0.0
    failures: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class Service:
    """The processes of one home.

    Args:
        settings: The settings. A database and brokers that they name are used and not started.
        only: The roles to run.
        other_ports: If a port of the settings is taken at the start, take a free one.
        say: Called with one line of text for each step.
    """

    settings: Settings
    only: Sequence[str] = ROLES
    other_ports: bool = False
    say: Callable[[str], None] = print
    postgres: PostgresServer | None = None
    kafka: KafkaServer | None = None
    brokers: Brokers | None = None
    mllp_port: int = 0
    http_port: int = 0
    database: str = ""  # where it is; empty until it was found
    _roles: list[_Role] = field(default_factory=list)
    _servers: dict[str, tuple[int, float]] = field(default_factory=dict)  # attempts, not before
    _locks: list[IO[bytes]] = field(default_factory=list)

    @property
    def pages(self) -> str:
        """Return the address of the pages."""
        return f"http://{_literal(self.settings.http_host)}:{self.http_port}"

    def start(self, stop: Event | None = None) -> None:
        """Start the servers and roles; wait until every role is ready, or until told to stop.

        Raises:
            AlreadyRunning: Another service of this home runs one of these roles.
            RoleFailed: A role did not become ready in time.
            BadSettings: A role cannot listen on its address.
            Exception: As ``opened`` raises: settings, profiles, keys or database cannot be used.
        """
        stop = stop or Event()
        home = self.settings.home
        if "http" in self.only:
            # Refused before anything is started.
            listening.address(self.settings)
            public_address(self.settings)
            client_of(self.settings, issuer_of(self.settings))
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._claim()
        self._stop_leftovers()
        listening.try_addresses(self.settings, self.only, other_ports=self.other_ports)
        if self.settings.database_url is None:
            self.say("PostgreSQL 18 is starting")
            self.postgres = PostgresServer(home, say=self.say, stop=stop)
            try:
                self.postgres.start()
            except PostgresUnavailable:
                if stop.is_set():
                    return
                raise
            url = self.postgres.url
        else:
            url = self.settings.database_url.get_secret_value()
        await_recovery(url, stop=stop, say=self.say)
        if stop.is_set():
            return
        self.database = url
        with opened(self.settings):
            pass  # a failure that every role would have is reported once, here
        self._start_kafka(url)
        self._start_roles(url, stop)
        self._note()

    def watch(self, stop: Event) -> None:
        """Restart servers and roles that die, until told to stop."""
        while not stop.wait(0.25):
            self.restart_dead()

    def restart_dead(self) -> None:
        """Check every process once; restart those that died."""
        self._restart_server("postgres", self.postgres)
        self._restart_server("kafka", self.kafka)
        now = time.monotonic()
        for role in self._roles:
            if role.child is not None and not role.child.is_running():
                if now - role.started > _STEADY_SECONDS:
                    role.failures = 0
                wait = _RESTART_SECONDS[min(role.failures, len(_RESTART_SECONDS) - 1)]
                log.error("role.died", name=role.name, exit_code=role.child.exit_code, seconds=wait)
                role.child.forget()
                role.child, role.failures = None, role.failures + 1
                role.not_before = now + wait
            if role.child is None and now >= role.not_before:
                self._launch(role)

    def _restart_server(self, name: str, server: PostgresServer | KafkaServer | None) -> None:
        """Restart a server that died; if it does not start, try again later."""
        if server is None or server.is_running():
            return
        attempts, not_before = self._servers.get(name, (0, 0.0))
        if time.monotonic() < not_before:
            return
        log.error("server.died", name=name, attempt=attempts + 1)
        try:
            server.stop()
            server.start()
        except (PostgresUnavailable, KafkaUnavailable):
            wait = _RESTART_SECONDS[min(attempts, len(_RESTART_SECONDS) - 1)]
            log.exception("server.unavailable", name=name, seconds=wait)
            self._servers[name] = (attempts + 1, time.monotonic() + wait)
        else:
            self._servers.pop(name, None)

    def stop(self) -> None:
        """Stop the roles and servers in order; leave no process behind.

        A server that a command still uses keeps running. The last process that leaves it stops it.
        """
        ordered = sorted(self._roles, key=lambda each: ROLES.index(each.name))
        running = [role.child for role in ordered if role.child is not None]
        if running and ordered[0].name == "mllp" and ordered[0].child is running[0]:
            # It stops first, because it answers the messages in flight and needs the other roles.
            running.pop(0).stop((signal.SIGTERM,), within=_STOP_SECONDS)
        for child in running:
            child.send(signal.SIGTERM)  # all together, so that they stop side by side
        for child in running:
            child.stop((signal.SIGTERM,), within=_STOP_SECONDS)
        self._roles.clear()
        if self.kafka is not None:
            self.kafka.leave()
        if self.postgres is not None:
            self.postgres.leave()
        if self._locks and self._is_noted():
            self._record.unlink()
        while self._locks:
            self._locks.pop().close()

    def unready(self) -> dict[str, str]:
        """Return why roles are not ready, by role."""
        return {role.name: why for role in self._roles if (why := _why_unready(role)) is not None}

    def child_pids(self) -> dict[str, int]:
        """Return the process ids, by role."""
        return {each.name: each.child.pid for each in self._roles if each.child is not None}

    @property
    def _record(self) -> Path:
        return record_of(self.settings.home)

    def _claim(self) -> None:
        """Claim these roles of the home. The kernel releases the locks when this process ends."""
        for name in self.only:
            path = self._role_record(name).with_suffix(".lock")
            lock = path.open("ab")
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                lock.close()
                running = running_service(self.settings.home) or {}
                raise AlreadyRunning(
                    f"{name} of {self.settings.home} already runs, in process"
                    f" {running.get('pid', '?')}: stop that process first, or set CARETRAIL_HOME to"
                    " another folder"
                ) from None
            self._locks.append(lock)

    def _is_noted(self) -> bool:
        with suppress(OSError, ValueError):
            return bool(json.loads(self._record.read_text("utf-8"))["pid"] == os.getpid())
        return False

    def _stop_leftovers(self) -> None:
        for name in self.only:
            left = child_processes.find_recorded(self._role_record(name))
            if left is not None:
                log.warning("role.left_behind", name=name, pid=left.pid)
                left.stop((signal.SIGTERM,), within=_STOP_SECONDS)

    def _role_record(self, name: str) -> Path:
        folder = self.settings.home / "run"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder / f"{name}.json"

    def _start_kafka(self, url: str) -> None:
        self.brokers = self.settings.brokers
        needed = {"relay", "projector"} & set(self.only)
        if self.brokers is None and self.settings.kafka and needed:
            try:
                self.say("Apache Kafka is starting")
                self.kafka = KafkaServer(self.settings.home)
                self.kafka.start()
                self.brokers = self.kafka.brokers
            except KafkaUnavailable as error:
                self.kafka = None
                self.say(f"No Kafka ({error}): the read models are updated from the store")
        if self.brokers is not None:
            apply_topics(self.brokers, self.settings.topic_prefix, newest_generation(url))

    def _start_roles(self, url: str, stop: Event) -> None:
        wanted = [name for name in self.only if name != "relay" or self.brokers is not None]
        taken = (self.settings.mllp_port, self.settings.http_port, self.settings.health_port)
        mllp, http, *others = free_ports(2 + len(wanted), exclude=taken)
        self.mllp_port = self.settings.mllp_port or mllp
        self.http_port = self.settings.http_port or http
        if self.other_ports:
            self.mllp_port, self.http_port = free_port(self.mllp_port), free_port(self.http_port)
        health = dict(zip(wanted, others, strict=True))
        shared = {
            **os.environ,
            **self.settings.with_brokers(self.brokers)
            .model_copy(update={"mllp_port": self.mllp_port, "http_port": self.http_port})
            .environment(),
            "CARETRAIL_ROLE_HEALTH": json.dumps(health),
        }
        for name in wanted:
            port = self.settings.health_port if len(wanted) == 1 else 0
            port = port or health[name]
            role = _Role(name, port, {**shared, "CARETRAIL_HEALTH_PORT": str(port)})
            self._roles.append(role)
            self._launch(role)
        self._wait_for_roles(url, stop)

    def _wait_for_roles(self, url: str, stop: Event) -> None:
        """Wait until the roles are ready. A role that answers and has a problem may go on.

        Raises:
            RoleFailed: A role does not start.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while (unready := self._starting()) and not stop.is_set():
            late = time.monotonic() > deadline
            died = any(role.child is None for role in self._roles)
            if (late or died) and recovering(url):
                await_recovery(url, stop=stop, say=self.say)
                deadline = time.monotonic() + _READY_SECONDS
                for role in self._roles:
                    role.failures = 0
            elif late:
                break
            self.restart_dead()
            for role in self._roles:
                if role.child is None:
                    self._leave_taken_ports(role)
                if role.failures >= _FAILURES_AT_START:
                    raise RoleFailed(f"{role.name} does not start; its log above says why")
            time.sleep(0.05)
        silent = [name for name, why in unready.items() if why == SILENT]
        if silent and not stop.is_set():
            raise RoleFailed(f"roles not ready in time: {', '.join(silent)} {SILENT}")
        for name, why in self.unready().items():
            self.say(f"{name} is not ready: {why}")

    def _leave_taken_ports(self, role: _Role) -> None:
        """Give other ports to a role that died, if another process listens on its ports.

        A port that was free may be taken before the role listens on it: two demos that start at
        the same time prefer the same ports. A port that the settings demand stays.
        """
        self._leave_taken_health_port(role)
        if role.name == "mllp" and (self.other_ports or not self.settings.mllp_port):
            self.mllp_port = port = free_port(self.mllp_port)
        elif role.name == "http" and (self.other_ports or not self.settings.http_port):
            self.http_port = port = free_port(self.http_port)
        else:
            return
        role.environment = {**role.environment, f"CARETRAIL_{role.name.upper()}_PORT": str(port)}

    def _leave_taken_health_port(self, role: _Role) -> None:
        """Give another health port to a role that died, if another process listens on its port.

        A port of the settings stays. The pages ask every role whether it is ready, so they are
        started again with the new port.
        """
        port = role.health if role.health == self.settings.health_port else free_port(role.health)
        if port == role.health:
            return
        role.health = port
        role.environment = {**role.environment, "CARETRAIL_HEALTH_PORT": str(port)}
        ports = json.dumps({each.name: each.health for each in self._roles})
        for each in self._roles:
            each.environment = {**each.environment, "CARETRAIL_ROLE_HEALTH": ports}
            if each.name == "http" and each.child is not None:
                each.child.stop((signal.SIGTERM,), within=_STOP_SECONDS)
                each.child = None

    def _starting(self) -> dict[str, str]:
        """Return why roles are not ready, by role. A role that has halted is started.

        Intake and pages are useful without it, and its reason is in ``/readyz`` and its log.
        """
        return {name: why for name, why in self.unready().items() if not why.startswith(HALTED)}

    def _launch(self, role: _Role) -> None:
        role.started = time.monotonic()
        role.child = child_processes.start(
            [sys.executable, "-m", "caretrail.role", role.name],
            record=self._role_record(role.name),
            environment=role.environment,
            output=None,
            errors=None,
        )

    def _note(self) -> None:
        write_atomically(
            self._record,
            json.dumps(
                {
                    "pid": os.getpid(),
                    "mllp": f"{self.settings.mllp_host}:{self.mllp_port}",
                    "pages": self.pages,
                    "kafka": self.brokers.servers if self.brokers else "",
                    "health": {role.name: role.health for role in self._roles},
                }
            ),
        )


def _why_unready(role: _Role) -> str | None:
    """Return why a role is not ready; None if it is ready.

    Another process may listen on the health port of a role that died.
    """
    if role.child is None or not role.child.is_running():
        return SILENT
    return unready_role(role.health)


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host
