"""What an address asks for: instants and indices as people type them."""

from datetime import UTC, datetime, timedelta, tzinfo


class NotATime(Exception):
    """What was typed is no time and no event. ``field`` says where; the text is not repeated."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"{field} is no time")


def instant(text: str, *, field: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Read a time: ``2026-02-19 14:05``, with or without zone; a day alone means its end.

    ``now`` and an empty text are None. Without an offset it is local time of the page.

    Raises:
        NotATime: It is none.
    """
    typed = text.strip()
    if not typed or typed == "now":
        return None
    try:
        read = datetime.fromisoformat(typed)
    except ValueError:
        raise NotATime(field) from None
    if len(typed) == len("2026-02-19"):
        read += timedelta(days=1, seconds=-1)
    read = read if read.tzinfo else read.replace(tzinfo=zone)
    try:
        return min(read.astimezone(UTC), now + timedelta(days=3660))
    except OverflowError:
        raise NotATime(field) from None


def known(text: str, *, zone: tzinfo, now: datetime) -> int | datetime | None:
    """Read an event's index (``48,213``) or a time; an empty text and ``latest`` are None.

    Raises:
        NotATime: It is neither.
    """
    typed = text.strip()
    if not typed or typed == "latest":
        return None
    digits = typed.replace(",", "")
    if digits.isascii() and digits.isdecimal() and len(digits) < 19:  # noqa: PLR2004  # of bigint
        return int(digits)
    return instant(typed, field="Known at", zone=zone, now=now)
