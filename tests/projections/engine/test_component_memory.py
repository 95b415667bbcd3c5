"""Of a large component only the rows that differ are written again."""

from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest

from domain.body import RecordedEvent
from domain.interpretation import interpret
from projections.catalogue import PROJECTIONS
from projections.engine import component_memory, fold, large, remembering, resuming
from projections.engine.component_memory import ComponentMemory
from projections.engine.digest import digest
from projections.engine.large import LargeComponents
from projections.engine.services import Services
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import (
    STORY,
    FailingInterpretation,
    Log,
    open_segment,
    place,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

MOVES = (
    stated("A01", "10:00", where=place("4W", "A")),
    stated("A02", "11:00", where=place("4W", "B")),
    stated("A02", "12:00", where=place("4W", "C")),
)


@pytest.fixture(autouse=True)
def every_component_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_LARGE", 1)


@pytest.fixture
def informed() -> Services:
    """Services of a process that remembers what it wrote."""
    return replace(services(interpret=interpret), memory=ComponentMemory())


def apply(
    connection: psycopg.Connection, log: Log, events: Sequence[RecordedEvent], given: Services
) -> None:
    fold.apply(connection, PROJECTIONS, events, heal=log.heal, services=given)


def written(connection: psycopg.Connection) -> dict[str, str]:
    """Return the transaction that wrote each entry."""
    query = "select statement_ref, xmin::text from proj_timeline_v1.entry"
    return dict(connection.execute(query).fetchall())


def assert_a_rebuild_changes_nothing(connection: psycopg.Connection, log: Log) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    given = services(interpret=interpret)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=given)
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_rows_that_do_not_differ_are_not_written_again(
    connection: psycopg.Connection, informed: Services
) -> None:
    log = Log()
    log.record(*MOVES)
    apply(connection, log, log.events[:2], informed)
    before = written(connection)
    apply(connection, log, log.events[2:], informed)
    after = written(connection)
    assert len(after) == 3
    assert {ref: after[ref] for ref in before} == before
    assert_a_rebuild_changes_nothing(connection, log)


def test_the_rows_of_a_component_that_waited_are_compared_too(
    connection: psycopg.Connection, informed: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "STATEMENTS", 2)
    log = Log()
    log.record(*MOVES, stated("A02", "13:00", where=place("4W", "D")))
    deferring = services(interpret=interpret, large=LargeComponents())
    apply(connection, log, log.events[:2], deferring)
    apply(connection, log, log.events[2:3], deferring)
    assert resuming.fold_waiting(connection, PROJECTIONS, informed)
    before = written(connection)
    apply(connection, log, log.events[3:], deferring)
    assert resuming.fold_waiting(connection, PROJECTIONS, informed)
    after = written(connection)
    assert len(after) == 4
    assert {ref: after[ref] for ref in before} == before
    assert_a_rebuild_changes_nothing(connection, log)


def test_rows_that_differ_or_are_no_more_are_replaced(
    connection: psycopg.Connection, informed: Services
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", where=place("4W", "A")),
        stated("A02", "12:00", where=place("4W", "C")),
        stated("A02", "11:00", where=place("4W", "B")),  # changes the number of the later one
        stated("A11", "13:00"),  # leaves the census
    )
    for one in log.events:
        apply(connection, log, [one], informed)
    assert connection.execute("select count(*) from proj.census").fetchone() == (0,)
    assert_a_rebuild_changes_nothing(connection, log)


def test_a_story_with_merges_read_event_by_event_is_as_rebuilt(
    connection: psycopg.Connection, informed: Services
) -> None:
    log = Log()
    log.record(*STORY)
    for one in log.events:
        apply(connection, log, [one], informed)
    assert_a_rebuild_changes_nothing(connection, log)


def test_rows_that_another_process_has_written_are_replaced_as_a_whole(
    connection: psycopg.Connection, informed: Services
) -> None:
    log = Log()
    log.record(*MOVES)
    apply(connection, log, log.events[:1], informed)
    apply(connection, log, log.events[1:2], services(interpret=interpret))
    apply(connection, log, log.events[2:], informed)
    assert len(set(written(connection).values())) == 1
    assert_a_rebuild_changes_nothing(connection, log)


def test_what_a_transaction_that_failed_would_have_written_is_not_remembered(
    connection: psycopg.Connection, informed: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    log.record(stated("A01", "10:00"), stated("A02", "11:00", where=place("4W", "B")))
    apply(connection, log, log.events[:1], informed)

    def dies(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr("projections.engine.position.advance", dies)
        with pytest.raises(ConnectionResetError):
            apply(connection, log, log.events[1:], informed)
    apply(connection, log, log.events[1:], informed)
    assert connection.execute("select count(*) from proj.entry").fetchone() == (2,)
    assert_a_rebuild_changes_nothing(connection, log)


def test_the_rows_of_a_component_that_was_set_aside_are_not_remembered(
    connection: psycopg.Connection, informed: Services
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00"), stated("A02", "11:00", where=place("B")), stated("A03", "12:00")
    )
    apply(connection, log, log.events[:1], informed)
    failing = replace(informed, interpret=FailingInterpretation("1"))
    apply(connection, log, log.events[1:2], failing)
    resuming.retry(connection, PROJECTIONS, services(interpret=interpret), heal=log.heal)
    apply(connection, log, log.events[2:], informed)
    assert connection.execute("select count(*) from proj.entry").fetchone() == (3,)
    assert_a_rebuild_changes_nothing(connection, log)


def test_no_more_bytes_are_remembered_than_the_limit(
    connection: psycopg.Connection, informed: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = informed.memory
    assert memory is not None
    monkeypatch.setattr(component_memory, "_BYTES", 20_000)
    log = Log()
    log.record(*(stated("A01", "10:00", number=f"{n}", visit=f"V{n}") for n in range(9)))
    apply(connection, log, log.events, informed)
    assert 0 < memory.size <= 20_000
