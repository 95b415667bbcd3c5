"""The transitions of care: what follows each discharge, and the steps that are owed or done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.decider import StreamEvent
from domain.duties import in_time_until
from domain.ids import EncounterId, EventId, Mode, PatientId, RecordId, StatementRef, StreamId
from domain.medication_list import KIND as MEDICATION_LIST
from domain.statement import EncounterClass, Precision
from domain.transition.derived import (
    AppliedEvents,
    ClosedTransition,
    CompletedTransition,
    DerivedTransition,
    OpenTransition,
    SuspendedTransition,
    Transition,
    WithdrawnTransition,
    applied_events,
    transitions_of,
)
from domain.transition.duties import duties
from domain.transition.events import TransitionEvent
from domain.transition.reconciliations import Reconciliations, reconciliations_of
from domain.transition.steps import TransitionStep
from domain.transition.stream import KIND
from projections.engine.columns import COMPONENT, FLAGS, MODE, PATIENT
from projections.engine.course import Course, CoursePatient
from projections.engine.projection import ByCourse, Projection
from projections.engine.relations import PRESENT, Relations
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView
from projections.owed_duty import OwedDuty
from projections.patient_protocols import patient_protocols
from projections.person_streams import history

_ENCOUNTER: Final = Column(
    "encounter_id", "text", "The encounter that ended, care.encounter.", required=True
)

TRANSITION_TABLE: Final = Table(
    "transition",
    "One row per transition of care: what follows a discharge.",
    (
        _ENCOUNTER,
        PATIENT,
        Column("record_id", "text", "Source record of the encounter.", required=True),
        MODE,
        Column("class_code", "text", "Class of the encounter, HL7 v3 ActCode.", required=True),
        Column("facility", "text", "Facility that discharged the patient.", required=True),
        Column(
            "state",
            "text",
            "open, suspended, completed, closed or withdrawn; open ends at window_ends_at.",
            required=True,
        ),
        Column(
            "cause",
            "text",
            "Why it is closed or withdrawn: deceased, discharge_cancelled, ...; null: it is not.",
        ),
        Column("settled_at", "timestamptz", "When it was completed or closed; null: it is not."),
        Column("suspended_by", "text", "Encounter of the readmission; null: it is not suspended."),
        Column(
            "continues",
            "text",
            "Encounter of the transition that the readmission suspended; null: none.",
        ),
        Column("kind", "text", "Kind in the protocol: home, snf, ...; null: withdrawn."),
        Column("protocol", "text", "Name of the protocol; null: withdrawn."),
        Column("protocol_version", "text", "Version of the protocol; null: withdrawn."),
        Column("discharge_at", "timestamptz", "When the patient left; null: withdrawn."),
        Column("discharge_precision", "text", "How precisely that is stated; null: withdrawn."),
        Column("discharge_ref", "text", "Statement that gives the discharge; null: withdrawn."),
        Column("disposition", "text", "As sent (PV1-36); empty: not stated; null: withdrawn."),
        Column("disposition_code", "text", "FHIR R4; empty: not known; null: withdrawn."),
        Column("window_ends_at", "timestamptz", "When its window is over; null: withdrawn."),
        Column("responsible_organisation", "text", "Who owes the steps; null: withdrawn."),
        Column("responsible_person", "text", "Code; empty: not stated; null: withdrawn."),
        Column("responsible_pool", "text", "Code; empty: not a pool; null: withdrawn."),
        Column("steps", "integer", "Number of its steps.", required=True),
        Column("steps_settled", "integer", "Steps that are done or waived.", required=True),
        FLAGS,
        COMPONENT,
    ),
    key=("encounter_id",),
    indexes=(("component",), ("patient_id",), ("state", "discharge_at", "encounter_id")),
)

TRANSITION_STEP: Final = Table(
    "transition_step",
    "One row per step of a transition of care.",
    (
        _ENCOUNTER,
        Column("number", "integer", "Its place in the protocol, from 1.", required=True),
        Column("step", "text", "Code: contact, visit, ...", required=True),
        PATIENT,
        MODE,
        Column("due_at", "timestamptz", "When it is due; null: it is due on a day."),
        Column("due_on", "date", "Local day on which it is due; null: at a time."),
        Column("zone", "text", "IANA zone of that day.", required=True),
        Column(
            "in_time_until",
            "timestamptz",
            "The last instant at which it is not late: due_at, or the end of due_on.",
            required=True,
        ),
        Column("source", "text", "Publication that gives the time, or why.", required=True),
        Column("is_urgent", "boolean", "Whether it comes before other work.", required=True),
        Column("done_at", "timestamptz", "When it was done; null: not yet."),
        Column(
            "done_by",
            "text",
            "contact_made, ..., reported by another system, admission, reconciliation; null: open.",
        ),
        Column("done_event_id", "text", "The event that did it; null: no event."),
        Column("done_encounter_id", "text", "The admission that did it; null: no admission."),
        Column("waived_at", "timestamptz", "When it was waived; null: it was not."),
        Column("waived_reason", "text", "Why it is not needed; null: not waived."),
        Column("attempts", "integer", "Business days with an attempt to call.", required=True),
        Column(
            "elements_missing",
            "text[]",
            "Elements that the discharge information lacks; empty: none, or not asked for.",
            required=True,
        ),
        COMPONENT,
    ),
    key=("encounter_id", "step"),
    indexes=(("component",), ("patient_id",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRow:
    """One transition: the columns of table `transition` without its component."""

    encounter_id: EncounterId
    patient_id: PatientId
    record_id: RecordId
    mode: Mode
    class_code: EncounterClass
    facility: str
    state: str
    cause: str | None
    settled_at: datetime | None
    suspended_by: EncounterId | None
    continues: EncounterId | None
    kind: str | None
    protocol: str | None
    protocol_version: str | None
    discharge_at: datetime | None
    discharge_precision: Precision | None
    discharge_ref: StatementRef | None
    disposition: str | None
    disposition_code: str | None
    window_ends_at: datetime | None
    responsible_organisation: str | None
    responsible_person: str | None
    responsible_pool: str | None
    steps: int
    steps_settled: int
    flags: list[str]

    def is_over(self, at: datetime) -> bool:
        """Tell whether the window of an open transition is over at an instant."""
        ends = self.window_ends_at
        return self.state == "open" and ends is not None and at >= ends


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionStepRow:
    """One step: the columns of table `transition_step` without its component."""

    encounter_id: EncounterId
    number: int
    step: str
    patient_id: PatientId
    mode: Mode
    due_at: datetime | None
    due_on: date | None
    zone: str
    in_time_until: datetime
    source: str
    is_urgent: bool
    done_at: datetime | None
    done_by: str | None
    done_event_id: EventId | None
    done_encounter_id: EncounterId | None
    waived_at: datetime | None
    waived_reason: str | None
    attempts: int
    elements_missing: list[str]


# --- rows -----------------------------------------------------------------------------------------


def course_transitions(course: Course) -> Iterator[tuple[CoursePatient, DerivedTransition]]:
    """Yield the transitions of the patients of a component."""
    events = applied_events_of(course)
    protocols = patient_protocols(course)
    for patient in course.patients:
        for each in transitions_of(
            patient.encounters,
            death=patient.death,
            events=events,
            protocols=protocols(patient.records[0]),
            medications=reconciliations_of_patient(course, patient),
        ):
            yield patient, each


def reconciliations_of_patient(course: Course, patient: CoursePatient) -> Reconciliations:
    """Return the reconciliations of the medication lists of a patient."""
    return reconciliations_of(
        history(filed, MEDICATION_LIST.events)
        for filed in course.streams.values()
        if isinstance(filed[0].core, MEDICATION_LIST.events)
        and not set(patient.records).isdisjoint(filed[0].records)
    )


def applied_events_of(course: Course) -> dict[EncounterId, AppliedEvents]:
    """Return what people recorded, by the encounter that contains the anchor now."""
    streams: dict[StreamId, list[StreamEvent[TransitionEvent]]] = {
        StreamId(stream): history(filed, KIND.events)
        for stream, filed in course.streams.items()
        if isinstance(filed[0].core, KIND.events)
    }
    if not streams:
        return {}
    encounter_of = {
        ref: encounter.encounter_id
        for patient in course.patients
        for encounter in patient.encounters
        for ref in encounter.statements
    }
    return applied_events(streams, encounter_of)


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    transitions, steps = list[Row](), list[Row]()
    for patient, each in course_transitions(course):
        transitions.append((*_row(patient, each), course.component))
        if isinstance(each, Transition):
            steps += [
                (*_step_row(patient, each, number, step), course.component)
                for number, step in enumerate(each.steps, 1)
            ]
    return {TRANSITION_TABLE.name: transitions, TRANSITION_STEP.name: steps}


def duties_of_transitions(course: Course) -> Iterator[OwedDuty]:
    """Yield the duties of the transitions of a component."""
    for patient, each in course_transitions(course):
        if isinstance(each, Transition):
            for owed in duties(each):
                yield OwedDuty(owed, kind=KIND.name, record=each.record, mode=patient.mode)


def _row(patient: CoursePatient, one: DerivedTransition) -> Row:
    about = (one.encounter_id, patient.patient_id, one.record, patient.mode, one.class_code)
    if isinstance(one, WithdrawnTransition):
        return (*about, one.facility, "withdrawn", one.cause, *(None,) * 15, 0, 0, [])
    return (
        *about,
        one.facility,
        *_state(one),
        one.continues,
        one.kind,
        one.protocol.name,
        one.protocol.version,
        one.discharge_at,
        one.discharge_precision,
        one.discharge_ref,
        one.disposition,
        one.disposition_code,
        one.window_ends_at,
        one.responsible.organisation,
        one.responsible.person,
        one.responsible.pool,
        len(one.steps),
        sum(step.settled_at is not None for step in one.steps),
        list(one.flags),
    )


def _state(one: Transition) -> tuple[str, str | None, datetime | None, EncounterId | None]:
    """Return the columns state, cause, settled_at and suspended_by."""
    match one.state:
        case OpenTransition():
            return "open", None, None, None
        case SuspendedTransition(encounter):
            return "suspended", None, None, encounter
        case CompletedTransition(at):
            return "completed", None, at, None
        case ClosedTransition(cause, at):
            return "closed", cause, at, None


def _step_row(
    patient: CoursePatient, transition: Transition, number: int, step: TransitionStep
) -> Row:
    done, waived = step.done, step.waived
    return (
        transition.encounter_id,
        number,
        step.code,
        patient.patient_id,
        patient.mode,
        step.due.at,
        step.due.on,
        step.due.zone,
        in_time_until(step.due),
        step.due.source,
        step.due.urgent,
        done.at if done else None,
        done.by if done else None,
        done.event if done else None,
        done.encounter if done else None,
        waived.at if waived else None,
        waived.reason if waived else None,
        step.attempts,
        list(step.elements_missing),
    )


PROJECTION: Final = Projection(
    name="transition",
    version=3,
    tables=(TRANSITION_TABLE, TRANSITION_STEP),
    fold=ByCourse(rows=rows),
    views=(
        TableView("transition", TRANSITION_TABLE, PRODUCTION),
        TableView("transition_step", TRANSITION_STEP, PRODUCTION),
    ),
)


# --- queries --------------------------------------------------------------------------------------


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(each.name) for each in table.columns if each is not COMPONENT
    )


def transitions_of_patient(
    connection: Connection[Any], patient: PatientId, relations: Relations = PRESENT
) -> list[TransitionRow]:
    """Return the transitions of a patient, by discharge; withdrawn ones come first."""
    query = sql.SQL(
        "select {names} from {table} as r where patient_id = %s"
        " order by discharge_at nulls first, encounter_id"
    ).format(names=_names(TRANSITION_TABLE), table=relations.of(TRANSITION_TABLE))
    with connection.cursor(row_factory=class_row(TransitionRow)) as cursor:
        return cursor.execute(query, (patient,)).fetchall()


def steps_of_patient(
    connection: Connection[Any], patient: PatientId, relations: Relations = PRESENT
) -> Mapping[EncounterId, list[TransitionStepRow]]:
    """Return the steps of all transitions of a patient, by encounter, in the order of protocols."""
    query = sql.SQL(
        "select {names} from {table} as r where patient_id = %s order by encounter_id, number"
    ).format(names=_names(TRANSITION_STEP), table=relations.of(TRANSITION_STEP))
    found: dict[EncounterId, list[TransitionStepRow]] = {}
    with connection.cursor(row_factory=class_row(TransitionStepRow)) as cursor:
        for each in cursor.execute(query, (patient,)):
            found.setdefault(each.encounter_id, []).append(each)
    return found


def open_at(
    connection: Connection[Any],
    patients: Sequence[PatientId],
    *,
    organisations: Sequence[str],
    at: datetime,
) -> list[PatientId]:
    """Return the patients with a transition that is open at an instant and of organisations.

    It is of the facility that discharged the patient, and of the organisation that owes its steps.
    """
    found = connection.execute(
        sql.SQL(
            """
            select distinct patient_id from {transitions} as t
            where patient_id = any(%(patients)s)
                and state = 'open' and window_ends_at > %(at)s
                and (
                    facility = any(%(organisations)s)
                    or responsible_organisation = any(%(organisations)s)
                )
            """
        ).format(transitions=PRESENT.of(TRANSITION_TABLE)),
        {"organisations": list(organisations), "patients": list(patients), "at": at},
    ).fetchall()
    return [patient for (patient,) in found]
