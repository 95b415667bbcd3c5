"""Fresh random bytes of the operating system, drawn a page at a time.

Drawing them is a system call, and for each the interpreter lets another thread run: of a message
that is received, seven draws of a few bytes held the listener up more than all sealing did.
"""

import os
from threading import Lock
from typing import Final

#: Bytes drawn in one go.
_DRAWN: Final = 4_096


class Entropy:
    """Gives random bytes, none of them twice. Safe for threads, and for processes that fork.

    Not for a machine that is copied while it runs: its copy would give out the rest of a page too.
    """

    _lock: Lock
    _drawn: bytes
    _taken: int

    def __init__(self) -> None:
        self._forget()
        # A child would give again what its parent gives.
        os.register_at_fork(after_in_child=self._forget)

    def take(self, size: int) -> bytes:
        """Return ``size`` bytes that nobody else gets."""
        with self._lock:
            end = self._taken + size
            if end > len(self._drawn):
                self._drawn, end = os.urandom(max(_DRAWN, size)), size
            self._taken = end
            return self._drawn[end - size : end]

    def _forget(self) -> None:
        self._lock = Lock()
        self._drawn, self._taken = b"", 0


take = Entropy().take
