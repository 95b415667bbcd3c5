"""Where a home keeps its PostgreSQL, and how a running server is found there."""

import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Final
from urllib.parse import quote

from infra.child_processes import ChildProcess, ProcessIdentity, arguments_of
from infra.postgres_account import ServerAccount
from infra.postgres_binaries import MAJOR, NoBinaries
from infra.server_log import ServerLog

NAME: Final = "caretrail"  # of the superuser and of the database

_LONGEST_SOCKET: Final = 103  # bytes: 107 on Linux, 103 on macOS
# Lines of postmaster.pid, PostgreSQL's own record of a running server, counted from 0.
_PID, _PORT, _FOLDER, _STATUS = 0, 3, 4, 7


@dataclass(frozen=True, slots=True)
class RunningPostgres:
    """A server process and where it listens."""

    child: ChildProcess
    socket_folder: Path
    port: int

    @property
    def url(self) -> str:
        """The connection string of our database, through the socket."""
        return self.url_of(NAME)

    def url_of(self, database: str) -> str:
        """Return the connection string of one of the server's databases."""
        folder = quote(str(self.socket_folder), safe="")
        return f"postgresql://{NAME}@/{database}?host={folder}&port={self.port}"


class PostgresHome:
    """The files of one home's server; PostgreSQL itself writes only below ``data``."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.folder = self.home / "postgres"
        self.data = self.folder / "data"
        self.settings = self.folder / "server.conf"
        self.access = self.folder / "access.conf"
        self.password = self.folder / "password"
        self.log = ServerLog(self.folder / "server.log")

    def make(self, account: ServerAccount) -> None:
        """Make the home and the folder; other users cannot read them, the server's may enter."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        account.reach(self.data, made=self.home)

    def check_release(self) -> None:
        """Refuse database files of another PostgreSQL release.

        Raises:
            NoBinaries: Another release made the files; the message says how to move the data.
        """
        found = (self.data / "PG_VERSION").read_text("ascii").strip()
        if found != MAJOR:
            raise NoBinaries(
                f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}: dump it with the"
                " release of caretrail that made it, then load the dump into a new home"
            )

    def find(self) -> RunningPostgres | None:
        """Return the server that runs on these files, no matter which process started it."""
        lines = self._postmaster()
        try:
            pid, port, folder = int(lines[_PID]), int(lines[_PORT]), Path(lines[_FOLDER])
        except (IndexError, ValueError):
            return None
        # Another process may have the id by now; our server has the data folder as an argument.
        identity = ProcessIdentity.of(pid)
        if identity is None or str(self.data) not in arguments_of(pid):
            return None
        return RunningPostgres(ChildProcess(identity), folder, port)

    def status(self, pid: int) -> str:
        """Return the state that the server with this id has recorded, such as ``ready``."""
        lines = self._postmaster()
        is_its_record = len(lines) > _STATUS and lines[_PID] == str(pid)
        return lines[_STATUS].strip() if is_its_record else ""

    def disarm_stale_pid(self) -> None:
        """Let PostgreSQL start although its old record names an id that another process has now.

        PostgreSQL refuses to start if the process that its record names is running. In a container
        an id is soon given to another process. This writes our own id into the record: PostgreSQL
        knows that we are no server, and uses the rest of the record to check that no process of
        the old server still uses the files. Call it only if ``find`` has found no server.
        """
        path = self.data / "postmaster.pid"
        lines = self._postmaster()
        if not lines:
            path.unlink(missing_ok=True)  # PostgreSQL refuses an empty record too
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    def reason_of_failure(self) -> str:
        """Return the last two lines of the log since the last start, without their prefixes."""
        lines = [each.partition("] ")[2] or each for each in self.log.of_this_start().splitlines()]
        return "; ".join(lines[-2:]) or "it wrote no reason"

    def _postmaster(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text("utf-8").splitlines()
        except OSError:
            return []


def make_socket_folder(home: Path, account: ServerAccount) -> Path:
    """Make the private folder of a home's socket; its path is short enough for every system.

    The folder's name is derived from the home, so that a start that was killed leaves no folder
    that is never used again. If another user has taken that name, a random name is used.
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
