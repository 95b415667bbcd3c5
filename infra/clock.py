"""Read the wall clock and draw new ids; no other module does either."""

import time
from datetime import UTC, datetime
from typing import Final

from infra import entropy

_PER_MILLISECOND: Final = 1_000_000


def now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the only module that may


def new_id() -> str:
    """Return a new UUIDv7 as text; ids of one process sort in the order in which they were drawn.

    The 12 bits after the milliseconds hold the fraction of the millisecond, in steps of about a
    quarter of a microsecond (RFC 9562, 6.2, method 3).
    """
    milliseconds, rest = divmod(time.time_ns(), _PER_MILLISECOND)
    fraction = (rest << 12) // _PER_MILLISECOND
    tail = int.from_bytes(entropy.take(8), "big") & (1 << 62) - 1
    number = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
