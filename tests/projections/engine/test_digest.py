"""The digest covers content and sealed text, and leaves arrival out."""

from base64 import b64encode

import psycopg
import pytest
from psycopg import sql

from domain.statement import StatedRole
from projections.catalogue import PROJECTIONS
from projections.engine import fold, generations
from projections.engine.digest import RowDoesNotOpen, digest
from projections.engine.projection_list import UnknownProjection
from projections.engine.table import Column, Table
from tests.projections.samples import (
    Log,
    altered,
    note,
    open_segment,
    place,
    read_again,
    referral,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

ATTENDING = StatedRole(field="PV1-7", role="AT", practitioner="d1")
STORY = (
    stated("A01", "10:00", where=place("4W", "A"), enterprise="900", roles=(ATTENDING,)),
    stated("A02", "11:00", where=place("X", part2=True), part2_unit="Detox"),
    stated("A40", "13:00", retires="2", visit=""),
    note("14:00", words="well"),
    referral("15:00"),
)
ALL = [(one.name, table) for one in PROJECTIONS for table in one.tables]
#: SQL for another value, by kind of column.
ANOTHER = {
    "text": "coalesce({0}, '') || 'x'",
    "text[]": "array_append({0}, 'x')",
    "bigint": "coalesce({0}, 0) + 1000",
    "integer": "coalesce({0}, 0) + 1000",
    "boolean": "not {0}",
    "date": "coalesce({0}, '2026-01-01') + 1",
    "timestamptz": "coalesce({0}, '2026-01-01') + interval '1 second'",
}


#: A value of each kind, for the tables of streams that the story does not have.
SAMPLE = {
    "text": "x",
    "text[]": ["x"],
    "bigint": 1,
    "integer": 1,
    "boolean": True,
    "date": "2026-01-01",
    "timestamptz": "2026-01-01T00:00:00Z",
}


def fill_empty_tables(connection: psycopg.Connection) -> None:
    """Add a row to each table that has none."""
    for name, table in ALL:
        place = table.at(generations.schema_of(name, 1))
        count = connection.execute(sql.SQL("select count(*) from {}").format(place)).fetchone()
        if count != (0,):
            continue
        values = ["[]" if each.role == "segments" else SAMPLE[each.kind] for each in table.columns]
        connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                place,
                sql.SQL(", ").join(sql.Identifier(each.name) for each in table.columns),
                sql.SQL(", ").join(sql.Placeholder() for _ in values),
            ),
            values,
        )


@pytest.fixture
def told(connection: psycopg.Connection) -> psycopg.Connection:
    log = Log()
    log.record(*STORY)
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
    return connection


@pytest.fixture
def filled(told: psycopg.Connection) -> psycopg.Connection:
    fill_empty_tables(told)
    return told


def alter(connection: psycopg.Connection, name: str, table: Table, column: Column) -> None:
    change = sql.SQL(ANOTHER[column.kind]).format(sql.Identifier(column.name))
    changed = connection.execute(
        sql.SQL("update {0} set {1} = {2} where ctid = (select min(ctid) from {0})").format(
            table.at(generations.schema_of(name, 1)), sql.Identifier(column.name), change
        )
    )
    assert changed.rowcount == 1


def test_changing_any_content_column_changes_the_digest(filled: psycopg.Connection) -> None:
    before = digest(filled, PROJECTIONS, open_segment)
    unnoticed = []
    for name, table in ALL:
        for column in table.columns:
            if column.role != "content":
                continue
            with filled.transaction(force_rollback=True):
                alter(filled, name, table, column)
                after = digest(filled, PROJECTIONS, open_segment, [name])[name]
            if after.sha256 == before[name].sha256:
                unnoticed.append((table.name, column.name))
    assert unnoticed == []


def test_changing_a_column_of_arrival_does_not_change_the_digest(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    first, *_ = log.record(*STORY)
    log.record(read_again(STORY[0], first, former_refs=["a former ref"]))
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
    fill_empty_tables(connection)
    before = digest(connection, PROJECTIONS, open_segment)
    for name, table in ALL:
        for column in table.columns:
            if column.role == "arrival":
                with connection.transaction(force_rollback=True):
                    alter(connection, name, table, column)
                    assert (
                        digest(connection, PROJECTIONS, open_segment, [name])[name] == before[name]
                    ), column


def test_the_same_statements_recorded_otherwise_have_the_same_digest(
    told: psycopg.Connection, other: psycopg.Connection
) -> None:
    before = digest(told, PROJECTIONS, open_segment)
    log = Log()
    log.record(stated("A01", "09:00", number="55", visit="V55"))  # moves all positions
    log.record(*STORY)
    log.events.pop(0)
    with other.transaction(force_rollback=True):
        for one in generations.fed(other, PROJECTIONS).fed:
            for table in one.projection.tables:
                other.execute(sql.SQL("delete from {}").format(table.at(one.schema)))
        other.execute("delete from proj.position")
        later = [altered(one, previous=0) for one in log.events[:1]] + log.events[1:]
        fold.apply(other, PROJECTIONS, later, heal=log.heal, services=services())
        assert digest(other, PROJECTIONS, open_segment) == before


def test_every_class_of_sealed_text_is_covered(told: psycopg.Connection) -> None:
    before = digest(told, PROJECTIONS, open_segment)
    for name, table in ALL:
        for column in table.columns:
            if column.role not in {"sealed", "segments"}:
                continue
            with told.transaction(force_rollback=True):
                told.execute(
                    sql.SQL("update {0} set {1} = replace({1}, %s, %s)").format(
                        sql.Identifier("proj", table.name), sql.Identifier(column.name)
                    ),
                    ('"box":"c2VhbDp7', '"box":"c2VhbDp6'),
                )
                after = digest(told, PROJECTIONS, open_segment, [name])[name]
            held = told.execute(
                sql.SQL("select count({}) from {}").format(
                    sql.Identifier(column.name), sql.Identifier("proj", table.name)
                )
            ).fetchone()
            assert held == (0,) or after != before[name], (table.name, column.name)


def test_another_seal_of_the_same_text_is_the_same_content(told: psycopg.Connection) -> None:
    before = digest(told, PROJECTIONS, open_segment)
    told.execute(
        "update proj.statement set sealed = replace(sealed, %s, %s)",
        ('"commitment":"', '"commitment":"0'),
    )
    assert digest(told, PROJECTIONS, open_segment) == before


def test_a_segment_that_does_not_open_is_an_error_that_names_the_row(
    told: psycopg.Connection,
) -> None:
    told.execute(
        "update proj.encounter set sealed = replace(sealed, %s, %s)",
        ('"box":"', '"box":"' + b64encode(b"spoilt").decode()),
    )
    row = told.execute("select encounter_id from proj.encounter").fetchone()
    with pytest.raises(RowDoesNotOpen) as refused:
        digest(told, PROJECTIONS, open_segment)
    assert (refused.value.table, refused.value.key) == ("encounter", row)


def test_an_unknown_projection_has_no_digest(connection: psycopg.Connection) -> None:
    with pytest.raises(UnknownProjection):
        digest(connection, PROJECTIONS, open_segment, ["worklist"])
