"""Build projections anew from the log, beside those that are read, and switch to them.

Events are put aside by stream while the log is read once, then every component is interpreted
once and its rows go in by COPY; keys and indexes come after. Several processes share the work
where the log is long: they fold, and of the store's own log they also read. What is recorded
meanwhile is caught up, and the views switch in one transaction. Readers go on reading all the time.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from psycopg import Connection

from domain.body import RecordedEvent
from projections import audit_trail, catalogue, fold, last_seen
from projections.catalogue import Projection, Version
from projections.engine import position, substrate
from projections.engine.links import Union
from projections.engine.logged_event import LoggedEvent
from projections.engine.parking import Parked
from projections.engine.position import Heal, Held
from projections.engine.services import Services
from projections.folder import Folder
from projections.helpers import (
    MADE,
    Aside,
    Done,
    Finished,
    Helpers,
    Job,
    Keys,
    Settled,
    Told,
    Tools,
)
from projections.rebuilding.chain import Run, chained, joined
from projections.rebuilding.loading import not_waiting_for_the_disk
from projections.rebuilding.spill import Spill, bucket_of, unpacked
from projections.stretches import Gathered, Reader, Sorter, Stored, are_stated
from projections.switching import switch

#: Told (stage, done, total): "read" and "fold" in events; total is None where nobody knows it.
Progress: TypeAlias = Callable[[str, int, int | None], None]

#: What is read of an event: all of it, all but what the audit trail alone shows, or no body either.
Needs: TypeAlias = Literal["all", "body", "envelope"]

#: Events between two reports of progress.
_REPORTED: Final = 5_000
#: From so many events on it is worth it to start other processes.
_LONG: Final = 20_000
#: Events caught up in one transaction.
_CAUGHT: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild did."""

    versions: dict[str, int]  # projection: the generation that is read now
    events: int  # read from the source
    rows: int
    parked: tuple[Parked, ...]


class RebuildRunning(Exception):
    """Another rebuild runs on this database."""


class RowsMissing(Exception):
    """A table does not hold the rows that were put into it; nothing was switched."""

    def __init__(self, *, table: str, written: int, found: int) -> None:
        self.table = table
        self.written = written
        self.found = found
        super().__init__(f"{table}: {written} rows written, {found} found")


def needs(names: Iterable[str]) -> Needs:
    """Return what of each event a rebuild of ``names`` needs.

    Raises:
        catalogue.UnknownProjection: There is no projection of that name.
    """
    wanted = {one.name for one in catalogue.named(names)}
    if audit_trail.NAME in wanted:
        return "all"
    return "envelope" if wanted == {last_seen.NAME} else "body"


def rebuild(
    connection: Connection[Any],
    names: Iterable[str],
    source: Iterable[RecordedEvent] | Iterable[LoggedEvent] | Stored,
    *,
    heal: Heal,
    services: Services,
    tools: Tools | None = None,
    progress: Progress | None = None,
    total: int | None = None,
) -> Rebuilt:
    """Build the projections ``names``, or all, anew from ``source``, and switch to them.

    ``source``: the log from its beginning, by rising index in every partition; repeats are passed
    over. What it lacks is fetched through ``heal``; of the store's own log that is only what came
    after. All projections together take as much of the source as there is, some of them only what
    the others have. ``needs`` says what of the events is read.
    ``connection`` is in autocommit mode.
    ``tools``: what other processes read and fold with, where the log is long; None: none do.

    Raises:
        RebuildRunning: Another rebuild runs.
        catalogue.UnknownProjection: There is no projection of that name.
        catalogue.NeedsRebuild: These need the substrate, which is of another release.
        position.HoleNotFilled: The source lacks events in the middle, and so does the store.
        position.OtherIncarnation: Its events are of several lives of the store.
        switching.StillRead: Somebody reads the old generation for too long; it is still read.
        helpers.HelperLost: A process that helped ended before its time.
    """
    wanted = catalogue.named(names)
    report = progress or _silent
    with _alone(connection):
        catalogue.create(connection)
        catalogue.drop_unfinished(connection)
        bounds = _bounds(connection, wanted)
        versions = {one.name: _begin(connection, one) for one in wanted}
        with (
            _rarely_collected(),
            not_waiting_for_the_disk(connection),
            ExitStack() as stack,
        ):
            build = _Build(connection, versions, bounds, services, report, tools, stack)
            if isinstance(source, Stored):
                held, events = build.read_stored(source)
            else:
                held, events = build.read(chained(source, bounds, heal, build.audit), total)
            build.fold()
            build.finish(events)
        numbers = {name: version.version for name, version in versions.items()}
        position.place(connection, numbers, held)
        _caught_up(connection, versions, heal, services)
        parked = switch(
            connection,
            versions,
            lambda: _caught_up(connection, versions, heal, services),
            build.parked,
        )
    return Rebuilt(versions=numbers, events=events, rows=build.rows, parked=parked)


