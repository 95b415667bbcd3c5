"""The patients: their records, demographics, last statement and open stay.

A patient is found by each identifier (``patient_identifiers``) and by name (``patient_tokens``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from domain.body import SegmentClass
from domain.continuity import Encounter, Entry, Patient, Stay
from domain.ids import MODES, EncounterId, PatientId, RecordId
from domain.segments import Demographics
from domain.statement import EncounterClass, Precision, Statement
from projections.census import open_places
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, SEALED
from projections.engine.component import Component, arrival, in_sent_order
from projections.engine.copies import CopiedSegment, copies, place_copies, write_copies
from projections.engine.events import FiledStatement
from projections.engine.projection import ByComponent, Projection
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView
from projections.patient_identifiers import IDENTIFIER, identifier_rows
from projections.patient_tokens import TOKEN, searchable
from projections.recency import ABOVE_ALL, RECENCY, recency
from projections.timeline_rows import place_columns, precision_of

PATIENT: Final = Table(
    "patient",
    "One row per patient, and per record that was merged into a patient.",
    (
        Column("patient_id", "text", "The patient, or the record that was merged.", required=True),
        Column("merged_into_id", "text", "Patient that it was merged into; null: not merged."),
        MODE,
        Column("record_ids", "text[]", "Its source records.", required=True),
        Column(
            "encounter_count",
            "integer",
            "Number of its encounters without cancelled ones.",
            required=True,
        ),
        Column(
            "last_kind",
            "text",
            "Kind of its last entry: topic without the version. The end of one department alone"
            " does not count.",
        ),
        Column("last_happened_at", "timestamptz", "When that happened; null: not stated."),
        Column(
            "last_happened_precision",
            "text",
            "How precisely that is stated: year, month, day, hour, minute or second; null: not"
            " stated.",
        ),
        Column("last_facility", "text", "Facility of its last entry."),
        Column("open_encounter_id", "text", "Encounter in progress, care.census; null: none."),
        Column("open_class_code", "text", "Its class, HL7 v3 ActCode."),
        Column("facility", "text", "Facility of the open stay."),
        Column("unit", "text", "Unit of the open stay; null: not stated, or part2."),
        Column("room", "text", "Room of the open stay; null: not stated, or part2."),
        Column("bed", "text", "Bed of the open stay; null: not stated, or part2."),
        Column("building", "text", "Building of the open stay; null: not stated, or part2."),
        Column("floor", "text", "Floor of the open stay; null: not stated, or part2."),
        Column("is_part2", "boolean", "42 CFR Part 2 covers the unit.", required=True),
        Column("open_since_at", "timestamptz", "In that place since; null: not known."),
        Column("open_since_precision", "text", "How precisely it is stated; null: not known."),
        Column("died_at", "timestamptz", "When the person died; null: no death is known."),
        Column("died_precision", "text", "How precisely it is stated; null: no death is known."),
        FLAGS,
        *ARRIVAL,
        RECENCY,
        COMPONENT,
        SEALED,
    ),
    key=("patient_id",),
    indexes=(("component",), ("mode", "recency", "patient_id"), ("merged_into_id",)),
)

_NAMES: Final = frozenset[SegmentClass]({"demographics"})
_IDENTIFIERS: Final = frozenset[SegmentClass]({"identifiers"})

_decoder: Final = msgspec.json.Decoder(Demographics)


def rows(interpreted: Component, services: Services) -> dict[str, list[Row]]:
    """Return the rows of a component. The demographics of a patient are opened for its tokens."""
    about = _about(interpreted)
    found: dict[str, list[Row]] = {"patient": [], "identifier": [], "token": []}
    for patient in interpreted.patients:
        known = {record: about[record] for record in patient.records}
        retired = {merge.retired for merge in patient.merges} - {patient.patient_id}
        last = _last_entry(patient)
        order = recency(None if last is None else last.happened_at)
        named = _demographics(known)
        found["patient"].append(_patient(interpreted, patient, known, named, last, order))
        found["patient"] += [
            _retired(interpreted, patient, record, known[record])
            for record in patient.records
            if record in retired
        ]
        found["identifier"] += identifier_rows(interpreted, patient, known)
        found["token"] += [
            (patient.patient_id, token, order, interpreted.component)
            for token in sorted(_tokens(named, services))
        ]
    return found


def _about(interpreted: Component) -> dict[RecordId, list[FiledStatement]]:
    """Return the statements that name each record, in sent order."""
    found: dict[RecordId, list[FiledStatement]] = {}
    for one in in_sent_order(interpreted.filed.values()):
        statement = one.statement
        found.setdefault(statement.record, []).append(one)
        if statement.merged is not None:
            found.setdefault(statement.merged, []).append(one)
    return found


def _patient(
    interpreted: Component,
    patient: Patient,
    known: dict[RecordId, list[FiledStatement]],
    named: list[CopiedSegment],
    last: Entry | None,
    order: int,
) -> Row:
    statement = None if last is None else interpreted.filed[last.statement]
    encounter, here = next(reversed(list(open_places(patient))), (None, None))
    place = None if here is None else here.place
    facility, *parts = place_columns(place)
    if facility is None and encounter is not None:
        facility = encounter.facility
    return (
        patient.patient_id,
        None,
        patient.mode,
        patient.records,
        sum(not one.cancelled for one in patient.encounters),
        None if statement is None else statement.topic.rpartition(".")[0],
        None if last is None else last.happened_at,
        None if last is None else precision_of(last.happened_at, last.precision),
        None if statement is None else _facility(statement.statement),
        None if encounter is None else encounter.encounter_id,
        None if encounter is None else encounter.class_code,
        facility,
        *parts,
        place is not None and place.part2,
        *_since(encounter, here),
        *((None, None) if patient.death is None else patient.death[:2]),
        patient.flags,
        *_arrival([one for filed in known.values() for one in filed]),
        order,
        interpreted.component,
        write_copies(
            [
                *named,
                *(copy for record, filed in known.items() for copy in _numbers(record, filed)),
                *(
                    place_copies(place, interpreted.filed, (here.statement,), encounter.statements)
                    if here is not None and encounter is not None
                    else ()
                ),
            ]
        ),
    )


def _since(
    encounter: Encounter | None, here: Stay | None
) -> tuple[datetime | None, Precision | None]:
    """Return since when the patient is in the open stay, and how precisely that is stated."""
    if here is not None:
        return here.start, precision_of(here.start, here.start_precision)
    if encounter is not None:
        return encounter.start, precision_of(encounter.start, encounter.start_precision)
    return None, None


def _last_entry(patient: Patient) -> Entry | None:
    """Return the last entry that holds. If only a department's part ended, the stay goes on."""
    for entry in reversed(patient.entries):
        if entry.voided_by is None and not entry.ends_part:
            return entry
    return None


