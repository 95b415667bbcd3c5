"""Triggers are one table: no other module names a code, so that a new row is all it takes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("caretrail", "commands", "consumers", "domain", "infra", "projections")
TABLE = ROOT / "domain" / "triggers.py"
#: It makes up messages, so it names codes as a sender does.
GENERATOR = ROOT / "caretrail" / "generate"


def test_no_trigger_code_is_written_outside_the_table() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path != TABLE and GENERATOR not in path.parents
        for line in codes(path.read_text("utf-8"))
    ]
    assert found == []


def test_the_search_finds_codes() -> None:
    assert len(list(codes(TABLE.read_text("utf-8")))) > 15
    assert list(codes('x = {"A01"}\n# A02\ny = "A03 and more"\n')) == [1]


def codes(source: str) -> Iterator[int]:
    """Yield the lines on which a string is the code of a trigger and nothing else."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and re.fullmatch(r"A\d\d", str(node.value)):
            yield node.lineno
