"""The real servers behind the tests, and databases on one of them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from shutil import disk_usage, rmtree
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.kafka_access import Brokers
from infra.kafka_server import KafkaServer
from infra.postgres_server import PostgresServer
from infra.settings import Settings

_PREFIX, _LOCK = "caretrail-test-", "run.lock"
_SETTLED = 60  # seconds
#: The folder beside the lock in which ``tests.homes`` makes homes.
FOLDER: Final = "new"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # the names of what is made in it are random
_ROOM: Final = 4 << 30  # bytes; a run takes a tenth of them
#: The memory of the machine, and of the container: its limit, and what it uses.
_MACHINE: Final = Path("/proc/meminfo")
_CONTAINER: Final = Path("/sys/fs/cgroup")

# Without fsync, rows survive the kill of any process; only a power cut loses them. The files of a
# test run are thrown away anyway. With the least of a write-ahead log, and with files that the
# kernel copies, a database is copied in a tenth of the time.
_UNSAFE = {
    "file_copy_method": "clone",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
}


@contextmanager
def postgres() -> Iterator[str]:
    """Start an empty PostgreSQL and give its connection string."""
    with home() as folder, PostgresServer(folder, settings=_UNSAFE) as server:
        yield server.url


@contextmanager
def kafka() -> Iterator[Brokers]:
    """Start a broker without topics; give its address and credentials."""
    with home() as folder, KafkaServer(folder) as server:
        yield server.brokers


def kafka_variables(brokers: Brokers) -> dict[str, str]:
    """Return the variables of the command line that name brokers and credentials."""
    given = Settings().with_brokers(brokers).environment()
    return {name: text for name, text in given.items() if name.startswith("CARETRAIL_KAFKA_")}


def confluent_client(brokers: Brokers) -> dict[str, str]:
    """Return the settings of a client of confluent-kafka."""
    return {
        "bootstrap.servers": brokers.servers,
        "security.protocol": brokers.protection,
        "sasl.mechanism": brokers.mechanism,
        "sasl.username": brokers.username,
        "sasl.password": brokers.password,
    }


@contextmanager
def home() -> Iterator[Path]:
    """Make a home for the servers of one run; first end servers that killed runs have left.

    The home is not in pytest's folders. Those are private, and PostgreSQL runs as another user if
    we are root.
    """
    for place in {_MEMORY, Path(gettempdir())}:
        for left in place.glob(f"{_PREFIX}*/{_LOCK}"):
            _end_unless_held(left)
    with (
        TemporaryDirectory(
            prefix=_PREFIX, dir=quick_folder(), ignore_cleanup_errors=True
        ) as folder,
        (Path(folder) / _LOCK).open("wb") as lock,
    ):
        flock(lock, LOCK_EX)
        yield Path(folder)


def quick_folder() -> Path:
    """Return where servers keep their files: in memory if there is room, else on the disk.

    A database is some 600 files. In memory they are made and removed in a fraction of the time.
    What is in the folder counts as memory that is used, and a container that uses more than its
    limit is killed. So the room of the folder alone is not enough.
    """
    try:
        room = min(disk_usage(_MEMORY).free, *_free_memory())
    except OSError:
        room = 0
    usable = room > _ROOM and os.access(_MEMORY, os.W_OK)
    return _MEMORY if usable else Path(gettempdir())


def _free_memory() -> Iterator[int]:
    """Yield how many bytes the machine and the container may still use, as far as they say so."""
    with suppress(OSError):
        yield _number(_MACHINE, "MemAvailable:") << 10
    with suppress(OSError, ValueError):  # ValueError: the limit is "max"
        limit = int((_CONTAINER / "memory.max").read_text())
        used = int((_CONTAINER / "memory.current").read_text())
        yield limit - used + _number(_CONTAINER / "memory.stat", "inactive_file")


def _number(path: Path, name: str) -> int:
    """Return the number after a name in a file of the kernel; 0 if the file does not say it."""
    rows = (each.split() for each in path.read_text("ascii").splitlines())
    return next((int(row[1]) for row in rows if row[0] == name), 0)


def _end_unless_held(path: Path) -> None:
    with suppress(OSError), path.open("rb") as lock:
        if time.time() - path.stat().st_mtime < _SETTLED:
            return  # another run is making this home now
        flock(lock, LOCK_EX | LOCK_NB)
        for each in (path.parent, *path.parent.glob(f"{FOLDER}/*")):
            PostgresServer(each).stop_left()
            KafkaServer(each).stop_left()
        rmtree(path.parent)


def create_database(server: str, name: str, template: str = "template0") -> str:
    """Make a database, a copy of another one.

    Its files are copied. PostgreSQL's other way writes each of their pages to the log as well.
    """
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return make_conninfo(server, dbname=name)


def drop_database(server: str, name: str) -> None:
    """Drop a database, even if clients are connected to it."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
