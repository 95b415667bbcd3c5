"""Processes that read stretches of the log and fold buckets beside this one.

Both are independent of each other: what goes together is known once all of the log is read.

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
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from psycopg import Connection
from typing_extensions import override

from projections.catalogue import PROJECTIONS, Version, settle
from projections.engine.parking import Parked
from projections.engine.services import Services
from projections.engine.table import Table
from projections.folder import Folder
from projections.rebuilding.loading import not_waiting_for_the_disk
from projections.rebuilding.spill import Bucket, Pieces, Spill, packed
from projections.stretches import Gathered, Read, Reader, Stretch

#: What a helper reads and folds with, made in its own process: the function must be picklable.
Tools: TypeAlias = Callable[[], AbstractContextManager[tuple[Connection[Any], Services, Read]]]

#: What a helper has before it: while it does one thing, the next lies in its channel. A large
#: bucket would not fit in there, and two who both send, and neither receives, wait for ever.
_AHEAD: Final = 2
_SMALL: Final = 32 << 10  # bytes, of the some 200,000 that a channel holds
_JOINED: Final = 100  # bytes, about, for a stream and its component
_MOST: Final = 3
_ENDS_WITHIN: Final = 10.0  # seconds
#: Objects made between two looks for garbage.
MADE: Final = 200_000


class HelperLost(Exception):
    """A process that helped ended before its time; nothing was switched."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has started."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A stretch was read, and its events lie in the file of the process."""

    gathered: Gathered
    pieces: Pieces


@dataclass(frozen=True, slots=True)
class Job:
    """A bucket to fold: it lies in files."""

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


_Task: TypeAlias = Stretch | Job | Keys
#: What a helper tells of one task.
Told: TypeAlias = Aside | Done | Settled


def helping() -> int:
    """Return how many processes may help on this machine."""
    return min(len(os.sched_getaffinity(0)) - 1, _MOST) if hasattr(os, "sched_getaffinity") else 1


class Helpers:
    """The processes. A context: leaving it ends them."""

    def __init__(
        self,
        tools: Tools,
        versions: Mapping[str, Version],
        bounds: Mapping[int, int] | None,
        place: int,
    ) -> None:
        """Start them.

        Args:
            tools: What each of them makes for itself.
            versions: What is rebuilt.
            bounds: Up to which index each partition is read; None: to the end.
            place: The file of who starts them, as a descriptor.
        """
        context = multiprocessing.get_context("spawn")
        numbers = {name: one.version for name, one in versions.items()}
        self._files = [TemporaryFile() for _ in range(helping())]  # noqa: SIM115  # on leaving
        self.places = [place, *(file.fileno() for file in self._files)]
        self._before: dict[Channel, int] = {}  # how many things each has before it
        self._starting: set[Channel] = set()
        self._processes = []
        for own in range(1, len(self.places)):
            mine, theirs = context.Pipe()
            files = [_File(each) for each in self.places]
            process = context.Process(
                target=_help, args=(theirs, files, own, tools, numbers, bounds), daemon=True
            )
            process.start()
            theirs.close()
            self._before[mine] = 0
            self._starting.add(mine)
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
        for file in self._files:
            file.close()

    @property
    def busy(self) -> bool:
        """Whether one of them has something before it."""
        return any(self._before.values())

    def take(self, task: _Task) -> bool:
        """Give something to do to one that has little before it; False where none has.

        Stretches are for those that have started: nothing is folded before all are read.
        """
        able = set(self._before)
        if isinstance(task, Stretch):
            able -= self._starting
        channel = min(able, key=self._before.__getitem__, default=None)
        if channel is None or self._before[channel] >= (_AHEAD if _is_small(task) else 1):
            return False
        _send(channel, task)
        self._before[channel] += 1
        return True

    def done(self, *, patiently: bool) -> list[Told]:
        """Return what was done since; ``patiently``: wait for something."""
        found: list[Told] = []
        waiting = [one for one, before in self._before.items() if before or one in self._starting]
        for channel in wait(waiting, None if patiently else 0):
            assert isinstance(channel, Channel)  # noqa: S101  # we wait for nothing else
            said = _receive(channel)
            if isinstance(said, Ready):
                self._starting.remove(channel)
                continue
            assert isinstance(said, Told)  # noqa: S101  # one for each task
            self._before[channel] -= 1
            found.append(said)
        return found

    def finish(self) -> list[Finished]:
        """Let them write what is left."""
        for channel in self._before:
            _send(channel, None)
        return [self._finished(channel) for channel in self._before]

    def _finished(self, channel: Channel) -> Finished:
        said = _receive(channel)
        if isinstance(said, Ready):
            self._starting.remove(channel)
            said = _receive(channel)
        assert isinstance(said, Finished)  # noqa: S101  # nothing else is before it
        return said


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


def _is_small(task: _Task) -> bool:
    if isinstance(task, Job):
        pieces = task.bucket.pieces
        return _JOINED * len(task.joined) + pieces.itemsize * len(pieces) < _SMALL
    return isinstance(task, Stretch)


def _send(channel: Channel, task: _Task | None) -> None:
    try:
        channel.send(task)
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


@dataclass(frozen=True, slots=True)
class _Helper:
    """What a helper works with."""

    connection: Connection[Any]
    folder: Folder
    reader: Reader
    spill: Spill
    places: Sequence[int]

    def work(self, task: _Task | None) -> Told | Finished:
        match task:
            case None:
                return Finished(self.folder.loading.finish(), self.folder.parked)
            case Stretch():
                return Aside(self.reader.gather(task), self.spill.hand_over())
            case Job():
                events = task.bucket.events(self.places)
                elsewhere = self.folder.fold(events, task.joined)
                return Done(len(events), packed(elsewhere))
            case Keys():
                return Settled(task, settle(self.connection, task.schema, task.table))


def _help(
    channel: Channel,
    files: Sequence[_File],
    own: int,
    tools: Tools,
    numbers: Mapping[str, int],
    bounds: Mapping[int, int] | None,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one ends it
    gc.set_threshold(MADE)
    versions = {
        name: Version(projection=PROJECTIONS[name], version=number)
        for name, number in numbers.items()
    }
    places = [file.fileno() for file in files]
    with suppress(EOFError, BrokenPipeError):
        try:
            with (
                tools() as (connection, services, read),
                not_waiting_for_the_disk(connection),
                Spill(os.fdopen(places[own], "wb"), own) as spill,
            ):
                folder = Folder(connection, versions, services)
                reader = Reader(read, spill, numbers, bounds)
                helper = _Helper(connection, folder, reader, spill, places)
                channel.send(Ready())
                while True:
                    channel.send(helper.work(channel.recv()))
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  # whoever started this one decides
            channel.send(error)
