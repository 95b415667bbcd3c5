"""The rules of docs/reference/interpretation.md and the cases that name them agree."""

import re
from collections import Counter
from pathlib import Path

from tests.domain.interpretation.cases import CASES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "interpretation.md"

#: "- **R2.12** (later) A swap ...": the number, and the mark of a rule that needs no case.
RULE = re.compile(r"^- \*\*(R\d+\.\d+)\*\* (?:\((\w+)\) )?", re.MULTILINE)
FOUND: list[tuple[str, str]] = RULE.findall(PAGE.read_text("utf-8"))
RULES = dict(FOUND)

CITED = {rule for case in CASES for rule in case.rules}


def test_every_rule_without_a_mark_has_a_case_that_names_it() -> None:
    assert [rule for rule, mark in RULES.items() if not mark and rule not in CITED] == []


def test_every_rule_that_a_case_names_is_on_the_page() -> None:
    assert sorted(CITED - set(RULES)) == []


def test_every_mark_is_explained_on_the_page() -> None:
    explained = set(re.findall(r"^\| \((\w+)\) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert {mark for mark in RULES.values() if mark} == explained


def test_rules_are_numbered_in_order_within_their_sections() -> None:
    numbers = [tuple(map(int, rule[1:].split("."))) for rule, _ in FOUND]
    assert numbers == sorted(numbers)
    sections = Counter(section for section, _ in numbers)
    assert numbers == [
        (section, rule)
        for section, rules in sorted(sections.items())
        for rule in range(1, rules + 1)
    ]


def test_every_case_names_a_rule_and_has_a_name_of_its_own() -> None:
    assert [case.name for case in CASES if not case.rules] == []
    names = Counter(case.name for case in CASES)
    assert [name for name, count in names.items() if count > 1] == []
