"""The log file of an embedded server."""

from contextlib import suppress
from pathlib import Path
from typing import IO, Final

_LARGEST: Final = 10_000_000  # bytes; a larger log is moved to ``.log.1`` at the next start


class ServerLog:
    """The log of one server: ``open`` it for the process, then read what the process wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0  # bytes that were in the log before this start

    def open(self) -> IO[bytes]:
        """Open the log for appending; move a large one aside first."""
        with suppress(FileNotFoundError):
            if self.path.stat().st_size > _LARGEST:
                self.path.replace(self.path.with_suffix(".log.1"))
        log = self.path.open("ab")
        self._start = log.tell()
        return log

    def of_this_start(self) -> str:
        """Return what was written since ``open``."""
        return self.path.read_bytes()[self._start :].decode("utf-8", "replace")
