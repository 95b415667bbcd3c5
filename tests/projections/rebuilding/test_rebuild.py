"""A rebuild changes nothing, and readers are not interrupted."""

import threading
from collections.abc import Iterable, Iterator

import psycopg
import pytest

from domain.body import RecordedEvent
from domain.continuity import Patient
from domain.statement import Statement
from projections.catalogue import PROJECTIONS
from projections.engine import fold, parking
from projections.engine.digest import digest
from projections.engine.generations import RebuildRunning
from projections.engine.parking import ParkedEvent
from projections.engine.position import HoleNotFilled
from projections.rebuilding.rebuild import rebuild
from tests.projections.plain_interpretation import interpret
from tests.projections.samples import (
    STORY,
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


@pytest.fixture
def log(connection: psycopg.Connection) -> Log:
    log = Log()
    log.record(*STORY)
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
    return log


@pytest.mark.parametrize("names", [[], *([name] for name in PROJECTIONS.by_name)])
def test_a_rebuild_gives_the_same_content(
    connection: psycopg.Connection, log: Log, names: list[str]
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    done = rebuild(connection, PROJECTIONS, names, log.events, heal=log.heal, services=services())
    assert set(done.versions) == set(names or PROJECTIONS.by_name)
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_a_schema_that_was_dropped_comes_back_from_the_log(
    connection: psycopg.Connection, log: Log
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    connection.execute("drop schema proj_timeline_v1 cascade")
    rebuild(connection, PROJECTIONS, ["timeline"], log.events, heal=log.heal, services=services())
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_all_that_was_dropped_comes_back_from_the_log(
    connection: psycopg.Connection, log: Log
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    schemas = connection.execute(
        "select nspname from pg_namespace where nspname like 'proj%' or nspname = 'care'"
    ).fetchall()
    for (name,) in schemas:
        connection.execute(f"drop schema {name} cascade")
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert digest(connection, PROJECTIONS, open_segment) == before
    assert fold.positions(connection, PROJECTIONS) == log.last


def test_the_next_batch_continues_after_a_rebuild(connection: psycopg.Connection, log: Log) -> None:
    rebuild(connection, PROJECTIONS, ["census"], log.events, heal=log.heal, services=services())
    log.record(stated("A02", "16:00", number="4", visit="V4", where=place("4W", "C")))
    outcome = fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
    assert (outcome.applied, outcome.skipped) == (1, len(STORY))
    assert ("C",) in connection.execute("select bed from proj.census").fetchall()


def test_repeats_in_the_source_are_passed_over_and_holes_filled(
    connection: psycopg.Connection, log: Log
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    source = [one for one in log.events if one.envelope.index not in {2, 3}]
    source = [*source[:3], *source[:3], *source[3:]]
    rebuild(connection, PROJECTIONS, [], source, heal=log.heal, services=services())
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_a_source_with_a_hole_that_the_store_cannot_fill_is_refused(
    connection: psycopg.Connection, log: Log
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    source = [one for one in log.events if one.envelope.index != 1]
    with pytest.raises(HoleNotFilled):
        rebuild(connection, PROJECTIONS, [], source, heal=lambda *_: [], services=services())
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_events_recorded_during_a_rebuild_are_in_it(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log
) -> None:
    def source() -> Iterator[RecordedEvent]:
        yield from tuple(log.events)
        log.record(stated("A01", "17:00", number="5", visit="V5", where=place("4W", "D")))
        fold.apply(other, PROJECTIONS, log.events, heal=log.heal, services=services())

    for names in ([], ["timeline", "census"]):
        rebuild(connection, PROJECTIONS, names, source(), heal=log.heal, services=services())
        live = digest(connection, PROJECTIONS, open_segment)
        rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
        assert digest(connection, PROJECTIONS, open_segment) == live
    assert connection.execute("select count(*) from proj.census where bed = 'D'").fetchone() == (1,)


def test_records_joined_during_a_rebuild_are_one_patient_in_it(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log
) -> None:
    log.record(*(stated("A01", "17:00", number=each, visit=f"V{each}") for each in ("71", "72")))
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())

    def source() -> Iterator[RecordedEvent]:
        yield from tuple(log.events)
        for each in ("71", "72"):
            log.record(stated("A08", "18:00", number=each, visit=f"V{each}", enterprise="900"))
        fold.apply(other, PROJECTIONS, log.events, heal=log.heal, services=services())

    rebuilt = rebuild(
        connection, PROJECTIONS, ["timeline"], source(), heal=log.heal, services=services()
    )
    assert rebuilt.parked == ()
    assert parking.parked(connection) == []
    live = digest(connection, PROJECTIONS, open_segment)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert digest(connection, PROJECTIONS, open_segment) == live


def test_readers_see_every_row_at_every_moment_of_a_rebuild(
    connection: psycopg.Connection, database: str, log: Log
) -> None:
    seen: list[object] = []
    failed: list[Exception] = []
    over = threading.Event()

    def read() -> None:
        with psycopg.connect(database, autocommit=True) as mine:
            while not over.is_set():
                try:
                    row = mine.execute(
                        "select (select count(*) from care.encounter),"
                        " (select count(*) from proj.statement)"
                    ).fetchone()
                except psycopg.Error as error:
                    failed.append(error)
                    return
                seen.append(row)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(3):
            rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    finally:
        over.set()
        reader.join()
    assert failed == []
    assert set(seen) == {(4, len(STORY))}


def test_a_reader_in_a_long_transaction_is_waited_for(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log
) -> None:
    other.execute("begin")
    other.execute("select count(*) from care.encounter")
    release = threading.Timer(0.5, lambda: other.execute("commit"))
    release.start()
    done = rebuild(
        connection, PROJECTIONS, ["timeline"], log.events, heal=log.heal, services=services()
    )
    release.join()
    assert done.versions == {"timeline": 2}


def test_two_rebuilds_do_not_run_at_once(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log
) -> None:
    def source() -> Iterator[RecordedEvent]:
        with pytest.raises(RebuildRunning):
            rebuild(other, PROJECTIONS, [], log.events, heal=log.heal, services=services())
        yield from log.events

    rebuild(connection, PROJECTIONS, [], source(), heal=log.heal, services=services())


def test_the_generations_that_a_failed_rebuild_has_left_are_dropped(
    connection: psycopg.Connection, log: Log
) -> None:
    def source() -> Iterator[RecordedEvent]:
        yield from log.events[:3]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        rebuild(connection, PROJECTIONS, [], source(), heal=log.heal, services=services())
    rebuild(connection, PROJECTIONS, ["timeline"], log.events, heal=log.heal, services=services())
    versions = connection.execute(
        "select count(*), count(*) filter (where state = 'active') from proj.version"
    ).fetchone()
    assert versions == (len(PROJECTIONS.by_name),) * 2


def test_a_component_that_a_rebuild_cannot_interpret_is_set_aside_until_the_next(
    connection: psycopg.Connection, log: Log
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    done = rebuild(
        connection,
        PROJECTIONS,
        [],
        log.events,
        heal=log.heal,
        services=services(interpret=FailingInterpretation("4")),
    )
    assert [one.index for one in done.parked] == [7]
    assert parking.parked(connection) == list(done.parked)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert parking.parked(connection) == []
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_progress_is_reported_to_the_end(connection: psycopg.Connection, log: Log) -> None:
    reported: list[tuple[str, int, int | None]] = []
    rebuild(
        connection,
        PROJECTIONS,
        ["timeline"],
        log.events,
        heal=log.heal,
        services=services(),
        progress=lambda *one: reported.append(one),
    )
    assert ("read", len(STORY), len(STORY)) in reported
    assert ("fold", len(STORY), len(STORY)) in reported


def test_commits_wait_for_the_disk_again_after_a_rebuild(
    connection: psycopg.Connection, log: Log
) -> None:
    met: list[object] = []

    def source() -> Iterator[RecordedEvent]:
        met.append(connection.execute("show synchronous_commit").fetchone())
        yield from log.events

    rebuild(connection, PROJECTIONS, ["timeline"], source(), heal=log.heal, services=services())
    assert met == [("off",)]
    assert connection.execute("show synchronous_commit").fetchone() == ("on",)


def test_a_rebuild_interprets_every_component_once(
    connection: psycopg.Connection, log: Log
) -> None:
    calls: list[int] = []

    def counting(statements: Iterable[Statement]) -> tuple[Patient, ...]:
        everything = list(statements)
        calls.append(len(everything))
        return interpret(everything)

    rebuild(
        connection,
        PROJECTIONS,
        [],
        log.events,
        heal=log.heal,
        services=services(interpret=counting),
    )
    assert sorted(calls) == [1, len(STORY) - 1]
    assert connection.execute(
        "select count(*) from proj.component where component = %s", (record("4"),)
    ).fetchone() == (1,)


def test_keys_are_fetched_together_if_segments_are_opened_and_not_at_all_if_none_are(
    connection: psycopg.Connection, log: Log
) -> None:
    fetched: list[set[str]] = []

    def warm(records: Iterable[str]) -> None:
        fetched.append(set(records))

    with_warm = services(warm=warm)
    rebuild(connection, PROJECTIONS, ["timeline"], log.events, heal=log.heal, services=with_warm)
    assert fetched == []
    rebuild(connection, PROJECTIONS, ["patients"], log.events, heal=log.heal, services=with_warm)
    streams = {one.envelope.stream for one in log.events}
    assert set().union(*fetched) == streams
    assert sum(map(len, fetched)) == len(streams)


@pytest.mark.parametrize("names", [[], ["timeline"]])
def test_events_that_a_rebuild_sets_aside_while_it_catches_up_stay_set_aside(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log, names: list[str]
) -> None:
    failing = services(interpret=FailingInterpretation("9"))

    def source() -> Iterator[RecordedEvent]:
        yield from tuple(log.events)
        late = log.record(stated("A01", "20:00", number="9", visit="V9"))
        fold.apply(other, PROJECTIONS, late, heal=log.heal, services=failing)

    done = rebuild(connection, PROJECTIONS, names, source(), heal=log.heal, services=failing)
    (parked,) = parking.parked(connection)
    assert (parked.index, parked.component) == (log.events[-1].envelope.index, record("9"))
    assert done.parked == (parked,)


def test_a_component_that_is_set_aside_live_is_folded_when_a_rebuild_catches_up(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log
) -> None:
    def apply(sample: SampleStatement) -> list[ParkedEvent]:
        failing = services(interpret=FailingInterpretation("9"))
        late = log.record(sample)
        done = fold.apply(other, PROJECTIONS, late, heal=log.heal, services=failing)
        return list(done.parked)

    def source() -> Iterator[RecordedEvent]:
        yield from tuple(log.events)
        assert apply(stated("A02", "21:00", number="9", visit="V9", where=place("W"))) != []

    assert apply(stated("A01", "20:00", number="9", visit="V9")) != []
    done = rebuild(connection, PROJECTIONS, [], source(), heal=log.heal, services=services())
    assert (done.parked, parking.parked(connection)) == ((), [])
    shown = digest(connection, PROJECTIONS, open_segment)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert digest(connection, PROJECTIONS, open_segment) == shown


def test_a_rebuild_that_fails_sets_nothing_aside(
    connection: psycopg.Connection, other: psycopg.Connection, log: Log
) -> None:
    calls = 0

    def apply() -> None:
        late = log.record(stated("A01", "20:00", number="9", visit="V9"))
        fold.apply(other, PROJECTIONS, late, heal=log.heal, services=services())

    def source() -> Iterator[RecordedEvent]:
        yield from tuple(log.events)
        apply()

    def heal(partition: int, after: int, upto: int) -> list[RecordedEvent]:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise ConnectionResetError
        found = log.heal(partition, after, upto)
        apply()
        return found

    failing = services(interpret=FailingInterpretation("9"))
    with pytest.raises(ConnectionResetError):
        rebuild(connection, PROJECTIONS, [], source(), heal=heal, services=failing)
    assert parking.parked(connection) == []
