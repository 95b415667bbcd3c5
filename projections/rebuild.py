"""Build projections anew from the log, beside those that are read, and switch to them.

Statements are put aside by component while the log is read once, then every component is
interpreted once and its rows go in by COPY; keys and indexes come after. What is recorded meanwhile
is caught up, and the views switch in one transaction. Readers go on reading all the time.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import Connection

from domain.body import Envelope, Recorded
from projections import audit_trail, catalogue, fold, last_seen, position, substrate
from projections.catalogue import Projection, Version
from projections.parking import Parked
from projections.position import Heal, Held
from projections.services import Services
from projections.spill import Spill
from projections.switching import switch
from projections.table import Row, Table, index, load

#: Told (stage, done, total): "read" and "fold" in events; total is None where nobody knows it.
Progress: TypeAlias = Callable[[str, int, int | None], None]

#: Rows of one table that are collected before they are handed over.
_ROWS: Final = 5_000
#: Events between two reports of progress.
_REPORTED: Final = 5_000
#: Objects made between two looks for garbage.
_MADE: Final = 200_000
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


def rebuild(
    connection: Connection[Any],
    names: Iterable[str],
    source: Iterable[Recorded],
    *,
    heal: Heal,
    services: Services,
    progress: Progress | None = None,
    total: int | None = None,
) -> Rebuilt:
    """Build the projections ``names``, or all, anew from ``source``, and switch to them.

    ``source``: the log from its beginning, by rising index in every partition; repeats are passed
    over. What it lacks at its end is fetched through ``heal``. All projections together take as
    much of the source as there is, some of them only what the others have.
    ``connection`` is in autocommit mode.

    Raises:
        RebuildRunning: Another rebuild runs.
        catalogue.UnknownProjection: There is no projection of that name.
        catalogue.NeedsRebuild: These need the substrate, which is of another release.
        position.HoleNotFilled: The source lacks events in the middle, and so does the store.
        switching.StillRead: Somebody reads the old generation for too long; it is still read.
    """
    wanted = catalogue.named(names)
    report = progress or _silent
    with _alone(connection):
        catalogue.create(connection)
        catalogue.drop_unfinished(connection)
        bounds = _bounds(connection, wanted)
        versions = {one.name: _begin(connection, one) for one in wanted}
        with _rarely_collected(), ThreadPoolExecutor(max_workers=1) as writer:
            build = _Build(connection, versions, services, report, writer)
            held, events = build.read(_chained(source, bounds, heal), total)
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

    def __init__(
        self,
        connection: Connection[Any],
        versions: Mapping[str, Version],
        services: Services,
        report: Progress,
        writer: ThreadPoolExecutor,
    ) -> None:
        self._connection = connection
        self._writer = writer  # what is read and folded goes on while PostgreSQL takes rows in
        self._writing: Future[None] | None = None
        self._versions = versions
        self._folded = [one for one in versions.values() if one.projection.rows is not None]
        self._services = services
        self._report = report
        self._waiting: dict[tuple[str, str], tuple[Table, list[Row]]] = {}
        self._written: dict[tuple[str, str], int] = {}
        self.parked: list[Parked] = []

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return sum(self._written.values())

    def read(self, source: Iterable[Recorded], total: int | None) -> tuple[dict[int, Held], int]:
        """Read the log once; fold what needs no other event, then component by component."""
        newest: dict[int, Envelope] = {}  # by partition
        seen = last_seen.Folded()
        count = 0
        with Spill() as spill:
            for recorded in source:
                envelope = recorded.envelope
                newest[envelope.partition] = envelope
                self._one(recorded, spill, seen)
                count += 1
                if count % _REPORTED == 0:
                    self._report("read", count, total)
            self._report("read", count, total or count)
            if last_seen.NAME in self._versions:
                self._add(last_seen.NAME, last_seen.LAST_SEEN, seen.rows())
            if substrate.NAME in self._versions:
                union = spill.union
                self._add(
                    substrate.NAME,
                    substrate.COMPONENT,
                    ((node, union.find(node)) for node in list(union.nodes())),
                )
            if self._folded:
                self._fold(spill)
        return {partition: _held(one) for partition, one in newest.items()}, count

    def _one(self, recorded: Recorded, spill: Spill, seen: last_seen.Folded) -> None:
        versions = self._versions
        if audit_trail.NAME in versions:
            self._add(audit_trail.NAME, audit_trail.EVENT, audit_trail.rows((recorded,)))
        if last_seen.NAME in versions:
            seen.add((recorded.envelope,))
        if not substrate.is_statement(recorded.envelope.topic):
            return
        if substrate.NAME in versions:
            self._add(substrate.NAME, substrate.STATEMENT, (substrate.read(recorded).row,))
        if self._folded or substrate.NAME in versions:
            spill.add(recorded)

    def _fold(self, spill: Spill) -> None:
        done = reported = 0
        for name, kept in spill.components():
            try:
                found = fold.rows_of(
                    name, [one.filed() for one in kept], self._folded, self._services
                )
            except (psycopg.Error, OSError):
                raise
            except Exception as error:  # noqa: BLE001  # set aside with its reason, as live
                self.parked += [
                    Parked(
                        component=name,
                        index=one.index,
                        event_id=one.event_id,
                        reason=type(error).__name__,
                    )
                    for one in kept
                ]
                continue
            for schema, table, rows in found:
                self._extend(schema, table, rows)
            done += len(kept)
            if done - reported >= _REPORTED:
                reported = done
                self._report("fold", done, len(spill))
        self._report("fold", len(spill), len(spill))

    def finish(self, events: int) -> None:
        """Write what is left, add keys and indexes, and look whether everything is there.

        Raises:
            RowsMissing: It is not.
        """
        for schema, name in list(self._waiting):
            self._flush(schema, name)
        self._written_out()
        for version in self._versions.values():
            for table in version.projection.tables:
                self._report(f"index {table.name}", events, events)
                index(self._connection, version.schema, table)
                catalogue.settle(self._connection, version.schema, table)
                found = catalogue.count(self._connection, version.schema, table)
                written = self._written.get((version.schema, table.name), 0)
                if found != written:
                    raise RowsMissing(table=table.name, written=written, found=found)

    def _add(self, name: str, table: Table, rows: Iterable[Row]) -> None:
        self._extend(self._versions[name].schema, table, rows)

    def _extend(self, schema: str, table: Table, rows: Iterable[Row]) -> None:
        key = (schema, table.name)
        if key not in self._waiting:
            self._waiting[key] = (table, [])
        waiting = self._waiting[key][1]
        waiting.extend(rows)
        if len(waiting) >= _ROWS:
            self._flush(schema, table.name)

    def _flush(self, schema: str, name: str) -> None:
        """Hand rows over to be written, once those before them are."""
        table, rows = self._waiting.pop((schema, name))
        self._written_out()
        self._writing = self._writer.submit(load, self._connection, schema, table, rows)
        self._written[schema, name] = self._written.get((schema, name), 0) + len(rows)

    def _written_out(self) -> None:
        if self._writing is not None:
            self._writing.result()


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


def _chained(
    source: Iterable[Recorded], bounds: Mapping[int, int] | None, heal: Heal
) -> Iterator[Recorded]:
    """Pass on what comes next in every partition: repeats left out, holes filled."""
    newest: dict[int, Envelope] = {}  # by partition
    for recorded in source:
        envelope = recorded.envelope
        partition = envelope.partition
        if bounds is not None and envelope.index > bounds.get(partition, 0):
            continue
        last = newest.get(partition)
        if (
            envelope.previous == last.index and envelope.incarnation == last.incarnation
            if last
            else envelope.previous == 0
        ):
            newest[partition] = envelope
            yield recorded
            continue
        held = _held(last) if last else Held(0, "")
        for one in position.due((recorded,), {partition: held}, heal).events:
            newest[partition] = one.envelope
            yield one


def _held(last: Envelope) -> Held:
    return Held(last.index, last.incarnation)


def _begin(connection: Connection[Any], projection: Projection) -> Version:
    with connection.transaction():
        version = catalogue.next_version(connection, projection)
        catalogue.build(connection, projection, version.version, logged=False)
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
    gc.set_threshold(_MADE, *before[1:])
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
