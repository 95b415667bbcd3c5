"""Fold again what was set aside, and the large components that wait."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from domain.ids import StreamId
from domain.partitions import partition_of
from projections.engine import generations, links, parking
from projections.engine.failures import is_of_content
from projections.engine.fold import BEGIN, project
from projections.engine.large import counted
from projections.engine.parking import ParkedEvent
from projections.engine.position import Heal
from projections.engine.projection_list import ProjectionList
from projections.engine.refold import BatchEvent, refold
from projections.engine.services import Services
from projections.engine.targets import Targets, targets_of


def retry(
    connection: Connection[Any],
    projections: ProjectionList,
    services: Services,
    *,
    heal: Heal,
    check: Callable[[], None] = lambda: None,
) -> list[ParkedEvent]:
    """Apply again the events that were set aside by themselves, and fold components again.

    Each event, each component and each large component that waits has a transaction of its own.
    So the failure of one leaves the others as they are, and all statements of large components
    need not fit into memory together. ``connection`` is in autocommit mode. ``check`` is called
    before each of them; an error that it raises ends the work.

    Returns:
        The events that stay set aside.
    """
    components: dict[str, list[ParkedEvent]] = {}
    for one in parking.parked(connection):
        if one.part == "event":
            check()
            _retry_event(connection, projections, one, services, heal)
        else:
            components.setdefault(one.component, []).append(one)
    for events in components.values():
        check()
        _retry_component(connection, projections, events, services)
    while fold_waiting(connection, projections, services):
        check()
    return parking.parked(connection)


def _retry_event(
    connection: Connection[Any],
    projections: ProjectionList,
    one: ParkedEvent,
    services: Services,
    heal: Heal,
) -> None:
    partition = partition_of(StreamId(one.component))
    with _folding(connection, projections) as targets, _undone_if_refused(connection):
        parking.release(connection, [one])
        project(connection, targets, heal(partition, one.index - 1, one.index), services)


def _retry_component(
    connection: Connection[Any],
    projections: ProjectionList,
    events: Sequence[ParkedEvent],
    services: Services,
) -> None:
    with _folding(connection, projections) as targets, _undone_if_refused(connection):
        _fold_again(connection, targets, events, services)


@contextmanager
def _folding(connection: Connection[Any], projections: ProjectionList) -> Iterator[Targets]:
    """Begin a transaction in which no switch of generations happens, and commit it at the end."""
    with connection.transaction():
        connection.execute(BEGIN, (generations.FOLDING,))
        yield targets_of(generations.fed(connection, projections))


@contextmanager
def _undone_if_refused(connection: Connection[Any]) -> Iterator[None]:
    """Undo the statements of the block, and go on, if it fails because of the content of events."""
    try:
        with connection.transaction():
            yield
    except Exception as error:
        if not is_of_content(error):
            raise


def large_components(
    connection: Connection[Any], projections: ProjectionList
) -> list[tuple[str, int]]:
    """Return the large components and their numbers of statements. It reads all statements.

    Raises:
        generations.NeedsRebuild: Tables are missing or of another release.
    """
    found = generations.fed(connection, projections).substrate
    return [] if found is None else counted(connection, found.schema)


def fold_waiting(
    connection: Connection[Any], projections: ProjectionList, services: Services
) -> bool:
    """Fold the component that has waited for the longest time; return whether there was one.

    It is a large component, or one that is folded with another protocol.

    ``connection`` is in autocommit mode.

    Raises:
        generations.NeedsRebuild: Tables are missing or of another release.
        psycopg.OperationalError: The database does not answer.
    """
    if services.memory is not None:
        services.memory.roll_back()
    with _folding(connection, projections) as targets:
        events = parking.waiting(connection)
        if not events:
            return False
        _fold_again(connection, targets, events, services)
    if services.memory is not None:
        services.memory.commit()
    return True


def _fold_again(
    connection: Connection[Any],
    targets: Targets,
    events: Sequence[ParkedEvent],
    services: Services,
) -> None:
    """Fold the components of parked events again, from all that is filed."""
    if not events or targets.substrate is None:
        return
    names = sorted({one.component for one in events})
    touched = links.lock(connection, targets.substrate.schema, names)
    parking.release(connection, events)
    batch = [
        BatchEvent(touched.of.get(one.component, one.component), one.index, one.event_id)
        for one in events
    ]
    # With another protocol, the statements mean the same. Only the course is folded again.
    stated = () if all(one.part == "protocol" for one in events) else touched.components
    refold(connection, targets, touched, batch, services, stated=stated)
