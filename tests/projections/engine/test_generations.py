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
