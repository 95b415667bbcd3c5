"""Texts of the repository that people read: docstrings, comments and pages, with their places."""

import ast
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("caretrail", "commands", "consumers", "domain", "infra", "projections")


def docstrings(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each docstring of a package."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for name, text in _docstrings(path):
            yield f"{path.relative_to(ROOT)}, {name}", text


@cache  # as below
def _docstrings(path: Path) -> list[tuple[str, str]]:
    return [
        (getattr(node, "name", "module"), text)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if (text := ast.get_docstring(node))
    ]


def comments(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each comment of a package."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for line, text in _comments(path):
            yield f"{path.relative_to(ROOT)}:{line}", text


@cache  # several tests read them, and to find them takes seconds
def _comments(path: Path) -> list[tuple[int, str]]:
    with tokenize.open(path) as file:
        tokens = tokenize.generate_tokens(file.readline)
        return [(each.start[0], each.string) for each in tokens if each.type == tokenize.COMMENT]


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page of the documentation."""
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        yield str(path.relative_to(ROOT)), path.read_text("utf-8")
