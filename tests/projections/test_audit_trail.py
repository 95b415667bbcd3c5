"""The audit trail holds own events with their modes, beside the statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from domain.statement import Moment
from projections.audit_trail import EVENT, happened_precision, known_at, trail
from tests.projections.samples import Log, applied, at, record, referral, stated

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


def many_others(connection: psycopg.Connection, count: int) -> None:
    """Add events of other people and of a thousand own streams to the trail, a second apart."""
    columns = ", ".join(EVENT.names)
    changed = {
        "source_position": "o.source_position + n",
        "event_id": "n::text",
        "record_id": "'other-' || n % 1000",
        "subject_ids": "array['other-' || n % 1000] || case when n % 2 = 0 then '{other}' end",
        "recorded_at": "o.recorded_at + n * interval '1 s'",
    }
    values = ", ".join(changed.get(name, f"o.{name}") for name in EVENT.names)
    connection.execute(
        f"insert into proj.audit_trail ({columns}) select {values}"
        " from (select * from proj.audit_trail order by source_position desc limit 1) as o,"
        f" generate_series(1, {count}) as n"
    )
    (generation,) = connection.execute(
        "select format('%I.%I', schemaname, relname) from pg_stat_user_tables"
        " where relname = 'audit_trail'"
    ).fetchone() or ("",)
    connection.execute(f"analyze {generation}")


@contextmanager
def rows_read(connection: psycopg.Connection, most: int) -> Iterator[None]:
    """Check how many rows of the trail are read, by an index or not."""

    def counted() -> int:
        (found,) = connection.execute(
            "select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_user_tables"
            " where relname = 'audit_trail'"
        ).fetchone() or (0,)
        return int(found or 0)

    with connection.transaction():  # in which PostgreSQL sets no counter back
        before = counted()
        yield
        assert counted() - before <= most


def test_the_trail_of_a_patient_reads_no_event_of_another(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00"),
        stated("A40", "11:00", number="2", retires="1", visit=""),
        referral("12:00"),
        stated("A03", "13:00"),
        stated("A01", "14:00", number="3"),
    )
    applied(connection, log, log.events)
    many_others(connection, 5000)
    for after, limit, indexes in ((0, 100, [1, 2, 3, 4]), (1, 2, [2, 3]), (4, 100, [])):
        with rows_read(connection, 12):  # four events: where they are, and what they say
            found = trail(connection, records=[record("1")], after=after, limit=limit)
            assert [each.source_position for each in found] == indexes
    with rows_read(connection, 50):
        assert len(trail(connection, records=None, after=100, limit=50)) == 50


def test_the_last_event_known_at_an_instant_is_found_by_the_instant(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"))
    applied(connection, log, log.events)
    many_others(connection, 5000)
    first = known_at(connection, 1)
    assert first.recorded_at
    for seconds, index in ((-1, 0), (0, 1), (0.5, 1), (1, 2), (9, 10), (9000, 5001)):
        with rows_read(connection, 2):
            found = known_at(connection, first.recorded_at + timedelta(seconds=seconds))
            assert found.index == index
