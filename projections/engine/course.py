"""The course of a component: its patients with their encounters, and their own streams.

``ByCourse`` projections make their rows from it. The encounters are derived from the statements,
and a patient may have thousands of statements. So each time the statements of a component are
interpreted, its patients and encounters are kept in a row of a table of the engine. When only an
own event arrives, they are read from this row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection, sql

from domain.continuity import Death, Encounter, Patient, Status
from domain.ids import EncounterId, Mode, PatientId, RecordId, StatementRef, VisitRef
from domain.rules import NO_PROTOCOLS, Protocols
from domain.statement import EncounterClass, Precision
from projections.engine.arrays import array, texts
from projections.engine.columns import COMPONENT
from projections.engine.component import Component
from projections.engine.events import FiledOwnEvent
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table

NAME: Final = "course"
VERSION: Final = 5

COURSE: Final = Table(
    "course",
    "One row per link component with statements: its patients and their encounters.",
    (
        COMPONENT,
        Column(
            "patients", "text", "Patients with encounters, as JSON.", required=True, external=True
        ),
        Column(
            "latest_at",
            "timestamptz",
            "Latest start or end of its encounters; null: none is known.",
        ),
    ),
    key=("component",),
    indexes=(("latest_at",),),
    published=False,
)


class CourseEncounter(NamedTuple):
    """An encounter without its stays: the members are those of ``domain.continuity.Encounter``."""

    encounter_id: EncounterId
    record: RecordId
    facility: str
    visit: VisitRef | None
    class_code: EncounterClass
    status: Status
    start: datetime | None
    end: datetime | None
    start_inferred: bool
    end_inferred: bool
    cancelled: bool
    statements: tuple[StatementRef, ...]
    disposition_code: str
    planned_for: datetime | None
    flags: tuple[str, ...]
    end_precision: Precision
    ended_by: StatementRef | None
    disposition: str
    admission_type: str
    is_backlog: bool


class CoursePatient(NamedTuple):
    """A patient without entries and stays.

    There may be thousands of these, and the patient is read again with every own event.
    """

    patient_id: PatientId
    mode: Mode
    records: tuple[RecordId, ...]
    encounters: tuple[CourseEncounter, ...]  # by start (unknown first), then id
    flags: tuple[str, ...]
    death: Death | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The patients of a component and their own streams.

    ``patients`` is empty if no statement about the records is known yet. ``streams`` holds the
    events of each own stream by version. It leaves out streams of a kind that no projection of this
    release reads. ``protocols`` holds the published rule tables.
    """

    component: str
    patients: tuple[CoursePatient, ...]
    streams: Mapping[str, tuple[FiledOwnEvent, ...]]
    protocols: Protocols = NO_PROTOCOLS

    def patient_of(self, record: RecordId) -> PatientId:
        """Return the patient that a source record answers with: itself if nothing is known."""
        for patient in self.patients:
            if record in patient.records:
                return patient.patient_id
        return PatientId(record)

    def encounter_of(self, ref: StatementRef | None) -> EncounterId | None:
        """Return the encounter that holds a statement now; None if no encounter holds it."""
        for patient in self.patients:
            for encounter in patient.encounters:
                if ref in encounter.statements:
                    return encounter.encounter_id
        return None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(tuple[CoursePatient, ...]).decode


def course_patients(interpreted: Component) -> tuple[CoursePatient, ...]:
    """Return the patients of a component without entries and stays.

    The statements of an encounter are followed by the refs that they had in earlier readings of
    their messages, because an own event may name such a ref.
    """
    patients = tuple(map(_course_patient, interpreted.patients))
    return _with_former_refs(patients, interpreted.former) if interpreted.former else patients


def _course_patient(patient: Patient) -> CoursePatient:
    return CoursePatient(
        patient.patient_id,
        patient.mode,
        patient.records,
        tuple(map(_course_encounter, patient.encounters)),
        patient.flags,
        patient.death,
    )


def _with_former_refs(
    patients: tuple[CoursePatient, ...], former: Mapping[StatementRef, tuple[StatementRef, ...]]
) -> tuple[CoursePatient, ...]:
    return tuple(
        patient._replace(
            encounters=tuple(
                each._replace(statements=(*each.statements, *_former_refs(each, former)))
                for each in patient.encounters
            )
        )
        for patient in patients
    )


def _former_refs(
    encounter: CourseEncounter, former: Mapping[StatementRef, tuple[StatementRef, ...]]
) -> Iterable[StatementRef]:
    return (other for ref in encounter.statements for other in former.get(ref, ()))


def _course_encounter(encounter: Encounter) -> CourseEncounter:
    return CourseEncounter(
        encounter.encounter_id,
        encounter.record,
        encounter.facility,
        encounter.visit,
        encounter.class_code,
        encounter.status,
        encounter.start,
        encounter.end,
        encounter.start_inferred,
        encounter.end_inferred,
        encounter.cancelled,
        encounter.statements,
        encounter.disposition_code,
        encounter.planned_for,
        encounter.flags,
        encounter.end_precision,
        encounter.ended_by,
        encounter.disposition,
        encounter.admission_type,
        encounter.is_backlog,
    )


def rows(interpreted: Component, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the row of a component."""
    patients = course_patients(interpreted)
    instants = [
        at
        for patient in patients
        for encounter in patient.encounters
        for at in (encounter.start, encounter.end)
        if at is not None
    ]
    row = (interpreted.component, _encode(patients).decode(), max(instants, default=None))
    return {COURSE.name: [row]}


def read(
    connection: Connection[Any], schema: str, components: Sequence[str]
) -> dict[str, tuple[CoursePatient, ...]]:
    """Return the patients of ``components``. A component without statements is left out."""
    found = connection.execute(_select(schema), (texts(components),)).fetchall()
    return {component: _decode(patients) for component, patients in found}


@lru_cache(maxsize=8)
def _select(schema: str) -> bytes:
    return (
        sql.SQL("select component, patients from {} where component = any(%s::text[])")
        .format(COURSE.at(schema))
        .as_bytes(None)
    )


_OF_RECORD: Final = (
    "select patients from proj.course"
    " where component = (select component from proj.component where node = %s)"
)
_OF_RECORDS: Final = (
    "select patients from proj.course where component in ("
    "select component from proj.component where node = any(%s::text[]))"
)
_OF_STATEMENT: Final = (
    "select patients from proj.course where component in ("
    "select component from proj.entry where statement_ref = %(ref)s"
    " union all select component from proj.former_ref where alias = %(ref)s) limit 1"
)


def of_record(connection: Connection[Any], record: RecordId) -> tuple[CoursePatient, ...]:
    """Return the patients of the component of a source record; empty if no statement is known."""
    row = connection.execute(_OF_RECORD, (record,)).fetchone()
    return () if row is None else _decode(row[0])


def of_records(
    connection: Connection[Any], records: Iterable[RecordId]
) -> tuple[CoursePatient, ...]:
    """Return the patients of the components of source records."""
    rows = connection.execute(_OF_RECORDS, (array(records),)).fetchall()
    return tuple(patient for (patients,) in rows for patient in _decode(patients))


def of_statement(connection: Connection[Any], ref: StatementRef) -> tuple[CoursePatient, ...]:
    """Return the patients of the component that holds a statement, by its present or former ref."""
    row = connection.execute(_OF_STATEMENT, {"ref": ref}).fetchone()
    return () if row is None else _decode(row[0])
