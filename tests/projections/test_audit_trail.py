"""The audit trail holds own events with their modes, beside the statements."""

from dataclasses import replace

import psycopg
import pytest

from domain.statement import Moment
from projections.audit_trail import happened_precision
from tests.projections.samples import Log, applied, at, referral, stated

pytestmark = pytest.mark.postgres


def modes(connection: psycopg.Connection, schema: str) -> list[tuple[int, str | None]]:
    assert schema in {"proj", "care"}
    return connection.execute(
        f"select source_position, mode from {schema}.audit_trail order by 1"
    ).fetchall()


@pytest.mark.parametrize(("mode", "shown"), [("P", True), ("T", False), ("D", False)])
def test_an_own_event_has_the_mode_of_its_record(
    connection: psycopg.Connection, mode: str, *, shown: bool
) -> None:
    log = Log()
    log.record(stated("A01", "10:00", number="2"), referral("12:00", mode=mode))
    applied(connection, log, log.events)
    assert modes(connection, "proj") == [(1, "P"), (2, mode)]
    assert modes(connection, "care") == [(1, "P"), (2, "P")][: 1 + shown]


def test_an_own_event_has_no_members_of_a_statement(connection: psycopg.Connection) -> None:
    log = Log()
    (event,) = log.record(referral("12:00"))
    applied(connection, log, log.events)
    assert connection.execute(
        "select topic, record_id, subject_ids, actor_kind, statement_ref, trigger_code, control_id,"
        " stated_at, flags from care.audit_trail"
    ).fetchall() == [
        (
            "referral.requested.v1",
            event.envelope.stream,
            list(event.envelope.subjects),
            "person",
            None,
            None,
            None,
            None,
            [],
        )
    ]


def test_an_own_event_that_cannot_be_read_is_kept_without_a_mode(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    (event,) = log.record(referral("12:00"))
    log.events[0] = replace(event, body=b'{"core":{"mode":7},"sealed":[]}')
    applied(connection, log, log.events)
    assert connection.execute("select count(*) from proj.parked").fetchone() == (1,)
    assert modes(connection, "proj") == [(1, None)]
    assert modes(connection, "care") == [(1, None)]  # it may be of production: it is not hidden


def test_each_time_has_the_precision_with_which_it_is_stated(
    connection: psycopg.Connection,
) -> None:
    day = Moment(at=at("0:00"), until=at("23:59"), precision="day")
    hour = Moment(at=at("10:00"), until=at("10:59"), precision="hour")
    log = Log()
    log.record(
        stated("A01", "10:00", admitted=day, occurred=day, sent=hour),
        stated("A03", "18:00", discharged=day, occurred=day),
        stated("A02", "11:00", number="2", occurred=None, sent=None, entered=None),
        referral("12:00", happened_at=day),
        referral("12:00", number="2"),
    )
    applied(connection, log, log.events)
    assert connection.execute(
        "select happened_precision, stated_precision from care.audit_trail order by source_position"
    ).fetchall() == [
        ("day", "hour"),
        ("day", "second"),
        (None, None),
        ("day", None),
        ("second", None),
    ]


def test_the_precision_is_of_the_field_that_an_earlier_release_took_the_time_from() -> None:
    day = Moment(at=at("0:00"), until=at("23:59"), precision="day")
    hour = Moment(at=at("10:00"), until=at("10:59"), precision="hour")
    statement = stated("A01", "10:30", admitted=day, entered=hour).statement
    assert happened_precision(statement, day.at) == "day"
    assert happened_precision(statement, hour.at) == "hour"
    assert happened_precision(statement, at("9:00")) == "second"
    assert happened_precision(statement, None) is None
