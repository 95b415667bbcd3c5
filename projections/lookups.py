"""Queries over all read models: what the command line and the pages ask.

They read the views of schema ``proj``, so that they see whichever version is published, test
records included. Sealed columns come back as they are; the application opens them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from psycopg import Connection
from psycopg.rows import class_row

from domain.ids import EncounterId, EventId, MessageId, PatientId, RecordId, StatementRef
from domain.statement import EncounterClass

#: What is asked with; nothing else of the driver reaches the caller.
Database: TypeAlias = Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An event of the log: its index, and when it was recorded."""

    index: int
    recorded_at: datetime | None  # None: the log is empty


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRow:
    """One row of ``proj.patient`` that has not retired."""

    patient_id: PatientId
    mode: str
    record_ids: list[RecordId]
    last_kind: str | None
    last_happened_at: datetime | None
    last_facility: str | None
    open_encounter_id: EncounterId | None
    open_class_code: EncounterClass | None
    facility: str | None
    unit: str | None
    room: str | None
    bed: str | None
    is_part2: bool
    open_since_at: datetime | None
    last_changed_at: datetime
    sealed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierRow:
    """One identifier of a patient: its ref, not its value."""

    patient_id: PatientId
    ref: str
    authority: str
    type_code: str
    is_trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One row of ``proj.audit_trail``."""

    source_position: int
    event_id: EventId
    topic: str
    record_id: RecordId
    subject_ids: list[RecordId]
    statement_ref: StatementRef | None
    mode: str | None
    trigger_code: str | None
    application: str | None
    sender: str | None
    control_id: str | None
    facility: str
    happened_at: datetime | None
    stated_at: datetime | None
    recorded_at: datetime
    actor_kind: str
    actor_issuer: str
    actor_subject: str
    actor_role: str
    message_id: MessageId | None
    mapping_version: str
    profile_version: str
    flags: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusRow:
    """One row of ``proj.census``."""

    encounter_id: EncounterId
    patient_id: PatientId
    mode: str
    facility: str
    unit: str | None
    room: str | None
    bed: str | None
    place_ref: str | None
    is_part2: bool
    class_code: EncounterClass
    since_at: datetime | None
    started_at: datetime | None
    visit_ref: str | None
    flags: list[str]
    last_changed_at: datetime
    sealed: str | None


_EVENT: Final = """
    select source_position, event_id, topic, record_id, subject_ids, statement_ref, mode,
        trigger_code, application, sender, control_id, facility, happened_at, stated_at,
        recorded_at, actor_kind, actor_issuer, actor_subject, actor_role, message_id,
        mapping_version, profile_version, flags
    from proj.audit_trail
"""
_PATIENT: Final = """
    select patient_id, mode, record_ids, last_kind, last_happened_at, last_facility,
        open_encounter_id, open_class_code, facility, unit, room, bed, is_part2, open_since_at,
        last_changed_at, sealed
    from proj.patient
