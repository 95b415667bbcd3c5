"""The wall clock and fresh ids: the one module that reads either."""

import time
from datetime import UTC, datetime
from typing import Final

from infra import entropy

_PER_MILLISECOND: Final = 1_000_000


def now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # this is the module that may


def new_id() -> str:
    """Return a fresh UUIDv7 as text: later ids of one process sort after earlier ones.

    The 12 bits beside the milliseconds hold their fraction, about a quarter of a microsecond
    (RFC 9562, 6.2, method 3).
    """
    milliseconds, rest = divmod(time.time_ns(), _PER_MILLISECOND)
    fraction = (rest << 12) // _PER_MILLISECOND
    tail = int.from_bytes(entropy.take(8), "big") & (1 << 62) - 1
    number = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
