"""Write backups of a store and of its data keys, while services keep working.

A backup of the store holds the events, the received messages, the idempotency keys and the
fingerprint of the id key, as they were at one moment. It has no read models, because they are built
again from the events. The data keys are in a file of their own: the store, the data keys and the
master key together open every sealed text. The id key is in that file too, encrypted with the
master key, as the data keys are. The master key is in neither file.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from domain.ids import IdKey
from infra import clock, master_key
from infra.backup_file import BackupWriter, Manifest, Progress, new_backup
from infra.event_store import refuse_other_id_key
from infra.master_key import OTHER_MASTER_KEY, MasterKey, MasterKeyUnusable
from infra.migrate import RestoreUnfinished, SchemaTooNew, migrations, restore_is_unfinished
from infra.postgres import settings
from infra.sealing import NONCE, encrypt, to_text

#: The schemas of the store. Every table in them is backed up; the manifest states their columns.
STORE_SCHEMAS: Final = ("es", "intake", "access")
#: Tables of other schemas that are backed up too. A restored store needs the generations of the
#: topic, so that it can begin a new one.
STORE_TABLES: Final = ("relay.generation",)
KEY_TABLES: Final = ("keys.master_key", "keys.data_key")
#: A token that was revoked after the backup must not be valid again after a restore.
_LEFT_OUT: Final = ("es.migration", "access.token")
#: Associated data of the encrypted id key, so that it cannot pass for a data key.
ABOUT_ID_KEY: Final = b"caretrail id key"

_COLUMNS: Final = """
    select n.nspname || '.' || c.relname, array_agg(a.attname::text order by a.attnum)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and a.attgenerated = ''
        and (n.nspname = any(%(schemas)s) or n.nspname || '.' || c.relname = any(%(tables)s))
        and n.nspname || '.' || c.relname <> all(%(left_out)s)
    group by 1
"""
#: Spare keys are left out: no segment is sealed with them, and new ones are made when needed.
_COPIED: Final[Mapping[str, sql.SQL]] = {
    "keys.data_key": sql.SQL(
        "select {} from keys.data_key k"
        " where not exists (select from keys.spare s where s.key_id = k.key_id)"
    )
}
_STORE: Final = """
    select incarnation::text, id_key_fingerprint,
        (select coalesce(max(notification_id), 0) from es.event)
    from es.store
"""
_DATA_KEYS: Final = """
    select array(select fingerprint from keys.master_key order by 1),
        (select last_value from keys.data_key_id)
