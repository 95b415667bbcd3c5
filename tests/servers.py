"""The real servers behind the tests, and databases on one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.kafka_server import KafkaServer
from infra.postgres_server import PostgresServer

# What is written survives the kill of any process; only a power cut would lose it, and the files
# of a test run are thrown away.
_UNSAFE = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


@contextmanager
def postgres() -> Iterator[str]:
    """An empty PostgreSQL, as a connection string.

    Not under pytest's own folders: as root the server is another user, and they are private.
    """
    with (
        TemporaryDirectory(prefix="caretrail-test-") as folder,
        PostgresServer(Path(folder), settings=_UNSAFE) as server,
    ):
        yield server.url


@contextmanager
def kafka() -> Iterator[str]:
    """A broker without topics, as its bootstrap servers."""
    with (
        TemporaryDirectory(prefix="caretrail-test-") as folder,
        KafkaServer(Path(folder)) as server,
    ):
        yield server.bootstrap_servers


def create_database(server: str, name: str, template: str = "template0") -> str:
    """Make a database, a copy of another one; about 0.1 s."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return make_conninfo(server, dbname=name)


def drop_database(server: str, name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
