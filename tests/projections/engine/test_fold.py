"""Batches are applied once and whole. Order, batches and repeats do not change the result."""

from collections.abc import Iterable

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.body import RecordedEvent
from domain.continuity import Patient
from domain.interpretation import interpret as real_interpretation
from domain.statement import Statement
from projections.catalogue import PROJECTIONS
from projections.engine import fold, parking, position, resuming
from tests.examples import a_part_of_the_examples
from tests.projections.plain_interpretation import interpret
from tests.projections.samples import (
    STORY,
    FailingInterpretation,
    Interpretation,
    Log,
    SampleStatement,
    altered,
    applied,
    content,
    place,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres


def test_a_repeated_batch_changes_nothing(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(*STORY)
    applied(connection, log, log.events)
    before = content(connection)
    (again,) = applied(connection, log, log.events)
    assert (again.applied, again.skipped) == (0, len(STORY))
    assert content(connection) == before


def test_the_keys_of_a_batch_are_fetched_together(connection: psycopg.Connection) -> None:
    log, asked = Log(), list[set[str]]()
    log.record(stated("A01", "10:00"), stated("A01", "10:00", number="2", visit="V2"))

    def warm(records: Iterable[str]) -> None:
        asked.append(set(records))

    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services(warm=warm))
    assert asked == [{record("1"), record("2")}]


def test_a_hole_is_filled_from_the_store(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), stated("A02", "11:00"), stated("A03", "13:20"))
    applied(connection, log, log.events[:1])
    (outcome,) = applied(connection, log, log.events[2:])
    assert (outcome.applied, outcome.healed) == (2, 1)
    assert fold.positions(connection, PROJECTIONS) == log.last


def test_a_hole_that_the_store_cannot_fill_stops_the_batch(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), stated("A02", "11:00"))
    with pytest.raises(position.HoleNotFilled):
        fold.apply(connection, PROJECTIONS, log.events[1:], heal=lambda *_: [], services=services())
    assert fold.positions(connection, PROJECTIONS).get(log.events[0].envelope.partition, 0) == 0


def test_events_of_another_incarnation_are_refused(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), stated("A02", "11:00"))
    applied(connection, log, log.events[:1])
    other = [altered(log.events[1], incarnation="second")]
    with pytest.raises(position.OtherIncarnation):
        applied(connection, log, other)


