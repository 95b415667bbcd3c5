"""A store is restored whole, or the database says that it is not."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import psycopg
import pytest

from domain.ids import DEVELOPMENT_KEY, IdKey
from infra import clock, restore
from infra.backup import back_up_store
from infra.backup_file import BackupReader, BackupUnusable
from infra.event_store import DevelopmentKey, WrongIdKey
from infra.master_key import MasterKeyUnusable
from infra.migrate import (
    Migration,
    RestoreRunning,
    RestoreUnfinished,
    SchemaTooNew,
    migrate,
    migrations,
)
from infra.relay_checkpoint import begin_generation, generation
from infra.restore import StoreInUse, StoreNotEmpty, restore_store
from infra.restore_keys import KeysDiffer, KeysNeeded, id_key_in, restore_keys
from tests import backups
from tests.backups import Backups, content
from tests.intake_samples import KEY, draft, received
from tests.stores import opened, record

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[2]


@pytest.fixture
def made(database: str, tmp_path: Path) -> Backups:
    return backups.make(database, tmp_path)


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    with backups.empty_database(server) as url:
        yield url


def schemas(url: str) -> set[str]:
    """Return the schemas that are not of PostgreSQL itself."""
    with psycopg.connect(url) as connection:
        return {
            name
            for (name,) in connection.execute("select nspname from pg_namespace").fetchall()
            if name not in {"public", "information_schema"} and not name.startswith("pg_")
        }


def test_a_restored_store_holds_the_same_and_is_a_new_incarnation(
    made: Backups, database: str, empty: str
) -> None:
    restored = made.restore(empty)
    assert (restored.events, restored.messages, restored.index) == (31, 31, 31)
    assert (restored.subjects, restored.keys_missing) == (30, 0)
    assert content(empty, made.folder) == content(database, made.folder)
    with opened(database, made.folder) as (before, _), opened(empty, made.folder) as (after, _):
        assert restored.previous_incarnation == before.incarnation
        assert restored.incarnation == after.incarnation != before.incarnation


def test_what_was_sent_before_the_backup_is_known_after_the_restore(
    made: Backups, empty: str
) -> None:
    made.restore(empty)
    with opened(empty, made.folder) as (store, _):
        again = record(store, backups.messages())
        assert {each.disposition.value for each in again} == {"duplicate"}
        (new,) = record(store, [received("m31", draft("N31"))])
        assert (new.first_index, store.max_index()) == (32, 32)


def test_a_key_given_out_after_a_restore_has_a_new_number(
    made: Backups, database: str, empty: str
) -> None:
    made.restore(empty)
    for url in (database, empty):
        with opened(url, made.folder) as (store, _):
            record(store, [received(f"n{i}", draft(f"X{i}")) for i in range(300)])
    numbers = []
    for url in (database, empty):
        with psycopg.connect(url) as connection:
            rows = connection.execute(
                "select key_id from es.subject_key order by taken_at desc limit 300"
            ).fetchall()
            numbers.append({key_id for (key_id,) in rows})
    assert numbers[0] & numbers[1] == set()


def test_a_store_that_was_published_begins_a_new_generation_of_its_topics(
    made: Backups, database: str, empty: str, server: str
) -> None:
    assert made.restore(empty).generation is None
    with psycopg.connect(database, autocommit=True) as connection:
        assert generation(connection, "first") == 1
        assert begin_generation(connection, clock.new_id()) == 2
    published = Backups(made.folder / "published")
    published.folder.mkdir()
    back_up_store(database, published.store)
    with backups.empty_database(server) as other:
        restored = restore_store(made.target(other), published.store, made.keys)
        assert restored.generation == 3
        with psycopg.connect(other) as connection:
            assert generation(connection, restored.incarnation) == 3


def test_a_damaged_file_is_refused_before_anything_is_changed(made: Backups, empty: str) -> None:
    for path in (made.store, made.keys):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BackupUnusable):
            made.restore(empty)
        path.write_bytes(whole)
    assert schemas(empty) == set()


def test_keys_that_do_not_fit_are_refused_before_anything_is_changed(
    made: Backups, empty: str, tmp_path: Path
) -> None:
    with pytest.raises(WrongIdKey):
        made.restore(empty, id_key=IdKey(b"o" * 32))
    with pytest.raises(DevelopmentKey):
        made.restore(empty, external=True)
    assert KEY.secret == DEVELOPMENT_KEY
    with pytest.raises(KeysNeeded):
        restore_store(made.target(empty), made.store, None)
    other = tmp_path / "other.key"
    with pytest.raises(MasterKeyUnusable, match="missing"):
        made.restore(empty, master_key_file=other)
    other.touch(mode=0o600)
    other.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    with pytest.raises(MasterKeyUnusable, match="another master key"):
        made.restore(empty, master_key_file=other)
    with pytest.raises(BackupUnusable, match="not a backup of the keys"):
        restore_store(made.target(empty), made.store, made.store)
    assert schemas(empty) == set()


def test_the_id_key_is_in_the_backup_of_the_keys_and_opens_with_the_master_key_alone(
    made: Backups, tmp_path: Path
) -> None:
    assert id_key_in(made.keys, master_key_file=made.folder / "master.key") == KEY
    assert KEY.secret not in made.keys.read_bytes()
    assert KEY.secret.hex().encode() not in made.keys.read_bytes()
    other = tmp_path / "other.key"
    other.touch(mode=0o600)
    other.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    with pytest.raises(MasterKeyUnusable, match="another master key"):
        id_key_in(made.keys, master_key_file=other)


def test_a_store_is_never_replaced(made: Backups, database: str) -> None:
    before = content(database, made.folder)
    with pytest.raises(StoreNotEmpty):
        made.restore(database)
    assert content(database, made.folder) == before


def test_a_database_that_was_opened_and_never_used_is_restored_into(
    made: Backups, database: str, empty: str, tmp_path: Path
) -> None:
    migrate(empty)
    other = tmp_path / "opened"
    other.mkdir()
    with opened(empty, other), pytest.raises(StoreInUse):
        made.restore(empty)
    made.restore(empty)
    assert content(empty, made.folder) == content(database, made.folder)


def test_a_command_says_that_a_restore_is_running_and_does_not_wait_for_it(
    made: Backups, database: str, empty: str
) -> None:
    verified, loading = list[int](), list[int]()
    BackupReader(made.store, "store").verify(verified.append)

    def shown(done: int) -> None:
        loading.append(done)
        if len(loading) == len(verified) + 1:
            with pytest.raises(RestoreRunning, match="wait until it has ended"):
                migrate(empty)

    restore_store(made.target(empty), made.store, made.keys, shown=shown)
    assert len(loading) > len(verified)
    migrate(empty)
    assert content(empty, made.folder) == content(database, made.folder)


@pytest.mark.parametrize("pieces", [1, 3, 7])
def test_a_restore_that_was_killed_says_so_and_is_done_again(
    made: Backups, database: str, empty: str, pieces: int
) -> None:
    killed = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.infra.restore_process",
            empty,
            made.folder,
            str(pieces),
        ],
        cwd=ROOT,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    says = (
        "was interrupted, so it holds no store: run `caretrail restore` again with the same files"
    )
    with pytest.raises(RestoreUnfinished, match=says):
        migrate(empty)
    files = set(made.folder.iterdir())
    with pytest.raises(RestoreUnfinished, match=says):
        back_up_store(empty, made.folder / "again.backup")
    assert set(made.folder.iterdir()) == files
    made.restore(empty)
    migrate(empty)
    assert content(empty, made.folder) == content(database, made.folder)


LATER = Migration(9999, "9999_pre_later.sql", b"alter table intake.profile add later integer")


def test_a_backup_of_an_earlier_release_is_brought_to_the_schema_of_this_one(
    made: Backups, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "migrations", lambda: [*migrations(), LATER])
    made.restore(empty)
    with psycopg.connect(empty) as connection:
        newest = connection.execute(
            "select (select max(number) from es.migration), (select count(*) from es.event),"
            " (select count(*) from intake.profile where later is not null)"
        ).fetchone()
        assert newest == (9999, 31, 0)


def test_a_backup_of_a_later_release_is_refused(
    made: Backups, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "migrations", lambda: migrations()[:-1])
    with pytest.raises(SchemaTooNew):
        made.restore(empty)
    assert schemas(empty) == set()


def test_keys_in_a_database_of_their_own_outlive_the_store(
    made: Backups, empty: str, server: str
) -> None:
    with backups.empty_database(server) as keys_url:
        restored = restore_keys(
            keys_url, made.keys, id_key=KEY, master_key_file=made.folder / "master.key"
        )
        assert (restored.keys, restored.added) == (30, 30)
        target = made.target(empty, keys_url=keys_url)
        assert restore_store(target, made.store, None).keys_missing == 0
        again = restore_keys(
            keys_url, made.keys, id_key=KEY, master_key_file=made.folder / "master.key"
        )
        assert (again.keys, again.added) == (30, 0)


def test_keys_of_another_store_are_refused(made: Backups, server: str, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with backups.empty_database(server) as other:
        migrate(other)
        backups.make(other, folder)
        with pytest.raises(KeysDiffer):
            restore_keys(other, made.keys, id_key=KEY, master_key_file=made.folder / "master.key")
        with psycopg.connect(other) as connection:
            known = connection.execute("select count(*) from keys.master_key").fetchone()
        assert known == (1,)


def test_keys_older_than_the_store_are_completed_by_newer_ones(
    made: Backups, database: str, empty: str
) -> None:
    with opened(database, made.folder) as (store, _):
        record(store, [received("later", draft("L1"))])
    newer = Backups(made.folder / "newer")
    newer.folder.mkdir()
    copy(made.folder / "master.key", newer.folder)
    back_up_store(database, newer.store)
    newer.back_up_keys(database)
    restored = restore_store(made.target(empty), newer.store, made.keys)
    assert (restored.subjects, restored.keys_missing) == (31, 1)
    added = restore_keys(empty, newer.keys, id_key=KEY, master_key_file=made.folder / "master.key")
    assert added.added == 1
    assert content(empty, made.folder) == content(database, made.folder)