"""


def latest(connection: Database) -> Position:
    """Return the last event projected."""
    row = connection.execute(
        "select source_position, recorded_at from proj.audit_trail"
        " order by source_position desc limit 1"
    ).fetchone()
    return (
        Position(index=row[0], recorded_at=row[1]) if row else Position(index=0, recorded_at=None)
    )


def known_at(connection: Database, at: int | datetime) -> Position:
    """Return the last event recorded up to an index or an instant; index 0 where there is none."""
    index, instant = (at, None) if isinstance(at, int) else (None, at)
    row = connection.execute(
        "select source_position, recorded_at from proj.audit_trail"
        " where (%s::bigint is null or source_position <= %s)"
        " and (%s::timestamptz is null or recorded_at <= %s)"
        " order by source_position desc limit 1",
        (index, index, instant, instant),
    ).fetchone()
    return (
        Position(index=row[0], recorded_at=row[1]) if row else Position(index=0, recorded_at=None)
    )


def records_of_refs(connection: Database, refs: Sequence[str]) -> list[tuple[str, str, PatientId]]:
    """Return (ref, mode, patient) of the identifiers with one of these refs."""
    return connection.execute(
        "select distinct ref, mode, patient_id from proj.identifier where ref = any(%s)"
        " order by 1, 2, 3",
        (list(refs),),
    ).fetchall()


def patient_behind(connection: Database, opaque: str) -> PatientId | None:
    """Return the patient behind any opaque id: patient, record, encounter, statement, event."""
    row = connection.execute(
        """
        select coalesce(merged_into_id, patient_id), 1 as rank from proj.patient
            where patient_id = %(id)s
        union all select patient_id, 2 from proj.identifier where ref = %(id)s
        union all select patient_id, 3 from proj.encounter where encounter_id = %(id)s
        union all select patient_id, 4 from proj.entry
            where statement_ref = %(id)s or event_id = %(id)s
        order by 2, 1 limit 1
        """,
        {"id": opaque},
    ).fetchone()
    return PatientId(row[0]) if row else None


def authorities(connection: Database) -> list[str]:
    """Return every assigning authority of an identifier known."""
    rows = connection.execute(
        "select distinct authority from proj.identifier where authority <> '' order by 1"
    ).fetchall()
    return [name for (name,) in rows]


def count_patients(connection: Database) -> tuple[int, int]:
    """Return how many patients there are, and of how many source records."""
    row = connection.execute(
        "select count(*), coalesce(sum(cardinality(record_ids)), 0)::bigint"
        " from proj.patient where merged_into_id is null"
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def patients(
    connection: Database,
    *,
    after: tuple[datetime | None, str] | None,
    limit: int,
    modes: Sequence[str] | None = None,
    open_stay: bool | None = None,
) -> list[PatientRow]:
    """Return patients, the last thing that happened first; ``after``: where the page before ended.

    Patients of whom no time is known come last. ``modes``: only of these; ``open_stay``: only
    those that have one, or have none.
    """
    at, patient_id = after or (None, None)
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        return cursor.execute(
            _PATIENT
            + """
            where merged_into_id is null and (
                %(id)s::text is null
                or (coalesce(last_happened_at, '-infinity'), patient_id)
                    < (coalesce(%(at)s::timestamptz, '-infinity'), %(id)s)
            )
            and (%(modes)s::text[] is null or mode = any(%(modes)s))
            and (%(open)s::boolean is null or (open_encounter_id is not null) = %(open)s)
            order by coalesce(last_happened_at, '-infinity') desc, patient_id desc limit %(limit)s
            """,
            {
                "at": at,
                "id": patient_id,
                "limit": limit,
                "modes": None if modes is None else list(modes),
                "open": open_stay,
            },
        ).fetchall()


def patients_by_id(connection: Database, ids: Sequence[str]) -> list[PatientRow]:
    """Return the rows of these patients, the last thing that happened first."""
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        return cursor.execute(
            _PATIENT
            + " where merged_into_id is null and patient_id = any(%s)"
            + " order by coalesce(last_happened_at, '-infinity') desc, patient_id desc",
            (list(ids),),
        ).fetchall()


def patients_with_tokens(
    connection: Database, wanted: Sequence[Sequence[str]], *, limit: int
) -> list[PatientRow]:
    """Return patients that have, of each group in ``wanted``, one of its tokens."""
    ids: set[str] | None = None
    for group in wanted:
        rows = connection.execute(
            "select distinct patient_id from proj.token where token = any(%s)", (list(group),)
        ).fetchall()
        found = {patient_id for (patient_id,) in rows}
        ids = found if ids is None else ids & found
        if not ids:
            return []
    return patients_by_id(connection, sorted(ids or ()))[:limit]


def identifiers(connection: Database, ids: Sequence[str]) -> list[IdentifierRow]:
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


def census(connection: Database, *, facility: str | None = None) -> list[CensusRow]:
    """Return who is where now."""
    with connection.cursor(row_factory=class_row(CensusRow)) as cursor:
        return cursor.execute(
            """
            select encounter_id, patient_id, mode, facility, unit, room, bed, place_ref, is_part2,
                class_code, since_at, started_at, visit_ref, flags, last_changed_at, sealed
            from proj.census where %(facility)s::text is null or facility = %(facility)s
            order by facility, unit, room, bed, encounter_id
            """,
            {"facility": facility},
        ).fetchall()


def components_before(connection: Database, *, at: datetime | None, upto: int | None) -> list[str]:
    """Return the components that may have somebody in the census at ``at``, as known at ``upto``.

    Those of which something had happened by then and was recorded by then; without those that are
    over: nothing was recorded later, every time stated is earlier, and nobody is there now.
    """
    rows = connection.execute(
        """
        select c.component
        from proj.component as c
        join proj.statement as s on s.record_id = c.node
        group by c.component
        having bool_or(
                (%(at)s::timestamptz is null or s.earliest_at is null or s.earliest_at <= %(at)s)
                and (%(upto)s::bigint is null or s.source_position <= %(upto)s)
            )
            and (
                max(s.source_position) > %(upto)s
                or bool_or(s.latest_at is null or s.latest_at >= %(at)s)
                or exists (select from proj.census as p where p.component = c.component)
            )
        order by 1
        """,
        {"at": at, "upto": upto},
    ).fetchall()
    return [name for (name,) in rows]


def numbers_of_two(connection: Database) -> list[tuple[str, PatientId, EncounterId]]:
    """Return (visit ref, patient, encounter) where one visit number stands on two patients."""
    return connection.execute(
        "select shared_ref, patient_id, encounter_id from proj.clash"
        " where kind = 'number_of_two' order by 1, 2, 3"
    ).fetchall()


def event(connection: Database, opaque: str) -> EventRow | None:
    """Return the event with this id, or the first one of the statement with this ref."""
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        return cursor.execute(
            _EVENT
            + " where event_id = %(id)s or statement_ref = %(id)s order by source_position limit 1",
            {"id": opaque},
        ).fetchone()


def events_of_message(connection: Database, message_id: str) -> list[EventRow]:
    """Return the events that a received message caused."""
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        return cursor.execute(
            _EVENT + " where message_id = %s order by source_position", (message_id,)
        ).fetchall()


def trail(
    connection: Database, *, records: Sequence[RecordId] | None, after: int, limit: int
) -> list[EventRow]:
    """Return events behind an index, those that concern one of ``records`` or all, in order."""
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        return cursor.execute(
            _EVENT + " where source_position > %(after)s"
            " and (%(records)s::text[] is null or subject_ids && %(records)s::text[])"
            " order by source_position limit %(limit)s",
            {
                "records": list(records) if records is not None else None,
                "after": after,
                "limit": limit,
            },
        ).fetchall()


def retired_into(connection: Database, ids: Sequence[str]) -> set[str]:
    """Return the records that retired into one of these patients."""
    rows = connection.execute(
        "select patient_id from proj.patient where merged_into_id = any(%s)", (list(ids),)
    ).fetchall()
    return {record for (record,) in rows}


def retired(connection: Database) -> list[tuple[PatientRow, PatientId]]:
    """Return the records that retired, each with the patient it retired into."""
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        rows = cursor.execute(
            _PATIENT + " where merged_into_id is not null order by patient_id"
        ).fetchall()
    into: dict[str, PatientId] = dict(
        connection.execute(
            "select patient_id, merged_into_id from proj.patient where merged_into_id is not null"
        ).fetchall()
    )
    return [(row, into[row.patient_id]) for row in rows if row.patient_id in into]