"""


class NothingToBackUp(Exception):
    """The database holds no store."""

    def __init__(self) -> None:
        super().__init__(
            "this database holds no store: name the database with CARETRAIL_DATABASE_URL, or the"
            " home with CARETRAIL_HOME"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBackup:
    """The contents of a backup of the store."""

    file: str
    bytes: int
    sha256: str
    incarnation: str
    schema: int
    index: int
    events: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysBackup:
    """The contents of a backup of the data keys."""

    file: str
    bytes: int
    sha256: str
    keys: int


@dataclass(frozen=True, slots=True)
class _Store:
    incarnation: str
    id_key: str
    index: int  # of the newest event
    migrations: dict[int, str]


def back_up_store(url: str, path: Path, *, shown: Progress = lambda _done: None) -> StoreBackup:
    """Write the store of a database to a file.

    Raises:
        NothingToBackUp: The database holds no store.
        BackupExists: A file of this name exists.
        SchemaTooNew: A newer release has migrated the database.
        RestoreUnfinished: A restore into the database was interrupted.
    """
    with _snapshot(url) as connection:
        store = _store_of(connection)
        columns = _columns(connection, STORE_SCHEMAS, STORE_TABLES)
        manifest = _manifest("store", store, columns)
        with new_backup(path, manifest) as writer:
            _copy(connection, writer, columns, shown)
    return StoreBackup(
        file=str(path),
        bytes=writer.size,
        sha256=writer.sha256,
        incarnation=store.incarnation,
        schema=max(store.migrations),
        index=store.index,
        events=writer.tables["es.event"].rows,
        messages=writer.tables["intake.message"].rows,
    )


def back_up_keys(
    url: str,
    path: Path,
    *,
    id_key: IdKey,
    master_key_file: Path,
    keys_url: str | None = None,
    shown: Progress = lambda _done: None,
) -> KeysBackup:
    """Write the id key, and the data keys that are in use or that a service has taken in advance.

    All of them are encrypted with the master key.

    A subject gets its key with its first event. If the backup of the keys begins after the backup
    of the store has ended, it therefore holds every key that the backed-up store needs, except keys
    that were destroyed on purpose.

    Args:
        url: The database of the store.
        path: The file to write.
        id_key: The key that the ids of the store are derived with.
        master_key_file: The file of the master key.
        keys_url: The database of the keys, if it is another one.
        shown: Called with the number of bytes written so far.

    Raises:
        NothingToBackUp, BackupExists, SchemaTooNew, RestoreUnfinished: See ``back_up_store``.
        WrongIdKey, MasterKeyUnusable: A key of this installation does not fit.
    """
    with _snapshot(url) as connection:
        store = _store_of(connection)
    refuse_other_id_key(id_key, store.id_key)
    master = master_key.load(master_key_file)
    with _snapshot(keys_url or url) as connection:
        fingerprints, last_key_id = connection.execute(_DATA_KEYS).fetchone() or ([], 0)
        columns = _columns(connection, (), KEY_TABLES)
        if master.fingerprint() not in fingerprints:
            raise MasterKeyUnusable(f"{master_key_file}: {OTHER_MASTER_KEY}")
        manifest = _manifest(
            "keys",
            store,
            columns,
            master_keys=fingerprints,
            last_key_id=last_key_id,
            wrapped_id_key=_wrapped(id_key, master),
        )
        with new_backup(path, manifest) as writer:
            _copy(connection, writer, columns, shown)
    return KeysBackup(
        file=str(path),
        bytes=writer.size,
        sha256=writer.sha256,
        keys=writer.tables["keys.data_key"].rows,
    )


def _wrapped(id_key: IdKey, master: MasterKey) -> str:
    return to_text(
        encrypt(master.cipher(), id_key.secret, about=ABOUT_ID_KEY, nonce=os.urandom(NONCE))
    )


@contextmanager
def _snapshot(url: str) -> Iterator[Connection[Any]]:
    """Open a connection that, until it is closed, sees the database as it is at this moment."""
    with psycopg.connect(**settings(url, name="backup", statement_timeout=0)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def _store_of(connection: Connection[Any]) -> _Store:
    if restore_is_unfinished(connection):
        raise RestoreUnfinished
    there = connection.execute("select to_regclass('es.store') is not null").fetchone()
    if there != (True,):
        raise NothingToBackUp
    done = dict(connection.execute("select number, checksum from es.migration").fetchall())
    newest = max(each.number for each in migrations())
    if max(done) > newest:
        raise SchemaTooNew(max(done), newest)
    row = connection.execute(_STORE).fetchone()
    if row is None:
        raise NothingToBackUp
    incarnation, id_key, index = row
    return _Store(incarnation, id_key, index, done)


def _columns(
    connection: Connection[Any], schemas: tuple[str, ...], tables: tuple[str, ...]
) -> dict[str, list[str]]:
    """Return the columns of each table, in the order in which tables are restored."""
    found = dict(
        connection.execute(
            _COLUMNS,
            {"schemas": list(schemas), "tables": list(tables), "left_out": list(_LEFT_OUT)},
        ).fetchall()
    )
    return {name: found[name] for name in (*sorted(found.keys() - set(tables)), *tables)}


def _manifest(kind: Any, store: _Store, columns: dict[str, list[str]], **of_keys: Any) -> Manifest:
    return Manifest(
        kind=kind,
        release=version("caretrail"),
        made_at=clock.now(),
        incarnation=store.incarnation,
        id_key=store.id_key,
        index=store.index,
        migrations=store.migrations,
        tables=columns,
        **of_keys,
    )


def _copy(
    connection: Connection[Any],
    writer: BackupWriter,
    columns: Mapping[str, list[str]],
    shown: Progress,
) -> None:
    for name, names in columns.items():
        table = sql.Identifier(*name.split("."))
        select = _COPIED.get(name, sql.SQL("select {} from {}")).format(
            sql.SQL(", ").join(map(sql.Identifier, names)), table
        )
        with connection.cursor() as cursor:
            with cursor.copy(
                sql.SQL("copy ({}) to stdout (format binary)").format(select)
            ) as copied:
                writer.add_table(name, _watched(copied, writer, shown))
            writer.tables[name].rows = cursor.rowcount


def _watched(copied: Iterable[Any], writer: BackupWriter, shown: Progress) -> Iterator[Any]:
    for block in copied:
        yield block
        shown(writer.size)
