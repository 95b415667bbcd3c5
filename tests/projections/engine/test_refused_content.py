"""Content that PostgreSQL refuses sets its own component aside, live and in a rebuild."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from domain.body import RecordedEvent
from domain.continuity import Patient
from domain.statement import Statement
from projections.catalogue import PROJECTIONS
from projections.engine import fold, parking, resuming
from projections.engine.digest import digest
from projections.engine.failures import ServiceUnavailable, is_of_content, reason_of
from projections.engine.fold import EventRefused
from projections.engine.projection import ByEvent, Projection
from projections.engine.projection_list import ProjectionList
from projections.engine.services import Services
from projections.rebuilding.rebuild import rebuild
from tests.projections.note_projections import BY_EVENT, topic_rows
from tests.projections.plain_interpretation import interpret
from tests.projections.samples import (
    FailingInterpretation,
    Log,
    SampleStatement,
    open_segment,
    place,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

#: Does not compress, so no index has room for it.
LONG = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(5_000))
OTHERS = [
    stated("A01", "10:00", number="2", visit="V2", where=place("4W", "B")),
    stated("A01", "11:00", number="3", visit="V3", where=place("5E", "C")),
]


def twice(statements: Iterable[Statement]) -> tuple[Patient, ...]:
    """Interpret patient 1 so that two rows have one key."""
    patients = interpret(statements)
    return patients * 2 if record("1") in patients[0].records else patients


POISON = stated("A01", "10:30")
TOO_LONG = stated("A01", "10:30", where=place(LONG, "A"))


def applied(connection: psycopg.Connection, log: Log, given: Services) -> list[str]:
    done = fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=given)
    return [one.event_id for one in done.parked]


@pytest.mark.parametrize(
    ("poison", "given"),
    [(TOO_LONG, services()), (POISON, services(interpret=twice))],
    ids=["too long for an index", "two rows with one key"],
)
def test_live_and_rebuilt_the_same_component_is_set_aside_with_the_same_reason(
    connection: psycopg.Connection, poison: SampleStatement, given: Services
) -> None:
    log = Log()
    log.record(OTHERS[0], poison, OTHERS[1])
    poisonous = log.events[1].envelope.event_id
    assert applied(connection, log, given) == [poisonous]
    (live,) = parking.parked(connection)
    shown = {row for (row,) in connection.execute("select patient_id from proj.patient").fetchall()}
    assert shown == {record("2"), record("3")}
    content = digest(connection, PROJECTIONS, open_segment)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=given)
    assert parking.parked(connection) == [live]
    assert digest(connection, PROJECTIONS, open_segment) == content


def test_the_reason_names_the_index_and_no_value(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(stated("A01", "10:30", where=place(LONG[:1_500], "A")))
    applied(connection, log, services())
    (parked,) = parking.parked(connection)
    assert parked.reason == "ProgramLimitExceeded in census_facility_unit_room_bed_idx"


def test_what_was_set_aside_is_interpreted_again_after_a_fix(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(*OTHERS, POISON)
    applied(connection, log, services(interpret=twice))
    assert resuming.retry(connection, PROJECTIONS, services(interpret=twice), heal=log.heal) != []
    assert resuming.retry(connection, PROJECTIONS, services(), heal=log.heal) == []
    assert connection.execute("select count(*) from proj.patient").fetchone() == (3,)


@pytest.mark.parametrize(
    "error", [KeyError("a case that was not thought of"), ServiceUnavailable()]
)
def test_a_component_whose_retry_fails_leaves_the_others_as_they_are(
    connection: psycopg.Connection, error: Exception
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), *OTHERS)
    failing = services(interpret=FailingInterpretation("1"))
    failing_too = services(interpret=FailingInterpretation("3"))
    for one, given in zip(log.events, (failing, services(), failing_too), strict=True):
        fold.apply(connection, PROJECTIONS, [one], heal=log.heal, services=given)
    assert [one.component for one in parking.parked(connection)] == [record("1"), record("3")]

    def warm(records: Iterable[str]) -> None:
        if record("3") in records:
            raise error

    with nullcontext() if is_of_content(error) else pytest.raises(ServiceUnavailable):
        resuming.retry(connection, PROJECTIONS, services(warm=warm), heal=log.heal)
    assert [one.component for one in parking.parked(connection)] == [record("3")]
    assert connection.execute("select count(*) from proj.patient").fetchone() == (2,)


def broken_rows(events: Any, statements: Any) -> Any:
    if any(one.envelope.topic.startswith("encounter.transferred") for one in events):
        raise KeyError("a case that was not thought of")
    return topic_rows(events, statements)


BROKEN: Projection = replace(BY_EVENT, fold=ByEvent(rows=broken_rows))
WITH_BROKEN = ProjectionList((*PROJECTIONS, BROKEN))
MENDED = ProjectionList((*PROJECTIONS, BY_EVENT))


def test_an_event_that_cannot_be_filed_is_set_aside_by_itself(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), stated("A02", "11:00", where=place("W")), *OTHERS)
    rebuild(connection, MENDED, ["topics"], [], heal=log.heal, services=services())
    with pytest.raises(EventRefused):
        fold.apply(connection, WITH_BROKEN, log.events, heal=log.heal, services=services())
    for one in log.events:
        fold.apply(connection, WITH_BROKEN, [one], heal=log.heal, services=services())
    (parked,) = parking.parked(connection)
    assert (parked.index, parked.part, parked.reason) == (2, "event", "KeyError")
    assert fold.positions(connection, WITH_BROKEN) == log.last
    assert resuming.retry(connection, WITH_BROKEN, services(), heal=log.heal) == [parked]
    assert resuming.retry(connection, MENDED, services(), heal=log.heal) == []
    assert connection.execute("select count(*) from proj.topics").fetchone() == (4,)
    assert connection.execute("select count(*) from proj.entry").fetchone() == (4,)


@pytest.mark.parametrize("names", [[], ["topics"], ["topics", "timeline"]])
def test_an_event_that_cannot_be_filed_and_arrives_in_a_rebuild_is_set_aside_by_itself(
    connection: psycopg.Connection, other: psycopg.Connection, names: list[str]
) -> None:
    log = Log()
    rebuild(connection, MENDED, ["topics"], [], heal=log.heal, services=services())

    def apply(*samples: SampleStatement) -> None:
        for one in log.record(*samples):
            fold.apply(other, WITH_BROKEN, [one], heal=log.heal, services=services())

    def source() -> Iterator[RecordedEvent]:
        yield from tuple(log.events)
        apply(stated("A02", "11:00", where=place("W")), *OTHERS)

    apply(stated("A01", "10:00"))
    done = rebuild(connection, WITH_BROKEN, names, source(), heal=log.heal, services=services())
    (parked,) = parking.parked(connection)
    assert (parked.index, parked.part, parked.reason) == (2, "event", "KeyError")
    assert done.parked == (parked,)
    assert fold.positions(connection, WITH_BROKEN) == log.last
    assert connection.execute("select count(*) from proj.topics").fetchone() == (3,)
    assert connection.execute("select count(*) from proj.entry").fetchone() == (3,)
    assert resuming.retry(connection, MENDED, services(), heal=log.heal) == []
    assert connection.execute("select count(*) from proj.topics").fetchone() == (4,)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.DiskFull(),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.UndefinedTable(),
        psycopg.OperationalError("connection lost"),
        ConnectionResetError(),
        ServiceUnavailable(),
    ],
)
def test_an_error_of_a_server_sets_nothing_aside(error: Exception) -> None:
    assert not is_of_content(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.ProgramLimitExceeded(),
        psycopg.errors.UniqueViolation(),
        psycopg.errors.InternalError_(),
        psycopg.DataError("integer out of range"),
        RecursionError(),
        KeyError("secret"),
    ],
)
def test_any_other_error_is_of_the_content_and_its_text_is_not_kept(error: Exception) -> None:
    assert is_of_content(error)
    assert reason_of(error) == type(error).__name__
