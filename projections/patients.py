"""Who is known: identifiers, demographics, last event, open stay; found by identifier and by name.

Names are found over keyed tokens of name parts, of their three-letter beginnings and of the birth
date. Tokens are made where the segment is opened, stand here alone and are never published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from domain.body import SegmentClass
from domain.continuity import Patient
from domain.ids import EncounterId, PatientId, RecordId
from domain.segments import Demographics
from domain.statement import EncounterClass, Statement
from projections.census import open_places
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, SEALED
from projections.engine.component import Component, arrival, sent_order
from projections.engine.copies import CopiedSegment, copies, part2_copies, write_copies
from projections.engine.events import FiledStatement, records_named
from projections.engine.projection import ByComponent, Projection
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView
from projections.patient_tokens import searchable
from projections.timeline import place_columns

PATIENT: Final = Table(
    "patient",
    "One row per patient, and per record that retired into one.",
    (
        Column("patient_id", "text", "The patient, or the record that retired.", required=True),
        Column("merged_into_id", "text", "The patient that it retired into; null: not retired."),
        MODE,
        Column("record_ids", "text[]", "Source records that answer with it.", required=True),
        Column(
            "encounter_count", "integer", "Its encounters, cancelled ones left out.", required=True
        ),
        Column("last_kind", "text", "What was said last: topic without its version."),
        Column("last_happened_at", "timestamptz", "When that happened; null: not stated."),
        Column("last_facility", "text", "Facility of what was said last."),
        Column("open_encounter_id", "text", "Open stay, care.census; null: none."),
        Column("open_class_code", "text", "Its class, HL7 v3 ActCode."),
        Column("facility", "text", "Facility of the open stay."),
        Column("unit", "text", "Unit of the open stay; null: not stated, or part2."),
        Column("room", "text", "Room of the open stay; null: not stated, or part2."),
        Column("bed", "text", "Bed of the open stay; null: not stated, or part2."),
        Column("is_part2", "boolean", "42 CFR Part 2 covers the unit.", required=True),
        Column("open_since_at", "timestamptz", "In that place since."),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
        SEALED,
    ),
    key=("patient_id",),
    indexes=(("component",), ("last_changed_at", "patient_id"), ("merged_into_id",)),
)

IDENTIFIER: Final = Table(
    "identifier",
    "One row per patient and identifier: any of them finds the patient.",
    (
        Column("patient_id", "text", "The patient.", required=True),
        Column("ref", "text", "Keyed hash of the identifier; of PID-3 and MRG-1 the record id.",
               required=True),
        Column("field", "text", "Where it stood: PID-3, PID-18, MRG-1, ...", required=True),
        Column("authority", "text", "Assigning authority, after aliases.", required=True),
        Column("type_code", "text", "Identifier type, HL7 table 0203.", required=True),
        MODE,
        Column("is_trusted", "boolean", "The profile trusts it across senders.", required=True),
        COMPONENT,
    ),
    key=("patient_id", "ref", "field"),
    indexes=(("ref",), ("component",)),
)  # fmt: skip

TOKEN: Final = Table(
    "token",
    "One row per patient and searchable token; never published.",
    (
        Column("patient_id", "text", "The patient.", required=True),
        Column("token", "text", "Keyed hash of a name part, its beginning, or a birth date.",
               required=True),
        COMPONENT,
    ),
    key=("token", "patient_id"),
    indexes=(("component",),),
    published=False,
)  # fmt: skip

_NAMES: Final = frozenset[SegmentClass]({"demographics"})
_IDENTIFIERS: Final = frozenset[SegmentClass]({"identifiers"})

_decoder: Final = msgspec.json.Decoder(Demographics)


def rows(interpreted: Component, services: Services) -> dict[str, list[Row]]:
    """Return the rows of a component. Opens one demographics segment a patient, for its tokens."""
    about = _about(interpreted)
    found: dict[str, list[Row]] = {"patient": [], "identifier": [], "token": []}
    for patient in interpreted.patients:
        known = {record: about[record] for record in patient.records}
        retired = {merge.retired for merge in patient.merges} - {patient.patient_id}
        found["patient"].append(_patient(interpreted, patient, known))
        found["patient"] += [
            _retired(interpreted, patient, record, known[record])
            for record in patient.records
            if record in retired
        ]
        found["identifier"] += _identifiers(interpreted, patient, known)
        found["token"] += [
            (patient.patient_id, token, interpreted.component)
            for token in sorted(_tokens(known, services))
        ]
    return found


def _about(interpreted: Component) -> dict[RecordId, list[FiledStatement]]:
    """Return what names each record, in sent order."""
    found: dict[RecordId, list[FiledStatement]] = {}
    for one in sorted(interpreted.filed.values(), key=sent_order):
        for record in records_named(one.statement):
            found.setdefault(record, []).append(one)
    return found


def _patient(
    interpreted: Component, patient: Patient, known: dict[RecordId, list[FiledStatement]]
) -> Row:
    standing = [entry for entry in patient.entries if entry.voided_by is None]
    last = standing[-1] if standing else None
    said = None if last is None else interpreted.filed[last.statement]
    encounter, here = next(reversed(list(open_places(patient))), (None, None))
    place = None if here is None else here.place
    facility, unit, room, bed = place_columns(place)
    if facility is None and encounter is not None:
        facility = encounter.facility
    return (
        patient.patient_id,
        None,
        patient.mode,
        patient.records,
        sum(not one.cancelled for one in patient.encounters),
        None if said is None else said.topic.rpartition(".")[0],
        None if last is None else last.happened_at,
        None if said is None else _facility(said.statement),
        None if encounter is None else encounter.encounter_id,
        None if encounter is None else encounter.class_code,
        facility,
        unit,
        room,
        bed,
        place is not None and place.part2,
        None if encounter is None else encounter.start if here is None else here.start,
        patient.flags,
        *_arrival([one for filed in known.values() for one in filed]),
        interpreted.component,
        write_copies(
            [
                *_demographics(known),
                *(copy for record, filed in known.items() for copy in _numbers(record, filed)),
                *([] if here is None else part2_copies(interpreted.filed[here.statement], place)),
            ]
        ),
    )


def _retired(
    interpreted: Component, patient: Patient, record: RecordId, known: list[FiledStatement]
) -> Row:
    return (
        record,
        patient.patient_id,
        patient.mode,
        (record,),
        0,
        *(None,) * 9,  # what was said last, open stay
        False,
        None,
        (),
        *_arrival(known),
        interpreted.component,
        write_copies(_numbers(record, known)),
    )


def _arrival(known: Sequence[FiledStatement]) -> tuple[object, object, object]:
    summed = arrival(known)
    return (summed.source_position, summed.first_known_at, summed.last_changed_at)


def _facility(statement: Statement) -> str:
    return statement.namespace if statement.place is None else statement.place.facility


def _numbers(record: RecordId, known: Sequence[FiledStatement]) -> list[CopiedSegment]:
    """Copy the numbers of a record: of the statement sent last that has them."""
    return _last_copies(known, _IDENTIFIERS, record)


def _demographics(known: dict[RecordId, list[FiledStatement]]) -> list[CopiedSegment]:
    """Copy the demographics sent last of any of a patient's records."""
    own = {
        one.index: one for filed in known.values() for one in filed if one.statement.record in known
    }
    return _last_copies(sorted(own.values(), key=sent_order), _NAMES, None)


