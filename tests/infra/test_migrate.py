"""Each migration runs once, and a database of a newer release is refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from secrets import token_hex

import psycopg
import pytest

from infra.migrate import Migration, MigrationChanged, SchemaTooNew, migrate, migrations
from tests import servers

pytestmark = pytest.mark.postgres


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    name = f"empty_{token_hex(6)}"
    yield servers.create_database(server, name)
    servers.drop_database(server, name)


def applied(url: str) -> list[tuple[int, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select number, name from es.migration order by 1").fetchall()


def test_processes_that_start_together_migrate_once(empty: str) -> None:
    with ThreadPoolExecutor(4) as starts:
        list(starts.map(migrate, [empty] * 4))
    assert applied(empty) == [(each.number, each.name) for each in migrations()]
    migrate(empty)
    with psycopg.connect(empty) as connection:
        schemas = connection.execute(
            "select schema_name from information_schema.schemata"
            " where schema_name in ('es', 'intake', 'keys', 'relay')"
        ).fetchall()
    assert len(schemas) == 4


def test_every_migration_has_a_number_of_its_own() -> None:
    numbers = [each.number for each in migrations()]
    assert len(numbers) == len(set(numbers))


def test_a_newer_schema_is_refused(empty: str) -> None:
    newer = Migration(9999, "9999_pre_later.sql", b"create table es.later (id int)")
    migrate(empty, [*migrations(), newer])
    with pytest.raises(SchemaTooNew) as refused:
        migrate(empty)
    assert (refused.value.found, refused.value.known) == (9999, migrations()[-1].number)


def test_a_migration_that_changed_after_it_ran_is_refused(empty: str) -> None:
    migrate(empty)
    first, *others = migrations()
    with pytest.raises(MigrationChanged) as refused:
        migrate(empty, [replace(first, sql=first.sql + b"-- more"), *others])
    assert refused.value.number == first.number


def test_a_migration_that_fails_leaves_no_table_and_no_row(empty: str) -> None:
    broken = Migration(9999, "9999_pre_broken.sql", b"create table es.half (id int); select 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty, [*migrations(), broken])
    assert applied(empty)[-1][0] == migrations()[-1].number
    with psycopg.connect(empty) as connection:
        assert connection.execute("select to_regclass('es.half')").fetchone() == (None,)


def test_every_table_of_the_store_has_a_comment(connection: psycopg.Connection) -> None:
    silent = connection.execute(
        "select c.oid::regclass::text from pg_class c where relkind = 'r'"
        " and relnamespace::regnamespace::text in ('es', 'intake', 'keys')"
        " and obj_description(oid) is null order by 1"
    ).fetchall()
    assert silent == []
