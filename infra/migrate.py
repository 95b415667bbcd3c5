"""Bring a database to the schema of this release by running plain SQL files, in order, each once.

Files are named ``NNNN_pre_what.sql`` (run before the new code starts) or ``NNNN_post_what.sql``
(run after it). A file that was released never changes; a later file changes the schema again.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

import psycopg

from infra.postgres import network

#: An arbitrary number for the advisory lock; every release must use the same one.
_LOCK: Final = 7_236_837_512
_NAME: Final = re.compile(r"(\d{4})_(?:pre|post)_\w+\.sql")


class SchemaTooNew(Exception):
    """A newer release has migrated the database; this release would misread it."""

    def __init__(self, found: int, known: int) -> None:
        self.found = found
        self.known = known
        super().__init__(
            f"a newer release has changed this database: it has schema {found:04}, and this release"
            f" knows {known:04} at most. Start the newer release, or restore a backup that was made"
            " before the upgrade"
        )


class MigrationChanged(Exception):
    """A migration that has run differs from this release's file with the same number."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(
            f"migration {number:04} of this release differs from the one that this database was"
            " made with: use the release that made it, or restore a backup"
        )


class RestoreUnfinished(Exception):
    """A restore into the database was interrupted: it holds nothing that can be used."""

    def __init__(self) -> None:
        super().__init__(
            "a restore into this database was interrupted, so it holds no store: run"
            " `caretrail restore` again with the same files"
        )


class RestoreRunning(Exception):
    """Another process restores a store into the database."""

    def __init__(self) -> None:
        super().__init__("a restore into this database is running: wait until it has ended")


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file."""

    number: int
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, in hex."""
        return sha256(self.sql).hexdigest()


def migrations() -> list[Migration]:
    """Return the migrations of this release, in order."""
    found = list[Migration]()
    for file in files("infra").joinpath("migrations").iterdir():
        if match := _NAME.fullmatch(file.name):
            found.append(Migration(int(match[1]), file.name, file.read_bytes()))
    return sorted(found, key=lambda each: each.number)


def migrate(url: str, known: Iterable[Migration] | None = None) -> None:
    """Run the migrations that have not run yet; a second process waits for the first.

    A restore may take hours, so it is not waited for.

    Args:
        url: The database.
        known: The migrations of this release, unless a test gives others.

    Raises:
        SchemaTooNew: A newer release has migrated the database.
        MigrationChanged: The database was made with another file of the same number.
        RestoreUnfinished: A restore into the database was interrupted.
        RestoreRunning: A restore into the database is running.
    """
    with psycopg.connect(**network(url), autocommit=True) as connection:
        taken = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if taken != (True,):
            if restore_is_unfinished(connection):
                raise RestoreRunning
            lock(connection)
        if restore_is_unfinished(connection):
            raise RestoreUnfinished
        run(connection, migrations() if known is None else list(known))


def lock(connection: psycopg.Connection) -> None:
    """Keep other processes from migrating or restoring until the connection ends."""
    connection.execute("select pg_advisory_lock(%s)", (_LOCK,))


def run(connection: psycopg.Connection, wanted: Sequence[Migration]) -> None:
    """Run those of ``wanted`` that have not run yet, each in a transaction of its own.

    The connection is in autocommit mode and holds the ``lock``. Raises as ``migrate`` does.
    """
    done = _done(connection)
    newest = max((each.number for each in wanted), default=0)
    if done and max(done) > newest:
        raise SchemaTooNew(max(done), newest)
    for each in wanted:
        if each.number in done:
            if done[each.number] != each.checksum:
                raise MigrationChanged(each.number)
            continue
        with connection.transaction():
            connection.execute(each.sql)
            connection.execute(
                "insert into es.migration (number, name, checksum) values (%s, %s, %s)",
                (each.number, each.name, each.checksum),
            )


def restore_is_unfinished(connection: psycopg.Connection) -> bool:
    """Tell whether a restore into this database began and did not end; see ``infra.restore``."""
    row = connection.execute("select to_regclass('es.restoring') is not null").fetchone()
    return row == (True,)


def _done(connection: psycopg.Connection) -> dict[int, str]:
    connection.execute("create schema if not exists es")
    connection.execute(
        "create table if not exists es.migration (number integer primary key, name text not null,"
        " checksum text not null, applied_at timestamptz not null default clock_timestamp())"
    )
    rows = connection.execute("select number, checksum from es.migration").fetchall()
    return dict(rows)
