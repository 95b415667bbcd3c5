"""Switch the views from one generation of projections to another, in one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic, sleep
from typing import Any, Final

import psycopg
from psycopg import Connection

from projections.engine import generations, parking, position, views
from projections.engine.generations import Generation, Generations, UnknownGeneration
from projections.engine.parking import ParkedEvent
from projections.engine.position import GenerationKey
from projections.engine.projection_list import ENGINE_OWN, ProjectionList

#: The longest time that the switch waits for transactions that fold.
_FOLD_WAIT: Final = "10s"
#: While the switch waits for readers, other readers wait behind it. So it waits only briefly, and
#: tries again. The waits of one attempt stay below PostgreSQL's deadlock_timeout of 1 s. After that
#: time PostgreSQL might end a reader of several views.
_READ_WAIT: Final = "40ms"
_PAUSE: Final = 0.1  # seconds
_PATIENCE: Final = 120.0  # seconds of attempts


class StillRead(Exception):
    """A transaction has held the active generation for too long; nothing was switched."""

    def __init__(self) -> None:
        super().__init__(
            f"Nothing was switched: for {_PATIENCE:.0f} s, other transactions have been reading the"
            " read models or writing to them. pg_stat_activity shows these transactions. End them,"
            " and repeat the command."
        )


def switch(
    connection: Connection[Any],
    projections: ProjectionList,
    to: Mapping[str, Generation],
    *,
    catch_up: Callable[[], None],
    parked: Sequence[ParkedEvent],
    keep: bool,
) -> None:
    """Let the views read the generations ``to``, after a rebuild.

    Args:
        connection: A connection in autocommit mode.
        projections: All projections.
        to: New generations, by projection.
        catch_up: Applies the events that the new generations lack. It is called again while no
            other transaction folds.
        parked: The events that the rebuild has set aside.
        keep: Whether the former generations are kept up to date. Otherwise they are dropped.

    Raises:
        StillRead: Other transactions held the active generation for 120 s.
    """

    def change() -> None:
        before = generations.current(connection, projections)
        for name, generation in to.items():
            generations.retire(connection, name)
            if keep:
                _keep(connection, before, generation)
            generations.set_state(connection, generation.key, "active")
        if len(to) == len(projections):
            parking.clear(connection)
        parking.park(connection, parked)

    _switch(connection, projections, change, catch_up)
    generations.drop_retired(connection)


def switch_to_kept(
    connection: Connection[Any], projections: ProjectionList, keys: Iterable[GenerationKey]
) -> None:
    """Let the views read generations that are kept. The active ones are kept instead.

    Raises:
        UnknownGeneration: This generation is not kept.
        StillRead: Other transactions held the active generation for 120 s.
    """
    wanted = tuple(keys)

    def change() -> None:
        current = generations.current(connection, projections)
        kept = {one.key for one in current.kept}
        for key in wanted:
            if key not in kept:
                raise UnknownGeneration(key)
            generations.set_state(connection, current.active[key[0]].key, "kept")
            generations.set_state(connection, key, "active")

    _switch(connection, projections, change, _nothing_to_catch_up)


def _switch(
    connection: Connection[Any],
    projections: ProjectionList,
    change: Callable[[], None],
    catch_up: Callable[[], None],
) -> None:
    """Run ``change`` in a transaction while no other transaction folds or reads."""
    deadline = monotonic() + _PATIENCE
    while monotonic() < deadline:
        try:
            with connection.transaction():
                connection.execute("select set_config('lock_timeout', %s, true)", (_FOLD_WAIT,))
                connection.execute("select pg_advisory_xact_lock(%s)", (generations.FOLDING,))
                catch_up()
                connection.execute("select set_config('lock_timeout', %s, true)", (_READ_WAIT,))
                views.lock(connection)
                change()
                generations.publish(connection, projections)
        except psycopg.errors.LockNotAvailable:
            sleep(_PAUSE)
            catch_up()
            continue
        return
    raise StillRead


def _keep(connection: Connection[Any], before: Generations, new: Generation) -> None:
    """Keep the generations of the same projection that are at the position of the new one.

    The engine's own projections are never kept, because all other projections read them.
    """
    if new.projection in ENGINE_OWN:
        return
    here = position.of(connection, new.key)
    for one in before.fed:
        if one.projection.name == new.projection.name and position.of(connection, one.key) == here:
            generations.set_state(connection, one.key, "kept")


def _nothing_to_catch_up() -> None:
    pass
