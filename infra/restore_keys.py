"""Restore a backup of data keys: add to a database the keys that it does not have.

A key that the database has is not changed. So a backup can be restored twice, and a newer backup
can follow an older one. A key that was destroyed on purpose after the backup comes back: see
``docs/how-to/back-up-and-restore.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from domain.ids import IdKey
from infra import master_key
from infra.backup import ABOUT_ID_KEY, KEY_TABLES
from infra.backup_file import BackupReader, BackupUnusable
from infra.event_store import refuse_other_id_key
from infra.master_key import MasterKeyUnusable
from infra.migrate import migrate
from infra.postgres import settings
from infra.sealing import DoesNotOpen, decrypt, from_text

#: Deletes keys that no subject has taken, and master keys that wrap no key. A database that was
#: opened before the restore has some, and the backup may have other keys with the same ids.
_DROP_SPARE: Final = """
    with spare as (delete from keys.spare returning key_id)
    delete from keys.data_key k using spare s where k.key_id = s.key_id
"""
_DROP_UNUSED_MASTER: Final = """
    delete from keys.master_key m
    where not exists (select from keys.data_key k where k.master_key = m.fingerprint)
"""
_DIFFER: Final = """
    select exists (
        select from restored_data_key r join keys.data_key k using (key_id)
        where k.wrapped <> r.wrapped
    )
"""
_GIVEN_OUT: Final = """
    select setval('keys.data_key_id', greatest(last_value, %s)) from keys.data_key_id
"""


class KeysNeeded(Exception):
    """A store was to be restored, and the keys of its subjects are not there."""

    def __init__(self) -> None:
        super().__init__(
            "the data keys of this store are not here, and without them nothing that is sealed can"
            " be read: give their backup with --keys"
        )


class KeysDiffer(Exception):
    """The database has other keys under the ids of the backup."""

    def __init__(self) -> None:
        super().__init__(
            "the database of the keys holds other keys under the same numbers: it belongs to"
            " another store. Name an empty one"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRestore:
    """The result of restoring data keys."""

    keys: int  # in the backup
    added: int


def restore_keys(url: str, file: Path, *, id_key: IdKey, master_key_file: Path) -> KeysRestore:
    """Add the keys of a backup to a database; services may go on working.

    Raises:
        BackupUnusable: The file is incomplete, damaged, or from a newer release.
        WrongIdKey, MasterKeyUnusable: A key of this installation does not fit.
        KeysDiffer: The database has the keys of another store.
    """
    backup = open_keys_backup(file, id_key=id_key, master_key_file=master_key_file)
    migrate(url)
    with psycopg.connect(**settings(url, name="restore", statement_timeout=0)) as connection:
        return load_keys(connection, backup)


def open_keys_backup(file: Path, *, id_key: IdKey, master_key_file: Path) -> BackupReader:
    """Open a backup of keys and check everything that can be checked without a database.

    Raises:
        BackupUnusable, WrongIdKey, MasterKeyUnusable: See ``restore_keys``.
    """
    backup = BackupReader(file, "keys")
    if set(backup.manifest.tables) != set(KEY_TABLES):
        raise BackupUnusable(file, "it holds other tables than those of the data keys")
    refuse_other_id_key(id_key, backup.manifest.id_key)
    backup.verify()
    if master_key.load(master_key_file).fingerprint() not in backup.manifest.master_keys:
        raise _other_master_key(master_key_file)
    return backup


def id_key_in(file: Path, *, master_key_file: Path) -> IdKey | None:
    """Return the id key that a backup of keys holds; None: it was made by release 0.1.0.

    Raises:
        BackupUnusable: The file is incomplete, damaged, or from a newer release.
        MasterKeyUnusable: The keys of the backup were wrapped with another master key.
    """
    manifest = BackupReader(file, "keys").manifest
    if not manifest.wrapped_id_key:
        return None
    cipher = master_key.load(master_key_file).cipher()
    try:
        secret = decrypt(cipher, from_text(manifest.wrapped_id_key), about=ABOUT_ID_KEY)
    except DoesNotOpen:
        raise _other_master_key(master_key_file) from None
    return IdKey(secret)


def _other_master_key(file: Path) -> MasterKeyUnusable:
    return MasterKeyUnusable(
        f"{file}: the keys of this backup were wrapped with another master key: put that one there,"
        " or say where it is with CARETRAIL_KEY_FILE"
    )


def load_keys(connection: Connection[Any], backup: BackupReader) -> KeysRestore:
    """Add the keys of a checked backup, in a transaction.

    Raises:
        KeysDiffer: The database has the keys of another store.
    """
    with connection.transaction():
        for name, pieces in groupby(backup.pieces(), key=itemgetter(0)):
            staged = sql.Identifier(_staged(name))
            connection.execute(
                sql.SQL("create temp table {} (like {}) on commit drop").format(
                    staged, sql.Identifier(*name.split("."))
                )
            )
            with connection.cursor().copy(
                sql.SQL("copy {} ({}) from stdin (format binary)").format(
                    staged, _columns(backup, name)
                )
            ) as copy:
                for _, piece in pieces:
                    copy.write(piece)
        connection.execute(_DROP_SPARE)
        connection.execute(_DROP_UNUSED_MASTER)
        if connection.execute(_DIFFER).fetchone() == (True,):
            raise KeysDiffer
        added = [_add(connection, backup, name) for name in KEY_TABLES][-1]
        connection.execute(_GIVEN_OUT, (backup.manifest.last_key_id,))
        row = connection.execute("select count(*) from restored_data_key").fetchone()
    return KeysRestore(keys=row[0] if row else 0, added=added)


def existing(connection: Connection[Any], key_ids: Sequence[int]) -> int:
    """Return how many of the keys there are."""
    row = connection.execute(
        "select count(*) from keys.data_key where key_id = any(%s)", (list(key_ids),)
    ).fetchone()
    return row[0] if row else 0


def _add(connection: Connection[Any], backup: BackupReader, name: str) -> int:
    columns = _columns(backup, name)
    return connection.execute(
        sql.SQL("insert into {} ({}) select {} from {} on conflict do nothing").format(
            sql.Identifier(*name.split(".")), columns, columns, sql.Identifier(_staged(name))
        )
    ).rowcount


def _staged(name: str) -> str:
    return f"restored_{name.partition('.')[2]}"


def _columns(backup: BackupReader, name: str) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, backup.manifest.tables[name]))
