"""Connections to PostgreSQL: with limits, so that nothing waits for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import ConnectionPool
from typing_extensions import override

from commands.ports.store import StoreUnavailable

#: Seconds. A statement of the write side takes milliseconds; one that waits longer than this for
#: the append lock gives up, and the message is asked for again.
STATEMENT_TIMEOUT: Final = 30
#: Seconds that a transaction may sit idle, as when its process was stopped.
IDLE_IN_TRANSACTION_TIMEOUT: Final = 30
CONNECT_TIMEOUT: Final = 10
#: Seconds after which a server beyond a cut network counts as lost; the system's own answer takes
#: a quarter of an hour and more.
SILENCE_TIMEOUT: Final = 20
#: Seconds that the write side waits for a connection: a sender is waiting for its answer.
#: Three times this, the attempts of ``record_messages``, stay below the time in which a listener
#: that is told to stop answers what is in flight.
WRITE_TIMEOUT: Final = 2


_NETWORK: Final = {
    "connect_timeout": CONNECT_TIMEOUT,
    "tcp_user_timeout": SILENCE_TIMEOUT * 1000,
    "keepalives_idle": SILENCE_TIMEOUT // 2,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def network(url: str) -> dict[str, Any]:
    """Return arguments for ``psycopg.connect``: the URL's own, and what finds a cut network."""
    return {**_NETWORK, **conninfo_to_dict(url)}


def settings(url: str, *, name: str, statement_timeout: int = STATEMENT_TIMEOUT) -> dict[str, Any]:
    """Return arguments for ``psycopg.connect``: the URL's own, our limits, UTC.

    Args:
        url: A connection string or URL.
        name: What connects; seen in ``pg_stat_activity``.
        statement_timeout: In seconds; 0 for work that may take any time.
    """
    given = conninfo_to_dict(url)
    limits = (
        f"-c statement_timeout={statement_timeout}s"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT}s -c timezone=UTC"
    )
    return {
        **_NETWORK,
        **given,
        "application_name": f"caretrail {name}",
        "options": f"{given.get('options') or ''} {limits}".strip(),
    }


@contextmanager
def pool(url: str, *, name: str, size: int = 2) -> Iterator[ConnectionPool[Connection[TupleRow]]]:
    """Open a pool of connections in autocommit; a broken one is found out before it is used."""
    with ConnectionPool(
        kwargs={**settings(url, name=name), "autocommit": True},
        min_size=1,
        max_size=size,
        check=ConnectionPool.check_connection,
        timeout=CONNECT_TIMEOUT,
        open=True,
    ) as opened:
        yield opened


@contextmanager
def reachable() -> Iterator[None]:
    """Turn a lost or unreachable server into ``StoreUnavailable``."""
    try:
        yield
    except (psycopg.InterfaceError, psycopg.OperationalError) as error:
        raise StoreUnavailable(type(error).__name__) from error


class Datastore(PostgresDatastore):
    """The library's pool of connections, opened by any connection string."""

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
        # The library takes a URL apart and knows five of its parts; certificates are others.
        self.pool.kwargs = {**given, "row_factory": dict_row}
