"""Where each patient was, in all facilities: encounters, their stays, and the entries.

Rows hold refs and codes in clear. Visit numbers and the places of part2 units are sealed: their
segments are copied as they are stored, and the application opens them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from domain.body import SegmentClass
from domain.continuity import Encounter, Entry, Patient, Stay
from domain.ids import EncounterId, StatementRef
from domain.statement import Place, Precision
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT, SEALED
from projections.engine.component import Component, arrival
from projections.engine.copies import copies, place_copies, write_copies
from projections.engine.events import FiledStatement
from projections.engine.projection import ByComponent, Projection
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, ExtraColumn, QueryView, TableView

ENCOUNTER: Final = Table(
    "encounter",
    "One row per encounter: a stay at one sender, from admission or registration to discharge.",
    (
        Column("encounter_id", "text", "Ref of its statement that was sent first.", required=True),
        PATIENT,
        Column("record_id", "text", "Source record of its first statement.", required=True),
        MODE,
        Column("ordinal", "integer", "Its number for the patient, by start.", required=True),
        Column("namespace", "text", "Namespace of its visit number.", required=True),
        Column("facility", "text", "Facility of its first place, else namespace.", required=True),
        Column("visit_ref", "text", "Keyed hash of the visit number; null: none was stated."),
        Column("class_code", "text", "Its last class, HL7 v3 ActCode.", required=True),
        Column("class_as_sent", "text", "Patient class as sent, PV1-2.", required=True),
        Column("status", "text", "FHIR R4 EncounterStatus.", required=True),
        Column("started_at", "timestamptz", "When it began; null: not known."),
        Column("ended_at", "timestamptz", "When it ended; null: open, or not known."),
        Column("is_start_inferred", "boolean", "The start is from EVN-2 or MSH-7.", required=True),
        Column("is_end_inferred", "boolean", "The end is from EVN-2 or MSH-7.", required=True),
        Column("is_cancelled", "boolean", "It was cancelled.", required=True),
        Column(
            "disposition_code",
            "text",
            "Discharge disposition, FHIR code; empty: not stated.",
            required=True,
        ),
        Column("planned_for_at", "timestamptz", "When it is planned for; null: not planned."),
        Column(
            "planned_for_precision",
            "text",
            "How precisely that is stated: year, month, day, hour, minute or second; null: not"
            " planned.",
        ),
        Column(
            "start_precision",
            "text",
            "How precisely the start is stated: year, month, day, hour, minute or second; null: the"
            " start is not known.",
        ),
        Column("end_precision", "text", "How precisely the end is stated; null: there is no end."),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
        SEALED,
    ),
    key=("encounter_id",),
    indexes=(("patient_id",), ("component",), ("visit_ref",)),
)

STAY: Final = Table(
    "stay",
    "One row per place and class within an encounter. Cancelled stays are kept and marked.",
    (
        Column("encounter_id", "text", "Encounter, care.encounter.", required=True),
        Column(
            "ordinal", "integer", "Its number in the encounter, by time, from 1.", required=True
        ),
        PATIENT,
        MODE,
        Column("facility", "text", "Facility; null: no place was stated."),
        Column("unit", "text", "Unit (point of care), as sent; null: not stated, or part2."),
        Column("room", "text", "Room, as sent; null: not stated, or part2."),
        Column("bed", "text", "Bed, as sent; null: not stated, or part2."),
        Column("building", "text", "Building, as sent; null: not stated, or part2."),
        Column("floor", "text", "Floor, as sent; null: not stated, or part2."),
        Column("place_ref", "text", "Keyed hash of the place; null: not stated."),
        Column("is_part2", "boolean", "42 CFR Part 2 covers the unit.", required=True),
        Column("class_code", "text", "Class during the stay, HL7 v3 ActCode.", required=True),
        Column("started_at", "timestamptz", "From when; null: not known."),
        Column("ended_at", "timestamptz", "Until when; null: still there, or not known."),
        Column("is_cancelled", "boolean", "Only cancelled statements state it.", required=True),
        Column("statement_ref", "text", "Statement that states it, care.entry.", required=True),
        Column(
            "start_precision", "text", "How precisely the start is stated; null: it is not known."
        ),
        Column("end_precision", "text", "How precisely the end is stated; null: there is no end."),
        FLAGS,
        Column("event_id", "text", "Event of that statement.", "arrival"),
        *ARRIVAL,
        COMPONENT,
        SEALED,
    ),
    key=("encounter_id", "ordinal"),
    indexes=(("patient_id",), ("component",)),
)

ENTRY: Final = Table(
    "entry",
    "One row per statement: what it states, when, and its effect.",
    (
        Column("statement_ref", "text", "Keyed hash of the statement.", required=True),
        PATIENT,
        Column("record_id", "text", "Source record under which it was filed.", required=True),
        MODE,
        Column("ordinal", "integer", "Its number for the patient, by time.", required=True),
        Column("encounter_id", "text", "Encounter that it belongs to, care.encounter; null: none."),
        Column("kind", "text", "What it states: its topic without the version.", required=True),
        Column("trigger_code", "text", "Trigger event, HL7 table 0003.", required=True),
        Column("happened_at", "timestamptz", "When it happened; null: not stated."),
        Column("is_inferred", "boolean", "The time is from EVN-2 or MSH-7.", required=True),
        Column(
            "happened_precision",
            "text",
            "How precisely the time is stated: year, month, day, hour, minute or second; null: not"
            " stated.",
        ),
        Column("is_voided", "boolean", "A later message cancelled it.", required=True),
        Column("voided_by_ref", "text", "Statement that cancelled it, care.entry; null: none."),
        Column(
            "superseded_by_ref",
            "text",
            "Statement that counts instead: of a resend the first one, of a discharge the one whose"
            " time holds now; null: none.",
        ),
        Column("sent_at", "timestamptz", "When it was sent, MSH-7; null: not stated."),
        Column("sender", "text", "Sending facility, MSH-4.", required=True),
        Column("control_id", "text", "Message control id, MSH-10.", required=True),
        Column("class_code", "text", "Class stated, HL7 v3 ActCode.", required=True),
        Column("facility", "text", "Facility of the place stated; null: no place was stated."),
        Column("unit", "text", "Unit stated; null: not stated, or part2."),
        Column("room", "text", "Room stated; null: not stated, or part2."),
        Column("bed", "text", "Bed stated; null: not stated, or part2."),
        Column("building", "text", "Building stated; null: not stated, or part2."),
        Column("floor", "text", "Floor stated; null: not stated, or part2."),
        Column("is_part2", "boolean", "42 CFR Part 2 covers the unit.", required=True),
        Column("merged_record_id", "text", "Record that it merges into its own; null: none."),
        Column(
            "disposition_code",
            "text",
            "Discharge disposition, FHIR code; empty: not stated.",
            required=True,
        ),
        FLAGS,
        Column("event_id", "text", "Event of the statement.", "arrival"),
        Column("message_id", "text", "Message received that states it.", "arrival"),
        *ARRIVAL,
        COMPONENT,
        SEALED,
    ),
    key=("statement_ref",),
    indexes=(("patient_id",), ("component",), ("encounter_id",), ("event_id",)),
)

#: A message that is read again may give a statement another ref. All columns are of arrival: a home
#: that has only the later reading has no such row.
FORMER_REF: Final = Table(
    "former_ref",
    "One row per ref that an earlier reading of a message gave to a statement.",
    (
        Column("alias", "text", "The ref of the earlier reading.", "arrival", True),
        Column("statement_ref", "text", "Ref of the statement now, care.entry.", "arrival", True),
        Column("encounter_id", "text", "Encounter of the statement; null: none.", "arrival"),
        Column("patient_id", "text", "Its patient.", "arrival", True),
        Column("mode", "text", "Processing mode, HL7 table 0103: P, T or D.", "arrival", True),
        COMPONENT,
    ),
    key=("alias", "statement_ref"),
    indexes=(("component",),),
    published=False,
)

#: Facility, unit, room, bed, building and floor of a place.
PlaceColumns: TypeAlias = tuple[
    str | None, str | None, str | None, str | None, str | None, str | None
]

_NUMBERS: Final = frozenset[SegmentClass]({"identifiers"})


def rows(interpreted: Component, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component, by table."""
    encounters: list[Row] = []
    stays: list[Row] = []
    entries: list[Row] = []
    former: list[Row] = []
    for patient in interpreted.patients:
        belongs: dict[StatementRef, EncounterId] = {}
        for ordinal, encounter in enumerate(patient.encounters, start=1):
            encounters.append(_encounter(interpreted, patient, ordinal, encounter))
            for number, stay in enumerate(encounter.stays, start=1):
                stays.append(_stay(interpreted, patient, encounter, number, stay))
            belongs |= dict.fromkeys(encounter.statements, encounter.encounter_id)
        for ordinal, entry in enumerate(patient.entries, start=1):
            entries.append(_entry(interpreted, patient, ordinal, entry, belongs))
        if interpreted.former:
            former += _former_refs(interpreted, patient, belongs)
    return {"encounter": encounters, "stay": stays, "entry": entries, "former_ref": former}


