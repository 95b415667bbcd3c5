"""Read one own stream with its entries, now or at other instants."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caretrail.reading.activities import ActivityEntry, kind_of, stream_entries, stream_facts
from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.members import Json
from caretrail.reading.past_courses import NOW
from caretrail.reading.past_rows import PastRows
from caretrail.reading.patient_index import Database
from domain.decider import as_of
from domain.ids import PatientId, RecordId, StreamId
from projections.engine import course
from projections.engine.course import CoursePatient
from projections.engine.own_events import own_of_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReading:
    """One own stream: how far it is, and its entries."""

    kind: str
    members: Json
    entries: tuple[ActivityEntry, ...]


def read_stream(
    connection: Database, stream: StreamId, past: PastRows | None = None
) -> StreamReading | None:
    """Return an own stream, now or at other instants; None if there was no such stream.

    Args:
        connection: The connection of the caller.
        stream: The stream.
        past: The instants of the answer: see ``Reader.past``. None: now.
    """
    clocks = past.clocks if past else NOW
    rows = [each for each in own_of_stream(connection, stream) if clocks.know(each.source_position)]
    whole = stream_facts(rows)
    events = whole if clocks.as_of is None else as_of(whole, clocks.as_of)
    kind = OWN_STREAMS.get(kind_of(rows[0])) if rows else None
    if kind is None or not any(isinstance(each.event, kind.begins) for each in events):
        return None
    records = {RecordId(each.record_id) for each in rows}
    patients = [
        patient
        for patient in _patients(connection, records, past)
        if records & set(patient.records)
    ]
    encounters = {
        ref: encounter.encounter_id
        for patient in patients
        for encounter in patient.encounters
        for ref in encounter.statements
    }
    patient_id = {record: patient.patient_id for patient in patients for record in patient.records}
    summary = kind.summarise(
        stream,
        events,
        patient_of=lambda record: patient_id.get(record, PatientId(record)),
        encounter_of=lambda ref: encounters.get(ref) if ref else None,
    )
    return StreamReading(
        kind=kind.kind,
        members=summary.members,
        entries=stream_entries(rows, stream, encounters, clocks.as_of),
    )


def _patients(
    connection: Database, records: Iterable[RecordId], past: PastRows | None
) -> Iterator[CoursePatient]:
    """Yield the patients of the components of some records; one may be there twice."""
    if past is None or past.clocks.are_now:
        for record in records:
            yield from course.of_record(connection, record)
    else:
        for each in past.courses():
            yield from each.patients
