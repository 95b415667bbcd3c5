"""Where each patient was, in all facilities: encounters, their stays, and the entries.

Rows hold refs and codes in clear. Visit numbers and the places of part2 units are sealed: their
segments are copied as they are stored, and the application opens them.
"""

from typing import Final

from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT, SEALED
from projections.engine.projection import ByComponent, Projection
from projections.engine.table import Column, Table
from projections.engine.views import PRODUCTION, ExtraColumn, QueryView, TableView
from projections.timeline_rows import rows

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
    version=9,
    tables=(ENCOUNTER, STAY, ENTRY, FORMER_REF),
    fold=ByComponent(rows=rows),
    views=(
        TableView("encounter", ENCOUNTER, PRODUCTION, (CLASS_SYSTEM, _DURING)),
        TableView("stay", STAY, PRODUCTION, (CLASS_SYSTEM, _DURING)),
        TableView("entry", ENTRY, PRODUCTION, (CLASS_SYSTEM,)),
        _ALIASES,
    ),
)
