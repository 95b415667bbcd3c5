"""A component that is remembered gives the same rows as one that is folded for the first time."""

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import STATEMENT_TOPICS
from domain.interpretation import interpret
from domain.statement import Statement
from projections.catalogue import PROJECTIONS
from projections.engine import substrate
from projections.engine.component import interpret_component
from projections.engine.component_memory import (
    ChangedRows,
    RememberedComponent,
    TableOfRows,
    changed_rows,
)
from projections.engine.events import FiledStatement, logged
from projections.engine.projection import ByComponent
from projections.engine.table import Column, Row, Table
from tests.domain.interpretation.cases import CASES
from tests.domain.interpretation.test_properties import SETS
from tests.examples import a_part_of_the_examples
from tests.projections.samples import Log, SampleStatement, read_again, services

SERVICES = services(interpret=interpret)
TABLE = Table(
    "thing",
    "One row per thing.",
    (Column("id", "text", "Its id."), Column("value", "text", "Its value.")),
    key=("id",),
)


def filed(statements: Iterable[Statement], random: Random, *, again: float) -> list[FiledStatement]:
    """File statements in the order given; a share of them is read again at some later time."""
    log = Log()
    for each in statements:
        if each.trigger not in STATEMENT_TOPICS:
            continue
        sample = SampleStatement(statement=each, number="1", visit="V1")
        log.record(sample)
        if random.random() < again:
            log.record(read_again(sample, random.choice(log.events)))
    return [substrate.arrived(logged(one)).readable() for one in log.events]


def rows_of(
    some: Sequence[FiledStatement], remembered: RememberedComponent | None
) -> list[TableOfRows]:
    component = interpret_component("c", some, interpret, remembered)
    return [
        ("s", table, made[table.name])
        for one in PROJECTIONS
        if isinstance(one.fold, ByComponent)
        for made in [one.fold.rows(component, SERVICES)]
        for table in one.tables
    ]


def things(*rows: Row) -> list[TableOfRows]:
    return [("s", TABLE, list(rows))]


def by_key(rows: Sequence[TableOfRows]) -> dict[str, dict[Row, Row]]:
    return {
        table.name: {tuple(row[table.names.index(name)] for name in table.key): row for row in some}
        for _, table, some in rows
    }


def written(
    before: Sequence[TableOfRows], changes: Iterable[ChangedRows]
) -> dict[str, dict[Row, Row]]:
    """Return what the tables hold after the changes are written."""
    held = by_key(before)
    for change in changes:
        for key in change.gone:
            del held[change.table.name][key]
        new = by_key([("s", change.table, change.rows)])[change.table.name]
        assert not new.keys() & held[change.table.name].keys()
        held[change.table.name] |= new
    return held


def assert_the_rows_are_those_of_a_first_fold(statements: Sequence[FiledStatement]) -> None:
    remembered = RememberedComponent(schema="s")
    for count in range(1, len(statements) + 1):
        some = statements[:count]
        rows, expected = rows_of(some, remembered), rows_of(some, None)
        assert rows == expected
        if remembered.rows:
            changes = changed_rows(remembered.rows, rows)
            assert changes is not None
            assert written(remembered.rows, changes) == by_key(expected)
        remembered = remembered.folded(some, rows)


@given(SETS, st.integers(), st.sampled_from([0.0, 0.3]))
@a_part_of_the_examples(0.5)
def test_statements_that_arrive_one_by_one(
    statements: list[Statement], seed: int, again: float
) -> None:
    assert_the_rows_are_those_of_a_first_fold(filed(statements, Random(seed), again=again))


@pytest.mark.parametrize(
    "seed", [5, *(pytest.param(each, marks=pytest.mark.soak) for each in range(6, 30))]
)
def test_every_case_of_interpretation_in_an_order_of_the_seed(seed: int) -> None:
    random = Random(seed)
    for case in CASES:
        shuffled = random.sample(case.statements, len(case.statements))
        assert_the_rows_are_those_of_a_first_fold(filed(shuffled, random, again=0.1))


def test_only_rows_that_differ_are_changed() -> None:
    same, one, other = ("a", "1"), ("b", "1"), ("b", "2")
    assert changed_rows(things(same, one), things(same, other)) == [
        ChangedRows("s", TABLE, gone=[("b",)], rows=[other])
    ]
    equal = ("b", chr(49))
    assert changed_rows(things(same, one), things(equal, same)) == []


def test_rows_of_other_tables_and_rows_with_one_key_are_replaced_as_a_whole() -> None:
    before = things(("a", "1"))
    assert changed_rows(before, [("other", TABLE, [("a", "1")])]) is None
    assert changed_rows(before, things(("b", "1"), ("b", "2"))) is None