def test_a_batch_that_a_crash_interrupts_is_applied_whole_the_next_time(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(*STORY)
    applied(connection, log, log.events[:4])
    before = content(connection), fold.positions(connection, PROJECTIONS)

    def dies(_statements: Iterable[Statement]) -> tuple[Patient, ...]:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        fold.apply(
            connection,
            PROJECTIONS,
            log.events[4:],
            heal=log.heal,
            services=services(interpret=dies),
        )
    assert (content(connection), fold.positions(connection, PROJECTIONS)) == before
    applied(connection, log, log.events[4:])
    assert fold.positions(connection, PROJECTIONS) == log.last


def test_of_two_transactions_with_the_same_events_the_second_skips_them(
    connection: psycopg.Connection, other: psycopg.Connection
) -> None:
    log = Log()
    log.record(*STORY)
    connection.execute("begin")
    connection.execute("savepoint one")
    applied(connection, log, log.events)
    other.execute("set lock_timeout = '100ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        applied(other, log, log.events)
    connection.execute("commit")
    (outcome,) = applied(other, log, log.events)
    assert (outcome.applied, outcome.skipped) == (0, len(STORY))


def test_a_position_that_another_transaction_moved_is_not_moved_again(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"))
    partition = log.events[0].envelope.partition
    keys = [("timeline", 1)]
    held = position.lock(connection, keys, [partition])
    connection.execute("update proj.position set last_index = 9")
    with pytest.raises(position.PositionMoved):
        position.advance(connection, keys, held, log.events)


def test_a_component_that_cannot_be_interpreted_is_set_aside_and_the_others_go_on(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", number="1"),
        stated("A01", "10:00", number="2", visit="V2"),
        stated("A02", "11:00", number="1", where=place("4W", "B")),
    )
    stumbling = services(interpret=FailingInterpretation("1"))
    first = fold.apply(connection, PROJECTIONS, log.events[:2], heal=log.heal, services=stumbling)
    then = fold.apply(connection, PROJECTIONS, log.events[2:], heal=log.heal, services=services())
    assert [one.index for one in (*first.parked, *then.parked)] == [1, 3]
    assert {one.reason for one in parking.parked(connection)} == {"ValueError"}
    assert "Alder" not in str(parking.parked(connection))
    rows = connection.execute("select patient_id from proj.encounter").fetchall()
    assert rows == [(record("2"),)]
    assert fold.positions(connection, PROJECTIONS) == log.last


def test_a_component_that_was_set_aside_is_folded_when_it_is_retried(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(*STORY)
    fold.apply(
        connection,
        PROJECTIONS,
        log.events,
        heal=log.heal,
        services=services(interpret=FailingInterpretation("1")),
    )
    assert (
        resuming.retry(
            connection, PROJECTIONS, services(interpret=FailingInterpretation("1")), heal=log.heal
        )
        != []
    )
    assert resuming.retry(connection, PROJECTIONS, services(), heal=log.heal) == []
    assert parking.parked(connection) == []
    parked_once = content(connection)
    fresh = connection.execute("select count(*) from proj.encounter").fetchone()
    assert fresh == (4,)
    assert parked_once["timeline"] == content(connection)["timeline"]


def test_a_body_that_cannot_be_read_is_set_aside_with_its_patient(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), stated("A01", "10:00", number="2", visit="V2"))
    broken = RecordedEvent(envelope=log.events[0].envelope, body=b'{"core": "\xff')
    (outcome,) = applied(connection, log, [broken, log.events[1]])
    assert [one.index for one in outcome.parked] == [1]
    assert connection.execute("select count(*) from proj.audit_trail").fetchone() == (2,)


def test_rows_that_the_database_refuses_are_set_aside(connection: psycopg.Connection) -> None:
    def twice(statements: Iterable[Statement]) -> tuple[Patient, ...]:
        patients = interpret(statements)
        return patients * 2 if record("1") in patients[0].records else patients

    log = Log()
    log.record(stated("A01", "10:00"), stated("A01", "10:00", number="2", visit="V2"))
    outcome = fold.apply(
        connection, PROJECTIONS, log.events, heal=log.heal, services=services(interpret=twice)
    )
    assert [one.index for one in outcome.parked] == [1]
    rows = connection.execute("select patient_id from proj.encounter").fetchall()
    assert rows == [(record("2"),)]


@settings(a_part_of_the_examples(0.25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(STORY))),
    sizes=st.lists(st.integers(1, 4), max_size=8),
    repeats=st.lists(st.integers(0, len(STORY) - 1), max_size=4),
    partitions=st.booleans(),
    reading=st.sampled_from([interpret, real_interpretation]),
)
def test_order_split_and_repetition_give_the_same_content(
    connection: psycopg.Connection,
    order: list[int],
    sizes: list[int],
    repeats: list[int],
    partitions: bool,  # noqa: FBT001
    reading: Interpretation,
) -> None:
    straight = in_one_batch(connection, STORY, reading)
    log = Log()
    log.record(*(STORY[number] for number in order))
    events = list(log.events)
    if partitions:  # each partition by itself
        events.sort(key=lambda one: (one.envelope.partition, one.envelope.index))
    events += [log.events[number] for number in repeats]
    with connection.transaction(force_rollback=True):
        start = 0
        for size in (*sizes, len(events)):
            applied(connection, log, events[start : start + size], reading=reading)
            start += size
        assert content(connection) == straight


def in_one_batch(
    connection: psycopg.Connection, story: tuple[SampleStatement, ...], reading: Interpretation
) -> dict[str, str]:
    log = Log()
    log.record(*story)
    with connection.transaction(force_rollback=True):
        applied(connection, log, log.events, reading=reading)
        return content(connection)
