"""Read the log, fold it, and write the rows of new generations."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from psycopg import Connection

from domain.body import RecordedEvent
from projections.engine import own_events
from projections.engine.events import LoggedEvent
from projections.engine.failures import is_of_content, reason_of
from projections.engine.fold import refused_event, statements_of
from projections.engine.generations import Generation
from projections.engine.links import UnionFind
from projections.engine.parking import ParkedEvent
from projections.engine.position import PartitionPosition
from projections.engine.services import Services
from projections.engine.substrate import COMPONENT
from projections.engine.targets import Targets, schema_rows
from projections.rebuilding.bucket_fold import BucketFold
from projections.rebuilding.chain import Run, joined
from projections.rebuilding.missing_rows import RowsMissing
from projections.rebuilding.refusals import Refused, set_aside, settled
from projections.rebuilding.spill import Spill, bucket_of, unpacked
from projections.rebuilding.stretches import Sorter, StoreLog, StretchReader, StretchResult
from projections.rebuilding.workers import (
    MADE,
    FoldResult,
    FoldTask,
    KeysResult,
    KeysTask,
    ProtocolsTask,
    StretchPutAside,
    TaskResult,
    Tools,
    Workers,
    totals_of,
)

#: Called with (stage, done, total): "read" and "fold" in events; total is None if it is not known.
#: An error that it raises ends the rebuild, and nothing is switched.
Progress: TypeAlias = Callable[[str, int, int | None], None]

#: Events between two reports of progress.
_REPORTED: Final = 5_000
#: From this many events on, workers are started.
_LONG: Final = 20_000


class Filling:
    """The tables of new generations while they are filled. A context: leaving it ends workers."""

    def __init__(  # what a rebuild is given
        self,
        connection: Connection[Any],
        new: Sequence[Generation],
        targets: Targets,
        bounds: Mapping[int, int] | None,
        services: Services,
        progress: Progress | None,
        tools: Tools | None,
    ) -> None:
        """Fill the generations ``new``: see ``rebuild``."""
        self._connection = connection
        self._new = new
        self._targets = targets
        self._services = services
        self._bounds = bounds
        self._report = progress or _report_nothing
        self._tools = tools
        self._workers: Workers | None = None
        self._fold = BucketFold(connection, targets, services)
        self._stack = ExitStack()
        self._spill = self._stack.enter_context(Spill())
        self._union = UnionFind()
        self._written: dict[tuple[str, str], int] = {}
        self._events = 0  # of the log
        self._folded = 0  # events that were put aside
        self._left_out: set[int] = set()  # events that are set aside by themselves
        self.parked: list[ParkedEvent] = []

    def __enter__(self) -> Self:
        # Millions of objects are made, and hardly any is in a cycle.
        before = gc.get_threshold()
        gc.set_threshold(MADE, *before[1:])
        self._stack.callback(gc.set_threshold, *before)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return sum(self._written.values())

    def tick(self) -> None:
        """Report that the work goes on, while nothing can be counted."""
        self._report("wait", self._done, None)

    @property
    def _done(self) -> int:
        """How many events of the log are folded, about.

        An own event is put aside once for each record that it names.
        """
        return self._events * self._folded // max(1, len(self._spill))

    @property
    def by_event(self) -> Callable[[RecordedEvent, LoggedEvent], None] | None:
        """Writes the rows of an event by itself; None: no generation has such rows."""
        targets = self._targets.by_event
        if not targets:
            return None

        def add(recorded: RecordedEvent, flat: LoggedEvent) -> None:
            statements = statements_of((flat,))
            try:
                rows = [
                    one
                    for generation, by_event in targets
                    for one in schema_rows(generation, by_event.rows((recorded,), statements))
                ]
            except Exception as error:
                if not is_of_content(error):
                    raise
                self.parked.append(refused_event(recorded, reason_of(error)))
                self._left_out.add(flat.index)
                return
            for one in rows:
                self._fold.loading.add(*one)

        return add

    def read(
        self, source: Iterable[LoggedEvent], total: int | None
    ) -> tuple[dict[int, PartitionPosition], int]:
        """Read the log once and put its events aside; return its end and its length."""
        newest: dict[int, LoggedEvent] = {}  # by partition
        put = Sorter(self._spill, self._targets, self._union.join).put
        count = 0
        for one in source:
            newest[one.partition] = one
            count += 1
            if one.index not in self._left_out:
                put(one)
            if count % _REPORTED == 0:
                self._report("read", count, total)
                if count == _LONG:
                    self._start_workers()
        self._report("read", count, total or count)
        self._events = count
        held = {
            partition: PartitionPosition(one.index, one.incarnation)
            for partition, one in newest.items()
        }
        return held, count

    def read_store(self, source: StoreLog) -> tuple[dict[int, PartitionPosition], int]:
        """Read the log of the store, several processes at a time; return its end and its length.

        Raises:
            position.HoleNotFilled: Events are missing.
        """
        if source.upto >= _LONG:
            self._start_workers()
        workers = self._workers
        reader = StretchReader(source.read, self._spill, self._targets, self._bounds)
        runs: list[Run] = []
        count = 0

        def collect(results: Iterable[StretchResult]) -> None:
            nonlocal count
            for one in results:
                for nodes in one.joined:
                    self._union.join(nodes)
                runs.extend(one.runs)
                count += one.events
                self._report("read", count, source.upto)

        for stretch in source.stretches():
            if workers is not None:
                collect(self._taken_over(workers.results(wait_for_one=False)))
                if workers.give(stretch):
                    continue
            collect((reader.gather(stretch),))
        while workers is not None and workers.busy:
            collect(self._taken_over(workers.results(wait_for_one=True)))
        self._report("read", count, count)
        self._events = count
        return joined(runs), count

    def _taken_over(self, found: Iterable[TaskResult]) -> Iterator[StretchResult]:
        for one in found:
            assert isinstance(one, StretchPutAside)  # noqa: S101  # other tasks come later
            self._spill.take(one.pieces)
            yield one.result

    def _start_workers(self) -> None:
        """Start workers, if there is more to do than to read and to write."""
        if self._tools is not None and self._targets.of_components:
            workers = Workers(
                self._tools, self._targets, self._bounds, self._spill.place, self.tick
            )
            self._workers = self._stack.enter_context(workers)

    def fold(self) -> None:
        """Fold the events: first records that stand alone, then those joined with others."""
        components: dict[int, dict[str, str]] = {}
        for node in list(self._union.nodes()):
            components.setdefault(bucket_of(node), {})[node] = self._union.find(node)
        if self._targets.files and self._targets.substrate is not None:
            schema = self._targets.substrate.schema
            for some in components.values():
                self._fold.loading.add(schema, COMPONENT, some.items())
        again = self._spill.another()
        self._read_protocols()
        self._round(self._spill, components, again)
        self._round(again, {}, again)
        self._report("fold", self._events, self._events)

    def _read_protocols(self) -> None:
        """Read the protocols before anything is folded: the rows of courses depend on them."""
        stream = self._services.protocol_stream
        if not (stream and self._targets.by_course):
            return
        workers, places = self._workers, [self._spill.place]
        if workers is not None:
            self._spill.write()
            places = workers.places
        rows = [
            row
            for one in sorted(self._spill.bucket(stream).events(places), key=_index)
            if one.record == stream
            for row in own_events.rows_of(one, (stream,))
        ]
        self._fold.use_protocols(rows)
        if workers is not None:
            workers.give_all(ProtocolsTask(rows))
            while workers.busy:
                workers.results(wait_for_one=True)

    def _round(self, spill: Spill, components: dict[int, dict[str, str]], again: Spill) -> None:
        workers = self._workers
        places = [spill.place]
        if workers is not None:
            spill.write()
            places = workers.places
        for number, bucket in spill.buckets():
            some = components.pop(number, {})
            if workers is not None:
                self._collect(workers.results(wait_for_one=False), again)
                if workers.give(FoldTask(bucket, some)):
                    continue
            events = bucket.events(places)
            elsewhere = self._fold.fold(events, some)
            self._put(len(events), elsewhere, again)
        while workers is not None and workers.busy:
            self._collect(workers.results(wait_for_one=True), again)

    def _collect(self, found: Iterable[TaskResult], again: Spill) -> None:
        for one in found:
            assert isinstance(one, FoldResult)  # noqa: S101  # tables come later
            self._put(one.events, unpacked(one.elsewhere), again)

    def _put(self, events: int, elsewhere: Sequence[LoggedEvent], again: Spill) -> None:
        for one in elsewhere:
            again.add(one)
        self._folded += events - len(elsewhere)
        self._report("fold", self._done, self._events)

    def finish(self, events: int) -> None:
        """Write the remaining rows, add keys and indexes, and count the rows.

        Components whose rows are refused are set aside.

        Raises:
            RowsMissing: A table does not hold the rows that were written into it.
        """
        refused: Refused = {}
        written = [totals_of(self._fold)]
        if self._workers is not None:
            written += self._workers.finish()
        for each in written:
            self.parked += each.parked
            refused |= each.refused
            for key, rows in each.rows.items():
                self._written[key] = self._written.get(key, 0) + rows
        tasks = [
            KeysTask(one.schema, table) for one in self._new for table in one.projection.tables
        ]
        tasks.sort(key=self._rows_of, reverse=True)  # the longest first
        results: list[TaskResult] = []
        workers = self._workers
        for task in tasks:
            self._report(f"index {task.table.name}", events, events)
            if workers is not None:
                results += workers.results(wait_for_one=False)
                if workers.give(task):
                    continue
            rows, found = settled(self._connection, task.schema, task.table)
            results.append(KeysResult(task, rows, found))
        while workers is not None and workers.busy:
            results += workers.results(wait_for_one=True)
        for one in results:
            assert isinstance(one, KeysResult)  # noqa: S101  # no bucket is left
            refused |= one.refused
            rows_written = self._rows_of(one.task)
            if one.rows != rows_written:
                raise RowsMissing(table=one.task.table.name, written=rows_written, found=one.rows)
        self.parked += set_aside(self._connection, self._targets, refused)

    def _rows_of(self, task: KeysTask) -> int:
        return self._written.get((task.schema, task.table.name), 0)


def _index(one: LoggedEvent) -> int:
    return one.index


def _report_nothing(_stage: str, _done: int, _total: int | None) -> None:
    pass
