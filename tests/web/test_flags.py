import pytest

from caretrail.web.flags import marks, reason


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("PV1-45.unreadable", "PV1-45, discharged at, could not be read; its text is kept."),
        ("ZZZ-9.repeated", "ZZZ-9 was repeated; the first one was read."),
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
