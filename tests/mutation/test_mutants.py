"""Mutants change one thing each, and the cases notice a rule that is gone."""

import ast
import os
from pathlib import Path

import pytest

from domain.interpretation import times
from tests.mutation import running
from tests.mutation.equivalent import equivalent_mutants, name_of
from tests.mutation.mutants import mutants_of, mutated

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a < b", ["a <= b"]),
        ("a is None", ["a is not None"]),
        ("a and b", ["a or b", "b", "a"]),
        ("not a", ["a"]),
        ("a[-1]", ["a[-2]", "a[-0]"]),
        ("x = f(h=48)", ["x = f()", "x = f(h=49)", "x = f(h=24)"]),
        ("{'A01', 'A04'}", ["{'A04'}", "{'A01'}"]),
        ("{'A11': x, 'A12': y}", ["{'A12': y}", "{'A11': x}"]),
        ("[a for a in b if c if d]", ["[a for a in b if d]", "[a for a in b if c]"]),
        ("x = min(a)", ["x = max(a)"]),
        ("x = sorted(a, key=b)", ["x = list(a)", "x = sorted(a)"]),
        ("if a:\n    b()", ["if True:\n    b()", "if False:\n    b()", "if a:\n    pass"]),
        ("a.b = c", ["pass"]),
        ("for a in b:\n    continue", ["for a in b:\n    pass"]),
    ],
)
def test_each_mutant_changes_one_thing(source: str, changed: list[str]) -> None:
    numbers = [each.number for each in mutants_of(source)]
    assert [ast.unparse(mutated(source, number)) for number in numbers] == changed


@pytest.mark.parametrize(
    "source",
    [
        "'a docstring'",
        "from a import b",
        "x: int | None = y",
        "X: TypeAlias = int | str",
        "@dataclass(frozen=True)\nclass A(B, C):\n    pass",
        "for a, b in c:\n    d",
    ],
)
def test_what_holds_no_behaviour_is_left_alone(source: str) -> None:
    assert mutants_of(source) == []


def test_the_cases_notice_a_changed_rule_and_pass_without_a_change() -> None:
    source = ast.unparse(ast.parse(Path(times.__file__).read_text("utf-8")))
    name = times.__name__
    assert _ends_with(name, ast.parse(source)) == running.SURVIVED
    rule = "one.at <= other.last and other.at <= one.last"
    assert rule in source
    assert _ends_with(name, ast.parse(source.replace(rule, "one == other"))) != running.SURVIVED


def _ends_with(module: str, tree: ast.Module) -> int:
    _, status = os.waitpid(running.start(module, tree), 0)
    return status


@pytest.mark.sources
def test_each_mutant_that_is_listed_as_equivalent_exists_and_has_a_reason() -> None:
    listed = equivalent_mutants()
    existing = {
        name_of(module, mutant)
        for module in {each.module for each in listed}
        for mutant in mutants_of((ROOT / module).read_text("utf-8"))
    }
    assert set(listed) - existing == set()
    assert [each for each, reason in listed.items() if not reason] == []


def test_a_mutant_is_named_by_the_innermost_function_around_it() -> None:
    source = "def outer():\n    def inner():\n        return a < b\n    return c < d\n"
    assert [each.function for each in mutants_of(source)] == ["inner", "outer"]
