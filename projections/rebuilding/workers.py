"""Processes that read stretches of the log and fold buckets, beside the process of the rebuild.

Stretches are independent of each other, and so are buckets. Which records go together is known when
all stretches are read.

A worker is started clean, not forked, because connections and threads do not survive a fork. It
ends when its channel closes, so it never outlives the rebuild. The rows of a rebuild that fails are
in a generation that no view reads.
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

from projections.engine.own_events import OwnEventRow
from projections.engine.parking import ParkedEvent
from projections.engine.services import Services
from projections.engine.table import Table
from projections.engine.targets import Targets
from projections.rebuilding.bucket_fold import BucketFold
from projections.rebuilding.loading import not_waiting_for_the_disk
from projections.rebuilding.refusals import Refused, settled
from projections.rebuilding.spill import Bucket, Pieces, Spill, packed
from projections.rebuilding.stretches import ReadStretch, Stretch, StretchReader, StretchResult

#: Makes the connection, the services and the reader of a worker, in the process of the worker. So
#: the function must be picklable.
Tools: TypeAlias = Callable[
    [], AbstractContextManager[tuple[Connection[Any], Services, ReadStretch]]
]

#: Tasks per worker: while it does one, the next waits in its channel. Only small tasks wait there.
#: A large one would fill the channel, and if both sides were sending, both would wait without end.
_AHEAD: Final = 2
_SMALL: Final = 32 << 10  # bytes, of about 200,000 that a channel holds
_BYTES_OF_JOINED: Final = 100  # about, for a record and its component
_MOST: Final = 3
_ENDS_WITHIN: Final = 10.0  # seconds
_TICK: Final = 1.0  # seconds
#: Objects that are made between two garbage collections.
MADE: Final = 200_000


class WorkerLost(Exception):
    """A worker ended unexpectedly; nothing was switched."""


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The worker has started."""


@dataclass(frozen=True, slots=True)
class StretchPutAside:
    """A stretch was read, and its events are in the file of the worker."""

    result: StretchResult
    pieces: Pieces


@dataclass(frozen=True, slots=True)
class ProtocolsTask:
    """The events of the published protocols, before anything is folded."""

    rows: Sequence[OwnEventRow]


@dataclass(frozen=True, slots=True)
class ProtocolsTaken:
    """A worker folds with these protocols from now on."""


@dataclass(frozen=True, slots=True)
class FoldTask:
    """A bucket to fold. Its events are in files."""

    bucket: Bucket
    joined: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FoldResult:
    """A bucket was folded."""

    events: int
    elsewhere: bytes  # packed: events of components with several records


@dataclass(frozen=True, slots=True)
class KeysTask:
    """A table to be given its keys, when all rows are written."""

    schema: str
    table: Table


@dataclass(frozen=True, slots=True)
class KeysResult:
    """A table has its keys."""

    task: KeysTask
    rows: int
    refused: Refused


@dataclass(frozen=True, slots=True)
class WorkerTotals:
    """All rows are written."""

    rows: Mapping[tuple[str, str], int]  # by schema and table
    parked: Sequence[ParkedEvent]
    refused: Refused


Task: TypeAlias = Stretch | ProtocolsTask | FoldTask | KeysTask
TaskResult: TypeAlias = StretchPutAside | ProtocolsTaken | FoldResult | KeysResult


def totals_of(fold: BucketFold) -> WorkerTotals:
    """Write the remaining rows, and return what became of all of them."""
    return WorkerTotals(fold.loading.finish(), fold.parked, fold.loading.refused)


def worker_count() -> int:
    """Return how many workers this machine may run beside the process of the rebuild."""
    return min(len(os.sched_getaffinity(0)) - 1, _MOST) if hasattr(os, "sched_getaffinity") else 1


