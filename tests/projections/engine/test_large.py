"""No other component waits for one with thousands of statements: it is folded afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import psycopg
import pytest
from typing_extensions import override

from domain.body import RecordedEvent
from domain.interpretation import interpret
from projections.catalogue import PROJECTIONS
from projections.engine import fold, large, links, parking, resuming
from projections.engine.digest import digest
from projections.engine.large import LargeComponents
from projections.engine.services import Services
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import (
    FailingInterpretation,
    Log,
    open_segment,
    place,
    record,
    referral,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

PLAIN = services(interpret=interpret)
FIRST = [
    stated("A01", "10:00", where=place("4W", "A")),
    stated("A02", "11:00", where=place("4W", "B")),
]


@pytest.fixture(autouse=True)
def two_statements_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "STATEMENTS", 2)


@pytest.fixture
def deferring() -> Services:
    """Services of a projector that leaves large components to another thread."""
    return replace(PLAIN, large=LargeComponents())


@pytest.fixture
def log(connection: psycopg.Connection, deferring: Services) -> Log:
    """A log whose patient 1 has become large."""
    log = Log()
    log.record(*FIRST)
    apply(connection, log, log.events, deferring)
    return log


def apply(
    connection: psycopg.Connection, log: Log, events: Sequence[RecordedEvent], given: Services
) -> None:
    done = fold.apply(connection, PROJECTIONS, events, heal=log.heal, services=given)
    assert done.parked == ()


def beds(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("select patient_id, bed from proj.census").fetchall())


def through(connection: psycopg.Connection, log: Log) -> int:
    return fold.complete_through(connection, PROJECTIONS, log.last, log.first_after)


def assert_a_rebuild_changes_nothing(connection: psycopg.Connection, log: Log) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=PLAIN)
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_a_statement_of_a_large_component_waits_and_those_of_others_are_shown(
    connection: psycopg.Connection, log: Log, deferring: Services
) -> None:
    events = log.record(
        stated("A02", "12:00", where=place("4W", "C")),
        stated("A01", "12:00", number="2", visit="V2", where=place("5E", "A")),
    )
    apply(connection, log, events, deferring)
    assert beds(connection) == {record("1"): "B", record("2"): "A"}
    assert fold.positions(connection, PROJECTIONS) == log.last
    assert through(connection, log) == 2
    assert parking.parked(connection) == []

    assert resuming.fold_waiting(connection, PROJECTIONS, PLAIN)
    assert beds(connection) == {record("1"): "C", record("2"): "A"}
    assert through(connection, log) == 4
    assert not resuming.fold_waiting(connection, PROJECTIONS, PLAIN)
    assert_a_rebuild_changes_nothing(connection, log)


def test_a_batch_does_not_wait_while_the_large_component_is_folded(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log, deferring: Services
) -> None:
    events = log.record(
        stated("A02", "12:00", where=place("4W", "C")),
        stated("A01", "12:00", number="2", visit="V2", where=place("5E", "A")),
    )
    connection.execute("set lock_timeout = '2s'")
    with other.transaction():
        links.lock(other, "proj_substrate_v1", [record("1")])
        apply(connection, log, events, deferring)
        assert beds(connection)[record("2")] == "A"


def test_a_statement_that_arrives_while_the_component_is_folded_waits_for_the_next_time(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log, deferring: Services
) -> None:
    apply(connection, log, log.record(stated("A02", "12:00", where=place("4W", "C"))), deferring)
    late = log.record(stated("A02", "13:00", where=place("4W", "D")))

    def meanwhile(statements: object) -> object:
        apply(other, log, late, deferring)
        return interpret(statements)  # type: ignore[arg-type]  # a port

    slow = replace(PLAIN, interpret=meanwhile)  # type: ignore[arg-type]  # as above
    assert resuming.fold_waiting(connection, PROJECTIONS, slow)
    assert (beds(connection)[record("1")], through(connection, log)) == ("C", 3)
    assert resuming.fold_waiting(connection, PROJECTIONS, PLAIN)
    assert (beds(connection)[record("1")], through(connection, log)) == ("D", 4)
    assert_a_rebuild_changes_nothing(connection, log)


def test_a_statement_that_joins_a_large_component_with_another_is_folded_with_its_batch(
    connection: psycopg.Connection, log: Log, deferring: Services
) -> None:
    apply(connection, log, log.record(stated("A02", "12:00", where=place("4W", "C"))), deferring)
    merge = log.record(stated("A40", "13:00", retires="2", visit=""))
    apply(connection, log, merge, deferring)
    assert beds(connection) == {record("1"): "C"}
    assert through(connection, log) == 4
    assert not resuming.fold_waiting(connection, PROJECTIONS, PLAIN)
    assert_a_rebuild_changes_nothing(connection, log)


def test_an_own_event_of_a_large_component_is_shown_with_its_batch(
    connection: psycopg.Connection, log: Log, deferring: Services
) -> None:
    apply(connection, log, log.record(referral("12:30")), deferring)
    assert connection.execute("select count(*) from proj.referral_loop").fetchone() == (1,)
    assert through(connection, log) == 3


class CountedWakes(LargeComponents):
    """Counts how often the thread that folds large components is woken."""

    wakes = 0

    @override
    def wake(self) -> None:
        self.wakes += 1
        super().wake()


def test_a_batch_wakes_the_other_thread_only_if_a_component_waits(
    connection: psycopg.Connection,
) -> None:
    log, large_ones = Log(), CountedWakes()
    deferring = replace(PLAIN, large=large_ones)
    apply(connection, log, log.record(*FIRST), deferring)
    apply(connection, log, log.record(stated("A01", "12:00", number="2", visit="V2")), deferring)
    assert large_ones.wakes == 0
    apply(connection, log, log.record(stated("A02", "12:00", where=place("4W", "C"))), deferring)
    assert large_ones.wakes == 1


def test_each_component_that_waits_is_folded_in_a_transaction_of_its_own(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log, deferring: Services
) -> None:
    second = [
        stated("A01", "10:00", number="2", visit="V2", where=place("5E", "A")),
        stated("A02", "11:00", number="2", visit="V2", where=place("5E", "B")),
    ]
    apply(connection, log, log.record(*second), deferring)
    both = log.record(
        stated("A02", "12:00", where=place("4W", "C")),
        stated("A02", "12:00", number="2", visit="V2", where=place("5E", "C")),
    )
    apply(connection, log, both, deferring)
    seen: list[dict[str, str]] = []

    def looking(statements: object) -> object:
        seen.append(beds(other))
        return interpret(statements)  # type: ignore[arg-type]  # a port

    given = replace(PLAIN, interpret=looking)  # type: ignore[arg-type]  # as above
    assert resuming.retry(connection, PROJECTIONS, given, heal=log.heal) == []
    assert seen == [
        {record("1"): "B", record("2"): "B"},
        {record("1"): "C", record("2"): "B"},
    ]
    assert_a_rebuild_changes_nothing(connection, log)


def test_components_that_wait_are_folded_at_the_next_start(
    connection: psycopg.Connection, log: Log, deferring: Services
) -> None:
    apply(connection, log, log.record(stated("A02", "12:00", where=place("4W", "C"))), deferring)
    assert resuming.retry(connection, PROJECTIONS, PLAIN, heal=log.heal) == []
    assert (beds(connection)[record("1")], through(connection, log)) == ("C", 3)
    assert_a_rebuild_changes_nothing(connection, log)


def test_a_fold_that_is_interrupted_is_done_again(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log, deferring: Services
) -> None:
    apply(connection, log, log.record(stated("A02", "12:00", where=place("4W", "C"))), deferring)

    def ended(_: object) -> object:
        other.execute("select pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
        connection.execute("select 1")
        raise AssertionError

    dying = replace(PLAIN, interpret=ended)  # type: ignore[arg-type]  # a port
    with pytest.raises(psycopg.OperationalError):
        resuming.fold_waiting(connection, PROJECTIONS, dying)
    assert (beds(other)[record("1")], through(other, log)) == ("B", 2)
    assert resuming.retry(other, PROJECTIONS, PLAIN, heal=log.heal) == []
    assert (beds(other)[record("1")], through(other, log)) == ("C", 3)
    assert_a_rebuild_changes_nothing(other, log)


def test_a_rebuild_of_one_projection_does_not_end_the_wait_of_the_others(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log, deferring: Services
) -> None:
    def source() -> Iterator[RecordedEvent]:
        yield from tuple(log.events)
        late = log.record(stated("A02", "12:00", where=place("4W", "C")))
        apply(other, log, late, deferring)

    rebuild(connection, PROJECTIONS, ["census"], source(), heal=log.heal, services=PLAIN)
    assert beds(connection)[record("1")] == "C"
    assert through(connection, log) == 2
    assert resuming.fold_waiting(connection, PROJECTIONS, PLAIN)
    assert connection.execute("select count(*) from proj.entry").fetchone() == (3,)
    assert through(connection, log) == 3


def test_a_large_component_that_cannot_be_interpreted_is_set_aside_when_it_is_folded(
    connection: psycopg.Connection, log: Log, deferring: Services
) -> None:
    apply(connection, log, log.record(stated("A02", "12:00", where=place("4W", "C"))), deferring)
    failing = replace(PLAIN, interpret=FailingInterpretation("1"))
    assert resuming.fold_waiting(connection, PROJECTIONS, failing)
    (parked,) = parking.parked(connection)
    assert (parked.index, parked.part, parked.reason) == (3, "statements", "ValueError")
    assert not resuming.fold_waiting(connection, PROJECTIONS, PLAIN)
    assert through(connection, log) == 3
    assert resuming.retry(connection, PROJECTIONS, PLAIN, heal=log.heal) == []
    assert beds(connection)[record("1")] == "C"


def test_large_components_are_known_after_a_start(connection: psycopg.Connection, log: Log) -> None:
    assert log.events
    found = resuming.large_components(connection, PROJECTIONS)
    assert found == [(record("1"), 2)]
    known = LargeComponents()
    known.note(found)
    assert record("1") in known
    assert record("2") not in known