def _former_refs(
    interpreted: Component, patient: Patient, belongs: dict[StatementRef, EncounterId]
) -> list[Row]:
    return [
        (
            alias,
            entry.statement,
            belongs.get(entry.statement, entry.encounter_id),
            patient.patient_id,
            patient.mode,
            interpreted.component,
        )
        for entry in patient.entries
        for alias in interpreted.former.get(entry.statement, ())
    ]


def _encounter(interpreted: Component, patient: Patient, ordinal: int, encounter: Encounter) -> Row:
    behind = [interpreted.filed[ref] for ref in encounter.statements]
    known = arrival(behind)
    return (
        encounter.encounter_id,
        patient.patient_id,
        encounter.record,
        encounter.mode,
        ordinal,
        encounter.namespace,
        encounter.facility,
        encounter.visit,
        encounter.class_code,
        encounter.class_as_sent,
        encounter.status,
        encounter.start,
        encounter.end,
        encounter.start_inferred,
        encounter.end_inferred,
        encounter.cancelled,
        encounter.disposition_code,
        encounter.planned_for,
        precision_of(encounter.planned_for, encounter.planned_precision),
        precision_of(encounter.start, encounter.start_precision),
        precision_of(encounter.end, encounter.end_precision),
        encounter.flags,
        known.source_position,
        known.first_known_at,
        known.last_changed_at,
        interpreted.component,
        _visit_number(encounter, behind),
    )


