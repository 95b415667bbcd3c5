"""Batches are applied once, whole, and to the same result however they come."""

from typing import Any

import psycopg
import pytest

from projections import fold, position
from tests.projections.saying import Log, altered, place, said, services

pytestmark = pytest.mark.postgres


def test_a_stay_with_a_transfer_stands_in_the_timeline(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(
        said("A01", "10:00", where=place("4W", "A")),
        said("A02", "11:00", where=place("4W", "B")),
        said("A03", "13:20"),
    )
    applied = fold.apply(connection, log.events, heal=log.heal, services=services())
    assert (applied.applied, applied.skipped, applied.healed, applied.parked) == (3, 0, 0, ())
    print(connection.execute("select * from proj.encounter").fetchall())
    stays = connection.execute(
        "select bed, started_at, ended_at from proj.stay order by 2"
    ).fetchall()
    assert [bed for bed, *_ in stays] == ["A", "B"]
    print(connection.execute("select * from proj.patient").fetchall())
    print(connection.execute("select * from proj.token").fetchall())
