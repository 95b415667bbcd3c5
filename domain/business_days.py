"""Count business days: Monday to Friday without the holidays of a calendar.

Days are local dates. The calendar is part of the protocol in force, so two sites may differ.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

#: The holidays that a calendar takes over by rule: those of the US federal government, or none.
HolidayRule: TypeAlias = Literal["us-federal", "none"]

_SATURDAY: Final = 5
_SUNDAY: Final = 6
_MONDAY, _THURSDAY = 0, 3
_DAY: Final = timedelta(days=1)
#: A calendar that closes more days in a row than this has no next business day.
_LONGEST_CLOSURE: Final = 366


class BusinessCalendar(BaseModel):
    """The days on which the people who owe a duty work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: HolidayRule = "us-federal"
    closed: frozenset[date] = frozenset()
    """Further days that are no business days."""
    open: frozenset[date] = frozenset()
    """Days that are business days although the rule or the weekday says otherwise."""

    def is_business_day(self, day: date) -> bool:
        """Tell whether people work on a day."""
        if day in self.open:
            return True
        if day in self.closed or day.weekday() >= _SATURDAY:
            return False
        return self.rule == "none" or day not in us_federal_holidays(day.year)

    def after(self, day: date, business_days: int) -> date:
        """Return the day that is so many business days after ``day``, which does not count.

        With 0, it is the first business day from ``day`` on.

        >>> BusinessCalendar().after(date(2026, 7, 2), 2)  # the 3rd is a holiday, then a weekend
        datetime.date(2026, 7, 7)

        Raises:
            ValueError: The calendar has no business day for more than a year.
        """
        return _after(self, day, business_days)

    def next(self, day: date) -> date:
        """Return the first business day from ``day`` on."""
        for days in range(_LONGEST_CLOSURE + 1):
            if self.is_business_day(found := day + timedelta(days=days)):
                return found
        raise ValueError(f"the calendar has no business day in the year after {day.isoformat()}")


@lru_cache(maxsize=4_096)
def _after(calendar: BusinessCalendar, day: date, business_days: int) -> date:
    if business_days == 0:
        return calendar.next(day)
    for _ in range(business_days):
        day = calendar.next(day + _DAY)
    return day


@lru_cache(maxsize=256)
def us_federal_holidays(year: int) -> frozenset[date]:
    """Return the weekdays of a year on which US federal offices are closed (5 USC 6103).

    A holiday on a Saturday is observed on the Friday before, and one on a Sunday on the Monday
    after (Executive Order 11582). The day of an inauguration is left out: it is a holiday around
    Washington alone.

    >>> date(2027, 12, 31) in us_federal_holidays(2027)  # New Year's Day 2028 is a Saturday
    True
    """
    observed = {
        _observed(holiday(each))
        for each in (year, year + 1)  # the next New Year's Day may be observed in this year
        for holiday, since in _HOLIDAYS
        if each >= since
    }
    return frozenset(day for day in observed if day.year == year)


def _observed(day: date) -> date:
    if day.weekday() == _SATURDAY:
        return day - _DAY
    return day + _DAY if day.weekday() == _SUNDAY else day


def _on(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _nth(month: int, weekday: int, number: int) -> Callable[[int], date]:
    """Return the rule for the weekday with this number in a month; -1 is the last one."""

    def of(year: int) -> date:
        if number < 0:
            last = date(year, month + 1, 1) - _DAY
            return last - timedelta(days=(last.weekday() - weekday) % 7)
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))

    return of


#: Each holiday with the first year in which offices were closed on it.
_HOLIDAYS: Final[tuple[tuple[Callable[[int], date], int], ...]] = (
    (_on(1, 1), 1885),  # New Year's Day
    (_nth(1, _MONDAY, 3), 1986),  # Birthday of Martin Luther King, Jr.
    (_nth(2, _MONDAY, 3), 1971),  # Washington's Birthday
    (_nth(5, _MONDAY, -1), 1971),  # Memorial Day
    (_on(6, 19), 2021),  # Juneteenth
    (_on(7, 4), 1885),  # Independence Day
    (_nth(9, _MONDAY, 1), 1894),  # Labor Day
    (_nth(10, _MONDAY, 2), 1971),  # Columbus Day
    (_on(11, 11), 1978),  # Veterans Day; from 1971 to 1977 it was in October
    (_nth(11, _THURSDAY, 4), 1942),  # Thanksgiving Day
    (_on(12, 25), 1885),  # Christmas Day
)
