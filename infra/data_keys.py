"""Data keys: random keys, one for each subject, made in advance and stored wrapped.

The schema ``keys`` holds them, encrypted under the master key. ``DataKeys`` is the port; a key
service would be another implementation of it. Keys are made in a commit of their own, so that a
key is durable before anything is sealed with it.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool
from typing_extensions import override

from infra import master_key
from infra.master_key import OTHER_MASTER_KEY, MasterKey, MasterKeyUnusable
from infra.postgres import pool, reachable
from infra.sealing import NONCE, decrypt, encrypt

#: How many keys are made in one commit.
AHEAD: Final = 2048
_KEY_SIZE: Final = 32
_LOCK: Final = 7_236_837_513


class DataKeys(Protocol):
    """Makes data keys and keeps them."""

    def take(self, count: int) -> list[tuple[int, bytes]]:
        """Return at least ``count`` unused keys with their ids; no other caller gets them."""
        ...

    def give_back(self, key_ids: Iterable[int]) -> None:
        """Return keys that nothing was sealed with, so that another caller can take them."""
        ...

    def load(self, key_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the keys with these ids; a destroyed key is missing in the result."""
        ...

    def derived(self, purpose: str) -> bytes:
        """Return a key of this installation for one purpose; it never changes."""
        ...


class PostgresDataKeys(DataKeys):
    """Data keys in PostgreSQL, wrapped by a master key.

    Raises:
        StoreUnavailable: From every method, if the database does not answer.
    """

    def __init__(
        self, connections: ConnectionPool[Connection[TupleRow]], master: MasterKey
    ) -> None:
        self._connections = connections
        self._master = master
        self._cipher = master.cipher()
        self._fingerprint = master.fingerprint()

    @override
    def take(self, count: int) -> list[tuple[int, bytes]]:
        with reachable(), self._connections.connection() as connection, connection.transaction():
            taken = [row[0] for row in connection.execute(_TAKE, (count,))]
            if len(taken) < count:
                self._make(connection, max(AHEAD, count))
                more = connection.execute(_TAKE, (count - len(taken),))
                taken += [row[0] for row in more]
        found = self.load(taken)
        return [(each, found[each]) for each in sorted(taken)]

    @override
    def give_back(self, key_ids: Iterable[int]) -> None:
        with reachable(), self._connections.connection(timeout=_CLOSING_TIMEOUT) as connection:
            connection.execute(
                "insert into keys.spare select unnest(%s::bigint[])", (list(key_ids),)
            )

    @override
    def load(self, key_ids: Sequence[int]) -> dict[int, bytes]:
        with reachable(), self._connections.connection() as connection:
            rows = connection.execute(
                "select key_id, wrapped from keys.data_key where key_id = any(%s::bigint[])",
                (list(key_ids),),
                binary=True,
            ).fetchall()
        return {
            key_id: decrypt(self._cipher, wrapped, about=_about(key_id)) for key_id, wrapped in rows
        }

    @override
    def derived(self, purpose: str) -> bytes:
        return self._master.derived(purpose)

    def _make(self, connection: Connection[TupleRow], count: int) -> None:
        ids = [
            row[0]
            for row in connection.execute(
                "select nextval('keys.data_key_id') from generate_series(1, %s)", (count,)
            )
        ]
        wrapped = [
            encrypt(
                self._cipher,
                os.urandom(_KEY_SIZE),
                about=_about(each),
                nonce=os.urandom(NONCE),
            )
            for each in ids
        ]
        connection.execute(
            "with made as (insert into keys.data_key (key_id, wrapped, master_key)"
            " select key_id, wrapped, %s from unnest(%s::bigint[], %b::bytea[]) as k (key_id,"
            " wrapped) returning key_id) insert into keys.spare select key_id from made",
            (self._fingerprint, ids, wrapped),
        )


#: Seconds to wait for a connection when the process ends. A key that is not given back is lost for
#: later use, but protects nothing.
_CLOSING_TIMEOUT: Final = 2.0
_TAKE: Final = (
    "delete from keys.spare where key_id in (select key_id from keys.spare order by key_id"
    " limit %s for update skip locked) returning key_id"
)


def _about(key_id: int) -> bytes:
    return b"caretrail data key %d" % key_id


@contextmanager
def open_data_keys(url: str, *, master_key_file: Path) -> Iterator[PostgresDataKeys]:
    """Open the data keys of a database; make the master key file if the database has no keys yet.

    Raises:
        MasterKeyUnusable: The file is missing although keys exist, holds another key, or can be
            read by other users.
        StoreUnavailable: The database does not answer.
    """
    with pool(url, name="keys") as connections:
        with reachable(), connections.connection() as connection:
            master = _master_of(connection, master_key_file)
        yield PostgresDataKeys(connections, master)


def _master_of(connection: Connection[TupleRow], path: Path) -> MasterKey:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        known = {row[0] for row in connection.execute("select fingerprint from keys.master_key")}
        if known or path.exists():
            master = master_key.load(path)
        else:
            master = master_key.make(path, os.urandom(_KEY_SIZE))
        if known and master.fingerprint() not in known:
            raise MasterKeyUnusable(f"{path}: {OTHER_MASTER_KEY}")
        connection.execute(
            "insert into keys.master_key (fingerprint) values (%s) on conflict do nothing",
            (master.fingerprint(),),
        )
    return master
