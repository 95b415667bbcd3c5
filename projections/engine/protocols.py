"""The published protocols, as the fold needs them.

Rows of own streams and transitions depend on the protocol in force at an instant. So each course
is folded with all protocols that are filed. An event about a protocol names no patient. When it is
applied, the components with something that happened since the protocol is in force are noted as
waiting (``parking``, part ``protocol``). Each of them is folded again afterwards, in a transaction
of its own, and no other component waits. Until then the complete-through position is below the
event.

A transaction that applies such an event waits until no other transaction folds. Otherwise a
component could be folded with the earlier protocols and be left out of those that are noted.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from psycopg import Connection, sql

from domain.decider import StreamEvent
from domain.ids import EventId
from domain.protocol import (
    ProtocolEnteredInError,
    ProtocolEvent,
    ProtocolPublished,
    protocols_of,
)
from domain.rules import NO_PROTOCOLS, Protocols
from projections.engine import course
from projections.engine.own_events import OWN_EVENT, OwnEventRow, ReadOwn, own_of_node
from projections.engine.parking import ParkedEvent
from projections.engine.services import Services
from projections.engine.substrate import COMPONENT
from projections.engine.targets import Targets

#: Before everything that has happened.
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


def read(connection: Connection[Any], schema: str, services: Services) -> Protocols:
    """Return the protocols that are filed in a substrate.

    Raises:
        ValueError: An event of the stream cannot be read.
    """
    stream = services.protocol_stream
    if not stream:
        return NO_PROTOCOLS
    known = tuple(connection.execute(_fingerprints(schema), (stream,)).fetchall())
    if not known:
        return NO_PROTOCOLS
    if (found := _remembered.get(known)) is None:
        found = of_rows(own_of_node(connection, schema, stream), services.read_own)
        _remembered.clear()  # they change some times a year
        _remembered[known] = found
    return found


def of_rows(rows: Iterable[OwnEventRow], read_own: ReadOwn) -> Protocols:
    """Return the protocols that the events of their stream publish.

    Raises:
        ValueError: An event cannot be read.
    """
    return protocols_of(_history(rows, read_own))


def _history(rows: Iterable[OwnEventRow], read_own: ReadOwn) -> list[StreamEvent[ProtocolEvent]]:
    history: list[StreamEvent[ProtocolEvent]] = []
    for one in rows:
        event = read_own(one.topic, one.core)
        if isinstance(event, ProtocolEvent):
            history.append(StreamEvent(EventId(one.event_id), one.version, event))
    return history


def changed_from(
    connection: Connection[Any], schema: str, services: Services, arrived: Sequence[OwnEventRow]
) -> datetime | None:
    """Return the first instant at which other rules may hold after these events.

    It is None if no event is about a protocol. The events must be filed already.

    Raises:
        ValueError: An event of the stream cannot be read.
    """
    stream = services.protocol_stream
    mine = {one.event_id for one in arrived if stream and one.record_id == stream}
    if not mine:
        return None
    events = {
        each.event_id: each.event
        for each in _history(own_of_node(connection, schema, stream), services.read_own)
    }
    instants: list[datetime] = []
    for event_id in mine:
        event = events.get(EventId(event_id))
        if isinstance(event, ProtocolEnteredInError):
            event = events.get(event.event_id)
        if isinstance(event, ProtocolPublished):
            instants.append(event.effective_from or _BEGINNING)
    return min(instants, default=None)


def concerned(connection: Connection[Any], targets: Targets, since: datetime) -> list[str]:
    """Return the components in which something happened at ``since`` or later, by name."""
    assert targets.substrate is not None  # noqa: S101  # a list with such projections has one
    assert targets.course is not None  # noqa: S101
    schema = targets.substrate.schema
    rows = connection.execute(
        sql.SQL(
            "select component from {course} where latest_at >= %(since)s"
            " union select c.component from {own} as o"
            " join {component} as c on c.node = o.record_id"
            " where o.happened_at >= %(since)s and o.record_id <> o.stream_id order by 1"
        ).format(
            course=course.COURSE.at(targets.course.schema),
            own=OWN_EVENT.at(schema),
            component=COMPONENT.at(schema),
        ),
        {"since": since},
    ).fetchall()
    return [component for (component,) in rows]


def waiting_for(names: Iterable[str], event: OwnEventRow) -> list[ParkedEvent]:
    """Return what notes that components wait until they are folded with another protocol."""
    return [
        ParkedEvent(
            component=name,
            index=event.source_position,
            event_id=event.event_id,
            reason="",
            part="protocol",
        )
        for name in names
    ]


@lru_cache(maxsize=8)
def _fingerprints(schema: str) -> bytes:
    return (
        sql.SQL("select event_id, md5(core) from {} where record_id = %s order by source_position")
        .format(OWN_EVENT.at(schema))
        .as_bytes(None)
    )


#: The protocols that were read last, by the events that publish them.
_remembered: Final[dict[tuple[Any, ...], Protocols]] = {}
