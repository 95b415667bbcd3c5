"""A running service as an operator has it: started, killed anywhere, started again."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import OpenerDirector

from infra import child_processes
from tests.acceptance.command_line import CommandLine
from tests.signed_in import signed_in_opener

PARTS = ("mllp", "relay", "projector", "http", "postgres", "kafka", "supervisor")


@dataclass
class RunningService:
    line: CommandLine
    roles: tuple[str, ...] = ()  # empty: all
    supervisor: "subprocess.Popen[bytes] | None" = None
    killed: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.line.home

    def start(self, seconds: float = 240) -> None:
        """Start the supervisor and wait until it says where everything is."""
        only = ("--only", ",".join(self.roles)) if self.roles else ()
        self.supervisor = self.line.start("serve", *only)
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            assert self.supervisor.poll() is None, self._said()
            assert time.monotonic() < deadline, "not ready in time"
            time.sleep(0.1)

    def is_ready(self) -> bool:
        return self.supervisor is not None and self.facts().get("pid") == self.supervisor.pid

    def has_failed(self) -> bool:
        """Say whether the supervisor ended without being told or killed."""
        return self.supervisor is not None and (self.supervisor.poll() or 0) > 0

    def facts(self) -> dict[str, object]:
        try:
            found: dict[str, object] = json.loads(
                (self.home / "run" / "service.json").read_text("utf-8")
            )
        except (OSError, ValueError):
            return {}
        return found

    @property
    def mllp(self) -> tuple[str, int]:
        host, _, port = str(self.facts()["mllp"]).rpartition(":")
        return host, int(port)

    @property
    def api(self) -> str:
        """Return the address below which the API is."""
        return f"{self.facts()['pages']}/api/v1"

    def browser(self) -> OpenerDirector:
        """Return an opener that is signed in to the pages."""
        return signed_in_opener(self.line.object("login", "--json")["link"])

    def pids(self, part: str) -> list[int]:
        """Return the processes of a part, wherever they came from."""
        if part == "supervisor":
            return [self.supervisor.pid] if self.supervisor is not None else []
        if part in {"postgres", "kafka"}:
            mark = {"postgres": "-D", "kafka": "kafka.Kafka"}[part]
            return [
                int(each.name)
                for each in Path("/proc").iterdir()
                if each.name.isdigit()
                and mark in (said := child_processes.arguments_of(int(each.name)))
                and any(str(self.home) in argument for argument in said)
            ]
        child = child_processes.find_recorded(self.home / "run" / f"{part}.json")
        return [child.pid] if child is not None else []

    def kill(self, part: str) -> None:
        """kill -9; a killed supervisor is started again, as whoever runs it would."""
        for pid in self.pids(part):
            os.kill(pid, signal.SIGKILL)
            self.killed.append(part)
        if part == "supervisor" and self.supervisor is not None:
            self.supervisor.wait(120)
            self.start()

    def stop(self) -> None:
        """Ask to stop, as Ctrl-C, a service manager or a closed terminal does."""
        if self.supervisor is None:
            return
        self.supervisor.terminate()
        try:
            self.supervisor.wait(120)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()
            raise
        self.supervisor = None

    def left_behind(self) -> list[str]:
        """Return what still runs of this home."""
        pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
        said = [_said(pid) for pid in pids if pid != os.getpid()]
        return [" ".join(each) for each in said if any(str(self.home) in word for word in each)]

    def _said(self) -> str:
        return self.line.errors.read_text("utf-8", "replace")[-4000:]


def _said(pid: int) -> tuple[str, ...]:
    """Return what tells whose a process is: its arguments, and the home in its environment."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        environment = ""
    homes = [each for each in environment.split("\0") if each.startswith("CARETRAIL_HOME=")]
    return (*child_processes.arguments_of(pid), *homes)


@contextmanager
def serving(line: CommandLine, *roles: str) -> Iterator[RunningService]:
    """Serve a home, with these roles or with all."""
    service = RunningService(line, roles)
    try:
        service.start()
        yield service
    finally:
        service.stop()