def _visit_number(encounter: Encounter, behind: Sequence[FiledStatement]) -> str | None:
    """Copy the segment with the visit number, of the last statement sent that states it."""
    if encounter.visit is None:
        return None
    for one in reversed(behind):
        if one.statement.visit == encounter.visit:
            return write_copies(copies(one, _NUMBERS, one.statement.record))
    return None


def _stay(
    interpreted: Component, patient: Patient, encounter: Encounter, number: int, stay: Stay
) -> Row:
    place, class_code, start, end, cancelled, statement, flags, start_precision, until = stay
    one = interpreted.filed[statement]
    return (
        encounter.encounter_id,
        number,
        patient.patient_id,
        encounter.mode,
        *place_columns(place),
        None if place is None else place.ref,
        place is not None and place.part2,
        class_code,
        start,
        end,
        cancelled,
        statement,
        precision_of(start, start_precision),
        precision_of(end, until),
        flags,
        one.event_id,
        one.index,
        one.recorded_at,
        one.recorded_at,
        interpreted.component,
        write_copies(place_copies(place, interpreted.filed, (statement,), encounter.statements)),
    )


def _entry(
    interpreted: Component,
    patient: Patient,
    ordinal: int,
    entry: Entry,
    belongs: dict[StatementRef, EncounterId],
) -> Row:
    ref, happened_at, inferred, encounter_id, voided_by, superseded_by, precision, _, flags = entry
    one = interpreted.filed[ref]
    statement = one.statement
    place = statement.place
    return (
        ref,
        patient.patient_id,
        statement.record,
        statement.mode,
        ordinal,
        belongs.get(ref, encounter_id),
        one.topic.rpartition(".")[0],
        statement.trigger,
        happened_at,
        inferred,
        precision_of(happened_at, precision),
        voided_by is not None,
        voided_by,
        superseded_by,
        None if statement.sent is None else statement.sent.at,
        statement.sender,
        statement.control_id,
        statement.class_code,
        *place_columns(place),
        place is not None and place.part2,
        statement.merged,
        statement.disposition_code,
        tuple(dict.fromkeys((*flags, *statement.flags))) if flags else statement.flags,
        one.event_id,
        one.message_id,
        one.index,
        one.recorded_at,
        one.recorded_at,
        interpreted.component,
        write_copies(place_copies(place, interpreted.filed, (ref,))),
    )


def precision_of(at: datetime | None, precision: Precision) -> Precision | None:
    """Return how precisely a time is stated; None if there is no time."""
    return None if at is None else precision


def place_columns(place: Place | None) -> PlaceColumns:
    """Return facility, unit, room, bed, building and floor of a place."""
    if place is None:
        return (None, None, None, None, None, None)
    return (place.facility, place.unit, place.room, place.bed, place.building, place.floor)


CLASS_SYSTEM: Final = ExtraColumn(
    "class_system",
    "'http://terminology.hl7.org/CodeSystem/v3-ActCode'::text",
    "Code system of the class.",
)
_DURING: Final = ExtraColumn(
    "valid_during",
    "case when ended_at is null or started_at is null or started_at <= ended_at"
    " then tstzrange(started_at, ended_at) end",
    "From start to end as a range; null where the end stated precedes the start.",
)

#: The id of an encounter is the ref of the statement that was sent first. If an earlier statement
#: arrives, the id changes, and the id that was given out before is an alias of the new one.
_ALIASES: Final = QueryView(
    name="encounter_alias",
    query="select statement_ref as alias, encounter_id, patient_id, mode"
    " from proj.entry where encounter_id is not null"
    " union all select alias, encounter_id, patient_id, mode"
    " from proj.former_ref where encounter_id is not null",
    tables=(ENTRY, FORMER_REF),
    comment="One row per alias of an encounter: an id that it has or had finds it permanently.",
    columns={
        "alias": "Ref of any statement of the encounter.",
        "encounter_id": "Id of the encounter now, care.encounter.",
        "patient_id": "Its patient, care.patient.",
    },
)

PROJECTION: Final = Projection(
    name="timeline",
    version=8,
    tables=(ENCOUNTER, STAY, ENTRY, FORMER_REF),
    fold=ByComponent(rows=rows),
    views=(
        TableView("encounter", ENCOUNTER, PRODUCTION, (CLASS_SYSTEM, _DURING)),
        TableView("stay", STAY, PRODUCTION, (CLASS_SYSTEM, _DURING)),
        TableView("entry", ENTRY, PRODUCTION, (CLASS_SYSTEM,)),
        _ALIASES,
    ),
)
