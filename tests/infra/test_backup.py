"""A backup holds the store of one moment, and nothing that opens it."""

from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from infra.backup import (
    KEY_TABLES,
    STORE_SCHEMAS,
    STORE_TABLES,
    NothingToBackUp,
    back_up_keys,
    back_up_store,
)
from infra.backup_file import BackupExists
from infra.restore import restore_store
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from tests import backups
from tests.intake_samples import FAMILY, KEY, draft, received
from tests.stores import opened, record

pytestmark = pytest.mark.postgres

#: Tables that a backup leaves out. The manifest states the schema. A relay that publishes to new
#: topics starts from their beginning, and refused records are in the old topics alone. Keys that no
#: subject has taken are made again. A token that was revoked after the backup stays revoked.
LEFT_OUT = {
    "es.migration",
    "access.token",
    "relay.checkpoint",
    "relay.refused_record",
    "keys.spare",
    # People sign in again after a restore.
    "web.session",
    "web.sign_in_attempt",
    "web.sign_in_link",
}


def test_every_table_is_backed_up_or_left_out_for_a_reason(connection: psycopg.Connection) -> None:
    generations.create(connection, PROJECTIONS)
    found = connection.execute(
        "select schemaname, schemaname || '.' || tablename from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    read_models = {name for schema, name in found if schema.partition("_")[0] == "proj"}
    backed_up = {name for schema, name in found if schema in STORE_SCHEMAS} - LEFT_OUT
    backed_up |= {*STORE_TABLES, *KEY_TABLES}
    assert {name for _, name in found} == backed_up | read_models | LEFT_OUT
    sequences = connection.execute("select schemaname || '.' || sequencename from pg_sequences")
    assert sequences.fetchall() == [("keys.data_key_id",)]


def test_a_store_that_goes_on_recording_is_backed_up_as_of_one_moment(
    server: str, database: str, tmp_path: Path
) -> None:
    made = backups.make(database, tmp_path)
    enough, stop = Event(), Event()

    def write() -> None:
        with opened(database, tmp_path) as (store, _):
            for i in range(10_000):
                if stop.is_set():
                    return
                record(store, [received(f"w{i}-{j}", draft(f"W{i}-{j}")) for j in range(5)])
                if i == 3:
                    enough.set()

    writer = Thread(target=write)
    writer.start()
    assert enough.wait(60)
    online = backups.Backups(tmp_path / "online")
    online.folder.mkdir()
    stored = back_up_store(database, online.store)
    master = tmp_path / "master.key"
    back_up_keys(database, online.keys, id_key=KEY, master_key_file=master)
    stop.set()
    writer.join()
    with backups.empty_database(server) as other:
        target = made.target(other)
        restored = restore_store(target, online.store, online.keys)
        assert restored.events == restored.index == stored.events > 31
        assert restored.keys_missing == 0
        assert (
            backups.content(other, tmp_path) == backups.content(database, tmp_path)[: stored.events]
        )
        with psycopg.connect(other) as connection:
            counts = connection.execute(
                "select (select count(*) from intake.message where first_index > 0),"
                " (select max(last_index) from intake.message), (select count(*) from intake.key)"
            ).fetchone()
    assert counts == (stored.events, stored.events, stored.messages)


def test_no_file_holds_patient_data_or_the_keys_of_the_other(
    database: str, tmp_path: Path, connection: psycopg.Connection
) -> None:
    made = backups.make(database, tmp_path)
    store, keys = made.store.read_bytes(), made.keys.read_bytes()
    assert FAMILY.encode() not in store + keys
    taken = connection.execute(
        "select wrapped from keys.data_key join es.subject_key using (key_id)"
    ).fetchall()
    assert len(taken) == 30
    assert all(wrapped in keys and wrapped not in store for (wrapped,) in taken)
    spare = connection.execute("select wrapped from keys.data_key join keys.spare using (key_id)")
    assert not any(wrapped in keys for (wrapped,) in spare.fetchall())
    sealed = connection.execute("select sealed from intake.message").fetchall()
    assert all(box in store and box not in keys for (box,) in sealed)
    assert (made.folder / "master.key").read_bytes().strip() not in store + keys


def test_a_file_is_readable_by_its_owner_alone_and_never_replaced(
    database: str, tmp_path: Path
) -> None:
    made = backups.make(database, tmp_path)
    assert {each.stat().st_mode & 0o777 for each in (made.store, made.keys)} == {0o600}
    before = made.store.read_bytes()
    with pytest.raises(BackupExists):
        back_up_store(database, made.store)
    assert made.store.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "keys.backup",
        "master.key",
        "store.backup",
    ]


def test_a_database_without_a_store_has_nothing_to_back_up(server: str, tmp_path: Path) -> None:
    with backups.empty_database(server) as other, pytest.raises(NothingToBackUp):
        back_up_store(other, tmp_path / "store.backup")
    assert list(tmp_path.iterdir()) == []
