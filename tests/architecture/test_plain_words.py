"""Texts that people read use plain words (CONTRIBUTING, "How we write")."""

import argparse
import re
from collections.abc import Iterator
from html import unescape

import pytest

from caretrail.cli import command_parser
from tests.architecture.texts import PACKAGES, ROOT, comments, docstrings, pages

#: Each hides its subject or is not a word of everyday English. Write instead: the name of the
#: person, sender, row or caller; "again"; "permanently"; "is in"; "until then".
BANNED = (
    "akin", "anew", "anybody", "as far as anybody said", "everybody", "for aye", "for ever",
    "heard of", "heretofore", "hitherto", "naught", "nobody",
    "none of ours", "nought", "somebody", "stand in the", "stands in the", "thereby",
    "therein", "thereof", "wherein", "whereof", "whoever", "whom", "whomever", "whosoever",
)  # fmt: skip

_BANNED = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)


def templates() -> Iterator[tuple[str, str]]:
    """Yield the name and the source of each page template."""
    for path in sorted((ROOT / "caretrail" / "web" / "templates").glob("*.html")):
        yield path.name, unescape(path.read_text("utf-8"))


def command_line_help() -> Iterator[tuple[str, str]]:
    """Yield each verb of the command line with its help."""
    waiting: list[argparse.ArgumentParser] = [command_parser()]
    while waiting:
        parser = waiting.pop()
        yield parser.prog, parser.format_help()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()


def found(texts: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the banned words of each text that has any."""
    words = {place: _BANNED.findall(re.sub(r"\s+", " ", text)) for place, text in texts}
    return {place: each for place, each in words.items() if each}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_docstring_and_no_comment_has_a_banned_word(package: str) -> None:
    assert found(docstrings(package)) == {}
    assert found(comments(package)) == {}


def test_no_page_and_no_help_has_a_banned_word() -> None:
    assert found(templates()) == {}
    assert found(command_line_help()) == {}


def test_no_page_of_the_documentation_has_a_banned_word() -> None:
    assert found(pages()) == {}


def test_a_banned_word_is_found_across_lines_and_in_any_case() -> None:
    text = "Nobody said that it\nstands in\nthe row for ever. A placeholder stands in for a number."
    assert found(iter([("here", text)])) == {"here": ["Nobody", "stands in the", "for ever"]}
