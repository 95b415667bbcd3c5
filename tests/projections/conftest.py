"""Databases with the read models alone: the events may be in another database."""

from collections.abc import Iterator
from secrets import token_hex

import psycopg
import pytest

from projections.catalogue import PROJECTIONS
from projections.engine import generations
from tests import servers


@pytest.fixture(scope="session")
def template_database(server: str) -> str:
    name = f"read_models_{token_hex(4)}"
    with psycopg.connect(servers.create_database(server, name), autocommit=True) as connection:
        generations.create(connection, PROJECTIONS)
    return name


@pytest.fixture
def other(database: str) -> Iterator[psycopg.Connection]:
    """A second connection to the database of the test."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection
