"""Batches are applied once, whole, and to the same result however they come."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.body import RecordedEvent
from domain.continuity import Patient
from domain.interpretation import interpret as real_interpretation
from domain.statement import Statement
from projections.catalogue import PROJECTIONS
from projections.engine import fold, parking, position
from projections.engine.digest import digest
from tests.projections.plainly import interpret
from tests.projections.saying import (
    Log,
    Said,
    altered,
    open_segment,
    place,
    record,
    said,
    services,
)

pytestmark = pytest.mark.postgres

Interpretation: TypeAlias = Callable[[Iterable[Statement]], tuple[Patient, ...]]

STORY = (
    said("A01", "10:00", number="1", where=place("4W", "A"), enterprise="900"),
    said("A02", "11:00", number="1", where=place("4W", "B")),
    said("A01", "10:30", number="2", visit="V2", where=place("5E", "A"), name="Birchall"),
    said("A01", "12:00", number="7", authority="SBH", visit="W1", enterprise="900"),
    said("A40", "13:00", number="3", retires="2", visit=""),
    said("A03", "13:20", number="1"),
    said("A01", "14:00", number="4", visit="V4", where=place("X", part2=True), part2_unit="Detox"),
    said("A40", "15:00", number="1", retires="3", visit=""),
)


def applied(
    connection: psycopg.Connection,
    log: Log,
    *batches: list[RecordedEvent],
    reading: Interpretation = interpret,
) -> list[Any]:
    return [
        fold.apply(
            connection, PROJECTIONS, each, heal=log.heal, services=services(interpret=reading)
        )
        for each in batches
    ]


def content(connection: psycopg.Connection) -> dict[str, str]:
    return {name: one.sha256 for name, one in digest(connection, PROJECTIONS, open_segment).items()}


def test_a_stay_with_a_transfer_stands_in_the_timeline(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(
        said("A01", "10:00", where=place("4W", "A")),
        said("A02", "11:00", where=place("4W", "B")),
        said("A03", "13:20"),
    )
    (outcome,) = applied(connection, log, log.events)
    assert (outcome.applied, outcome.skipped, outcome.healed, outcome.parked) == (3, 0, 0, ())
    stays = connection.execute(
        "select bed, started_at::time::text, ended_at::time::text from proj.stay order by ordinal"
    ).fetchall()
    assert stays == [("A", "10:00:00", "11:00:00"), ("B", "11:00:00", "13:20:00")]


def test_an_encounter_answers_to_every_statement_in_it(connection: psycopg.Connection) -> None:
    log = Log()
    story = (said("A01", "10:00"), said("A02", "11:00"), said("A03", "13:20"))
    log.record(*story)
    applied(connection, log, log.events)
    answers = connection.execute("select statement_ref, encounter_id from proj.entry").fetchall()
    first = story[0].statement.ref
    assert dict(answers) == {one.statement.ref: first for one in story}


def test_a_repeated_batch_changes_nothing(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(*STORY)
    applied(connection, log, log.events)
    before = content(connection)
    (again,) = applied(connection, log, log.events)
    assert (again.applied, again.skipped) == (0, len(STORY))
    assert content(connection) == before


def test_a_merge_moves_everything_to_the_survivor(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(*STORY)
    applied(connection, log, *([one] for one in log.events))
    living = connection.execute(
        "select patient_id, record_ids from proj.patient where merged_into_id is null"
    ).fetchall()
    ends = {patient: set(records) for patient, records in living}
    assert ends[record("4")] == {record("4")}
    (joined,) = (records for patient, records in ends.items() if patient != record("4"))
    assert joined == {record("1"), record("2"), record("3"), record("7", "SBH")}


def test_the_keys_of_a_batch_are_asked_for_at_once(connection: psycopg.Connection) -> None:
    log, asked = Log(), list[set[str]]()
    log.record(said("A01", "10:00"), said("A01", "10:00", number="2", visit="V2"))

    def warm(records: Iterable[str]) -> None:
        asked.append(set(records))

    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services(warm=warm))
    assert asked == [{record("1"), record("2")}]


def test_a_hole_is_filled_from_the_store(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(said("A01", "10:00"), said("A02", "11:00"), said("A03", "13:20"))
    applied(connection, log, log.events[:1])
    (outcome,) = applied(connection, log, log.events[2:])
    assert (outcome.applied, outcome.healed) == (2, 1)
    assert fold.positions(connection, PROJECTIONS) == log.last


def test_a_hole_that_nobody_can_fill_stops_the_batch(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(said("A01", "10:00"), said("A02", "11:00"))
    with pytest.raises(position.HoleNotFilled):
        fold.apply(connection, PROJECTIONS, log.events[1:], heal=lambda *_: [], services=services())
    assert fold.positions(connection, PROJECTIONS).get(log.events[0].envelope.partition, 0) == 0


def test_events_of_another_incarnation_are_refused(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(said("A01", "10:00"), said("A02", "11:00"))
    applied(connection, log, log.events[:1])
    other = [altered(log.events[1], incarnation="second")]
    with pytest.raises(position.OtherIncarnation):
        applied(connection, log, other)


def test_what_a_crash_interrupts_is_applied_whole_the_next_time(
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


def test_of_two_appliers_of_one_partition_the_second_skips(
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


def test_a_position_moved_by_somebody_else_is_not_moved_again(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(said("A01", "10:00"))
    partition = log.events[0].envelope.partition
    keys = [("timeline", 1)]
    held = position.lock(connection, keys, [partition])
    connection.execute("update proj.position set last_index = 9")
    with pytest.raises(position.PositionMoved):
        position.advance(connection, keys, held, log.events)


class Stumbles:
    """An interpretation that fails for whoever names this record."""

    def __init__(self, number: str) -> None:
        self.over = record(number)

    def __call__(self, statements: Iterable[Statement]) -> tuple[Patient, ...]:
        everything = list(statements)
        if any(one.record == self.over for one in everything):
            raise ValueError("Alder, Rowena")
        return interpret(everything)


def test_a_patient_who_cannot_be_interpreted_is_set_aside_and_others_go_on(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        said("A01", "10:00", number="1"),
        said("A01", "10:00", number="2", visit="V2"),
        said("A02", "11:00", number="1", where=place("4W", "B")),
    )
    stumbling = services(interpret=Stumbles("1"))
    first = fold.apply(connection, PROJECTIONS, log.events[:2], heal=log.heal, services=stumbling)
    then = fold.apply(connection, PROJECTIONS, log.events[2:], heal=log.heal, services=services())
    assert [one.index for one in (*first.parked, *then.parked)] == [1, 3]
    assert {one.reason for one in parking.parked(connection)} == {"ValueError"}
    assert "Alder" not in str(parking.parked(connection))
    rows = connection.execute("select patient_id from proj.encounter").fetchall()
    assert rows == [(record("2"),)]
    assert fold.positions(connection, PROJECTIONS) == log.last


def test_what_was_set_aside_is_folded_when_tried_again(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(*STORY)
    fold.apply(
        connection,
        PROJECTIONS,
        log.events,
        heal=log.heal,
        services=services(interpret=Stumbles("1")),
    )
    assert fold.retry(connection, PROJECTIONS, services(interpret=Stumbles("1"))) != []
    assert fold.retry(connection, PROJECTIONS, services()) == []
    assert parking.parked(connection) == []
    parked_once = content(connection)
    fresh = connection.execute("select count(*) from proj.encounter").fetchone()
    assert fresh == (4,)
    assert parked_once["timeline"] == content(connection)["timeline"]


def test_a_body_that_cannot_be_read_is_set_aside_with_its_patient(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(said("A01", "10:00"), said("A01", "10:00", number="2", visit="V2"))
    broken = RecordedEvent(envelope=log.events[0].envelope, body=b'{"core": "\xff')
    (outcome,) = applied(connection, log, [broken, log.events[1]])
    assert [one.index for one in outcome.parked] == [1]
    assert connection.execute("select count(*) from proj.audit_trail").fetchone() == (2,)


def test_rows_that_the_database_refuses_are_set_aside(connection: psycopg.Connection) -> None:
    def twice(statements: Iterable[Statement]) -> tuple[Patient, ...]:
        patients = interpret(statements)
        return patients * 2 if record("1") in patients[0].records else patients

    log = Log()
    log.record(said("A01", "10:00"), said("A01", "10:00", number="2", visit="V2"))
    outcome = fold.apply(
        connection, PROJECTIONS, log.events, heal=log.heal, services=services(interpret=twice)
    )
    assert [one.index for one in outcome.parked] == [1]
    rows = connection.execute("select patient_id from proj.encounter").fetchall()
    assert rows == [(record("2"),)]


def test_text_with_anything_in_it_comes_back_as_it_was(connection: psycopg.Connection) -> None:
    odd = 'tab\there, \\N, line\nbreak, "quoted", {braces}, \x01'
    log = Log()
    log.record(said("A01", "10:00", where=place(odd, "A"), flags=(odd, "plain")))
    applied(connection, log, log.events)
    row = connection.execute("select unit, flags from proj.entry").fetchone()
    assert row == (odd, [odd, "plain"])


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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
    if partitions:  # each at its own pace
        events.sort(key=lambda one: (one.envelope.partition, one.envelope.index))
    events += [log.events[number] for number in repeats]
    with connection.transaction(force_rollback=True):
        start = 0
        for size in (*sizes, len(events)):
            applied(connection, log, events[start : start + size], reading=reading)
            start += size
        assert content(connection) == straight


def in_one_batch(
    connection: psycopg.Connection, story: tuple[Said, ...], reading: Interpretation
) -> dict[str, str]:
    log = Log()
    log.record(*story)
    with connection.transaction(force_rollback=True):
        applied(connection, log, log.events, reading=reading)
        return content(connection)
