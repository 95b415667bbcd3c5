"""Open connections to PostgreSQL with time limits, so that no call waits without end."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
import structlog
from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn, Ping
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import ConnectionPool
from typing_extensions import override

from commands.ports.store import RightMissing, StoreUnavailable

log = structlog.get_logger()

#: Seconds that one SQL statement may take. Statements of the write side take milliseconds. If one
#: waits longer than this for the append lock, it fails, and its message is answered `AR`.
STATEMENT_TIMEOUT: Final = 30
#: Seconds that a transaction may be idle, for example because its process was suspended.
IDLE_IN_TRANSACTION_TIMEOUT: Final = 30
CONNECT_TIMEOUT: Final = 10  # seconds
#: Seconds without an answer after which the network to the server counts as cut. The operating
#: system's own limit is a quarter of an hour or more.
SILENCE_TIMEOUT: Final = 20
#: Seconds between two lines that say that the server is recovering, and between two looks.
RECOVERY_SAY: Final = 30.0
_RECOVERY_LOOK: Final = 1.0
RECOVERING: Final = (
    "PostgreSQL cannot be used yet: it is starting, or recovering from a crash. This may take"
    " minutes; caretrail waits"
)
#: Seconds that the write side waits for a connection, while a sender waits for its answer.
#: ``record_messages`` makes three attempts; together they take less time than a listener that is
#: stopped waits for the messages in flight.
WRITE_TIMEOUT: Final = 2
#: Seconds for which a connection of a pool is not checked again.
_TRUSTED: Final = 0.5


_NETWORK: Final = {
    "connect_timeout": CONNECT_TIMEOUT,
    "tcp_user_timeout": SILENCE_TIMEOUT * 1000,
    "keepalives_idle": SILENCE_TIMEOUT // 2,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def network(url: str) -> dict[str, Any]:
    """Return arguments for ``psycopg.connect``: those of the URL, and limits for a cut network."""
    return {**_NETWORK, **conninfo_to_dict(url)}


def recovering(url: str) -> bool:
    """Tell whether the server runs but cannot be written to yet, because it recovers.

    During crash recovery it takes no connections. During recovery from an archive it may take some
    that only read.
    """
    wanted = network(url)
    match PGconn.ping(make_conninfo(**wanted).encode()):
        case Ping.REJECT:
            return True
        case Ping.OK:
            try:
                with psycopg.connect(**wanted) as connection:
                    row = connection.execute("select pg_is_in_recovery()").fetchone()
            except psycopg.Error:
                return False  # the next connection reports why
            return row == (True,)
        case _:
            return False


def log_recovery(line: str) -> None:
    """Write a line about a server that takes no connections yet to the log."""
    log.warning("database.recovering", text=line)


def await_recovery(
    url: str, *, stop: Event | None = None, say: Callable[[str], None] = log_recovery
) -> None:
    """Wait as long as the server takes no connections, or until told to stop; say so meanwhile.

    Recovery repeats all writes since the last checkpoint, so it may take many minutes.

    Args:
        url: A connection string or URL.
        stop: Ends the wait.
        say: Called with one line soon, and then every 30 s.
    """
    stop = stop or Event()
    began = time.monotonic()
    due = 0.0
    while recovering(url) and not stop.wait(_RECOVERY_LOOK):
        waited = time.monotonic() - began
        if waited >= due:
            say(f"{RECOVERING} ({waited:.0f} s so far)")
            due = waited + RECOVERY_SAY


def settings(url: str, *, name: str, statement_timeout: int = STATEMENT_TIMEOUT) -> dict[str, Any]:
    """Return arguments for ``psycopg.connect``: those of the URL, our time limits, and UTC.

    Transactions are read committed, whatever the server says. After a wait for the append lock,
    a writer must see the newest event; a transaction with an older snapshot would not.

    Args:
        url: A connection string or URL.
        name: The part of caretrail that connects; shown in ``pg_stat_activity``.
        statement_timeout: In seconds; 0 for statements that may take any time.
    """
    given = conninfo_to_dict(url)
    limits = (
        f"-c statement_timeout={statement_timeout}s"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT}s -c timezone=UTC"
        r" -c default_transaction_isolation=read\ committed"
    )
    return {
        **_NETWORK,
        **given,
        "application_name": f"caretrail {name}",
        "options": f"{given.get('options') or ''} {limits}".strip(),
    }


@contextmanager
def pool(url: str, *, name: str, size: int = 2) -> Iterator[ConnectionPool[Connection[TupleRow]]]:
    """Open a pool of connections in autocommit.

    A connection is checked when it is taken, unless it was taken a moment ago too: a check is a
    round trip.
    """
    taken = WeakKeyDictionary[Connection[TupleRow], float]()

    def check(connection: Connection[TupleRow]) -> None:
        now = time.monotonic()
        if now - taken.get(connection, -_TRUSTED) > _TRUSTED:
            ConnectionPool.check_connection(connection)
        taken[connection] = now

    with ConnectionPool(
        kwargs={**settings(url, name=name), "autocommit": True},
        min_size=1,
        max_size=size,
        check=check,
        timeout=CONNECT_TIMEOUT,
        open=True,
    ) as opened:
        yield opened


class Lender:
    """Lends the connections of a pool to threads."""

    def __init__(self, connections: ConnectionPool[Connection[TupleRow]]) -> None:
        self._pool = connections
        self._of_thread = threading.local()

    @contextmanager
    def connection(self) -> Iterator[Connection[TupleRow]]:
        """Lend a connection: within ``held``, the same one each time.

        Raises:
            StoreUnavailable: The server is lost or cannot be reached.
        """
        held: ExitStack | None = getattr(self._of_thread, "held", None)
        with reachable():
            if held is None:
                with self._pool.connection() as lent:
                    yield lent
                return
            if self._of_thread.connection is None:
                self._of_thread.connection = held.enter_context(self._pool.connection())
            yield self._of_thread.connection

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the calling thread keep its connection until exit.

        A connection is checked when it leaves the pool, and that costs a round trip each time.
        """
        with ExitStack() as stack:
            self._of_thread.held, self._of_thread.connection = stack, None
            try:
                yield
            finally:
                self._of_thread.held = None


