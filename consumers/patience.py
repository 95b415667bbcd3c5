"""Waiting that a request to stop cuts short."""

import time
from collections.abc import Callable
from typing import Final

_STEP: Final = 0.1  # s


def pause(seconds: float, stop: Callable[[], bool]) -> None:
    """Sleep ``seconds``, or until shortly after ``stop()``."""
    until = time.monotonic() + seconds
    while not stop() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _STEP))
