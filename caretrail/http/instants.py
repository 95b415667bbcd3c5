"""Parse the instants and event indices that people type into a form."""

from datetime import datetime, timedelta, tzinfo

from domain.calendar import asked_instant


class NotATime(Exception):
    """A field of a form holds neither a time nor, where allowed, an event index.

    The text of the field is not repeated.
    """

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"{field} is not a time")


def instant(text: str, *, field: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Parse a time such as ``2026-02-19 14:05``; return None for ``now`` and an empty text.

    A day without a time means the end of that day. A time without an offset is local time of the
    page.

    Raises:
        NotATime: The text is not a time.
    """
    typed = text.strip()
    if not typed or typed == "now":
        return None
    try:
        read = datetime.fromisoformat(typed)
    except ValueError:
        raise NotATime(field) from None
    if len(typed) == len("2026-02-19"):
        read += timedelta(hours=23, minutes=59, seconds=59)
    read = read if read.tzinfo else read.replace(tzinfo=zone)
    return min(asked_instant(read), now + timedelta(days=3660))


def known(text: str, *, zone: tzinfo, now: datetime) -> int | datetime | None:
    """Parse an event index (``48,213``) or a time; return None for ``latest`` and an empty text.

    Raises:
        NotATime: The text is neither.
    """
    typed = text.strip()
    if not typed or typed == "latest":
        return None
    digits = typed.replace(",", "")
    if digits.isascii() and digits.isdecimal() and len(digits) < 19:  # noqa: PLR2004  # of bigint
        return int(digits)
    return instant(typed, field="Known at", zone=zone, now=now)
