"""A projection that only the tests have is folded, rebuilt and switched as all others are."""

import psycopg
import pytest

from projections.catalogue import PROJECTIONS
from projections.engine import fold, generations
from projections.engine.digest import digest
from projections.engine.projection_list import ProjectionList, UnknownProjection
from projections.rebuilding.rebuild import rebuild
from tests.projections.note_projections import (
    BY_COMPONENT,
    BY_COURSE,
    BY_EVENT,
    BY_STREAM,
    WITH_ALL,
)
from tests.projections.samples import (
    NOTE_CLOSED,
    STORY,
    Log,
    applied,
    note,
    open_segment,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

NEW = ["notes", "stated", "streams", "topics"]


@pytest.fixture
def log(connection: psycopg.Connection) -> Log:
    """A log that the projections of the catalogue have read."""
    log = Log()
    log.record(*STORY[:4], note("11:30", words="first"), *STORY[4:])
    applied(connection, log, log.events)
    return log


def contents(connection: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    queries = {
        "notes": "select patient_id, events, is_closed, words from proj.note order by 1, 2",
        "stated": "select patient_id, entries from proj.stated order by 1",
        "topics": "select source_position, topic, trigger_code from proj.topics order by 1",
        "streams": "select stream_id, events from proj.streams order by 1",
    }
    return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def test_projections_that_are_new_to_a_log_ask_for_a_rebuild(
    connection: psycopg.Connection, log: Log
) -> None:
    generations.create(connection, WITH_ALL)
    with pytest.raises(generations.NeedsRebuild) as refused:
        fold.apply(connection, WITH_ALL, log.events, heal=log.heal, services=services())
    assert refused.value.names == tuple(NEW)
    assert not refused.value.all_projections


def test_a_projection_of_each_kind_is_rebuilt_then_fed_and_rebuilt_to_the_same(
    connection: psycopg.Connection, log: Log
) -> None:
    rebuild(connection, WITH_ALL, NEW, log.events, heal=log.heal, services=services())
    first = contents(connection)
    patient = connection.execute(
        "select patient_id from proj.identifier where ref = %s", (record("1"),)
    ).fetchone()
    assert patient is not None
    assert first["notes"] == [(*patient, 1, False, "first")]
    assert first["stated"] == [(record("1"), 7), (record("4"), 1)]
    assert [trigger for *_, trigger in first["topics"]] == [
        "A01", "A02", "A01", "A01", None, "A40", "A03", "A01", "A40",
    ]  # fmt: skip
    assert (record("1"), 4) in first["streams"]

    log.record(
        note("12:00", topic=NOTE_CLOSED, words="last"),
        stated("A08", "16:00", number="4", visit="V4"),
    )
    fold.apply(connection, WITH_ALL, log.events, heal=log.heal, services=services())
    fed = contents(connection)
    assert fed["notes"] == [(*patient, 2, True, "last")]
    assert fed["stated"] == [(record("1"), 7), (record("4"), 2)]
    assert (record("1"), 4) in fed["streams"]
    assert len(fed["topics"]) == len(log.events)

    before = digest(connection, WITH_ALL, open_segment)
    for names in ([], NEW):
        rebuild(connection, WITH_ALL, names, log.events, heal=log.heal, services=services())
        assert contents(connection) == fed
        assert digest(connection, WITH_ALL, open_segment) == before


def test_its_view_shows_the_generation_that_is_read(
    connection: psycopg.Connection, log: Log
) -> None:
    query = "select words, projection_version from care.note"
    for number in (1, 2):
        rebuild(connection, WITH_ALL, NEW, log.events, heal=log.heal, services=services())
        assert connection.execute(query).fetchall() == [("first", number)]


def test_a_list_without_projections_of_components_has_no_substrate(database: str) -> None:
    alone = ProjectionList((BY_STREAM, BY_EVENT))
    log = Log()
    log.record(*STORY, note("11:30"))
    with psycopg.connect(database, autocommit=True) as connection:
        for (schema,) in connection.execute(
            "select nspname from pg_namespace where nspname like 'proj%' or nspname = 'care'"
        ).fetchall():
            connection.execute(f"drop schema {schema} cascade")
        generations.create(connection, alone)
        fold.apply(connection, alone, log.events, heal=log.heal, services=services())
        assert connection.execute("select sum(events) from proj.streams").fetchone() == (9,)
        before = digest(connection, alone, open_segment)
        assert set(before) == {"streams", "topics"}
        for names in ([], ["streams"]):
            rebuild(connection, alone, names, log.events, heal=log.heal, services=services())
            assert digest(connection, alone, open_segment) == before


def test_a_list_says_what_a_rebuild_reads() -> None:
    assert WITH_ALL.needs([]) == "all"
    assert WITH_ALL.needs(["streams"]) == "envelope"
    assert WITH_ALL.needs(["streams", "notes"]) == "body"
    assert WITH_ALL.needs(["stated"]) == "body"
    with pytest.raises(UnknownProjection):
        WITH_ALL.needs(["worklist"])


def test_the_engine_adds_its_own_only_if_they_are_needed() -> None:
    assert [one.name for one in ProjectionList((BY_EVENT, BY_STREAM))] == ["topics", "streams"]
    assert [one.name for one in ProjectionList((BY_COMPONENT,))] == ["substrate", "stated"]
    assert [one.name for one in ProjectionList((BY_COURSE,))] == ["substrate", "course", "notes"]
    assert next(one.name for one in PROJECTIONS) == "substrate"
