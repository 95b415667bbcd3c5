"""Who uses a home's server: several processes at a time, and the last one to leave stops it.

Two locks on files: one is held while somebody starts or stops the server, of the other every user
holds a share. The kernel lets both go when their holder is killed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import IO


class Share:
    """One user's share of the server whose locks are in a folder."""

    def __init__(self, folder: Path) -> None:
        self._start_lock = folder / "start.lock"
        self._users_lock = folder / "users.lock"
        self._share: IO[bytes] | None = None

    @property
    def is_held(self) -> bool:
        """Say whether we are a user."""
        return self._share is not None

    @contextmanager
    def starting_or_stopping(self) -> Iterator[None]:
        """Be the only one who starts or stops the server meanwhile; wait for whoever is."""
        with self._start_lock.open("ab") as file:
            flock(file, LOCK_EX)
            yield

    def take(self) -> None:
        """Become a user; only inside ``starting_or_stopping``."""
        if self._share is None:
            self._share = self._users_lock.open("ab")
        flock(self._share, LOCK_SH)

    def give_back(self) -> None:
        """Be a user no more."""
        if self._share is not None:
            self._share.close()
            self._share = None

    def is_only_one(self) -> bool:
        """Say whether nobody else is a user; only inside ``starting_or_stopping``."""
        with self._users_lock.open("ab") as probe:
            mine, self._share = self._share, None
            if mine is not None:
                mine.close()
            try:
                flock(probe, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                alone = False
            else:
                alone = True
        if mine is not None:
            self.take()
        return alone
