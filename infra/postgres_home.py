"""Where a home keeps its PostgreSQL, and how a running one is found there."""

import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import IO, Final
from urllib.parse import quote

from infra import child_processes
from infra.postgres_account import Account
from infra.postgres_binaries import MAJOR, NoBinaries

NAME: Final = "caretrail"  # of the superuser and of the database

_LONGEST_SOCKET: Final = 103  # bytes: 107 on Linux, 103 on macOS
_LARGEST_LOG: Final = 10_000_000  # bytes; a larger one is set aside at the next start
# Lines of postmaster.pid, PostgreSQL's own record of a running server, counted from 0.
_PID, _PORT, _FOLDER, _STATUS = 0, 3, 4, 7


@dataclass(frozen=True, slots=True)
class Running:
    """A server process and where it listens."""

    child: child_processes.ChildProcess
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The connection string of the database, through the socket."""
        return self.url_of(NAME)

    def url_of(self, database: str) -> str:
        """The connection string of one of its databases."""
        folder = quote(str(self.folder), safe="")
        return f"postgresql://{NAME}@/{database}?host={folder}&port={self.port}"


class Place:
    """The files of one home's server; those that PostgreSQL itself writes are all in ``data``."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.folder = self.home / "postgres"
        self.data = self.folder / "data"
        self.settings = self.folder / "server.conf"
        self.access = self.folder / "access.conf"
        self.password = self.folder / "password"
        self.log = self.folder / "server.log"
        self._log_starts = 0

    def make(self, account: Account) -> None:
        """Make the home and the folder, private but for the server's own user."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        account.reach(self.data)

    def check(self) -> None:
        """Refuse the files of another PostgreSQL than ours.

        Raises:
            NoBinaries: another release made them.
        """
        found = (self.data / "PG_VERSION").read_text("ascii").strip()
        if found != MAJOR:
            raise NoBinaries(
                f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}: dump it with the"
                " release of caretrail that made it, then load the dump into a new home"
            )

    def find(self) -> Running | None:
        """Return the server that runs on these files, whoever started it."""
        lines = self._postmaster()
        try:
            pid, port, folder = int(lines[_PID]), int(lines[_PORT]), Path(lines[_FOLDER])
        except (IndexError, ValueError):
            return None
        # The id may be another process's by now; ours was started with this very folder.
        identity = child_processes.ProcessIdentity.of(pid)
        if identity is None or str(self.data) not in child_processes.arguments_of(pid):
            return None
        return Running(child_processes.ChildProcess(identity), folder, port)

    def status(self, pid: int) -> str:
        """Return what the server with this id says of itself: ``starting``, ``ready``, ..."""
        lines = self._postmaster()
        mine = len(lines) > _STATUS and lines[_PID] == str(pid)
        return lines[_STATUS].strip() if mine else ""

    def disarm_stale_pid(self) -> None:
        """Let PostgreSQL start although its record names an id that a stranger has by now.

        It refuses to start when the process its record names is alive, which in a container is
        soon some other one. Our own id it takes for no server, and still looks, by the rest of
        the record, whether processes of the old one use the files. Only for files that ``find``
        knows no server of.
        """
        path = self.data / "postmaster.pid"
        lines = self._postmaster()
        if not lines:
            path.unlink(missing_ok=True)  # an empty one, which it refuses as well
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    def open_log(self) -> IO[bytes]:
        """Open the log to append to; one grown large is set aside first."""
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > _LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".log.1"))
        log = self.log.open("ab")
        self._log_starts = log.tell()
        return log

    def last_words(self) -> str:
        """Return what the log said last since it was opened, without the head of each line."""
        said = self.log.read_bytes()[self._log_starts :].decode("utf-8", "replace")
        lines = [each.partition("] ")[2] or each for each in said.splitlines()]
        return "; ".join(lines[-2:]) or "it said nothing"

    def _postmaster(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text("utf-8").splitlines()
        except OSError:
            return []


def socket_folder(home: Path, account: Account) -> Path:
    """Make the private folder of a home's socket, short enough for every system.

    Its name is derived from the home, so that a killed start leaves nothing that is not used
    again; where somebody else has taken that name, it is drawn.
    """
    name = f"caretrail-{sha256(os.fsencode(home)).hexdigest()[:12]}"
    base = Path(gettempdir())
    if len(os.fsencode(base / name / ".s.PGSQL.65535.lock")) > _LONGEST_SOCKET:
        base = Path("/tmp")  # noqa: S108  # the folder made in it is private
    folder = base / name
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.user}:
            folder = Path(mkdtemp(prefix="caretrail-", dir=base))
    folder.chmod(0o700)
    account.own(folder)
    account.reach(folder)
    return folder


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
