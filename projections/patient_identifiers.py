"""The identifiers of each patient, and the patients behind an identifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from domain.continuity import Patient
from domain.ids import PatientId, RecordId
from projections.engine.columns import COMPONENT, MODE
from projections.engine.component import Component
from projections.engine.events import FiledStatement
from projections.engine.table import Column, Row, Table

IDENTIFIER: Final = Table(
    "identifier",
    "One row per patient and identifier. Each identifier finds the patient.",
    (
        Column("patient_id", "text", "The patient.", required=True),
        Column(
            "ref",
            "text",
            "Keyed hash of the identifier; of PID-3 and MRG-1 the record id.",
            required=True,
        ),
        Column(
            "field", "text", "Field that states it: PID-3, PID-18, ...; or record.", required=True
        ),
        Column("authority", "text", "Assigning authority, after aliases.", required=True),
        Column("type_code", "text", "Identifier type, HL7 table 0203.", required=True),
        MODE,
        Column("is_trusted", "boolean", "The profile trusts it across senders.", required=True),
        COMPONENT,
    ),
    key=("patient_id", "ref", "field"),
    indexes=(("ref",), ("component",), ("authority",)),
)


def identifier_rows(
    interpreted: Component, patient: Patient, known: Mapping[RecordId, Sequence[FiledStatement]]
) -> list[Row]:
    """Return the identifiers of a patient.

    Args:
        interpreted: The component of the patient.
        patient: The patient.
        known: The statements that name each of its records.
    """
    found: dict[tuple[str, str], Row] = {}
    # The statement that was sent last is read first. A number repeats in nearly every statement.
    for record, filed in reversed(list(known.items())):
        for one in reversed(filed):
            if one.statement.record != record:
                continue
            for each in reversed(one.statement.identifiers):
                key = each.ref, each.field
                if key in found or each.placeholder or each.field.startswith("MRG"):
                    continue
                found[key] = (
                    patient.patient_id,
                    each.ref,
                    each.field,
                    each.authority,
                    each.type,
                    patient.mode,
                    each.trusted,
                    interpreted.component,
                )
    for record in patient.records:  # also a record that only a merge names
        found.setdefault(
            (record, "record"),
            (
                patient.patient_id,
                record,
                "record",
                "",
                "",
                patient.mode,
                False,
                interpreted.component,
            ),
        )
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierRow:
    """One identifier of a patient: its ref, not its value."""

    patient_id: PatientId
    ref: str
    authority: str
    type_code: str
    is_trusted: bool


def of_refs(connection: Connection[Any], refs: Sequence[str]) -> list[tuple[str, str, PatientId]]:
    """Return (ref, mode, patient) of the identifiers with one of these refs."""
    return connection.execute(
        "select distinct ref, mode, patient_id from proj.identifier where ref = any(%s)"
        " order by 1, 2, 3",
        (list(refs),),
    ).fetchall()


def authorities(connection: Connection[Any]) -> list[str]:
    """Return all assigning authorities that identifiers are of.

    The next one after each is read from the index, because there are few of them.
    """
    rows = connection.execute(
        """
        with recursive found(authority) as (
            (select min(authority) from proj.identifier where authority > '')
            union all
            select (select min(authority) from proj.identifier where authority > found.authority)
            from found where found.authority is not null
        )
        select authority from found where authority is not null
        """
    ).fetchall()
    return [name for (name,) in rows]


def of_patients(connection: Connection[Any], ids: Sequence[str]) -> list[IdentifierRow]:
    """Return the identifiers of these patients."""
    with connection.cursor(row_factory=class_row(IdentifierRow)) as cursor:
        return cursor.execute(
            """
            select patient_id, ref, max(authority) as authority, max(type_code) as type_code,
                bool_or(is_trusted) as is_trusted
            from proj.identifier where patient_id = any(%s) group by patient_id, ref
            """,
            (list(ids),),
        ).fetchall()
