"""Read one own stream with its entries."""

from dataclasses import dataclass

from caretrail.reading.activities import ActivityEntry, kind_of, stream_entries, stream_facts
from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.members import Json
from caretrail.reading.patient_index import Database
from domain.ids import PatientId, RecordId, StreamId
from projections.engine import course
from projections.engine.own_events import own_of_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReading:
    """One own stream: how far it is, and its entries."""

    kind: str
    members: Json
    entries: tuple[ActivityEntry, ...]


def read_stream(connection: Database, stream: StreamId) -> StreamReading | None:
    """Return an own stream as it is now; None if there is no such stream."""
    rows = own_of_stream(connection, stream)
    events = stream_facts(rows)
    kind = OWN_STREAMS.get(kind_of(rows[0])) if rows else None
    if kind is None or not any(isinstance(each.event, kind.begins) for each in events):
        return None
    records = {RecordId(each.record_id) for each in rows}
    patients = [
        patient
        for record in records
        for patient in course.of_record(connection, record)
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
        entries=stream_entries(rows, stream, encounters),
    )
