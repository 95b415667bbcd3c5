"""Real servers for every test: one PostgreSQL and one Kafka a worker, one database a test."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from infra.kafka_access import Brokers
from tests import availability, servers

if TYPE_CHECKING:
    from tests.region import Told

# How long an example takes depends on what else the machine does, and is no property of the code.
settings.register_profile(
    "soak", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
# A run that fails must fail again: `make test` tries the same examples in each run, until a test is
# changed. `make soak` tries many others.
settings.register_profile(
    "caretrail", settings.get_profile("soak"), max_examples=40, derandomize=True, database=None
)
settings.load_profile("caretrail")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """One PostgreSQL per worker, as a connection string."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def template_database(server: str) -> str:
    """The name of one migrated database with empty read models per worker; tests get copies."""
    # Tests without a database go without these.
    from infra.migrate import migrate  # noqa: PLC0415
    from projections.catalogue import PROJECTIONS  # noqa: PLC0415
    from projections.engine import generations  # noqa: PLC0415

    name = f"template_{token_hex(4)}"
    url = servers.create_database(server, name)
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        generations.create(connection, PROJECTIONS)
    return name


@pytest.fixture
def database(server: str, template_database: str) -> Iterator[str]:
    """A migrated, empty database for one test, as a connection string."""
    name = f"test_{token_hex(6)}"
    yield servers.create_database(server, name, template_database)
    servers.drop_database(server, name)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def told(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Told]":
    """A database with the whole region per worker; tests only read it."""
    from tests.region import Told, region  # noqa: PLC0415  # as above

    name = f"region_{token_hex(4)}"
    database = servers.create_database(server, name, template_database)
    with region(database, tmp_path_factory.mktemp("home")) as (application, reader):
        yield Told(application, reader)
    servers.drop_database(server, name)


@pytest.fixture(scope="session")
def made_home() -> Iterator[Path]:
    """A home per worker that has been opened once, to be copied."""
    from tests import homes  # noqa: PLC0415  # as above

    with homes.made_home() as home:
        yield home


@pytest.fixture(scope="session")
def kafka() -> Iterator[Brokers]:
    """One Apache Kafka broker per worker, with its credentials; topics are each test's own."""
    with servers.kafka() as brokers:
        yield brokers


@pytest.fixture
def topic_prefix() -> str:
    """What a test puts before the names of its topics and groups, for all share one broker."""
    return f"test-{token_hex(6)}."


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    return availability.chromium()
