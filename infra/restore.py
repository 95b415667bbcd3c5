"""Restore a backup of a store into a database that holds none yet.

Everything that can be checked is checked before the database is changed. Then the database is
marked, its schema is made, and all rows are loaded in one transaction, which also removes the
mark. A restore that is interrupted leaves the mark: every start refuses such a database, and it
can be restored again.

A restored store is a new incarnation. The events that the old store recorded after the backup are
not in it, and it will give their indexes to other events. So it publishes to a new generation of
the topics, from its first event on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from domain.ids import IdKey
from infra import clock
from infra.backup import STORE_SCHEMAS, STORE_TABLES
from infra.backup_file import BackupReader, BackupUnusable, Progress, TableSummary
from infra.event_store import refuse_development_key, refuse_other_id_key
from infra.migrate import (
    Migration,
    MigrationChanged,
    SchemaTooNew,
    lock,
    migrations,
    restore_is_unfinished,
    run,
)
from infra.postgres import settings
from infra.restore_keys import (
    KeysNeeded,
    existing,
    load_keys,
    open_keys_backup,
    restore_keys,
)

#: Marks the database as unfinished between the beginning and the end of a restore.
_MARK: Final = """
    drop schema if exists access, es, intake, keys, relay, web cascade;
    create schema es;
    create table es.restoring (began_at timestamptz not null default clock_timestamp());
    comment on table es.restoring is 'A restore began and did not end: there is no store here';
"""
_IS_USED: Final = """
    select exists (select from es.event) or exists (select from intake.message)
        or exists (select from es.subject_key)
"""
_OTHER_CONNECTIONS: Final = """
    select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
        and application_name like 'caretrail %'
"""
#: Only for a store that was published: otherwise the first generation is still to begin.
_NEW_GENERATION: Final = """
    insert into relay.generation (generation, incarnation)
    select max(generation) + 1, %s from relay.generation having count(*) > 0
    returning generation
"""
_EXTENT: Final = "select count(*), coalesce(max(notification_id), 0) from es.event"
_KEYS_AT_ONCE: Final = 10_000


class StoreNotEmpty(Exception):
    """The database holds a store already; a restore never replaces one."""

    def __init__(self) -> None:
        super().__init__(
            "this database holds a store already, and a restore never replaces one: name an empty"
            " database with CARETRAIL_DATABASE_URL, or a new home with CARETRAIL_HOME"
        )


class StoreInUse(Exception):
    """Processes of caretrail are connected to the database."""

    def __init__(self, connections: int) -> None:
        self.connections = connections
        super().__init__(
            f"caretrail has {connections} connections open to this database: stop the service, then"
            " restore"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The installation that a store is restored into."""

    url: str
    keys_url: str | None  # the database of the data keys, if it is another one
    id_key: IdKey
    external: bool  # the database is not the embedded one
    master_key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRestore:
    """The result of restoring a store."""

    events: int
    messages: int
    index: int
    incarnation: str
    previous_incarnation: str
    generation: int | None  # of the topics; None: the store was never published
    subjects: int
    keys_missing: int  # subjects without a key


def restore_store(
    target: Target, file: Path, keys: Path | None, *, shown: Progress = lambda _done: None
) -> StoreRestore:
    """Restore a store, and its data keys from a file of their own.

    Args:
        target: The database, and the keys that must fit it.
        file: The backup of the store.
        keys: The backup of the data keys. None: they are in a database of their own, which was
            not lost.
        shown: Called with the bytes read; the file is read twice.

    Raises:
        BackupUnusable: A file is incomplete, damaged, or from a newer release.
        StoreNotEmpty, StoreInUse: The database cannot be restored into.
        WrongIdKey, DevelopmentKey, MasterKeyUnusable: A key of this installation does not fit.
        KeysNeeded, KeysDiffer: The data keys are missing, or belong to another store.
        SchemaTooNew, MigrationChanged: The backup has a schema that this release does not know.
    """
    backup = BackupReader(file, "store")
    schema = _schema_of(backup)
    if keys is None and target.keys_url is None:
        raise KeysNeeded
    refuse_other_id_key(target.id_key, backup.manifest.id_key)
    refuse_development_key(target.id_key, external=target.external)
    keys_backup = (
        open_keys_backup(keys, id_key=target.id_key, master_key_file=target.master_key_file)
        if keys
        else None
    )
    summaries = backup.verify(shown)
    size = sum(each.size for each in summaries.values())
    with _connected(target.url) as connection:
        lock(connection)
        _refuse_a_store(connection)
        if keys and target.keys_url:
            restore_keys(
                target.keys_url,
                keys,
                id_key=target.id_key,
                master_key_file=target.master_key_file,
            )
        connection.execute(_MARK)
        run(connection, schema)
        with connection.transaction():
            _load(connection, backup, summaries, lambda done: shown(size + done))
            if keys_backup and not target.keys_url:
                load_keys(connection, keys_backup)
            with _keys_of(target, connection) as keys_connection:
                subjects, missing = _missing_keys(connection, keys_connection)
            report = _finish(connection, backup, summaries, subjects=subjects, missing=missing)
        run(connection, migrations())
    return report


