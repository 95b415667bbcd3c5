"""Wait for a condition instead of sleeping."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], what: str, timeout: float = 30.0) -> None:
    """Look until a condition holds; pause as long as a look took, for others need the CPU too."""
    deadline = time.monotonic() + timeout
    begun = time.monotonic()
    while not condition():
        ended = time.monotonic()
        assert ended < deadline, f"{what}: not within {timeout} s"
        time.sleep(min(max(0.02, ended - begun), 0.1))
        begun = time.monotonic()
