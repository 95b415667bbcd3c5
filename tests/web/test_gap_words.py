from datetime import UTC, datetime, timedelta

import pytest

from caretrail.web.words import gap_words
from domain.journey import Gap

START = datetime(2026, 1, 5, 23, 50, tzinfo=UTC)


def gap(
    hours: int,
    days: int,
    *,
    at_home: bool = False,
    may_be_shorter: bool = False,
    may_be_longer: bool = False,
) -> Gap:
    until = START + timedelta(hours=hours)
    return Gap(
        start=START, end=until, until=until, days=days, at_home=at_home,
        may_be_shorter=may_be_shorter, may_be_longer=may_be_longer, outpatient_visits=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (gap(24, 2, at_home=True), "2 days at home"),
        (gap(2, 0), "2 h, not stated where"),
        (gap(24, 1, may_be_shorter=True), "up to 1 day, not stated where"),
        (gap(48, 2, may_be_longer=True), "at least 2 days, not stated where"),
        (gap(48, 2, may_be_shorter=True, may_be_longer=True), "about 2 days, not stated where"),
    ],
)
def test_a_gap_says_how_long_it_is_and_where_the_patient_was(one: Gap, words: str) -> None:
    assert gap_words(one) == words
