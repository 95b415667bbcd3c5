"""Where a home keeps its broker, and how a running broker is found there.

Every path in the broker's settings is relative to its working folder. Kafka reads its settings as
Latin-1 and splits some of them at commas, so an absolute path could break on the home's name.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from shutil import rmtree
from subprocess import run
from typing import Final

from infra import child_processes, java, kafka_jars
from infra.atomic_file import write_atomically
from infra.child_processes import ChildProcess
from infra.java import Java
from infra.kafka_access import USER
from infra.key_file import make_key, read_key
from infra.ports import preferred_ports
from infra.server_log import ServerLog

#: All of the broker's environment: no Java options from the user's environment, and no secret.
ENVIRONMENT: Final[Mapping[str, str]] = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
PROPERTIES: Final = "server.properties"
LOG4J: Final = "log4j2.properties"

_DATA: Final = "data"
_LOG4J_TEXT: Final = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601}{UTC} %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


#: The settings that hold the credentials, one for each listener.
CREDENTIALS: Final = (
    "listener.name.clients.plain.sasl.jaas.config",
    "listener.name.controller.plain.sasl.jaas.config",
)


def login_of(password: str) -> str:
    """Return the setting with which the broker checks our password, and shows it to itself.

    Args:
        password: Letters, digits, ``-`` and ``_``, which need no quoting.
    """
    return (
        "org.apache.kafka.common.security.plain.PlainLoginModule required"
        f' username="{USER}" password="{password}" user_{USER}="{password}";'
    )


class NotFormatted(Exception):
    """Kafka's tool could not make the broker's files; the message is one line."""


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker's process and the facts of its record."""

    child: ChildProcess

    @property
    def address(self) -> str:
        """Where clients find the broker, as ``HOST:PORT``."""
        return f"127.0.0.1:{self.child.facts['port']}"

    @property
    def archives(self) -> Path:
        """The folder of the Java class archives that this broker started with."""
        return Path(self.child.facts["archives"])

    def has_pinned_jars(self) -> bool:
        """Say whether the broker runs on the jars that this release pins."""
        return self.child.facts["jars"] == kafka_jars.key()

    def asks_for_credentials(self) -> bool:
        """Say whether a client must know the password of the home."""
        return self.child.facts.get("credentials") == USER

    def answers(self) -> bool:
        """Say whether the broker accepts connections; it opens its port when it is ready."""
        port = int(self.child.facts["port"])
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return self.child.is_running()
        return False


class KafkaHome:
    """The files of one home's broker."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        self.folder = home.resolve() / "kafka"
        self.log = ServerLog(self.folder / "broker.log")
        self.record = self.folder / "broker.json"
        self.training = self.folder / "classes.new"
        #: An argument of every broker of this home: it finds a broker that has no record yet.
        self.mark = f"-Dcaretrail.kafka={self.folder}"
        self._settings = settings
        self._ports = self.folder / "ports"
        self._password = self.folder / "password"

    def make(self) -> None:
        """Make the home and the folder; only our user may read them."""
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def find(self) -> RunningBroker | None:
        """Return the broker that the record names, if it is running."""
        found = child_processes.find_recorded(self.record)
        if found is None or not {"port", "jars", "archives"} <= found.facts.keys():
            return None
        return RunningBroker(found)

    def all_running(self) -> list[ChildProcess]:
        """Return every broker process of this home, also one whose start was killed half-way."""
        return child_processes.find_by_argument(self.mark)

    def password(self) -> str:
        """Return the password of the broker's clients; it is drawn once for each home.

        Raises:
            KeyFileUnusable: Its file cannot be read, or other users may read it.
        """
        with suppress(FileNotFoundError):
            return read_key(self._password).decode("ascii")
        make_key(self._password, token_urlsafe(32).encode("ascii"))
        return read_key(self._password).decode("ascii")

    def configure(self, ports: tuple[int, int], *, data: str = _DATA) -> None:
        """Write the broker's settings.

        Args:
            ports: The port for clients, and the port that the broker uses for itself.
            data: The folder of its logs, relative to the broker's folder.
        """
        clients, itself = (f"127.0.0.1:{each}" for each in ports)
        here = {
            "controller.quorum.voters": f"1@{itself}",
            "listeners": f"CLIENTS://{clients},CONTROLLER://{itself}",
            "advertised.listeners": f"CLIENTS://{clients}",
            "log.dirs": data,
            **dict.fromkeys(CREDENTIALS, login_of(self.password())),
        }
        lines = [f"{name}={value}\n" for name, value in {**self._settings, **here}.items()]
        write_atomically(self.folder / PROPERTIES, "".join(lines))
        write_atomically(self.folder / LOG4J, _LOG4J_TEXT)
        write_atomically(self._ports, f"{ports[0]} {ports[1]}\n")

    def format(self, runtime: Java, jars: Path, archives: Path) -> None:
        """Make the broker's own files, all of them or none; takes 1 s, once for each home.

        Args:
            runtime: The Java to run Kafka's tool with.
            jars: The folder of Kafka's jars.
            archives: The folder of the Java class archives.

        Raises:
            NotFormatted: Kafka's tool failed; the message says why.
        """
        if (self.folder / _DATA).exists():
            return
        scratch = self.folder / f"{_DATA}.new"
        rmtree(scratch, ignore_errors=True)
        self.configure(self.free_ports(), data=scratch.name)
        cluster = token_urlsafe(16).replace("-", "a")  # a leading "-" would look like an option
        done = run(  # noqa: S603  # Java, with fixed words and our own paths
            [
                runtime.program,
                *java.short_options(runtime, archives),
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
            output = (done.stderr or done.stdout).strip().splitlines()
            raise NotFormatted(
                f"its files could not be made in {self.folder}: {' '.join(output[-1:])}"
            )
        scratch.rename(self.folder / _DATA)

    def free_ports(self) -> tuple[int, int]:
        """Return two free ports, if possible those of the last start, because clients know them."""
        last = [0, 0]
        with suppress(OSError, ValueError):
            last = [int(each) for each in self._ports.read_text("ascii").split()]
        clients, itself = preferred_ports((*last, 0, 0)[:2])
        return clients, itself

    def reason_of_failure(self) -> str:
        """Return the line of the log that says why the last start failed."""
        lines = [each for each in self.log.of_this_start().splitlines() if each.strip()]
        causes = [each for each in lines if "Exception" in each or "FATAL" in each]
        return " ".join((causes or lines)[-1:]) or "it wrote no reason"
