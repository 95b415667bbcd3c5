"""Parse arguments of the command line; an argument that cannot be parsed is wrong usage."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime


def instant(text: str) -> datetime:
    """Return a time. Without an offset, it is UTC."""
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
