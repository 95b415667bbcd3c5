"""Find what a home holds: its database, the key of its ids, and its data keys."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import Connection

from domain.ids import IdKey
from infra import id_key
from infra.event_store import DevelopmentKey, id_key_fingerprint
from infra.postgres import await_recovery, network
from infra.postgres_server import joined
from infra.settings import Settings
from infra.subject_keys import SubjectKeys, open_keys

_KEY_BYTES: Final = 32


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Give the connection string of the database, with any schema or none.

    The embedded server is joined if it runs. Otherwise it is started and stopped again.

    Raises:
        PostgresUnavailable: The embedded server is not available here, or does not start.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        await_recovery(url)
        yield url
        return
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with joined(settings.home) as url:
        yield url


def connect(url: str) -> Connection[Any]:
    """Open a new connection in autocommit mode; the caller closes it."""
    return psycopg.connect(**network(url), autocommit=True)


def id_key_of(settings: Settings, url: str) -> IdKey:
    """Return the key from which ids are derived; a new home draws one.

    Args:
        settings: The settings; ``CARETRAIL_ID_KEY`` counts before the file of the home.
        url: The database.

    Raises:
        DevelopmentKey: A database outside the home needs ``CARETRAIL_ID_KEY``.
        IdKeyUnusable: The file of the home is missing or cannot be used.
        StoreUnavailable: The database does not answer.
    """
    if settings.id_key is not None:
        return IdKey(bytes.fromhex(settings.id_key.get_secret_value()))
    if settings.database_url is not None:
        raise DevelopmentKey
    return id_key.of_home(
        settings.id_key_file,
        fingerprint=id_key_fingerprint(url),
        draw=lambda: os.urandom(_KEY_BYTES),
    )


@contextmanager
def data_keys_of(settings: Settings, url: str) -> Iterator[SubjectKeys]:
    """Open the data keys of the subjects; see ``open_keys``.

    Args:
        settings: The settings, which may name another database for the keys.
        url: The database of the store.
    """
    keys_url = settings.keys_database_url
    with open_keys(
        url,
        master_key_file=settings.master_key_file,
        keys_url=keys_url.get_secret_value() if keys_url else None,
    ) as keys:
        yield keys
