"""The real servers behind the tests, and databases on one of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, gettempdir

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.kafka_server import KafkaServer
from infra.postgres_server import PostgresServer

_PREFIX, _LOCK = "caretrail-test-", "run.lock"
_SETTLED = 60  # seconds

# What is written survives the kill of any process; only a power cut would lose it, and the files
# of a test run are thrown away.
_UNSAFE = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


@contextmanager
def postgres() -> Iterator[str]:
    """An empty PostgreSQL, as a connection string."""
    with home() as folder, PostgresServer(folder, settings=_UNSAFE) as server:
        yield server.url


@contextmanager
def kafka() -> Iterator[str]:
    """A broker without topics, as its bootstrap servers."""
    with home() as folder, KafkaServer(folder) as server:
        yield server.bootstrap_servers


@contextmanager
def home() -> Iterator[Path]:
    """A home for the servers of one run; what a killed run has left in its own is ended first.

    Not under pytest's own folders: as root PostgreSQL is another user, and they are private.
    """
    for left in Path(gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        _end_if_nobody_holds(left)
    with TemporaryDirectory(prefix=_PREFIX) as folder, (Path(folder) / _LOCK).open("wb") as lock:
        flock(lock, LOCK_EX)
        yield Path(folder)


def _end_if_nobody_holds(path: Path) -> None:
    with suppress(OSError), path.open("rb") as lock:
        if time.time() - path.stat().st_mtime < _SETTLED:
            return  # somebody makes it at this moment
        flock(lock, LOCK_EX | LOCK_NB)
        PostgresServer(path.parent).stop_left()
        KafkaServer(path.parent).stop_left()
        rmtree(path.parent)


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
