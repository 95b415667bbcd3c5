"""Processes that fold buckets beside this one: components are independent of each other.

Each is started clean, not forked, since connections and threads do not survive a fork. It ends when
its channel closes, so that none outlives the rebuild, whatever becomes of that: what it has written
by then stands in a generation that nobody reads.
"""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Channel
from multiprocessing.connection import wait
from multiprocessing.reduction import DupFd
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from psycopg import Connection
from typing_extensions import override

from projections.catalogue import PROJECTIONS, Version, settle
from projections.folder import Folder
from projections.logged import Logged
from projections.parking import Parked
from projections.services import Services
from projections.spill import Bucket, packed
from projections.table import Table

#: What a helper folds with, made in its own process: the function must be picklable.
Tools: TypeAlias = Callable[[], AbstractContextManager[tuple[Connection[Any], Services]]]

#: Buckets that a helper has before it: while it folds one, the next lies in its channel. A large
#: one would not fit in there, and two who both send, and neither receives, wait for ever.
_AHEAD: Final = 2
_SMALL: Final = 100  # numbers and ids
_MOST: Final = 3
_ENDS_WITHIN: Final = 10.0  # seconds
#: Objects made between two looks for garbage.
MADE: Final = 200_000


class HelperLost(Exception):
    """A process that helped ended before its time; nothing was switched."""


@dataclass(frozen=True, slots=True)
class Job:
    """A bucket to fold: it lies in the file."""

    bucket: Bucket
    joined: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Keys:
    """A table to give its keys, once everything is written."""

    schema: str
    table: Table


@dataclass(frozen=True, slots=True)
class Settled:
    """A table has its keys, and so many rows."""

    job: Keys
    rows: int


@dataclass(frozen=True, slots=True)
class Done:
    """A bucket was folded."""

    events: int
    elsewhere: bytes  # packed: what belongs to components of several streams


@dataclass(frozen=True, slots=True)
class Finished:
    """All is written."""

    written: Mapping[tuple[str, str], int]
    parked: Sequence[Parked]


def helping() -> int:
    """Return how many processes may help on this machine."""
    return min(len(os.sched_getaffinity(0)) - 1, _MOST) if hasattr(os, "sched_getaffinity") else 1


class Helpers:
    """The processes. A context: leaving it ends them."""

    def __init__(self, tools: Tools, versions: Mapping[str, Version], place: int) -> None:
        context = multiprocessing.get_context("spawn")
        numbers = {name: one.version for name, one in versions.items()}
        self._before: dict[Channel, int] = {}  # how many buckets each has before it
        self._processes = []
        for _ in range(helping()):
            mine, theirs = context.Pipe()
            process = context.Process(
                target=_help, args=(theirs, _File(place), tools, numbers), daemon=True
            )
            process.start()
            theirs.close()
            self._before[mine] = 0
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._before:
            channel.close()
        for process in self._processes:
            if kind is not None:
                process.terminate()
            process.join(_ENDS_WITHIN)
            process.kill()
            process.join()

    @property
    def busy(self) -> bool:
        """Whether one of them has something before it."""
        return any(self._before.values())

    def take(self, job: Job | Keys) -> bool:
        """Give something to do to one that has little before it; False where none has."""
        channel = min(self._before, key=self._before.__getitem__, default=None)
        if channel is None or self._before[channel] >= (_AHEAD if _is_small(job) else 1):
            return False
        _send(channel, job)
        self._before[channel] += 1
        return True

    def done(self, *, patiently: bool) -> list[Done | Settled]:
        """Return what was done since; ``patiently``: wait for something."""
        found: list[Done | Settled] = []
        waiting = [channel for channel, before in self._before.items() if before]
        for channel in wait(waiting, None if patiently else 0):
            assert isinstance(channel, Channel)  # noqa: S101  # we wait for nothing else
            said = _receive(channel)
            assert isinstance(said, Done | Settled)  # noqa: S101  # one for each job
            self._before[channel] -= 1
            found.append(said)
        return found

    def finish(self) -> list[Finished]:
        """Let them write what is left."""
        for channel in self._before:
            _send(channel, None)
        return [_receive(channel) for channel in self._before]


class _File:
    """A descriptor that goes over to a process when that is started."""

    def __init__(self, place: int) -> None:
        self._place = place

    @override
    def __getstate__(self) -> object:
        return DupFd(self._place)

    def __setstate__(self, state: Any) -> None:
        self._place = state.detach()

    def fileno(self) -> int:
        return self._place


def _is_small(job: Job | Keys) -> bool:
    return isinstance(job, Job) and len(job.joined) + len(job.bucket.pieces) < _SMALL


def _send(channel: Channel, job: Job | Keys | None) -> None:
    try:
        channel.send(job)
    except OSError as error:
        raise HelperLost from error


def _receive(channel: Channel) -> Any:
    try:
        said = channel.recv()
    except (EOFError, OSError) as error:
        raise HelperLost from error
    if isinstance(said, Exception):
        raise said
    return said


def _work(
    job: Job | Keys | None, connection: Connection[Any], folder: Folder, file: _File
) -> Done | Settled | Finished:
    if job is None:
        return Finished(folder.loading.finish(), folder.parked)
    if isinstance(job, Keys):
        return Settled(job, settle(connection, job.schema, job.table))
    events: list[Logged] = job.bucket.events(file.fileno())
    elsewhere = folder.fold(events, job.joined)
    return Done(len(events), packed(elsewhere))


def _help(channel: Channel, file: _File, tools: Tools, numbers: Mapping[str, int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one ends it
    gc.set_threshold(MADE)
    versions = {
        name: Version(projection=PROJECTIONS[name], version=number)
        for name, number in numbers.items()
    }
    with suppress(EOFError, BrokenPipeError):
        try:
            with tools() as (connection, services):
                folder = Folder(connection, versions, services)
                while True:
                    channel.send(_work(channel.recv(), connection, folder, file))
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  # whoever started this one decides
            channel.send(error)
