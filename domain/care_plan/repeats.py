"""The days on which a repeated activity is due."""

from calendar import monthrange
from datetime import date, timedelta

from domain.care_plan.parts import Repeat

_MONTHS = 12
_DAYS_OF = {"day": 1, "week": 7}


def nth_day(first: date | None, repeat: Repeat, times: int) -> date | None:
    """Return the day that is ``times`` repetitions after the first one.

    A month that is too short gives its last day. None: no first day is stated, or the repetition
    has ended before this day.

    >>> nth_day(date(2026, 1, 31), Repeat(every=1, unit="month"), 1)
    datetime.date(2026, 2, 28)
    >>> nth_day(date(2026, 1, 31), Repeat(every=2, unit="week"), 2)
    datetime.date(2026, 2, 28)
    """
    if first is None:
        return None
    steps = repeat.every * times
    try:
        if repeat.unit == "month":
            months = first.month - 1 + steps
            year, month = first.year + months // _MONTHS, months % _MONTHS + 1
            day = date(year, month, min(first.day, monthrange(year, month)[1]))
        else:
            day = first + timedelta(days=steps * _DAYS_OF[repeat.unit])
    except (OverflowError, ValueError):  # after the year 9999
        return None
    return None if repeat.until is not None and day > repeat.until else day
