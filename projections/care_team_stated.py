"""The care team as the hospital states it: who has which role for a patient, and when.

It is apart from the care team that people keep by commands (``care_team_member``).
"""

from typing import Final

from domain.continuity import Patient
from domain.ids import StatementRef
from domain.interpretation import ROLE_WORDS, StatedMember, stated_team
from domain.statement import Statement
from projections.engine.columns import ARRIVAL, COMPONENT, MODE, PATIENT
from projections.engine.component import Component, arrival
from projections.engine.projection import ByComponent, Projection
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView

CARE_TEAM_STATED: Final = Table(
    "care_team_stated",
    "One row per period of a practitioner in a role, as the hospital states it.",
    (
        PATIENT,
        Column("number", "integer", "Its number for the patient, from 1.", required=True),
        MODE,
        Column(
            "encounter_id",
            "text",
            "Encounter in which the role holds, care.encounter; null: it holds for the person.",
        ),
        Column(
            "facility",
            "text",
            "Facility of the encounter; of a role for the person, the namespace of the sender.",
            required=True,
        ),
        Column(
            "role",
            "text",
            "attending, referring, consultant, admitting or primary_care; null: see role_code.",
        ),
        Column(
            "role_code", "text", "HL7 table 0443; of ROL and PRT, the code as sent.", required=True
        ),
        Column(
            "practitioner_ref",
            "text",
            "Keyed hash of the practitioner's number, else of the name.",
            required=True,
        ),
        Column("since", "timestamptz", "Beginning of the period; null: not known."),
        Column("since_precision", "text", "How precisely that is stated; null: it is not known."),
        Column("until", "timestamptz", "End of the period; null: it goes on."),
        Column("until_precision", "text", "How precisely that is stated; null: it goes on."),
        Column("stated_in", "text", "Field that states it first, such as PV1-7.", required=True),
        Column(
            "statement_ref", "text", "Statement that states it first, care.entry.", required=True
        ),
        Column(
            "ended_by_ref",
            "text",
            "Statement that ends it, care.entry; null: it goes on, or ends with the stay.",
        ),
        *ARRIVAL,
        COMPONENT,
    ),
    key=("patient_id", "number"),
    indexes=(("component",), ("encounter_id",), ("practitioner_ref",)),
)


def rows(interpreted: Component, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""

    def statement_of(ref: StatementRef) -> Statement:
        return interpreted.filed[ref].statement

    return {
        CARE_TEAM_STATED.name: [
            _row(interpreted, patient, number, each)
            for patient in interpreted.patients
            for number, each in enumerate(stated_team(patient, statement_of), start=1)
        ]
    }


def _row(interpreted: Component, patient: Patient, number: int, each: StatedMember) -> Row:
    behind = [interpreted.filed[ref] for ref in (each.statement, each.ended_by) if ref]
    known = arrival(behind)
    return (
        patient.patient_id,
        number,
        patient.mode,
        each.encounter_id,
        each.facility,
        ROLE_WORDS.get(each.role),
        each.role,
        each.practitioner,
        each.since,
        None if each.since is None else each.since_precision,
        each.until,
        None if each.until is None else each.until_precision,
        each.field,
        each.statement,
        each.ended_by,
        known.source_position,
        known.first_known_at,
        known.last_changed_at,
        interpreted.component,
    )


PROJECTION: Final = Projection(
    name="care_team_stated",
    version=1,
    tables=(CARE_TEAM_STATED,),
    fold=ByComponent(rows=rows),
    views=(TableView("care_team_stated", CARE_TEAM_STATED, PRODUCTION),),
)
