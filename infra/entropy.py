"""Random bytes of the operating system, drawn 4 KiB at a time.

Each draw is a system call, and at each the interpreter lets another thread run. A received message
needs seven draws of a few bytes; single draws delayed the listener more than all sealing did.
"""

import os
from threading import Lock
from typing import Final

#: Bytes drawn with one system call.
_PAGE: Final = 4_096


class Entropy:
    """Gives out random bytes, never the same bytes twice. Safe for threads and for forks.

    Not safe for a virtual machine that is copied while it runs: the copy would give out the rest
    of the drawn bytes too.
    """

    _lock: Lock
    _drawn: bytes
    _taken: int

    def __init__(self) -> None:
        self._forget()
        # Without this, a forked child would give out the same bytes as its parent.
        os.register_at_fork(after_in_child=self._forget)

    def take(self, size: int) -> bytes:
        """Return ``size`` bytes that no other caller gets."""
        with self._lock:
            end = self._taken + size
            if end > len(self._drawn):
                self._drawn, end = os.urandom(max(_PAGE, size)), size
            self._taken = end
            return self._drawn[end - size : end]

    def _forget(self) -> None:
        self._lock = Lock()
        self._drawn, self._taken = b"", 0


take = Entropy().take
