"""Write and read access records: who read data of which patient, why, and through which route."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from psycopg import Connection
from psycopg.rows import class_row

AccessKind: TypeAlias = Literal["read", "exported", "emergency_access_taken", "reviewed"]
Interface: TypeAlias = Literal["api", "page", "cli"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """One request that read data of patients."""

    access_id: str
    kind: AccessKind = "read"
    issuer: str
    subject: str
    role: str
    purpose: str
    reason: str = ""  # code; empty: the patient was in the care of the subject
    relation: str = ""  # why the subject may read the patient: panel, team, reason, all, core
    interface: Interface
    route: str  # as documented, without ids
    patients: Sequence[str]  # their ids at that time


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccess(AccessRecord):
    """An access record with the time at which it was written."""

    recorded_at: datetime


def write(connection: Connection[Any], record: AccessRecord) -> None:
    """Write an access record. It is durable when this returns.

    Raises:
        psycopg.Error: It could not be written, so the data must not be shown.
    """
    connection.execute(
        _INSERT,
        (
            record.access_id, record.kind, record.issuer, record.subject, record.role,
            record.purpose, record.reason, record.relation, record.interface, record.route,
            list(record.patients),
        ),
    )  # fmt: skip


def accesses(
    connection: Connection[Any],
    patient_ids: Sequence[str],
    *,
    before: str = "",
    limit: int = 1000,
) -> list[StoredAccess]:
    """Return the access records of a patient, the newest first.

    Args:
        connection: The connection of the caller.
        patient_ids: The ids that the patient has or had: all source records of the patient.
        before: If given, only records before the one with this id.
        limit: The largest number of records.
    """
    with connection.cursor(row_factory=class_row(StoredAccess)) as cursor:
        return cursor.execute(
            _OF_PATIENT,
            {"ids": list(patient_ids), "before": before or None, "limit": limit},
        ).fetchall()


_INSERT: Final = """
    insert into access.record (
        access_id, kind, issuer, subject, role, purpose, reason, relation, interface, route,
        patients
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::uuid[])
"""
_OF_PATIENT: Final = """
    select access_id::text, recorded_at, kind, issuer, subject, role, purpose, reason, relation,
        interface, route, patients::text[] as patients
    from access.record
    where patients && %(ids)s::uuid[]
        and (%(before)s::uuid is null or access_id < %(before)s::uuid)
    order by access_id desc limit %(limit)s
"""
