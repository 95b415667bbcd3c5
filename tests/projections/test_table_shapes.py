"""The tables of a projection change only with its version: see ``table_shapes``."""

from dataclasses import replace
from typing import Any

import pytest

from projections.engine.projection import Projection
from projections.engine.table import Column
from tests.projections import table_shapes
from tests.projections.table_shapes import FOLDER, LOCKED, problem, released, shape_of

CENSUS = LOCKED["census"]


@pytest.mark.parametrize("name", LOCKED)
def test_the_tables_of_a_projection_have_the_shape_of_its_version(name: str) -> None:
    found = problem(LOCKED[name], released(name))
    assert found is None, found


def test_every_file_is_of_a_projection() -> None:
    assert {each.stem for each in FOLDER.glob("*.json")} == set(LOCKED)


def changed(**changes: Any) -> Projection:
    """Return the census with a column that has changed."""
    (table,) = CENSUS.tables
    first, *others = table.columns
    columns: tuple[Column, ...] = (replace(first, **changes), *others)
    return replace(CENSUS, tables=(replace(table, columns=columns),))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "id"},
        {"kind": "bigint"},
        {"role": "arrival"},
        {"required": False},
        {"published": False},
    ],
)
def test_a_column_that_changes_without_a_new_version_is_refused(changes: dict[str, Any]) -> None:
    found = problem(changed(**changes), released("census"))
    assert found is not None
    assert f"Raise `version` of census to {CENSUS.version + 1}" in found


def test_a_column_that_is_added_without_a_new_version_is_refused() -> None:
    (table,) = CENSUS.tables
    columns = (*table.columns, Column("colour", "text", "Its colour."))
    added = replace(CENSUS, tables=(replace(table, columns=columns),))
    assert "Raise `version`" in str(problem(added, released("census")))


def test_a_key_or_an_index_that_changes_without_a_new_version_is_refused() -> None:
    (table,) = CENSUS.tables
    for other in (replace(table, key=("encounter_id", "mode")), replace(table, indexes=())):
        assert "Raise `version`" in str(
            problem(replace(CENSUS, tables=(other,)), released("census"))
        )


def test_a_comment_may_change() -> None:
    assert problem(changed(comment="Other words."), released("census")) is None


def test_a_new_version_asks_for_a_new_file_and_an_older_one_is_refused() -> None:
    newer = replace(CENSUS, version=CENSUS.version + 1)
    assert "run `make shapes`" in str(problem(newer, released("census")))
    older = replace(CENSUS, version=CENSUS.version - 1)
    assert "raise it" in str(problem(older, released("census")))
    assert "no file" in str(problem(CENSUS, {}))


def test_the_members_that_a_column_holds_as_json_are_locked_too() -> None:
    holds = shape_of(LOCKED["course"])["course"]["holds"]
    assert set(holds) == {"CoursePatient", "CourseEncounter", "Death"}
    assert "encounter_id: EncounterId" in holds["CourseEncounter"]


def test_writing_refuses_a_change_without_a_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_shapes, "LOCKED", {"census": changed(kind="bigint")})
    before = released("census")
    assert "Raise `version`" in table_shapes.write()[0]
    assert released("census") == before
