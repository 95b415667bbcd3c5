import pytest

from caretrail.web.flags import meaning_of, reason


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("PV1-45.unreadable", "PV1-45, time of discharge, could not be read; its text is kept."),
        ("ZZZ-9.repeated", "ZZZ-9 was repeated; the first one was read."),
        ("of_tomorrow", ""),
        ("PV1-45.of_tomorrow", ""),
    ],
)
def test_the_meaning_of_a_flag_names_the_field_and_is_empty_for_an_unknown_flag(
    code: str, words: str
) -> None:
    meaning = meaning_of(code)

    assert (meaning.code, meaning.words) == (code, words)


def test_a_reason_keeps_its_code() -> None:
    assert reason("no_adt") == "the message is not an ADT message (no_adt)"
    assert reason("of_tomorrow") == "of_tomorrow"
