"""Pause a loop, but not longer than until it is asked to stop."""

import time
from collections.abc import Callable
from typing import Final

_STEP: Final = 0.1  # s


def pause(seconds: float, stop: Callable[[], bool]) -> None:
    """Sleep for ``seconds``, or until ``stop()`` is true, which is checked every 0.1 s."""
    until = time.monotonic() + seconds
    while not stop() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _STEP))
