"""Docstrings and comments cite only documents that the repository has."""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.texts import PACKAGES, ROOT, comments, docstrings

#: A file of text, or a document that is cited by a name in capitals.
_CITED = re.compile(r"[\w./-]*\w\.md\b|\b(?:DESIGN|STYLE)\b")


def missing(texts: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the place and the name of each document that is cited and is not there."""
    return [
        (place, name)
        for place, text in texts
        for name in _CITED.findall(text)
        if not (ROOT / name).is_file() and not any((ROOT / "docs").rglob(name))
    ]


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_each_document_that_is_cited_is_in_the_repository(package: str) -> None:
    assert missing(docstrings(package)) == []
    assert missing(comments(package)) == []


def test_a_document_that_is_missing_is_found() -> None:
    cited = "README.md, docs/reference/adt.md and adt.md; DESIGN 9 and docs/other.md"
    assert missing(iter([("here", cited)])) == [("here", "DESIGN"), ("here", "docs/other.md")]
