"""The rows of the timeline: how encounters, stays and entries become rows.

A component that is remembered keeps its rows by part (``engine.made_rows``). A part is made again
if it differs in something that its rows are made of.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from domain.body import SegmentClass
from domain.continuity import Encounter, Entry, Patient, Stay
from domain.ids import EncounterId, StatementRef
from domain.statement import Place, Precision
from projections.engine.component import Component, arrival
from projections.engine.copies import copies, place_copies, write_copies
from projections.engine.events import FiledStatement
from projections.engine.services import Services
from projections.engine.table import Row

#: Facility, unit, room, bed, building and floor of a place.
PlaceColumns: TypeAlias = tuple[
    str | None, str | None, str | None, str | None, str | None, str | None
]

#: The rows of so many entries are kept together. If one entry differs, all of them are made.
_STRETCH: Final = 64
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
            row, places = _with_stays(interpreted, patient, ordinal, encounter)
            encounters.append(row)
            stays += places
            belongs |= dict.fromkeys(encounter.statements, encounter.encounter_id)
        entries += _entries(interpreted, patient, belongs)
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


def _with_stays(
    interpreted: Component, patient: Patient, ordinal: int, encounter: Encounter
) -> tuple[Row, list[Row]]:
    """Return the row of an encounter, and the rows of its stays."""
    made = interpreted.made
    behind = [interpreted.filed[ref] for ref in encounter.statements]
    if made is None:
        return _encounter_and_stays(interpreted, patient, ordinal, encounter, behind)
    part = ("encounter", encounter.encounter_id)
    made_of = (patient.patient_id, ordinal, encounter, behind)
    known: tuple[Row, list[Row]] | None = made.find(part, made_of)
    if known is None:
        known = _encounter_and_stays(interpreted, patient, ordinal, encounter, behind)
        made.keep(part, made_of, known)
    return known


def _encounter_and_stays(
    interpreted: Component,
    patient: Patient,
    ordinal: int,
    encounter: Encounter,
    behind: Sequence[FiledStatement],
) -> tuple[Row, list[Row]]:
    stays = [
        _stay(interpreted, patient, encounter, number, stay)
        for number, stay in enumerate(encounter.stays, start=1)
    ]
    return _encounter(interpreted, patient, ordinal, encounter, behind), stays


def _encounter(
    interpreted: Component,
    patient: Patient,
    ordinal: int,
    encounter: Encounter,
    behind: Sequence[FiledStatement],
) -> Row:
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
        if encounter.visit in {one.statement.visit, one.statement.visit_other_form}:
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


def _entries(
    interpreted: Component, patient: Patient, belongs: dict[StatementRef, EncounterId]
) -> list[Row]:
    """Return the rows of the entries of a patient."""
    made = interpreted.made
    if made is None:
        return _stretch(interpreted, patient, 0, patient.entries, belongs)
    rows: list[Row] = []
    for first in range(0, len(patient.entries), _STRETCH):
        some = patient.entries[first : first + _STRETCH]
        refs = [entry.statement for entry in some]
        part = ("entries", patient.patient_id, first)
        made_of = some, list(map(interpreted.filed.get, refs)), list(map(belongs.get, refs))
        stretch: list[Row] | None = made.find(part, made_of)
        if stretch is None:
            stretch = _stretch(interpreted, patient, first, some, belongs)
            made.keep(part, made_of, stretch)
        rows += stretch
    return rows


def _stretch(
    interpreted: Component,
    patient: Patient,
    first: int,
    some: Sequence[Entry],
    belongs: dict[StatementRef, EncounterId],
) -> list[Row]:
    """Return the rows of the entries ``some``, which begin at position ``first``."""
    return [
        _entry(interpreted, patient, ordinal, entry, belongs)
        for ordinal, entry in enumerate(some, start=first + 1)
    ]


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
        flags if flags == statement.flags else tuple(dict.fromkeys((*flags, *statement.flags))),
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