@contextmanager
def snapshot(connection: Connection[Any]) -> Iterator[None]:
    """Let all queries until exit see one state of the database. They cannot write.

    Otherwise rows could hold an event that was applied after the position of the answer was read.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        yield


@contextmanager
def reachable() -> Iterator[None]:
    """Raise ``StoreUnavailable`` if the server is lost, cannot be reached or lacks a right."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise right_missing(error) from None
    except (psycopg.InterfaceError, psycopg.OperationalError) as error:
        raise StoreUnavailable(type(error).__name__) from error


def right_missing(error: psycopg.errors.InsufficientPrivilege) -> RightMissing:
    """Write to the log which right is missing, and return the error of the port.

    The text of PostgreSQL names a table, a function or a schema, and no value.
    """
    reason = error.diag.message_primary or type(error).__name__
    log.error("database.right_missing", reason=reason)
    return RightMissing(reason)


class Datastore(PostgresDatastore):
    """The connection pool of the ``eventsourcing`` library, for any connection string."""

    @override
    def __init__(self, url: str, *, schema: str, size: int = 2) -> None:
        given = settings(url, name="store")
        super().__init__(
            str(given.get("dbname") or ""),
            str(given.get("host") or ""),
            str(given.get("port") or ""),
            str(given.get("user") or ""),
            "",
            schema=schema,
            pool_size=1,
            max_overflow=size - 1,
            connect_timeout=WRITE_TIMEOUT,
            idle_in_transaction_session_timeout=IDLE_IN_TRANSACTION_TIMEOUT,
        )
        # The library knows only five parts of a URL. Others, such as certificates, are added here.
        self.pool.kwargs = {**given, "row_factory": dict_row}
