"""Fill new generations of projections from the log, and let the views go over to them.

The log is read once, and its events are put aside by stream. Then every component is folded once,
and its rows are written by COPY. Keys and indexes come after. If the log is long, several processes
fold, and of the store's own log they also read. Events that are recorded meanwhile are applied at
the end, and the views switch in one transaction. Readers are not interrupted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from domain.body import RecordedEvent
from projections.engine import fold, generations, position
from projections.engine.events import LoggedEvent
from projections.engine.fold import EventRefused
from projections.engine.generations import Generation, NeedsRebuild, RebuildRunning
from projections.engine.parking import ParkedEvent
from projections.engine.position import GenerationKey, Heal
from projections.engine.projection import Projection
from projections.engine.projection_list import ENGINE_OWN, SUBSTRATE, ProjectionList
from projections.engine.services import Services
from projections.engine.switching import switch
from projections.engine.targets import Targets
from projections.rebuilding.chain import chained
from projections.rebuilding.filling import Filling, Progress
from projections.rebuilding.loading import not_waiting_for_the_disk
from projections.rebuilding.stretches import StoreLog
from projections.rebuilding.workers import Tools

#: Advisory lock of the one rebuild that may run.
_BUILDING: Final = 0x63617265_0002
#: Events caught up in one transaction.
_CAUGHT: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildResult:
    """The result of a rebuild."""

    versions: dict[str, int]  # projection: the number of the generation that is read now
    events: int  # read from the source
    rows: int
    parked: tuple[ParkedEvent, ...]


def rebuild(  # noqa: PLR0913  # all but four are keyword-only
    connection: Connection[Any],
    projections: ProjectionList,
    names: Iterable[str],
    source: Iterable[RecordedEvent] | Iterable[LoggedEvent] | StoreLog,
    *,
    heal: Heal,
    services: Services,
    tools: Tools | None = None,
    progress: Progress | None = None,
    total: int | None = None,
    keep: bool = False,
) -> RebuildResult:
    """Rebuild the projections ``names``, or all, from ``source``, and switch to them.

    A rebuild of all projections reads to the end of the source. A rebuild of some stops at the
    position of the others, because they move together.

    Args:
        connection: A connection in autocommit mode.
        projections: All projections.
        names: The projections to rebuild; none: all.
        source: The log from its beginning, by rising index in every partition. Repeats are skipped.
            What to read of each event: ``ProjectionList.needs``.
        heal: Fetches missing events from the store.
        services: The services of the application.
        tools: What workers read and fold with, if the log is long; None: a single process.
        progress: Told how far the rebuild is.
        total: The number of events of the source, if it is known.
        keep: Keep the generations that were read before up to date: see ``switch_to_kept``.

    Raises:
        RebuildRunning: Another rebuild runs.
        UnknownProjection: There is no projection of that name.
        NeedsRebuild: These projections need the substrate, and it is of another release.
        position.HoleNotFilled: The source lacks events in the middle, and so does the store.
        position.OtherIncarnation: Its events are of several incarnations of the store.
        switching.StillRead: Other transactions held the active generation for 120 s. It stays
            active.
        workers.WorkerLost: A worker ended unexpectedly.
        RowsMissing: A table does not hold the rows that were written into it.
    """
    wanted = projections.named(names)
    with _alone(connection):
        generations.create(connection, projections)
        generations.drop_unfinished(connection)
        bounds = _bounds(connection, projections, wanted)
        new = {one.name: generations.begin(connection, one) for one in wanted}
        targets = _targets(connection, projections, new)
        with not_waiting_for_the_disk(connection), ExitStack() as stack:
            filling = stack.enter_context(
                Filling(connection, list(new.values()), targets, bounds, services, progress, tools)
            )
            if isinstance(source, StoreLog):
                held, events = filling.read_store(source)
            else:
                held, events = filling.read(chained(source, bounds, heal, filling.by_event), total)
            filling.fold()
            filling.finish(events)
        position.place(connection, [one.key for one in new.values()], held)

        def catch_up() -> None:
            filling.tick()
            filling.parked += _catch_up(connection, projections, new, heal, services)

        catch_up()
        switch(
            connection,
            projections,
            new,
            catch_up=catch_up,
            parked=filling.parked,
            keep=keep,
        )
    return RebuildResult(
        versions={name: one.number for name, one in new.items()},
        events=events,
        rows=filling.rows,
        parked=tuple(dict.fromkeys(filling.parked)),  # the switch may be tried several times
    )


def _bounds(
    connection: Connection[Any], projections: ProjectionList, wanted: Sequence[Projection]
) -> dict[int, int] | None:
    """Return the index up to which each partition is read; None: all of it, to the end.

    The projections that are not rebuilt must not lag behind those that are.
    """
    if len(wanted) == len(projections):
        return None
    active = generations.current(connection, projections).active
    if SUBSTRATE.name in projections.by_name and SUBSTRATE.name not in active:
        raise NeedsRebuild([SUBSTRATE.name])
    return position.read(connection, [one.key for one in active.values()])


def _targets(
    connection: Connection[Any], projections: ProjectionList, new: Mapping[str, Generation]
) -> Targets:
    """Return the new generations as targets, and the engine's own that they read."""
    active = generations.current(connection, projections).active
    substrate, course = (new.get(one.name) or active.get(one.name) for one in ENGINE_OWN)
    return Targets(new.values(), substrate=substrate, course=course)


def _catch_up(
    connection: Connection[Any],
    projections: ProjectionList,
    new: Mapping[str, Generation],
    heal: Heal,
    services: Services,
) -> list[ParkedEvent]:
    """Apply the events that the active generations have and the new ones lack.

    Returns:
        The events that are set aside.
    """
    parked: list[ParkedEvent] = []
    active = generations.current(connection, projections).active
    keys = [one.key for one in new.values()]
    ahead = [one.key for name, one in active.items() if name not in new]
    ahead = ahead or [one.key for one in active.values()]
    mine = position.read(connection, keys)
    for partition, last in position.furthest(connection, ahead).items():
        after = mine.get(partition, 0)
        if after >= last:
            continue
        missing = heal(partition, after, last)
        for start in range(0, len(missing), _CAUGHT):
            events = missing[start : start + _CAUGHT]
            targets = _targets(connection, projections, new)
            parked += _applied(connection, keys, targets, events, heal, services)
    return parked


def _applied(
    connection: Connection[Any],
    keys: Sequence[GenerationKey],
    targets: Targets,
    batch: Sequence[RecordedEvent],
    heal: Heal,
    services: Services,
) -> tuple[ParkedEvent, ...]:
    """Apply a batch in a transaction, or its halves if an event of it cannot be filed.

    Returns:
        The events that are set aside. An event that cannot be filed is set aside by itself.
    """

    def attempt(aside: str = "") -> tuple[ParkedEvent, ...]:
        with connection.transaction():
            return fold.apply_to(
                connection, keys, targets, batch, heal, services, aside=aside
            ).parked

    try:
        return attempt()
    except EventRefused as refused:
        if len(batch) == 1:
            return attempt(refused.reason)
    half = len(batch) // 2
    return tuple(
        one
        for part in (batch[:half], batch[half:])
        for one in _applied(connection, keys, targets, part, heal, services)
    )


@contextmanager
def _alone(connection: Connection[Any]) -> Iterator[None]:
    row = connection.execute("select pg_try_advisory_lock(%s)", (_BUILDING,)).fetchone()
    if row is None or not row[0]:
        raise RebuildRunning
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (_BUILDING,))
