"""Parse arguments of the command line; an argument that cannot be parsed is wrong usage."""

import re
from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.calendar import EARLIEST, LATEST, asked_instant

if TYPE_CHECKING:
    from domain.statement import Moment, Precision, Zone

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}")
_STATED: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(:\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"
)


def instant(text: str) -> datetime:
    """Return a time in UTC. Without an offset, it is UTC."""
    return asked_instant(_read(text))


def _read(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text}: write a time as 2026-03-02T14:05:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def instant_or_index(text: str) -> datetime | int:
    """Return a time, or the index of an event."""
    return int(text) if text.isdecimal() else instant(text)


def address(text: str) -> tuple[str, int]:
    """Return host and port."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ArgumentTypeError(f"{text}: write HOST:PORT")
    return host.strip("[]"), int(port)


def count(text: str) -> int:
    """Return a whole number above zero."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text}: write a whole number above 0")
    return int(text)


def named_version(text: str) -> tuple[str, int]:
    """Return a name and a version number, written as ``census=2``."""
    name, _, number = text.partition("=")
    if not name or not number.isdecimal():
        raise ArgumentTypeError(f"{text}: write NAME=VERSION, such as census=2")
    return name, int(number)


def stated_time(text: str) -> "Moment":
    """Return a time as it was stated: a day, a minute or a second. Without an offset, it is UTC.

    >>> stated_time("2026-03-02").precision, stated_time("2026-03-02T14:05+01:00").zone
    ('day', 'offset')
    """
    # Imported only here: --help must not pay for it.
    from domain.statement import Moment  # noqa: PLC0415

    shape = _STATED.fullmatch(text)
    if shape is None:
        raise ArgumentTypeError(f"{text}: write a time as 2026-03-02T14:05Z, or a day")
    read = _read(text)
    if not EARLIEST.year <= read.year < LATEST.year:
        raise ArgumentTypeError(f"{text}: write a year between {EARLIEST.year} and {LATEST.year}")
    at = read.astimezone(UTC)
    zone: Zone = "offset" if shape[2] else "assumed"
    if shape[1]:
        return Moment(at=at, zone=zone, text=text)
    precision: Precision = "minute" if ":" in text else "day"
    length = timedelta(minutes=1) if precision == "minute" else timedelta(days=1)
    until = at + length - timedelta(seconds=1)
    return Moment(at=at, until=until, precision=precision, zone=zone, text=text)


def day(text: str) -> date:
    """Return a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text}: write a day as 2026-03-02") from None


def code(text: str) -> str:
    """Return a code: letters, digits and ``. _ : / + -``, so it cannot hold a name."""
    if not _CODE.fullmatch(text):
        raise ArgumentTypeError(
            "write a code of up to 64 letters and digits without spaces, not a name"
        )
    return text


def id_of(text: str) -> str:
    """Return an id as it is written in the store."""
    try:
        return str(UUID(text))
    except ValueError:
        raise ArgumentTypeError(f"{text}: write an id, as the lists print it") from None


def version(text: str) -> int:
    """Return the version of a stream."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text}: write a version: a whole number")
    return int(text)
