"""Several generations of a projection are fed by the same batches, and the views go over."""

import psycopg
import pytest

from projections.catalogue import PROJECTIONS
from projections.engine import fold, generations, resuming, switching
from projections.engine.digest import Digest, digest_of
from projections.engine.generations import Generation, UnknownGeneration
from projections.engine.projection import ByCourse
from projections.engine.projection_list import ENGINE_OWN
from projections.engine.switching import StillRead, switch_to_kept
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import (
    STORY,
    FailingInterpretation,
    Log,
    applied,
    open_segment,
    place,
    record,
    referral,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

KEPT = [one.name for one in PROJECTIONS if one not in ENGINE_OWN]


@pytest.fixture
def log(connection: psycopg.Connection) -> Log:
    """A log that two generations of every projection have read."""
    log = Log()
    log.record(*STORY, referral("10:15"))
    applied(connection, log, log.events[:5])
    rebuild(
        connection, PROJECTIONS, KEPT, log.events, heal=log.heal, services=services(), keep=True
    )
    applied(connection, log, log.events[5:])
    return log


def contents(connection: psycopg.Connection) -> dict[str, list[Digest]]:
    """Return the digest of each generation that is fed, by projection."""
    found: dict[str, list[Digest]] = {}
    for one in generations.fed(connection, PROJECTIONS).fed:
        with connection.transaction():
            content = digest_of(connection, one.schema, one.projection.tables, open_segment)
        found.setdefault(one.projection.name, []).append(content)
    return found


def numbers(found: dict[str, Generation]) -> dict[str, int]:
    return {name: one.number for name, one in found.items() if name in KEPT}


def test_two_generations_are_fed_by_the_same_batches_and_are_equal(
    connection: psycopg.Connection, log: Log
) -> None:
    found = generations.fed(connection, PROJECTIONS)
    assert {one.key for one in found.kept} == {(name, 1) for name in KEPT}
    assert numbers(dict(found.active)) == dict.fromkeys(KEPT, 2)
    log.record(
        stated("A02", "16:00", number="4", visit="V4", where=place("4W", "C")),
        stated("A40", "17:00", number="7", authority="SBH", retires="8", visit=""),
    )
    for one in log.events[-2:]:
        applied(connection, log, [one])
    for name, (first, second) in ((n, c) for n, c in contents(connection).items() if n in KEPT):
        assert first == second, name
        # The story has no own streams but referrals, and its messages name no practitioners.
        empty = isinstance(PROJECTIONS.by_name[name].fold, ByCourse) or name == "care_team_stated"
        assert first.rows > 0 or empty, name


def test_the_views_go_to_a_kept_generation_and_back_without_a_rebuild(
    connection: psycopg.Connection, log: Log
) -> None:
    query = "select distinct projection_version from care.encounter"
    for number in (1, 2, 1):
        switch_to_kept(connection, PROJECTIONS, [(name, number) for name in KEPT])
        assert connection.execute(query).fetchall() == [(number,)]
        log.record(stated("A02", f"16:0{number}", number="4", visit="V4", where=place("W", "C")))
        outcome = fold.apply(
            connection, PROJECTIONS, log.events, heal=log.heal, services=services()
        )
        assert outcome.applied == 1
    for name, (first, second) in ((n, c) for n, c in contents(connection).items() if n in KEPT):
        assert first == second, name


def test_a_kept_generation_is_dropped_with_the_next_rebuild_without_keep(
    connection: psycopg.Connection, log: Log
) -> None:
    rebuild(connection, PROJECTIONS, ["census"], log.events, heal=log.heal, services=services())
    kept = {one.key for one in generations.fed(connection, PROJECTIONS).kept}
    assert kept == {(name, 1) for name in KEPT if name != "census"}
    schemas = connection.execute(
        "select nspname from pg_namespace where nspname like 'proj\\_census%'"
    ).fetchall()
    assert schemas == [("proj_census_v3",)]


def test_a_rebuild_of_everything_can_keep_all_but_the_substrate(
    connection: psycopg.Connection, log: Log
) -> None:
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services(), keep=True)
    found = generations.fed(connection, PROJECTIONS)
    assert {one.key for one in found.kept} == {(name, n) for name in KEPT for n in (1, 2)}
    applied(connection, log, log.record(stated("A01", "18:00", number="9", visit="V9")))
    for name, same in contents(connection).items():
        assert len(set(map(repr, same))) == 1, name


def test_a_component_that_is_set_aside_is_so_in_every_generation(
    connection: psycopg.Connection, log: Log
) -> None:
    events = log.record(stated("A02", "16:00", number="4", visit="V4", where=place("4W", "C")))
    failing = services(interpret=FailingInterpretation("4"))
    fold.apply(connection, PROJECTIONS, events, heal=log.heal, services=failing)
    resuming.retry(connection, PROJECTIONS, services(), heal=log.heal)
    for name, (first, second) in ((n, c) for n, c in contents(connection).items() if n in KEPT):
        assert first == second, name
    for number in (1, 2):
        rows = connection.execute(
            f"select bed from proj_census_v{number}.census where patient_id = %s", (record("4"),)
        ).fetchall()
        assert rows == [("C",)]


def test_a_generation_that_is_not_kept_cannot_be_read(
    connection: psycopg.Connection, log: Log
) -> None:
    assert log.events
    for number in (2, 3):
        with pytest.raises(UnknownGeneration):
            switch_to_kept(connection, PROJECTIONS, [("census", number)])
    assert connection.execute("select distinct projection_version from care.census").fetchall() == [
        (2,)
    ]


def test_a_switch_gives_up_for_a_reader_that_does_not_end(
    connection: psycopg.Connection,
    other: psycopg.Connection,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert log.events
    monkeypatch.setattr(switching, "_PATIENCE", 0.5)  # a whole wait takes two minutes
    other.execute("begin")
    other.execute("select count(*) from care.census")
    with pytest.raises(StillRead, match="Nothing was switched"):
        switch_to_kept(connection, PROJECTIONS, [("census", 1)])
    other.execute("commit")
    switch_to_kept(connection, PROJECTIONS, [("census", 1)])
    assert generations.current(connection, PROJECTIONS).active["census"].number == 1
