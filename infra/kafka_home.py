"""Where a home keeps its broker, and how a running one is found there.

Every path that the broker is told is relative to its working folder, so that no letter of a
home's name means anything to it: its settings are lists with commas, read as Latin-1.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from secrets import token_urlsafe
from shutil import rmtree
from subprocess import run
from typing import IO, Final

from infra import child_processes, kafka_jars
from infra.atomic_file import write_atomically
from infra.java import Java

#: All of the broker's environment: no options for Java from ours, and no secret.
ENVIRONMENT: Final[Mapping[str, str]] = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
PROPERTIES: Final = "server.properties"
LOG4J: Final = "log4j2.properties"

_DATA: Final = "data"
_WARNINGS: Final = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601}{UTC} %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""
_LARGEST_LOG: Final = 10_000_000  # bytes; a larger one is set aside at the next start


class NotFormatted(Exception):
    """The broker's own files could not be made; the message is one line."""


class Place:
    """The files of one home's broker."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        self.folder = home.resolve() / "kafka"
        self.log = self.folder / "broker.log"
        self.record = self.folder / "broker.json"
        self.training = self.folder / "classes.new"
        #: An argument of every broker of this home, which finds it where no record was written.
        self.mark = f"-Dcaretrail.kafka={self.folder}"
        self._settings = settings
        self._ports = self.folder / "ports"
        self._log_starts = 0

    def make(self) -> None:
        """Make the home and the folder, private to us."""
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def find(self) -> child_processes.ChildProcess | None:
        """Return the broker that the record names, if it runs."""
        found = child_processes.find_recorded(self.record)
        return (
            found
            if found is not None and {"port", "jars", "archives"} <= found.facts.keys()
            else None
        )

    def all_running(self) -> list[child_processes.ChildProcess]:
        """Return every broker of this home, also one whose start was killed half-way."""
        return child_processes.find_by_argument(self.mark)

    def configure(self, ports: tuple[int, int], *, data: str = _DATA) -> None:
        """Write the broker's settings, for these ports: that of clients, and that for itself."""
        clients, itself = (f"127.0.0.1:{each}" for each in ports)
        here = {
            "controller.quorum.voters": f"1@{itself}",
            "listeners": f"PLAINTEXT://{clients},CONTROLLER://{itself}",
            "advertised.listeners": f"PLAINTEXT://{clients}",
            "log.dirs": data,
        }
        lines = [f"{name}={value}\n" for name, value in {**self._settings, **here}.items()]
        write_atomically(self.folder / PROPERTIES, "".join(lines))
        write_atomically(self.folder / LOG4J, _WARNINGS)
        write_atomically(self._ports, f"{ports[0]} {ports[1]}\n")

    def format(self, runtime: Java, jars: Path) -> None:
        """Make the broker's own files, all of them or none; 1 s, once a home.

        Raises:
            NotFormatted: Kafka's tool failed; says why.
        """
        if (self.folder / _DATA).exists():
            return
        scratch = self.folder / f"{_DATA}.new"
        rmtree(scratch, ignore_errors=True)
        self.configure(self.free_ports(), data=scratch.name)
        cluster = token_urlsafe(16).replace("-", "a")  # the tool takes a leading - for an option
        done = run(  # noqa: S603  # Java, with fixed words and our own paths
            [
                *(runtime.program, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                *("-XX:-UsePerfData", f"-Dlog4j2.configurationFile={LOG4J}", "-cp", f"{jars}/*"),
                *("kafka.tools.StorageTool", "format", "-t", cluster, "-c", PROPERTIES),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=ENVIRONMENT,
            cwd=self.folder,
            start_new_session=True,
        )
        if done.returncode != 0:
            rmtree(scratch, ignore_errors=True)
            said = (done.stderr or done.stdout).strip().splitlines()
            raise NotFormatted(f"its files could not be made: {' '.join(said[-1:])}")
        scratch.rename(self.folder / _DATA)

    def free_ports(self) -> tuple[int, int]:
        """Return two free ports: those of the last start where they are, for clients know them."""
        last = [0, 0]
        with suppress(OSError, ValueError):
            last = [int(each) for each in self._ports.read_text("ascii").split()]
        with ExitStack() as held:  # both at once, so that they differ
            first, second = (held.enter_context(_bound(each)) for each in (*last, 0, 0)[:2])
            return first.getsockname()[1], second.getsockname()[1]

    def open_log(self) -> IO[bytes]:
        """Open the log to append to; one grown large is set aside first."""
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > _LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".log.1"))
        log = self.log.open("ab")
        self._log_starts = log.tell()
        return log

    def log_of_start(self) -> str:
        """Return what the log has said since it was opened."""
        return self.log.read_bytes()[self._log_starts :].decode("utf-8", "replace")

    def last_words(self) -> str:
        """Return the line of the log that says why a start failed."""
        lines = [each for each in self.log_of_start().splitlines() if each.strip()]
        causes = [each for each in lines if "Exception" in each or "FATAL" in each]
        return " ".join((causes or lines)[-1:]) or "it said nothing"


def address(broker: child_processes.ChildProcess) -> str:
    """Return where a broker is, as ``HOST:PORT``."""
    return f"127.0.0.1:{broker.facts['port']}"


def answers(broker: child_processes.ChildProcess) -> bool:
    """Say whether a broker takes connections: it opens its port when it is ready."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", int(broker.facts["port"])), 1):
        return broker.is_running()
    return False


def jars_of(broker: child_processes.ChildProcess) -> bool:
    """Say whether a broker runs on the jars that are pinned now."""
    return broker.facts["jars"] == kafka_jars.key()


def _bound(port: int) -> socket.socket:
    """Bind a port of 127.0.0.1 as a server would, or any free one where it is taken."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        probe.bind(("127.0.0.1", 0))
    return probe