def _retired(
    interpreted: Component, patient: Patient, record: RecordId, known: list[FiledStatement]
) -> Row:
    return (
        record,
        patient.patient_id,
        patient.mode,
        (record,),
        0,
        *(None,) * 12,  # last entry, open stay
        False,
        *(None,) * 4,  # open since, death
        (),
        *_arrival(known),
        None,
        interpreted.component,
        write_copies(_numbers(record, known)),
    )


def _arrival(known: Sequence[FiledStatement]) -> tuple[object, object, object]:
    summed = arrival(known)
    return (summed.source_position, summed.first_known_at, summed.last_changed_at)


def _facility(statement: Statement) -> str:
    return statement.namespace if statement.place is None else statement.place.facility


def _numbers(record: RecordId, known: Sequence[FiledStatement]) -> list[CopiedSegment]:
    """Copy the numbers of a record from the last statement sent that has them."""
    return _last_copies(known, _IDENTIFIERS, record)


def _demographics(known: dict[RecordId, list[FiledStatement]]) -> list[CopiedSegment]:
    """Copy the demographics that were sent last for any of the patient's records."""
    if len(known) == 1:
        ((record, filed),) = known.items()  # in sent order already
        own = [one for one in filed if one.statement.record == record]
    else:
        distinct = {
            one.index: one
            for filed in known.values()
            for one in filed
            if one.statement.record in known
        }
        own = in_sent_order(distinct.values())
    return _last_copies(own, _NAMES, None)


def _last_copies(
    known: Sequence[FiledStatement], wanted: frozenset[SegmentClass], subject: RecordId | None
) -> list[CopiedSegment]:
    for one in reversed(known):
        found = copies(one, wanted, one.statement.record if subject is None else subject)
        if found:
            return found
    return []


def _tokens(named: Sequence[CopiedSegment], services: Services) -> set[str]:
    return {
        services.token(text)
        for copy in named
        for text in searchable(
            _decoder.decode(services.open_segment(copy.segment, copy.event_id, copy.topic))
        )
    }


