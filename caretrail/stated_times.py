"""Read times that callers write: when something happened, and the instants that they ask about."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.calendar import EARLIEST, LATEST, asked_instant
from domain.statement import Moment, Precision, Zone

_STATED: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(:\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


class NotStated(ValueError):
    """A text is not a time. ``expected`` says how to write one."""

    def __init__(self, expected: str) -> None:
        self.expected = expected
        super().__init__(expected)


def asked_time(text: str) -> datetime:
    """Return a time in UTC. Without an offset, it is UTC.

    Raises:
        NotStated: The text is not a time.
    """
    return asked_instant(_read(text))


def asked_position(text: str) -> datetime | int:
    """Return a time, or the index of an event.

    Raises:
        NotStated: The text is neither.
    """
    digits = text.isascii() and text.isdecimal() and len(text) < 19  # noqa: PLR2004  # of bigint
    return int(text) if digits else asked_time(text)


def stated_moment(text: str) -> Moment:
    """Return a time as it was stated: a day, a minute or a second. Without an offset, it is UTC.

    >>> stated_moment("2026-03-02").precision, stated_moment("2026-03-02T14:05+01:00").zone
    ('day', 'offset')

    Raises:
        NotStated: The text is not a time, or its year is outside the calendar.
    """
    shape = _STATED.fullmatch(text)
    if shape is None:
        raise NotStated("write a time as 2026-03-02T14:05Z, or a day")
    read = _read(text)
    if not EARLIEST.year <= read.year < LATEST.year:
        raise NotStated(f"write a year between {EARLIEST.year} and {LATEST.year}")
    at = read.astimezone(UTC)
    zone: Zone = "offset" if shape[2] else "assumed"
    if shape[1]:
        return Moment(at=at, zone=zone, text=text)
    precision: Precision = "minute" if ":" in text else "day"
    length = timedelta(minutes=1) if precision == "minute" else timedelta(days=1)
    until = at + length - timedelta(seconds=1)
    return Moment(at=at, until=until, precision=precision, zone=zone, text=text)


def _read(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise NotStated("write a time as 2026-03-02T14:05:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