class Workers:
    """The workers of a rebuild. A context: leaving it ends them."""

    def __init__(
        self,
        tools: Tools,
        targets: Targets,
        bounds: Mapping[int, int] | None,
        place: int,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """Start the workers.

        Args:
            tools: Each worker makes its own.
            targets: The generations to fill.
            bounds: The index up to which each partition is read; None: to the end.
            place: The file of this process, as a descriptor.
            tick: Called once a second while this process waits for workers. An error that it raises
                ends the rebuild.
        """
        self._tick = tick
        context = multiprocessing.get_context("spawn")
        self._files = [TemporaryFile() for _ in range(worker_count())]  # noqa: SIM115  # on leaving
        self.places = [place, *(file.fileno() for file in self._files)]
        self._before: dict[Channel, int] = {}  # tasks that each has not finished
        self._starting: set[Channel] = set()
        self._processes = []
        for own in range(1, len(self.places)):
            mine, theirs = context.Pipe()
            files = [_InheritedFile(each) for each in self.places]
            process = context.Process(
                target=_work, args=(theirs, files, own, tools, targets, bounds), daemon=True
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
        """Whether a worker has an unfinished task."""
        return any(self._before.values())

    def give(self, task: Task) -> bool:
        """Give a task to the worker that has fewest; return False if all have enough.

        A stretch goes only to a worker that has started, because nothing is folded before all
        stretches are read.
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

    def give_all(self, task: Task) -> None:
        """Give a task to each worker. No worker may have an unfinished task."""
        for channel in self._before:
            _send(channel, task)
            self._before[channel] += 1

    def results(self, *, wait_for_one: bool) -> list[TaskResult]:
        """Return the results of the tasks that were finished since the last call."""
        found: list[TaskResult] = []
        waiting = [one for one, before in self._before.items() if before or one in self._starting]
        for channel in self._awaited(waiting) if wait_for_one else wait(waiting, 0):
            assert isinstance(channel, Channel)  # noqa: S101  # we wait for nothing else
            received = _receive(channel)
            if isinstance(received, WorkerReady):
                self._starting.remove(channel)
                continue
            assert isinstance(received, TaskResult)  # noqa: S101  # one for each task
            self._before[channel] -= 1
            found.append(received)
        return found

    def finish(self) -> list[WorkerTotals]:
        """Let the workers write their remaining rows."""
        for channel in self._before:
            _send(channel, None)
        return [self._finished(channel) for channel in self._before]

    def _finished(self, channel: Channel) -> WorkerTotals:
        self._awaited([channel])
        received = _receive(channel)
        if isinstance(received, WorkerReady):
            self._starting.remove(channel)
            self._awaited([channel])
            received = _receive(channel)
        assert isinstance(received, WorkerTotals)  # noqa: S101  # it has no other task
        return received

    def _awaited(self, channels: Sequence[Channel]) -> list[Any]:
        """Wait until a worker has sent something over one of the channels; return these."""
        while not (ready := wait(channels, _TICK)):
            self._tick()
        return ready


class _InheritedFile:
    """A descriptor that a process inherits when it is started."""

    def __init__(self, place: int) -> None:
        self._place = place

    @override
    def __getstate__(self) -> object:
        return DupFd(self._place)

    def __setstate__(self, state: Any) -> None:
        self._place = state.detach()

    def fileno(self) -> int:
        return self._place


def _is_small(task: Task) -> bool:
    if isinstance(task, FoldTask):
        pieces = task.bucket.pieces
        return _BYTES_OF_JOINED * len(task.joined) + pieces.itemsize * len(pieces) < _SMALL
    return isinstance(task, Stretch)


def _send(channel: Channel, task: Task | None) -> None:
    try:
        channel.send(task)
    except OSError as error:
        raise WorkerLost from error


def _receive(channel: Channel) -> Any:
    try:
        received = channel.recv()
    except (EOFError, OSError) as error:
        raise WorkerLost from error
    if isinstance(received, Exception):
        raise received
    return received


@dataclass(frozen=True, slots=True)
class _Worker:
    """The state of a worker, in its own process."""

    connection: Connection[Any]
    fold: BucketFold
    reader: StretchReader
    spill: Spill
    places: Sequence[int]

    def work(self, task: Task | None) -> TaskResult | WorkerTotals:
        match task:
            case None:
                return totals_of(self.fold)
            case Stretch():
                return StretchPutAside(self.reader.gather(task), self.spill.hand_over())
            case ProtocolsTask():
                self.fold.use_protocols(task.rows)
                return ProtocolsTaken()
            case FoldTask():
                events = task.bucket.events(self.places)
                elsewhere = self.fold.fold(events, task.joined)
                return FoldResult(len(events), packed(elsewhere))
            case KeysTask():
                return KeysResult(task, *settled(self.connection, task.schema, task.table))


def _work(
    channel: Channel,
    files: Sequence[_InheritedFile],
    own: int,
    tools: Tools,
    targets: Targets,
    bounds: Mapping[int, int] | None,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process of the rebuild ends it
    gc.set_threshold(MADE)
    places = [file.fileno() for file in files]
    with suppress(EOFError, BrokenPipeError):
        try:
            with (
                tools() as (connection, services, read),
                not_waiting_for_the_disk(connection),
                Spill(os.fdopen(places[own], "wb"), own) as spill,
            ):
                fold = BucketFold(connection, targets, services)
                reader = StretchReader(read, spill, targets, bounds)
                worker = _Worker(connection, fold, reader, spill, places)
                channel.send(WorkerReady())
                while True:
                    channel.send(worker.work(channel.recv()))
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  # the process of the rebuild decides
            channel.send(error)
