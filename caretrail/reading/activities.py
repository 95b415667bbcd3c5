"""Read the own activities of a patient, such as referrals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, groupby
from types import MappingProxyType
from typing import Any, Final

import structlog

from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.medications import mark_compared_elsewhere
from caretrail.reading.members import Json
from caretrail.reading.own_stream import OwnStream, StreamSummary
from caretrail.reading.wording import EntryWords
from domain import decider
from domain.body import Actor
from domain.catalogue import own_event
from domain.continuity import Patient
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import EncounterId, EventId, PatientId, StatementRef, StreamId
from domain.medication_list import KIND as MEDICATION_LIST
from domain.statement import Precision
from domain.stream_kind import Event, StreamKind
from projections.engine.course import Course
from projections.engine.events import FiledOwnEvent
from projections.engine.own_events import OwnEventRow, streams_of

log = structlog.get_logger()

#: An own event that is recorded this long after it happened is late.
LATE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEntry:
    """One own event as an entry of the timeline."""

    stream: str  # the kind, such as "referral"
    stream_id: StreamId
    index: int
    event_id: EventId
    happened_at: datetime
    recorded_at: datetime
    words: EntryWords
    facility: str  # the organisation that acted; empty: not stated
    encounter_id: EncounterId | None
    voided_by: EventId | None
    flags: tuple[str, ...]
    late: timedelta | None  # None: recorded soon enough
    precision: Precision = "second"  # of ``happened_at``
    actor: Actor = field(default_factory=Actor)  # who gave the command


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """The own activities of a patient, as of one instant and as known at another."""

    entries: tuple[ActivityEntry, ...] = ()  # by the time at which they happened
    #: How far the streams of each kind are, by the time at which they began.
    streams: Mapping[str, tuple[Json, ...]] = field(
        default_factory=lambda: dict.fromkeys(OWN_STREAMS, ())
    )


def read_activities(
    filed: Iterable[OwnEventRow],
    patient: Patient,
    *,
    as_of: datetime | None,
    now: datetime | None = None,
    former_refs: Mapping[StatementRef, StatementRef] = MappingProxyType({}),
) -> Activities:
    """Return the activities of a patient from the events filed in the component.

    An event belongs to the patient that its source record answers with. A stream with an event
    that this release cannot read is left out and logged: its component is set aside already.

    Args:
        filed: The events.
        patient: The patient.
        as_of: The instant of the answer; None: now.
        now: The present of the home. An event that was recorded after it, as in the demo, is not
            known to be late. None: the clock.
        former_refs: Refs that earlier readings gave statements of the patient, with their ref now.
    """
    encounters = {
        ref: encounter.encounter_id
        for encounter in patient.encounters
        for ref in encounter.statements
    }
    encounters |= {
        former: encounters[ref] for former, ref in former_refs.items() if ref in encounters
    }
    entries: list[ActivityEntry] = []
    summaries: dict[str, list[tuple[StreamId, StreamSummary]]] = {kind: [] for kind in OWN_STREAMS}
    for stream, events in _streams(filed):
        kind = OWN_STREAMS[kind_of(events[0])]
        if not set(events[0].records) & set(patient.records):
            continue
        whole = [_fact(each) for each in events]
        then = whole if as_of is None else decider.as_of(whole, as_of)
        if not any(isinstance(each.event, kind.begins) for each in then):
            continue
        summary = kind.summarise(
            stream,
            then,
            patient_of=lambda _: PatientId(patient.patient_id),
            encounter_of=lambda ref: encounters.get(ref) if ref else None,
        )
        summaries[kind.kind].append((stream, summary))
        shown = _happened(events, whole, as_of)
        entries += _entries(kind, stream, shown, then, encounters, now)
    mark_compared_elsewhere([one.members for _, one in summaries[MEDICATION_LIST.name]])
    entries.sort(key=lambda one: (one.happened_at, one.stream, one.stream_id, one.index))
    return Activities(
        entries=tuple(entries),
        streams={
            kind: tuple(
                summary.members
                for _, summary in sorted(found, key=lambda one: (one[1].began_at, one[0]))
            )
            for kind, found in summaries.items()
        },
    )


def stream_members(course: Course, kind: str) -> list[Json]:
    """Return how far the streams of one kind are in a course."""
    stream_kind = OWN_STREAMS[kind]
    by_patient: dict[PatientId, list[Json]] = {}
    for stream, filed in course.streams.items():
        if kind_of(filed[0]) != kind:
            continue
        facts = [_fact(each) for each in filed]
        if any(isinstance(each.event, stream_kind.begins) for each in facts):
            summary = stream_kind.summarise(
                StreamId(stream),
                facts,
                patient_of=course.patient_of,
                encounter_of=course.encounter_of,
            )
            by_patient.setdefault(summary.members["patient_id"], []).append(summary.members)
    if kind == MEDICATION_LIST.name:
        for streams in by_patient.values():
            mark_compared_elsewhere(streams)
    return list(chain.from_iterable(by_patient.values()))


def stream_entries(
    filed: Iterable[OwnEventRow],
    stream_id: StreamId,
    encounters: Mapping[StatementRef, EncounterId],
    as_of: datetime | None = None,
) -> tuple[ActivityEntry, ...]:
    """Return the entries of one own stream, by the time at which they happened.

    Args:
        filed: The events filed in its component.
        stream_id: The stream.
        encounters: The encounter of a statement, for the statements that its events name.
        as_of: The instant of the answer; None: now.
    """
    entries: list[ActivityEntry] = []
    for stream, events in _streams(each for each in filed if each.stream_id == stream_id):
        kind, whole = OWN_STREAMS[kind_of(events[0])], [_fact(each) for each in events]
        then = whole if as_of is None else decider.as_of(whole, as_of)
        shown = _happened(events, whole, as_of)
        entries += _entries(kind, stream, shown, then, encounters)
    return tuple(sorted(entries, key=lambda one: (one.happened_at, one.index)))


def _happened(
    events: Sequence[FiledOwnEvent],
    facts: Sequence[StreamEvent[OwnEvent]],
    as_of: datetime | None,
) -> list[FiledOwnEvent]:
    """Return the events that have an entry at an instant; None: now."""
    return [
        each
        for each, fact in zip(events, facts, strict=True)
        if as_of is None or fact.event.happened_at.at <= as_of
    ]


def _streams(filed: Iterable[OwnEventRow]) -> Iterable[tuple[StreamId, Sequence[FiledOwnEvent]]]:
    by_stream = sorted(filed, key=lambda row: row.stream_id)
    for stream, rows in groupby(by_stream, key=lambda row: row.stream_id):
        try:
            for events in streams_of(rows, own_event).values():
                yield StreamId(stream), events
        except ValueError:
            log.warning("activity.unreadable", stream=stream)


def _entries(
    kind: OwnStream[Any, Any],
    stream: StreamId,
    shown: Iterable[FiledOwnEvent],
    then: Sequence[StreamEvent[OwnEvent]],
    encounters: Mapping[StatementRef, EncounterId],
    now: datetime | None = None,
) -> Iterable[ActivityEntry]:
    folded = decider.fold(kind.decider, then)
    by_id = {each.event_id: each.event for each in then}
    for each in shown:
        event = _fact(each).event
        behind = each.recorded_at - event.happened_at.last
        is_late = behind >= LATE and (now is None or each.recorded_at <= now)
        yield ActivityEntry(
            stream=kind.kind,
            stream_id=stream,
            index=each.index,
            event_id=each.event_id,
            happened_at=event.happened_at.at,
            recorded_at=each.recorded_at,
            words=kind.words(event, by_id.get),
            facility=kind.organisation(event),
            encounter_id=encounters.get(event.anchor) if event.anchor else None,
            voided_by=folded.void.get(each.event_id),
            flags=("rests_on_void",) if each.event_id in folded.rests_on_void else (),
            late=behind if is_late else None,
            precision=event.happened_at.precision,
            actor=each.actor,
        )


def stream_facts(filed: Iterable[OwnEventRow]) -> list[StreamEvent[OwnEvent]]:
    """Return the events of one own stream from the rows under which they are filed."""
    return [_fact(each) for _, events in _streams(filed) for each in events]


def streams_of_kind(
    filed: Iterable[OwnEventRow], kind: StreamKind[Any, Event]
) -> dict[StreamId, Sequence[StreamEvent[Event]]]:
    """Return the streams of one kind among the rows under which own events are filed."""
    return {
        stream: kind.history(stream, [_fact(each) for each in events])
        for stream, events in _streams(row for row in filed if kind_of(row) == kind.name)
    }


def kind_of(filed: FiledOwnEvent | OwnEventRow) -> str:
    """Return the kind of the stream of an event, such as ``referral``."""
    return filed.topic.partition(".")[0]


def _fact(filed: FiledOwnEvent) -> StreamEvent[OwnEvent]:
    assert isinstance(filed.core, OwnEvent)  # noqa: S101  # the topic gives the type
    return StreamEvent(filed.event_id, filed.version, filed.core)
