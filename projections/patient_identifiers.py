"""The identifiers of each patient, and the patients behind an identifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from domain.continuity import Patient
from domain.ids import PatientId, RecordId
from domain.statement import IdentifierRef
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
        last: Sequence[IdentifierRef] = ()
        for one in reversed(filed):
            identifiers = one.statement.identifiers
            if one.statement.record != record or identifiers == last:
                continue
            last = identifiers
            for each in reversed(identifiers):
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


_NUMBER: Final = 2  # the rank of the refs of numbers in the query of ``of_opaque_id``


def of_opaque_id(connection: Connection[Any], opaque: str) -> list[PatientId]:
    """Return the patient that an opaque id names; if it is the ref of a number, all its patients.

    An opaque id names a patient, a source record, an encounter, a statement, an own stream such as
    a referral, or an event. The ref of any statement of an encounter is an alias of its id.
    """
    rows = connection.execute(
        """
        select coalesce(merged_into_id, patient_id), 1 as rank from proj.patient
            where patient_id = %(id)s
        union all select patient_id, 2 from proj.identifier where ref = %(id)s
        union all select patient_id, 3 from proj.encounter where encounter_id = %(id)s
        union all select patient_id, 4 from proj.entry
            where statement_ref = %(id)s or event_id = %(id)s
        union all select patient_id, 4 from proj.former_ref where alias = %(id)s
        union all (
            select i.patient_id, 5 from proj.audit_trail as a
            join proj.identifier as i on i.ref = any(a.subject_ids)
            where a.record_id = %(id)s limit 1
        )
        union all select i.patient_id, 6 from proj.audit_trail as a
            join proj.identifier as i on i.ref = any(a.subject_ids) where a.event_id = %(id)s
        order by 2, 1
        """,
        {"id": opaque},
    ).fetchall()
    if rows and rows[0][1] == _NUMBER:
        return list(dict.fromkeys(patient for patient, rank in rows if rank == _NUMBER))
    return [patient for patient, _ in rows[:1]] or _read_again(connection, opaque)


def _read_again(connection: Connection[Any], opaque: str) -> list[PatientId]:
    """Return the patient of a record or event that a later reading moved to another record."""
    rows = connection.execute(
        """
        select i.patient_id from proj.audit_trail as a
        join proj.audit_trail as later using (message_id)
        join proj.identifier as i on i.ref = any(later.subject_ids)
        where a.record_id = %(id)s or a.event_id = %(id)s
        order by a.source_position, later.source_position desc limit 1
        """,
        {"id": opaque},
    ).fetchall()
    return [patient for (patient,) in rows]


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
