"""The server of one home, used by several of our processes: the last process to leave stops it.

Two lock files are in the server's folder. A process holds the first one while it starts or stops
the server. Every process that uses the server holds a shared lock on the second one. The kernel
releases both when their holder is killed.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from types import TracebackType
from typing import IO, Generic, Protocol, Self, TypeVar

from infra.child_processes import ChildProcess


class RunningServer(Protocol):
    """A server whose process is ours, or was started by an earlier run of ours."""

    @property
    def child(self) -> ChildProcess:
        """The process."""
        ...


Running = TypeVar("Running", bound=RunningServer)


class SharedServer(ABC, Generic[Running]):
    """Start, share and stop the server of one home; as a context manager it is stopped at the end.

    A subclass says how its server is found, launched and ended.
    """

    def __init__(self, folder: Path) -> None:
        self._users = ServerUsers(folder)
        self._running: Running | None = None

    @abstractmethod
    def start(self) -> str:
        """Start the server, or take over the one that runs in this home; return its address."""

    def is_running(self) -> bool:
        """Say whether the server's process is running."""
        return self._running is not None and self._running.child.is_running()

    def stop(self) -> None:
        """Stop the server, even if other processes use it."""
        self._release(stop_for_all=True)

    def leave(self) -> None:
        """Stop the server unless another process uses it; then the last one to leave stops it."""
        self._release(stop_for_all=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @abstractmethod
    def _make_folder(self) -> None:
        """Make the folder of the server's files and locks."""

    @abstractmethod
    def _take_over(self) -> Running | None:
        """Return the server that runs in this home, if it can be used."""

    @abstractmethod
    def _launch(self) -> Running:
        """Start a new server process and return when it answers."""

    def _prepare(self, running: Running) -> None:
        """Do what clients need before they connect."""

    @abstractmethod
    def _end(self, running: Running) -> None:
        """Stop the server's process."""

    def _ensure_running(self) -> None:
        """Take over or launch the server, as a user of it; after any failure nothing is held."""
        if self.is_running():
            return
        self.leave()
        try:
            self._make_folder()
            with self._users.starting_or_stopping():
                self._users.join()
                self._running = self._take_over() or self._launch()
                self._prepare(self._running)
        except BaseException:
            self.leave()
            raise

    def _release(self, *, stop_for_all: bool) -> None:
        if not self._users.joined:
            return
        running, self._running = self._running, None
        with self._users.starting_or_stopping():
            if running is not None and (stop_for_all or self._users.only_we()):
                self._end(running)
            elif running is not None:
                running.child.disown()
            self._users.leave()


class ServerUsers:
    """The processes that use the server whose lock files are in a folder; we may be one of them."""

    def __init__(self, folder: Path) -> None:
        self._start_lock = folder / "start.lock"
        self._users_lock = folder / "users.lock"
        self._ours: IO[bytes] | None = None

    @property
    def joined(self) -> bool:
        """Whether we are a user."""
        return self._ours is not None

    @contextmanager
    def starting_or_stopping(self) -> Iterator[None]:
        """Wait until no other process starts or stops the server, and keep others out meanwhile."""
        with self._start_lock.open("ab") as file:
            flock(file, LOCK_EX)
            yield

    def join(self) -> None:
        """Become a user; call it only inside ``starting_or_stopping``."""
        if self._ours is None:
            self._ours = self._users_lock.open("ab")
        flock(self._ours, LOCK_SH)

    def leave(self) -> None:
        """Stop being a user."""
        if self._ours is not None:
            self._ours.close()
            self._ours = None

    def only_we(self) -> bool:
        """Say whether no other process is a user; call it only inside ``starting_or_stopping``."""
        with self._users_lock.open("ab") as probe:
            was_user = self.joined
            self.leave()
            try:
                flock(probe, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                alone = False
            else:
                alone = True
        if was_user:
            self.join()
        return alone
