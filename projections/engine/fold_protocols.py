"""Fold components again after an event about a protocol: see ``protocols``."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import Connection

from projections.engine import links, parking
from projections.engine.own_events import OwnEventRow
from projections.engine.parking import ParkedEvent
from projections.engine.protocols import changed_from, concerned, waiting_for
from projections.engine.refold import BatchEvent, refold
from projections.engine.services import Services
from projections.engine.targets import Targets

#: Components that a rebuild folds again at once.
_AT_ONCE: Final = 500


def refold_for_protocols(
    connection: Connection[Any],
    targets: Targets,
    own: Sequence[OwnEventRow],
    services: Services,
) -> list[ParkedEvent]:
    """Let the components that other rules may concern be folded again.

    If ``targets`` are fed, the components are noted as waiting. A rebuild, whose rows no reader
    sees yet, folds them in the transaction of the caller.

    Args:
        connection: In the transaction that has filed ``own``.
        targets: The generations whose rows change.
        own: The own events of the batch.
        services: The services of the application.

    Returns:
        What waits, or what is set aside.
    """
    about = [one for one in own if one.record_id == services.protocol_stream]
    if not about or not targets.by_course:
        return []
    assert targets.substrate is not None  # noqa: S101  # a list with such projections has one
    schema = targets.substrate.schema
    since = changed_from(connection, schema, services, own)
    if since is None:
        return []
    names = concerned(connection, targets, since)
    if targets.are_fed:
        waiting = waiting_for(names, about[0])
        if waiting:
            parking.park(connection, waiting)
        return waiting
    parked: list[ParkedEvent] = []
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        touched = links.lock(connection, schema, some)
        batch = [BatchEvent(name, about[0].source_position, about[0].event_id) for name in some]
        parked += refold(connection, targets, touched, batch, services, stated=())
    return parked
