"""Let readers go over from one generation of projections to the next."""

from collections.abc import Callable, Mapping, Sequence
from time import sleep
from typing import Any, Final

import psycopg
from psycopg import Connection

from projections import catalogue, publishing
from projections.catalogue import Version
from projections.engine import parking
from projections.engine.parking import Parked

#: Whoever folds lets the switch pass within this time.
_FOLD_WAIT: Final = "10s"
#: Readers that come while the switch waits for others wait behind it: so it waits briefly, and
#: often. All its waits together stay under PostgreSQL's deadlock_timeout of one second, after which
#: a reader of several views could be chosen as the victim.
_READ_WAIT: Final = "40ms"
_PAUSE: Final = 0.1  # seconds
_ATTEMPTS: Final = 600


class StillRead(Exception):
    """A transaction has been reading the old generation for too long; nothing was switched."""


def switch(
    connection: Connection[Any],
    versions: Mapping[str, Version],
    catch_up: Callable[[], None],
    parked: Sequence[Parked],
) -> tuple[Parked, ...]:
    """Make ``versions`` the ones that are read, and drop those before them.

    ``catch_up`` applies what is missing; it is called again while nobody else folds.

    Raises:
        StillRead: Somebody reads the old generation for too long.
    """
    for _ in range(_ATTEMPTS):
        try:
            with connection.transaction():
                connection.execute("select set_config('lock_timeout', %s, true)", (_FOLD_WAIT,))
                connection.execute("select pg_advisory_xact_lock(%s)", (catalogue.FOLDING,))
                catch_up()
                connection.execute("select set_config('lock_timeout', %s, true)", (_READ_WAIT,))
                publishing.lock(connection)
                _activate(connection, versions, parked)
        except psycopg.errors.LockNotAvailable:
            sleep(_PAUSE)
            catch_up()
            continue
        catalogue.drop_retired(connection)
        return tuple(parked)
    raise StillRead


def _activate(
    connection: Connection[Any], versions: Mapping[str, Version], parked: Sequence[Parked]
) -> None:
    for name, version in versions.items():
        connection.execute(
            "update proj.version set state = 'retired' where projection = %s and state = 'active'",
            (name,),
        )
        connection.execute(
            "update proj.version set state = 'active' where projection = %s and version = %s",
            (name, version.version),
        )
    if len(versions) == len(catalogue.PROJECTIONS):
        parking.clear(connection)
    parking.park(connection, parked)
    catalogue.publish(connection)
