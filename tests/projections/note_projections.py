"""Projections that only the tests have: one of each way to fold, and the lists with them."""

from collections.abc import Iterable, Mapping, Sequence

from domain.body import Envelope, RecordedEvent
from domain.ids import StatementRef
from domain.statement import Statement
from projections.catalogue import PROJECTIONS
from projections.engine.columns import COMPONENT, PATIENT
from projections.engine.component import Component
from projections.engine.course import Course
from projections.engine.events import LoggedEvent
from projections.engine.projection import ByComponent, ByCourse, ByEvent, ByStream, Projection
from projections.engine.projection_list import ProjectionList
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import TableView
from tests.projections.samples import NOTE_CLOSED, Note

NOTES = Table(
    "note",
    "One row per note and patient.",
    (
        Column("stream_id", "text", "The note.", required=True),
        PATIENT,
        Column("encounter_id", "text", "Encounter of the anchor."),
        Column("events", "integer", "Number of its events.", required=True),
        Column("is_closed", "boolean", "Whether it is closed.", required=True),
        Column("words", "text", "The last words.", required=True),
        COMPONENT,
    ),
    key=("stream_id", "patient_id"),
    indexes=(("component",),),
)
STATED = Table(
    "stated",
    "One row per patient.",
    (
        PATIENT,
        Column("entries", "integer", "Number of its statements.", required=True),
        COMPONENT,
    ),
    key=("patient_id",),
    indexes=(("component",),),
)
TOPICS = Table(
    "topics",
    "One row per event.",
    (
        Column("source_position", "bigint", "Index of the event.", "arrival", True),
        Column("topic", "text", "Its topic.", required=True),
        Column("trigger_code", "text", "Its trigger; null: no statement."),
    ),
    key=("source_position",),
    order=("topic", "trigger_code"),
)
STREAMS = Table(
    "streams",
    "One row per stream.",
    (
        Column("stream_id", "text", "The stream.", required=True),
        Column("events", "integer", "Number of its events.", required=True),
        Column("message_id", "text", "Message of its last event; null: none.", "arrival"),
    ),
    key=("stream_id",),
)


def note_rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    rows: list[Row] = []
    for stream, events in course.streams.items():
        last = events[-1].core
        assert isinstance(last, Note)
        rows += [
            (
                stream,
                patient,
                course.encounter_of(StatementRef(last.anchor)),
                len(events),
                events[-1].topic == NOTE_CLOSED,
                last.words,
                course.component,
            )
            for patient in {course.patient_of(record) for record in events[0].records}
        ]
    return {"note": rows}


def stated_rows(component: Component, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    return {
        "stated": [
            (each.patient_id, len(each.entries), component.component) for each in component.patients
        ]
    }


def topic_rows(
    events: Sequence[RecordedEvent], statements: Mapping[int, Statement]
) -> dict[str, list[Row]]:
    rows: list[Row] = []
    for one in events:
        statement = statements.get(one.envelope.index)
        trigger = None if statement is None else statement.trigger
        rows.append((one.envelope.index, one.envelope.topic, trigger))
    return {"topics": rows}


def stream_rows(events: Iterable[Envelope | LoggedEvent]) -> dict[str, list[Row]]:
    counts: dict[str, int] = {}
    for one in events:
        counts[one.stream] = counts.get(one.stream, 0) + 1
    return {"streams": [(stream, count, None) for stream, count in counts.items()]}


BY_COURSE = Projection(
    name="notes",
    version=1,
    tables=(NOTES,),
    fold=ByCourse(rows=note_rows),
    views=(TableView("note", NOTES, "not is_closed"),),
)
BY_COMPONENT = Projection(
    name="stated", version=1, tables=(STATED,), fold=ByComponent(rows=stated_rows)
)
BY_EVENT = Projection(name="topics", version=1, tables=(TOPICS,), fold=ByEvent(rows=topic_rows))
BY_STREAM = Projection(
    name="streams",
    version=1,
    tables=(STREAMS,),
    fold=ByStream(rows=stream_rows, merge={"events": "kept.events + excluded.events"}),
)

WITH_NOTES = ProjectionList((*PROJECTIONS, BY_COURSE))
WITH_ALL = ProjectionList((*PROJECTIONS, BY_COURSE, BY_COMPONENT, BY_EVENT, BY_STREAM))
