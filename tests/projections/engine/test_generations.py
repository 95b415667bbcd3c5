"""Generations are created once. Tables of another release ask for a rebuild."""

import psycopg
import pytest

from projections.catalogue import PROJECTIONS
from projections.engine import fold, generations

pytestmark = pytest.mark.postgres


def test_creating_again_changes_nothing(connection: psycopg.Connection) -> None:
    before = generations.fed(connection, PROJECTIONS).active
    generations.create(connection, PROJECTIONS)
    assert generations.fed(connection, PROJECTIONS).active == before


def test_tables_of_another_release_ask_for_a_rebuild(connection: psycopg.Connection) -> None:
    connection.execute("update proj.version set shape = 0 where projection = 'timeline'")
    with pytest.raises(generations.NeedsRebuild) as refused:
        fold.positions(connection, PROJECTIONS)
    assert refused.value.names == ("timeline",)


def test_creating_again_does_not_wait_for_a_batch_that_is_applied(
    connection: psycopg.Connection, database: str
) -> None:
    with psycopg.connect(database) as batch:
        batch.execute("select pg_advisory_xact_lock_shared(%s)", (generations.FOLDING,))
        connection.execute("set statement_timeout = '5s'")
        generations.create(connection, PROJECTIONS)
        connection.execute("drop view care.encounter cascade")
        with pytest.raises(psycopg.errors.QueryCanceled):  # now there is a view to create
            generations.create(connection, PROJECTIONS)
    generations.create(connection, PROJECTIONS)
    assert connection.execute("select count(*) from care.encounter").fetchone() == (0,)


def test_tables_of_the_engine_that_an_earlier_release_made_are_brought_up_to_date(
    connection: psycopg.Connection,
) -> None:
    connection.execute("alter table proj.parked drop column part")
    connection.execute("update proj.definition set query = 'earlier' where view like 'tables%'")
    generations.create(connection, PROJECTIONS)
    assert connection.execute("select count(part) from proj.parked").fetchone() == (0,)
