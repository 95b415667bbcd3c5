"""The care team as the hospital states it."""

from datetime import datetime
from itertools import permutations
from typing import Any

import psycopg
import pytest

from domain.statement import StatedRole
from projections.catalogue import PROJECTIONS
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import (
    Log,
    SampleStatement,
    applied,
    at,
    content,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

_FIELDS = {"AT": "PV1-7", "CP": "PV1-9", "PP": "PD1-4"}


def roles(*texts: str) -> tuple[StatedRole, ...]:
    """Return roles: "AT d1" is d1 in PV1-7."""
    return tuple(
        StatedRole(field=_FIELDS[role], role=role, practitioner=practitioner)
        for role, practitioner in (text.split(" ") for text in texts)
    )


def story(number: str = "1") -> list[SampleStatement]:
    """Return what is stated about a patient: two attending doctors, and two of primary care."""
    visit = f"V{number}"
    return [
        stated("A01", "10:00", number=number, visit=visit, roles=roles("AT d1", "PP g1")),
        stated("A08", "12:00", number=number, visit=visit, roles=roles("AT d2", "CP d1")),
        stated("A03", "15:00", number=number, visit=visit),
        stated("A31", "16:00", number=number, visit="", roles=roles("PP g2")),
    ]


def team(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select role, practitioner_ref, since, until from care.care_team_stated"
        " order by patient_id, number"
    ).fetchall()


TEAM: list[tuple[str, str, datetime, datetime | None]] = [
    ("attending", "d1", at("10:00"), at("12:00")),
    ("attending", "d2", at("12:00"), at("15:00")),
    ("consultant", "d1", at("12:00"), at("15:00")),
    ("primary_care", "g1", at("10:00"), at("16:00")),
    ("primary_care", "g2", at("16:00"), None),
]


def test_each_period_is_a_row_with_the_statements_behind_it(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    samples = story()
    log.record(*samples)
    applied(connection, log, log.events)
    assert team(connection) == TEAM
    first, second, _, last = (one.statement.ref for one in samples)
    found = connection.execute(
        "select number, encounter_id, facility, role_code, stated_in, statement_ref, ended_by_ref,"
        " since_precision, until_precision, source_position from care.care_team_stated"
        " where role in ('attending', 'primary_care') order by number"
    ).fetchall()
    assert found == [
        (1, first, "NGH", "AT", "PV1-7", first, second, "second", "second", 2),
        (2, first, "NGH", "AT", "PV1-7", second, None, "second", "second", 2),
        (4, None, "NGH", "PP", "PD1-4", first, last, "second", "second", 4),
        (5, None, "NGH", "PP", "PD1-4", last, None, "second", None, 4),
    ]


def test_the_order_of_arrival_does_not_matter(connection: psycopg.Connection) -> None:
    log = Log()
    # Each order is told about a patient of its own.
    for number, order in enumerate(permutations(range(4)), start=1):
        samples = story(str(number))
        log.record(*(samples[each] for each in order))
    applied(connection, log, log.events)
    assert team(connection) == TEAM * 24


def test_live_and_rebuilt_rows_are_equal(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(
        *story(), stated("A01", "11:00", number="2", visit="W1", roles=roles("AT d3", "PP g1"))
    )
    log.record(stated("A40", "17:00", number="2", visit="", retires="1"))
    for event in log.events:
        applied(connection, log, [event])
    assert [practitioner for _, practitioner, *_ in team(connection)].count("d3") == 1
    owners = connection.execute("select distinct patient_id from proj.care_team_stated").fetchall()
    assert owners == [(record("2"),)]
    before = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == before


def test_a_test_record_is_not_in_the_view(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(stated("A01", "10:00", mode="T", roles=roles("AT d1")))
    applied(connection, log, log.events)
    assert team(connection) == []
    assert connection.execute("select count(*) from proj.care_team_stated").fetchone() == (1,)
