"""Times that are stated less precisely than to the second: their length, and the date they name.

A time of an encounter, a stay or an entry is one instant with a precision. For an end it is the
last instant that the sender's text covers, for every other time the first one (R5.10).
"""

from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from domain.statement import Precision

_LENGTHS: Final[dict[Precision, timedelta]] = {
    "year": timedelta(days=366), "month": timedelta(days=31), "day": timedelta(days=1),
    "hour": timedelta(hours=1), "minute": timedelta(minutes=1), "second": timedelta(0),
}  # fmt: skip
#: Half of the shortest time that a precision names. A month and a year begin and end with a day.
_HALVES: Final[dict[Precision, timedelta]] = {
    "year": timedelta(hours=12), "month": timedelta(hours=12), "day": timedelta(hours=12),
    "hour": timedelta(minutes=30),
}  # fmt: skip
_DATES: Final = frozenset[Precision]({"year", "month", "day"})
_LAST_MICROSECOND: Final = 999_999


def length_of(precision: Precision) -> timedelta:
    """Return how long a time of a precision is at most; of a second it is zero."""
    return _LENGTHS[precision]


def is_date(precision: Precision) -> bool:
    """Tell whether a time of a precision names no hour."""
    return precision in _DATES


def coarser(one: Precision, other: Precision) -> Precision:
    """Return the less precise one of two precisions."""
    return one if _LENGTHS[one] >= _LENGTHS[other] else other


def inside(at: datetime, precision: Precision) -> datetime:
    """Return an instant in the middle of the stated day or hour.

    A day of a sender in New York begins at 23:00 of the day before in Chicago. Its middle is on the
    same date in both. So a date is the sender's in every zone up to 12 hours away.

    >>> inside(datetime.fromisoformat("2026-03-01T05:00Z"), "day").isoformat()
    '2026-03-01T17:00:00+00:00'
    >>> inside(datetime.fromisoformat("2026-03-02T04:59:59.999999Z"), "day").day
    1
    """
    half = _HALVES.get(precision)
    if half is None:
        return at
    try:
        return at - half if at.microsecond == _LAST_MICROSECOND else at + half
    except OverflowError:  # the first or the last day of the calendar
        return at


def is_late(at: datetime, last: datetime, precision: Precision) -> bool:
    """Tell whether an instant is so near to the last one of a time that it shows the next date."""
    half = _HALVES.get(precision)
    return half is not None and last - at < half


def as_last(at: datetime) -> datetime:
    """Return an instant of the same second that counts as the last instant of a coarse time.

    ``inside`` then looks for the date before it and not after it.
    """
    return at.replace(microsecond=_LAST_MICROSECOND)


def last_of(at: datetime, precision: Precision) -> datetime:
    """Return the last instant of a time. A month and a year count with their longest length."""
    return at if at.microsecond == _LAST_MICROSECOND else at + length_of(precision)


def date_of(at: datetime, precision: Precision, zone: tzinfo) -> date:
    """Return the local date of a time; of a time without an hour, the date that was stated."""
    return inside(at, precision).astimezone(zone).date()