PROJECTION: Final = Projection(
    name="patients",
    version=11,
    tables=(PATIENT, IDENTIFIER, TOKEN),
    fold=ByComponent(rows=rows, opens=True),
    views=(
        TableView("patient", PATIENT, PRODUCTION),
        TableView("identifier", IDENTIFIER, PRODUCTION),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRow:
    """A row of ``proj.patient``: a patient, or a record that was merged into a patient."""

    patient_id: PatientId
    merged_into_id: PatientId | None
    mode: str
    record_ids: list[RecordId]
    last_kind: str | None
    last_happened_at: datetime | None
    last_happened_precision: Precision | None
    last_facility: str | None
    open_encounter_id: EncounterId | None
    open_class_code: EncounterClass | None
    facility: str | None
    unit: str | None
    room: str | None
    bed: str | None
    building: str | None
    floor: str | None
    is_part2: bool
    open_since_at: datetime | None
    open_since_precision: Precision | None
    died_at: datetime | None
    died_precision: Precision | None
    last_changed_at: datetime
    sealed: str | None


_PATIENT: Final = """
    select patient_id, merged_into_id, mode, record_ids, last_kind, last_happened_at,
        last_happened_precision, last_facility, open_encounter_id, open_class_code, facility,
        unit, room, bed, building, floor, is_part2, open_since_at, open_since_precision,
        died_at, died_precision, last_changed_at, sealed
    from proj.patient
"""


#: Patients are counted up to this number, so that a count does not read all of them.
COUNTED: Final = 1000


def count(connection: Connection[Any]) -> tuple[int, int]:
    """Return the number of patients and of their source records.

    If there are more than ``COUNTED`` patients, not all are counted: the first number is above it,
    and the second is 0.
    """
    # An index has all that this query reads, so it reads few pages. A merged record has no recency.
    some = connection.execute(
        """
        select count(*) from (
            select recency from proj.patient where recency is not null limit %s
        ) as counted
        """,
        (COUNTED + 1,),
    ).fetchone()
    people = some[0] if some else 0
    if people > COUNTED:
        return people, 0
    row = connection.execute(
        "select count(*), coalesce(sum(cardinality(record_ids)), 0)::bigint"
        " from proj.patient where recency is not null"
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)


#: Each mode is read in the order of an index, and no further than a page.
_PAGE: Final = """
    select p.* from unnest(%(modes)s::text[]) as wanted(mode),
    lateral (
        select patient_id, recency from proj.patient
        where mode = wanted.mode and (recency, patient_id) < (%(recency)s, %(id)s)
            and (%(open)s::boolean is null or (open_encounter_id is not null) = %(open)s)
        order by recency desc, patient_id desc limit %(limit)s
    ) as p
    order by recency desc, patient_id desc limit %(limit)s
"""


def page(
    connection: Connection[Any],
    *,
    after: tuple[datetime | None, str] | None,
    limit: int,
    modes: Sequence[str] = MODES,
    open_stay: bool | None = None,
) -> list[PatientRow]:
    """Return a page of patients, in order of their last entries, the latest first.

    Patients without a known time come last.

    Args:
        connection: Of the caller.
        after: Time and id of the last patient of the page before; None: the first page.
        limit: The greatest number of patients.
        modes: The processing modes of the patients.
        open_stay: If given, only patients that have an open stay (True) or have none (False).
    """
    at, patient_id = after or (None, "")
    rows = connection.execute(
        _PAGE,
        {
            "recency": ABOVE_ALL if after is None else recency(at),
            "id": patient_id,
            "limit": limit,
            "modes": list(modes),
            "open": open_stay,
        },
    ).fetchall()
    return by_id(connection, [found for found, _ in rows])


def by_id(connection: Connection[Any], ids: Sequence[str]) -> list[PatientRow]:
    """Return the rows of these patients, in order of their last entries, the latest first."""
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        return cursor.execute(
            _PATIENT
            + " where merged_into_id is null and patient_id = any(%s)"
            + " order by recency desc, patient_id desc",
            (list(ids),),
        ).fetchall()


def retired_into(connection: Connection[Any], ids: Sequence[str]) -> set[str]:
    """Return the records that were merged into one of these patients."""
    rows = connection.execute(
        "select patient_id from proj.patient where merged_into_id = any(%s)", (list(ids),)
    ).fetchall()
    return {record for (record,) in rows}


def retired(connection: Connection[Any]) -> list[PatientRow]:
    """Return the records that were merged into patients."""
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        return cursor.execute(
            _PATIENT + " where merged_into_id is not null order by patient_id"
        ).fetchall()