def _schema_of(backup: BackupReader) -> list[Migration]:
    """Return the migrations that make the schema which the tables of a backup fit."""
    if not all(
        name.partition(".")[0] in STORE_SCHEMAS or name in STORE_TABLES
        for name in backup.manifest.tables
    ):
        raise BackupUnusable(backup.path, "it holds other tables than those of a store")
    known = {each.number: each for each in migrations()}
    for number, checksum in backup.manifest.migrations.items():
        if number not in known:
            raise SchemaTooNew(number, max(known))
        if known[number].checksum != checksum:
            raise MigrationChanged(number)
    return [known[number] for number in sorted(backup.manifest.migrations)]


@contextmanager
def _connected(url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(
        **settings(url, name="restore", statement_timeout=0), autocommit=True
    ) as connection:
        connection.execute("set idle_in_transaction_session_timeout = 0")
        connection.execute("set client_min_messages = warning")
        yield connection


def _refuse_a_store(connection: Connection[Any]) -> None:
    """Refuse a database that a store was recorded in, or that a service uses."""
    if restore_is_unfinished(connection):
        return
    there = connection.execute("select to_regclass('es.subject_key') is not null").fetchone()
    if there == (True,) and connection.execute(_IS_USED).fetchone() == (True,):
        raise StoreNotEmpty
    row = connection.execute(_OTHER_CONNECTIONS).fetchone()
    if row and row[0]:
        raise StoreInUse(row[0])


def _load(
    connection: Connection[Any],
    backup: BackupReader,
    summaries: dict[str, TableSummary],
    shown: Progress,
) -> None:
    for name, pieces in groupby(backup.pieces(shown), key=itemgetter(0)):
        columns = sql.SQL(", ").join(map(sql.Identifier, backup.manifest.tables[name]))
        statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
            sql.Identifier(*name.split(".")), columns
        )
        with connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for _, piece in pieces:
                    copy.write(piece)
            if cursor.rowcount != summaries[name].rows:
                raise BackupUnusable(backup.path, f"{name} has another number of rows than stated")
    index = backup.manifest.index
    if connection.execute(_EXTENT).fetchone() != (index, index):
        raise BackupUnusable(backup.path, "events are missing from it")


@contextmanager
def _keys_of(target: Target, connection: Connection[Any]) -> Iterator[Connection[Any]]:
    if target.keys_url is None:
        yield connection
        return
    with _connected(target.keys_url) as keys_connection:
        yield keys_connection


def _missing_keys(connection: Connection[Any], keys_connection: Connection[Any]) -> tuple[int, int]:
    """Return how many subjects there are, and how many of them have no key.

    Raises:
        KeysNeeded: None of them has one.
    """
    subjects = found = 0
    with connection.cursor("subjects") as cursor:
        cursor.execute("select key_id from es.subject_key")
        while rows := cursor.fetchmany(_KEYS_AT_ONCE):
            subjects += len(rows)
            found += existing(keys_connection, [key_id for (key_id,) in rows])
    if subjects and not found:
        raise KeysNeeded
    return subjects, subjects - found


def _finish(
    connection: Connection[Any],
    backup: BackupReader,
    summaries: dict[str, TableSummary],
    *,
    subjects: int,
    missing: int,
) -> StoreRestore:
    """Make the store a new incarnation, and take the mark away."""
    incarnation = clock.new_id()
    connection.execute("update es.store set incarnation = %s", (incarnation,))
    row = connection.execute(_NEW_GENERATION, (incarnation,)).fetchone()
    connection.execute("drop table es.restoring")
    connection.execute("analyze es.event, intake.message, intake.key, es.subject_key")
    return StoreRestore(
        events=summaries["es.event"].rows,
        messages=summaries["intake.message"].rows,
        index=backup.manifest.index,
        incarnation=incarnation,
        previous_incarnation=backup.manifest.incarnation,
        generation=row[0] if row else None,
        subjects=subjects,
        keys_missing=missing,
    )
