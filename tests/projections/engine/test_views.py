"""Analysts see commented views of production records, without places of part2 units."""

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from projections import census
from projections.catalogue import PROJECTIONS
from projections.engine import fold, views
from projections.engine.component import Component
from projections.engine.projection import ByComponent
from projections.engine.projection_list import ProjectionList
from projections.engine.services import Services
from projections.engine.table import Column, Row
from projections.engine.views import TableView
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import Log, place, services, stated

pytestmark = pytest.mark.postgres


def test_every_view_and_column_for_analysts_has_a_comment(connection: psycopg.Connection) -> None:
    missing = connection.execute(
        """
        select c.relname, a.attname
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace and n.nspname = 'care'
        join pg_attribute as a on a.attrelid = c.oid and a.attnum >= 0 and not a.attisdropped
        where col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null
        """
    ).fetchall()
    assert missing == []
    views = connection.execute("select viewname from pg_views where schemaname = 'care'").fetchall()
    assert {name for (name,) in views} >= {view.name for one in PROJECTIONS for view in one.views}


def test_every_table_and_column_behind_them_has_one_too(connection: psycopg.Connection) -> None:
    missing = connection.execute(
        """
        select n.nspname, c.relname, a.attname
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace and n.nspname like 'proj\\_%%'
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind = 'r'
            and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)
        """
    ).fetchall()
    assert missing == []


def test_test_records_are_shown_to_the_application_and_not_to_analysts(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", where=place("4W", "A")),
        stated("A01", "10:00", number="T1", visit="T1", mode="T", where=place("4W", "B")),
    )
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
    for view in ("encounter", "stay", "entry", "census", "patient", "identifier", "audit_trail"):
        both = connection.execute(f"select distinct mode from proj.{view} order by 1").fetchall()
        shown = connection.execute(f"select distinct mode from care.{view}").fetchall()
        assert (view, both, shown) == (view, [("P",), ("T",)], [("P",)])


def test_the_place_of_a_part2_unit_is_null_for_analysts(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(stated("A01", "10:00", where=place("X", part2=True), part2_unit="Detox"))
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
    for view in ("stay", "census"):
        row = connection.execute(
            f"select facility, unit, room, bed, place_ref, is_part2 from care.{view}"
        ).fetchone()
        assert row == ("NGH", None, None, None, None, True)


def test_nothing_sealed_and_no_token_is_published(connection: psycopg.Connection) -> None:
    columns = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'care'"
    ).fetchall()
    assert {"sealed", "token", "core", "component"} & {name for (name,) in columns} == set()


def test_analysts_may_read_the_published_views_and_nothing_else(
    connection: psycopg.Connection,
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("set local role care_analyst")
        assert connection.execute("select count(*) from care.encounter").fetchone() == (0,)
    for refused in ("select * from proj.patient", "delete from care.encounter"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_analyst(connection, refused)


def as_analyst(connection: psycopg.Connection, query: str) -> None:
    with connection.transaction():
        connection.execute("set local role care_analyst")
        connection.execute(query)


def test_comments_that_a_release_changes_replace_those_of_an_installation(
    connection: psycopg.Connection,
) -> None:
    one = {"one": sql.Literal(1)}
    shown = (
        "select obj_description('care.numbers'::regclass),"
        " col_description('care.numbers'::regclass, 1)"
    )
    for meaning, column in (
        ("Numbers.", "One."),
        ("A number.", "One."),
        ("A number.", "Just one."),
    ):
        for changed in (True, False):
            definitions = views.Definitions(connection)
            definitions.define(
                "care", "numbers", one, sql.SQL(""), meaning=meaning, comments={"one": column}
            )
            assert definitions.changed is changed
            assert connection.execute(shown).fetchone() == (meaning, column)


def upgraded(columns: tuple[Column, ...]) -> ProjectionList:
    """Return the read models of a release in which the census has these columns."""
    table = replace(census.CENSUS, columns=columns)
    before = [column.name for column in census.CENSUS.columns]

    def rows(interpreted: Component, given: Services) -> dict[str, list[Row]]:
        made = (
            dict(zip(before, row, strict=True)) for row in census.rows(interpreted, given)["census"]
        )
        return {"census": [tuple(row.get(each.name, "new") for each in columns) for row in made]}

    following = replace(
        census.PROJECTION,
        version=census.PROJECTION.version + 1,
        tables=(table,),
        fold=ByComponent(rows=rows),
        views=(TableView("census", table, views.PRODUCTION), *census.PROJECTION.views[1:]),
    )
    return ProjectionList(
        tuple(following if one is census.PROJECTION else one for one in PROJECTIONS)
    )


ANALYSTS = """
create schema ward;
create view ward.beds as select bed, projection_version from care.census;
create view ward.clashes as select * from care.clash;
"""


def test_the_views_of_analysts_survive_a_release_that_adds_a_column(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    events = log.record(stated("A01", "10:00", where=place("4W", "A")))
    fold.apply(connection, PROJECTIONS, events, heal=log.heal, services=services())
    connection.execute(ANALYSTS)
    first, *others = census.CENSUS.columns
    with_one_more = upgraded((first, Column("ward", "text", "The ward."), *others))
    rebuild(connection, with_one_more, ["census"], events, heal=log.heal, services=services())
    (beds,) = connection.execute("select bed, projection_version from ward.beds").fetchall()
    assert beds == ("A", 2)
    assert connection.execute("select * from ward.clashes").fetchall() == []
    assert connection.execute("select ward, bed from care.census").fetchall() == [("new", "A")]
    assert connection.execute("select ward from proj.census").fetchall() == [("new",)]


def test_the_views_of_analysts_survive_a_release_that_removes_a_column(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    events = log.record(stated("A01", "10:00", where=place("4W", "A")))
    fold.apply(connection, PROJECTIONS, events, heal=log.heal, services=services())
    connection.execute(ANALYSTS)
    without = upgraded(tuple(one for one in census.CENSUS.columns if one.name != "started_at"))
    rebuild(connection, without, ["census"], events, heal=log.heal, services=services())
    assert connection.execute("select bed from ward.beds").fetchall() == [("A",)]
    assert connection.execute("select started_at, bed from care.census").fetchall() == [(None, "A")]
