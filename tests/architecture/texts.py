"""Texts of the repository that people read: docstrings, comments and pages, with their places."""

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("caretrail", "commands", "consumers", "domain", "infra", "projections")


def docstrings(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each docstring of a package."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                text = ast.get_docstring(node)
                if text:
                    yield f"{name}, {getattr(node, 'name', 'module')}", text


def comments(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each comment of a package."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        with tokenize.open(path) as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type == tokenize.COMMENT:
                    yield f"{path.relative_to(ROOT)}:{token.start[0]}", token.string


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page of the documentation."""
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        yield str(path.relative_to(ROOT)), path.read_text("utf-8")