class _Build:
    """The tables of new generations while they are filled."""

    def __init__(  # what a rebuild is given
        self,
        connection: Connection[Any],
        versions: Mapping[str, Version],
        bounds: Mapping[int, int] | None,
        services: Services,
        report: Progress,
        tools: Tools | None,
        stack: ExitStack,
    ) -> None:
        self._connection = connection
        self._versions = versions
        self._bounds = bounds
        self._report = report
        self._tools = tools
        self._stack = stack
        self._helpers: Helpers | None = None
        self._folder = Folder(connection, versions, services)
        self._spill = stack.enter_context(Spill())
        self._union = Union()
        self._written: dict[tuple[str, str], int] = {}
        self._folded = 0  # events
        self.parked: list[Parked] = []

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return sum(self._written.values())

    @property
    def audit(self) -> Callable[[RecordedEvent], None] | None:
        """Writes an event into the audit trail, where that is built."""
        version = self._versions.get(audit_trail.NAME)
        if version is None:
            return None
        add = self._folder.loading.add
        return lambda one: add(version.schema, audit_trail.EVENT, audit_trail.rows((one,)))

    def read(self, source: Iterable[LoggedEvent], total: int | None) -> tuple[dict[int, Held], int]:
        """Read the log once, and put it aside by stream."""
        newest: dict[int, LoggedEvent] = {}  # by partition
        put = Sorter(self._spill, self._versions, self._union.join).put
        count = 0
        for one in source:
            newest[one.partition] = one
            count += 1
            put(one)
            if count % _REPORTED == 0:
                self._report("read", count, total)
                if count == _LONG:
                    self._help()
        self._report("read", count, total or count)
        return {number: Held(one.index, one.incarnation) for number, one in newest.items()}, count

    def read_stored(self, source: Stored) -> tuple[dict[int, Held], int]:
        """Read the log of the store once, several processes at a time, and put it aside.

        Raises:
            position.HoleNotFilled: It lacks events.
        """
        if source.upto >= _LONG:
            self._help()
        helpers = self._helpers
        reader = Reader(source.read, self._spill, self._versions, self._bounds)
        runs: list[Run] = []
        count = 0

        def gathered(found: Iterable[Gathered]) -> None:
            nonlocal count
            for one in found:
                for nodes in one.joined:
                    self._union.join(nodes)
                runs.extend(one.runs)
                count += one.events
                self._report("read", count, source.upto)

        for stretch in source.stretches():
            if helpers is not None:
                gathered(self._put_aside(helpers.done(patiently=False)))
                if helpers.take(stretch):
                    continue
            gathered((reader.gather(stretch),))
        while helpers is not None and helpers.busy:
            gathered(self._put_aside(helpers.done(patiently=True)))
        self._report("read", count, count)
        return joined(runs), count

    def _put_aside(self, found: Iterable[Told]) -> Iterator[Gathered]:
        for one in found:
            assert isinstance(one, Aside)  # noqa: S101  # all else comes after
            self._spill.take(one.pieces)
            yield one.gathered

    def _help(self) -> None:
        """Start other processes, where there is more to do than to read and write."""
        if self._tools is not None and are_stated(self._versions):
            helpers = Helpers(self._tools, self._versions, self._bounds, self._spill.place)
            self._helpers = self._stack.enter_context(helpers)

    def fold(self) -> None:
        """Fold what was put aside: what stands alone, then what is joined."""
        joined: dict[int, dict[str, str]] = {}
        for node in list(self._union.nodes()):
            joined.setdefault(bucket_of(node), {})[node] = self._union.find(node)
        if substrate.NAME in self._versions:
            schema = self._versions[substrate.NAME].schema
            for some in joined.values():
                self._folder.loading.add(schema, substrate.COMPONENT, some.items())
        again = self._spill.another()
        self._round(self._spill, joined, again)
        self._round(again, {}, again)
        self._report("fold", self._folded, self._folded)

    def _round(self, spill: Spill, joined: dict[int, dict[str, str]], again: Spill) -> None:
        helpers = self._helpers
        places = [spill.place]
        if helpers is not None:
            spill.write()
            places = helpers.places
        for number, bucket in spill.buckets():
            some = joined.pop(number, {})
            if helpers is not None:
                self._collect(helpers.done(patiently=False), again)
                if helpers.take(Job(bucket, some)):
                    continue
            events = bucket.events(places)
            elsewhere = self._folder.fold(events, some)
            self._put(len(events), elsewhere, again)
        while helpers is not None and helpers.busy:
            self._collect(helpers.done(patiently=True), again)

    def _collect(self, found: Iterable[Told], again: Spill) -> None:
        for one in found:
            assert isinstance(one, Done)  # noqa: S101  # tables come after
            self._put(one.events, unpacked(one.elsewhere), again)

    def _put(self, events: int, elsewhere: Sequence[LoggedEvent], again: Spill) -> None:
        for one in elsewhere:
            again.add(one)
        self._folded += events - len(elsewhere)
        self._report("fold", self._folded, len(self._spill))

    def finish(self, events: int) -> None:
        """Write what is left, add keys and indexes, and look whether everything is there.

        Raises:
            RowsMissing: It is not.
        """
        finished = [Finished(self._folder.loading.finish(), self._folder.parked)]
        if self._helpers is not None:
            finished += self._helpers.finish()
        for each in finished:
            self.parked += each.parked
            for key, rows in each.written.items():
                self._written[key] = self._written.get(key, 0) + rows
        jobs = [
            Keys(version.schema, table)
            for version in self._versions.values()
            for table in version.projection.tables
        ]
        jobs.sort(key=self._of, reverse=True)  # the longest first
        settled: list[Told] = []
        helpers = self._helpers
        for job in jobs:
            self._report(f"index {job.table.name}", events, events)
            if helpers is not None:
                settled += helpers.done(patiently=False)
                if helpers.take(job):
                    continue
            settled.append(Settled(job, catalogue.settle(self._connection, job.schema, job.table)))
        while helpers is not None and helpers.busy:
            settled += helpers.done(patiently=True)
        for one in settled:
            assert isinstance(one, Settled)  # noqa: S101  # no bucket is left
            written = self._of(one.job)
            if one.rows != written:
                raise RowsMissing(table=one.job.table.name, written=written, found=one.rows)

    def _of(self, job: Keys) -> int:
        return self._written.get((job.schema, job.table.name), 0)


