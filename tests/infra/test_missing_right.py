"""A user of the database without a right: callers are told, and the log names the right."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
import structlog
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from commands import record_messages
from commands.decisions import GivenCommand
from commands.ports.store import RightMissing
from commands.ports.streams import CommandOutcome
from tests.facts import knowing_nothing
from tests.intake_samples import received
from tests.referral_samples import caller, request
from tests.stores import opened

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NAMED = {
    "event": "database.right_missing",
    "log_level": "error",
    "reason": "permission denied for table event",
}


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def weak(admin: psycopg.Connection) -> Iterator[str]:
    """A user that may do everything but append events."""
    name = f"weak_{token_hex(4)}"
    user = Identifier(name)
    admin.execute(SQL("create role {}").format(user))
    for schema in map(Identifier, ("es", "intake", "keys")):
        for right in (
            "usage on schema {}",
            "all on all tables in schema {}",
            "usage on all sequences in schema {}",
        ):
            admin.execute(SQL(f"grant {right} to {{}}").format(schema, user))
    admin.execute(SQL("revoke insert on es.event from {}").format(user))
    yield name
    admin.execute(SQL("drop owned by {}").format(user))
    admin.execute(SQL("drop role {}").format(user))


def test_each_command_of_a_batch_is_told_and_can_be_repeated_when_the_right_is_granted(
    database: str, admin: psycopg.Connection, weak: str, tmp_path: Path
) -> None:
    given = [GivenCommand(request(number=each), caller(each)) for each in ("1", "2")]
    with opened(make_conninfo(database, options=f"-c role={weak}"), tmp_path) as (store, _):
        decisions = knowing_nothing(store.streams, now=lambda: NOW)
        with structlog.testing.capture_logs() as logs:
            outcomes = decisions.record_all(given)
        assert [type(each) for each in outcomes] == [RightMissing, RightMissing]
        assert logs == [NAMED]
        admin.execute(SQL("grant insert on es.event to {}").format(Identifier(weak)))
        recorded = decisions.record_all(given)
        assert [isinstance(each, CommandOutcome) for each in recorded] == [True, True]


def test_a_message_is_left_with_its_sender(database: str, weak: str, tmp_path: Path) -> None:
    with opened(make_conninfo(database, options=f"-c role={weak}"), tmp_path) as (store, _):
        prepared = record_messages.prepare(received("a"), store)
        with structlog.testing.capture_logs() as logs, pytest.raises(RightMissing):
            record_messages.handle([prepared], store)
    assert logs == [NAMED]
