"""Make the courses of components again, as of one instant and as known at another.

A course is what read models of own activities are made of: the encounters of the patients and their
own streams. The course of now is in the read models. Every other course is made here from what is
filed:

- *Known at* chooses the events: only those count that were recorded up to an index. A later error
  mark, statement or protocol changes nothing.
- *As of* chooses what had happened: an own event counts if it had happened by then. An error mark
  counts always, because what it names was never true. An attribution counts always, because it
  states its period itself. Statements follow section 13 of the
  rules, so a death after that instant is not there (R14.4).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from caretrail.reading.patient import interpreted
from caretrail.reading.patient_index import Database
from domain.catalogue import KINDS
from domain.decider import StreamEvent
from domain.events import EnteredInError, OwnEvent
from domain.protocol import KIND as PROTOCOL
from domain.protocol import ProtocolEvent, ProtocolHistory, ProtocolPublished, protocols_of
from domain.rules import Protocols
from projections.engine import course
from projections.engine.component import Component, by_ref
from projections.engine.course import Course, CoursePatient, course_patients
from projections.engine.events import FiledOwnEvent
from projections.engine.own_events import ReadOwn, own_by_component, own_of_kind, streams_of
from projections.engine.readings import latest_readings
from projections.engine.substrate import UndecodedStatement, filed_by_component

log = structlog.get_logger()

_AT_ONCE: Final = 500  # components
#: Before everything that has happened.
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)

Streams = Mapping[str, tuple[FiledOwnEvent, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoClocks:
    """The two instants of a question."""

    as_of: datetime | None = None  # None: now
    known: int | None = None  # index of the last event that counts; None: all events count

    @property
    def are_now(self) -> bool:
        """Whether the question is about now, with everything that is known."""
        return self.as_of is None and self.known is None

    def know(self, index: int) -> bool:
        """Tell whether the event with an index counts."""
        return self.known is None or index <= self.known


#: The question of most readers.
NOW: Final = TwoClocks()


def courses_at(
    connection: Database, components: Sequence[str], clocks: TwoClocks, read_own: ReadOwn
) -> Iterator[Course]:
    """Yield the courses of ``components``: those of now, or see ``past_courses``."""
    if not clocks.are_now:
        yield from past_courses(connection, components, clocks, read_own)
        return
    protocols = known_protocols(connection, clocks, read_own)
    patients = course.read(connection, "proj", components)
    for component, rows in own_by_component(connection, "proj", components).items():
        try:
            streams = streams_of(rows, read_own)
        except ValueError:
            log.warning("component.unreadable", component=component)
            continue
        yield Course(
            component=component,
            patients=patients.get(component, ()),
            streams=streams,
            protocols=protocols,
        )


def past_courses(
    connection: Database, components: Sequence[str], clocks: TwoClocks, read_own: ReadOwn
) -> Iterator[Course]:
    """Yield the courses of ``components``; a component that had no events by then is left out.

    A component with content that this release cannot read is left out and logged: it is set aside
    in the read models too.
    """
    protocols = known_protocols(connection, clocks, read_own)
    for start in range(0, len(components), _AT_ONCE):
        some = components[start : start + _AT_ONCE]
        filed = filed_by_component(connection, "proj", some, upto=clocks.known)
        own = own_by_component(connection, "proj", some, upto=clocks.known)
        for component in some:
            try:
                patients = _patients(component, filed[component], clocks)
                streams = streams_then(streams_of(own[component], read_own), clocks.as_of)
            except ValueError:
                log.warning("component.unreadable", component=component)
                continue
            if patients or streams:
                yield Course(
                    component=component, patients=patients, streams=streams, protocols=protocols
                )


def known_protocols(connection: Database, clocks: TwoClocks, read_own: ReadOwn) -> Protocols:
    """Return the protocols that were known. Each says itself from when it is in force."""
    return protocols_of(known_publications(connection, clocks, read_own))


def known_publications(
    connection: Database, clocks: TwoClocks, read_own: ReadOwn
) -> ProtocolHistory:
    """Return the events of the stream of protocols that were known."""
    rows = own_of_kind(connection, PROTOCOL.name)
    known = [one for one in rows if clocks.know(one.source_position)]
    return [
        StreamEvent(each.event_id, each.version, each.core)
        for events in streams_of(known, read_own).values()
        for each in events
        if isinstance(each.core, ProtocolEvent)
    ]


def other_rules_from(connection: Database, clocks: TwoClocks, read_own: ReadOwn) -> datetime | None:
    """Return the first instant from which other protocols are known now; None: there is none."""
    if clocks.known is None:
        return None
    instants: list[datetime] = []
    for events in streams_of(own_of_kind(connection, PROTOCOL.name), read_own).values():
        by_id = {each.event_id: each.core for each in events}
        for each in events:
            core = each.core
            event = by_id.get(core.event_id) if isinstance(core, EnteredInError) else core
            if each.index > clocks.known and isinstance(event, ProtocolPublished):
                instants.append(event.effective_from or _BEGINNING)
    return min(instants, default=None)


def streams_then(streams: Streams, as_of: datetime | None) -> dict[str, tuple[FiledOwnEvent, ...]]:
    """Return streams with what had happened by an instant; with everything if it is None.

    A stream is left out if it had not begun: no event is left that could begin it.
    """
    if as_of is None:
        return dict(streams)
    then = {stream: tuple(_counting(events, as_of)) for stream, events in streams.items()}
    return {stream: events for stream, events in then.items() if any(map(_begins, events))}


def _counting(events: Iterable[FiledOwnEvent], as_of: datetime) -> Iterator[FiledOwnEvent]:
    for each in events:
        if _own(each).counts_as_of(as_of):
            yield each


def _begins(filed: FiledOwnEvent) -> bool:
    event = _own(filed)
    decider: Any = KINDS[filed.topic.partition(".")[0]].decider
    return not isinstance(event, EnteredInError) and decider.refusal(decider.initial, event) is None


def _own(filed: FiledOwnEvent) -> OwnEvent:
    assert isinstance(filed.core, OwnEvent)  # noqa: S101  # the topic gives the type
    return filed.core


def _patients(
    component: str, rows: Iterable[UndecodedStatement], clocks: TwoClocks
) -> tuple[CoursePatient, ...]:
    filed = latest_readings([row.decoded() for row in rows])
    return course_patients(
        Component(
            component=component,
            patients=interpreted(filed, clocks.as_of),
            filed=by_ref(filed),
            former={
                one.statement.ref: refs for one in filed if (refs := one.statement.former_refs)
            },
        )
    )