def _bounds(connection: Connection[Any], wanted: Sequence[Projection]) -> dict[int, int] | None:
    """Return up to where some of the projections may read; None: all of them, to the end.

    Those that stay must not lag behind those that are new: they move together.
    """
    if len(wanted) == len(catalogue.PROJECTIONS):
        return None
    active = catalogue.current(connection)
    if substrate.NAME not in active:
        raise catalogue.NeedsRebuild([substrate.NAME])
    return position.read(connection, {substrate.NAME: active[substrate.NAME].version})


def _begin(connection: Connection[Any], projection: Projection) -> Version:
    with connection.transaction():
        version = catalogue.next_version(connection, projection)
        catalogue.build(connection, projection, version.version)
    return version


def _caught_up(
    connection: Connection[Any], versions: Mapping[str, Version], heal: Heal, services: Services
) -> None:
    """Apply what the others have and these have not."""
    current = catalogue.current(connection)
    statements = versions.get(substrate.NAME) or current[substrate.NAME]
    numbers = {name: version.version for name, version in versions.items()}
    ahead = {
        name: version.version for name, version in current.items() if name not in versions
    } or {name: version.version for name, version in current.items()}
    mine = position.read(connection, numbers)
    for partition, last in position.furthest(connection, ahead).items():
        after = mine.get(partition, 0)
        if after >= last:
            continue
        missing = heal(partition, after, last)
        for start in range(0, len(missing), _CAUGHT):
            events = missing[start : start + _CAUGHT]
            with connection.transaction():
                held = position.lock(connection, numbers, (partition,))
                due = position.due(events, held, heal)
                fold.project(connection, versions, statements, due.events, services)
                position.advance(connection, numbers, held, due.events)


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Look for cycles seldom: millions of objects are made here, hardly any in cycles."""
    before = gc.get_threshold()
    gc.set_threshold(MADE, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _alone(connection: Connection[Any]) -> Iterator[None]:
    row = connection.execute("select pg_try_advisory_lock(%s)", (catalogue.BUILDING,)).fetchone()
    if row is None or not row[0]:
        raise RebuildRunning
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (catalogue.BUILDING,))


def _silent(_stage: str, _done: int, _total: int | None) -> None:
    pass
