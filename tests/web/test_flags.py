import re
from pathlib import Path

import pytest

import domain.interpretation
from caretrail.web.flags import in_words, marks, reason

_SOURCES = Path(next(iter(domain.interpretation.__path__)))


def test_every_mark_of_the_interpretation_has_words() -> None:
    given: set[str] = set()
    for source in _SOURCES.glob("*.py"):
        text = source.read_text("utf-8")
        given |= set(re.findall(r'flags\.(?:append|add)\("([a-z_]+)"\)', text))
        given |= set(re.findall(r'flags=\("([a-z_]+)",\)', text))

    assert len(given) > 8
    assert [code for code in sorted(given) if not in_words(code).said] == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("PV1-45.unreadable", "PV1-45, discharged at, could not be read; its text is kept"),
        ("ZZZ-9.repeated", "ZZZ-9 was repeated: the first was read"),
        ("of_tomorrow", ""),
        ("PV1-45.of_tomorrow", ""),
    ],
)
def test_a_mark_of_a_field_names_the_field_and_an_unknown_one_only_its_code(
    code: str, said: str
) -> None:
    (marked,) = marks([code])

    assert (marked.code, marked.said) == (code, said)


def test_a_reason_keeps_its_code() -> None:
    assert reason("no_adt") == "no ADT message (no_adt)"
    assert reason("of_tomorrow") == "of_tomorrow"
