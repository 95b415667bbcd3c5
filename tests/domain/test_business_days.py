"""Business days: weekdays without the holidays of a calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.business_days import BusinessCalendar, us_federal_holidays

FEDERAL = BusinessCalendar()
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 12, 31))


def test_the_federal_holidays_of_2026_are_those_that_are_published() -> None:
    # 4 July is a Saturday, so offices are closed on the Friday before.
    assert sorted(us_federal_holidays(2026)) == [
        date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25),
        date(2026, 6, 19), date(2026, 7, 3), date(2026, 9, 7), date(2026, 10, 12),
        date(2026, 11, 11), date(2026, 11, 26), date(2026, 12, 25),
    ]  # fmt: skip


def test_a_new_year_on_a_saturday_is_observed_in_the_old_year() -> None:
    assert date(2021, 12, 31) in us_federal_holidays(2021)
    assert not any(day.month == 1 and day.day <= 3 for day in us_federal_holidays(2022))


def test_juneteenth_is_a_holiday_from_2021_on() -> None:
    assert date(2020, 6, 19) not in us_federal_holidays(2020)
    assert date(2021, 6, 18) in us_federal_holidays(2021)  # the 19th is a Saturday


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        (date(2026, 3, 9), 2, date(2026, 3, 11)),  # Monday: Wednesday
        (date(2026, 3, 6), 2, date(2026, 3, 10)),  # Friday: Tuesday
        (date(2026, 3, 7), 1, date(2026, 3, 9)),  # Saturday: Monday
        (date(2026, 11, 25), 2, date(2026, 11, 30)),  # Wednesday before Thanksgiving
        (date(2026, 7, 3), 0, date(2026, 7, 6)),  # a holiday, then a weekend
        (date(2026, 3, 9), 0, date(2026, 3, 9)),
    ],
)
def test_days_are_counted_from_the_day_after(start: date, days: int, expected: date) -> None:
    assert FEDERAL.after(start, days) == expected


def test_a_calendar_may_close_and_open_days() -> None:
    calendar = BusinessCalendar(
        closed=frozenset({date(2026, 11, 27)}), open=frozenset({date(2026, 11, 28)})
    )
    assert calendar.after(date(2026, 11, 25), 1) == date(2026, 11, 28)
    assert BusinessCalendar(rule="none").after(date(2026, 11, 25), 1) == date(2026, 11, 26)


def test_a_calendar_that_is_always_closed_is_an_error() -> None:
    days = [date(2026, 1, 1) + timedelta(days=each) for each in range(500)]
    with pytest.raises(ValueError, match="no business day"):
        BusinessCalendar(closed=frozenset(days)).after(date(2026, 1, 1), 1)


@given(day=DAYS, days=st.integers(1, 40))
def test_so_many_business_days_are_between(day: date, days: int) -> None:
    end = FEDERAL.after(day, days)
    span = [day + timedelta(days=each) for each in range(1, (end - day).days + 1)]
    assert sum(FEDERAL.is_business_day(each) for each in span) == days
    assert FEDERAL.is_business_day(end)