def _last_copies(
    known: Sequence[FiledStatement], wanted: frozenset[SegmentClass], subject: RecordId | None
) -> list[CopiedSegment]:
    for one in reversed(known):
        found = copies(one, wanted, one.statement.record if subject is None else subject)
        if found:
            return found
    return []


def _tokens(known: dict[RecordId, list[FiledStatement]], services: Services) -> set[str]:
    return {
        services.token(text)
        for copy in _demographics(known)
        for text in searchable(
            _decoder.decode(services.open_segment(copy.segment, copy.event_id, copy.topic))
        )
    }


def _identifiers(
    interpreted: Component, patient: Patient, known: dict[RecordId, list[FiledStatement]]
) -> list[Row]:
    found: dict[tuple[str, str], Row] = {}
    for record, filed in known.items():
        for one in filed:
            if one.statement.record != record:
                continue
            for each in one.statement.identifiers:
                if each.placeholder or each.field.startswith("MRG"):
                    continue
                found[each.ref, each.field] = (
                    patient.patient_id,
                    each.ref,
                    each.field,
                    each.authority,
                    each.type,
                    patient.mode,
                    each.trusted,
                    interpreted.component,
                )
    for record in patient.records:  # also those that only a merge names
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


PROJECTION: Final = Projection(
    name="patients",
    version=2,
    tables=(PATIENT, IDENTIFIER, TOKEN),
    fold=ByComponent(rows=rows),
    views=(
        TableView("patient", PATIENT, PRODUCTION),
        TableView("identifier", IDENTIFIER, PRODUCTION),
    ),
)


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


_PATIENT: Final = """
    select patient_id, mode, record_ids, last_kind, last_happened_at, last_facility,
        open_encounter_id, open_class_code, facility, unit, room, bed, is_part2, open_since_at,
        last_changed_at, sealed
    from proj.patient
"""


def of_refs(connection: Connection[Any], refs: Sequence[str]) -> list[tuple[str, str, PatientId]]:
    """Return (ref, mode, patient) of the identifiers with one of these refs."""
    return connection.execute(
        "select distinct ref, mode, patient_id from proj.identifier where ref = any(%s)"
        " order by 1, 2, 3",
        (list(refs),),
    ).fetchall()


def behind(connection: Connection[Any], opaque: str) -> PatientId | None:
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


def authorities(connection: Connection[Any]) -> list[str]:
    """Return every assigning authority of an identifier known."""
    rows = connection.execute(
        "select distinct authority from proj.identifier where authority <> '' order by 1"
    ).fetchall()
    return [name for (name,) in rows]


def count(connection: Connection[Any]) -> tuple[int, int]:
    """Return how many patients there are, and of how many source records."""
    row = connection.execute(
        "select count(*), coalesce(sum(cardinality(record_ids)), 0)::bigint"
        " from proj.patient where merged_into_id is null"
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def page(
    connection: Connection[Any],
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


def by_id(connection: Connection[Any], ids: Sequence[str]) -> list[PatientRow]:
    """Return the rows of these patients, the last thing that happened first."""
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        return cursor.execute(
            _PATIENT
            + " where merged_into_id is null and patient_id = any(%s)"
            + " order by coalesce(last_happened_at, '-infinity') desc, patient_id desc",
            (list(ids),),
        ).fetchall()


def with_tokens(
    connection: Connection[Any], wanted: Sequence[Sequence[str]], *, limit: int
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
    return by_id(connection, sorted(ids or ()))[:limit]


def identifiers(connection: Connection[Any], ids: Sequence[str]) -> list[IdentifierRow]:
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


def retired_into(connection: Connection[Any], ids: Sequence[str]) -> set[str]:
    """Return the records that retired into one of these patients."""
    rows = connection.execute(
        "select patient_id from proj.patient where merged_into_id = any(%s)", (list(ids),)
    ).fetchall()
    return {record for (record,) in rows}


def retired(connection: Connection[Any]) -> list[tuple[PatientRow, PatientId]]:
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
