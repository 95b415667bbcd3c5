"""Parse arguments of the command line; an argument that cannot be parsed is wrong usage."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from domain.statement import Moment

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}")
_T = TypeVar("_T")


def instant(text: str) -> datetime:
    """Return a time in UTC. Without an offset, it is UTC."""
    # Imported only here and below: --help must not pay for it.
    from caretrail.stated_times import asked_time  # noqa: PLC0415

    return _read(text, asked_time)


def instant_or_index(text: str) -> datetime | int:
    """Return a time, or the index of an event."""
    from caretrail.stated_times import asked_position  # noqa: PLC0415

    return _read(text, asked_position)


def _read(text: str, reading: Callable[[str], _T]) -> _T:
    try:
        return reading(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text}: {error}") from None


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
    """Return a time as it was stated: a day, a minute or a second. Without an offset, it is UTC."""
    from caretrail.stated_times import stated_moment  # noqa: PLC0415

    return _read(text, stated_moment)


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
