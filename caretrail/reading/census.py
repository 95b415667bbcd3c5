"""Who is where, and where statements contradict each other."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal

from psycopg import Connection

from caretrail.reading.opening import PersonDetails, SegmentOpener, person, pieces_copied
from caretrail.reading.patient import PatientReading
from caretrail.reading.places import PlaceParts, opened, sealed_places
from domain.flags import Flag
from domain.ids import EncounterId, PatientId
from domain.journey import was_left_open
from domain.statement import EncounterClass, Precision
from projections import patients
from projections.audit_trail import LogPosition
from projections.census import BED_OF_TWO, PATIENT_IN_TWO, CensusRow, open_places
from projections.engine.copies import read_copies
from projections.timeline_rows import precision_of

#: As of an instant, a patient with one of these flags may be elsewhere (R9.8).
_DOUBTS = frozenset({Flag.MAY_HAVE_BEGUN_LATER, Flag.MAY_HAVE_ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupiedPlace:
    """One place that an open encounter occupies."""

    facility: str
    parts: PlaceParts
    patient_id: PatientId
    encounter_id: EncounterId
    class_code: EncounterClass
    mode: str
    place_ref: str | None  # None: no place was stated
    since: datetime | None  # at this place since; None: not stated
    started: datetime | None  # of the encounter
    visit_ref: str | None = None
    since_precision: Precision | None = None  # how precisely ``since`` is stated
    started_precision: Precision | None = None
    flags: tuple[str, ...] = ()
    person: PersonDetails = field(default_factory=PersonDetails)
    last_message: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Statements that contradict each other, or an emergency visit that was not closed."""

    kind: Literal["bed_of_two", "patient_in_two", "number_of_two", "left_open"]
    places: tuple[OccupiedPlace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusReading:
    """The occupied places, by facility, unit, room and bed."""

    occupied: tuple[OccupiedPlace, ...]
    disagreements: tuple[Disagreement, ...]
    as_of: datetime | None
    known: LogPosition


def people_of(
    connection: Connection[Any], opening: SegmentOpener, ids: Collection[PatientId]
) -> dict[PatientId, PersonDetails]:
    """Return the names of patients, opened."""
    rows = patients.by_id(connection, sorted(ids))
    opening.warm(each for row in rows for each in row.record_ids)
    return {
        row.patient_id: person(opening.demographics(pieces_copied(row.sealed, "demographics")))
        for row in rows
    }


def from_rows(
    rows: Sequence[CensusRow], people: Mapping[PatientId, PersonDetails], opening: SegmentOpener
) -> list[OccupiedPlace]:
    """Return the places of the read model, with part 2 places opened."""
    opening.warm(each.segment.subject for row in rows for each in read_copies(row.sealed))
    made: list[OccupiedPlace] = []
    for row in rows:
        parts = PlaceParts(row.unit, row.room, row.bed, row.building, row.floor)
        for each in sealed_places(partial(pieces_copied, row.sealed), opening):
            if each.ref == row.place_ref:
                parts = opened(parts, each)
        made.append(
            OccupiedPlace(
                facility=row.facility,
                parts=parts,
                patient_id=row.patient_id,
                encounter_id=row.encounter_id,
                class_code=row.class_code,
                mode=row.mode,
                place_ref=row.place_ref,
                since=row.since_at,
                started=row.started_at,
                visit_ref=row.visit_ref,
                since_precision=row.since_precision,
                started_precision=row.started_precision,
                flags=tuple(row.flags),
                person=people.get(row.patient_id, PersonDetails()),
                last_message=row.last_changed_at,
            )
        )
    return made


def from_reading(reading: PatientReading) -> list[OccupiedPlace]:
    """Return the places that one patient occupies, as of and as known at the reading's instants."""
    made: list[OccupiedPlace] = []
    for encounter, here in open_places(reading.patient):
        place = here.place if here else None
        behind = [reading.filed[ref] for ref in encounter.statements if ref in reading.filed]
        made.append(
            OccupiedPlace(
                facility=(place.facility if place else "") or encounter.facility,
                parts=reading.parts(place),
                patient_id=reading.patient.patient_id,
                encounter_id=encounter.encounter_id,
                class_code=encounter.class_code,
                mode=encounter.mode,
                place_ref=place.ref if place else None,
                since=here.start if here else encounter.start,
                started=encounter.start,
                visit_ref=encounter.visit,
                since_precision=precision_of(
                    here.start if here else encounter.start,
                    here.start_precision if here else encounter.start_precision,
                ),
                started_precision=precision_of(encounter.start, encounter.start_precision),
                flags=encounter.flags,
                person=reading.person,
                last_message=max((one.recorded_at for one in behind), default=None),
            )
        )
    return made


def order(occupied: Iterable[OccupiedPlace]) -> tuple[OccupiedPlace, ...]:
    """Sort by facility and parts; a unit or bed that is not stated comes last."""
    return tuple(sorted(occupied, key=_rank))


def _rank(one: OccupiedPlace) -> tuple[object, ...]:
    parts = one.parts
    return (
        one.facility,
        not parts.ward,
        natural(parts.ward),
        natural(parts.building),
        natural(parts.floor),
        natural(parts.room),
        parts.bed is None,
        natural(parts.bed),
        one.encounter_id,
    )


_NUMBERS: Final = re.compile(r"(\d+)")


def natural(text: str | None) -> list[tuple[int, str]]:
    """Return a sort key that puts bed 9 before bed 10."""
    if not text:
        return []
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBERS.split(text) if part
    ]


def disagreements(
    occupied: Sequence[OccupiedPlace],
    *,
    at: datetime,
    shared_numbers: Sequence[tuple[str, ...]] = (),
) -> tuple[Disagreement, ...]:
    """Return the disagreements among the places (R9.5).

    Args:
        occupied: The places.
        at: The instant by which lengths are judged.
        shared_numbers: Encounters of different patients that share a visit number.
    """
    in_beds = [one for one in occupied if one.parts.bed and _DOUBTS.isdisjoint(one.flags)]
    beds = _beds(in_beds)

    def value(one: OccupiedPlace, column: str) -> object:
        return beds[one.encounter_id] if column == "bed_ref" else getattr(one, column)

    found: list[Disagreement] = [
        Disagreement(kind=each.kind, places=places)
        for each in (BED_OF_TWO, PATIENT_IN_TWO)
        for places in each.found(in_beds, value)
    ]
    here = {one.encounter_id: one for one in occupied}
    for encounters in shared_numbers:
        places = tuple(here[EncounterId(e)] for e in encounters if e in here)
        if places:
            found.append(Disagreement(kind="number_of_two", places=places))
    found += [
        Disagreement(kind="left_open", places=(one,))
        for one in occupied
        if one.started
        and was_left_open(one.class_code, one.started, at, one.started_precision or "second")
    ]
    return tuple(found)


def _beds(places: Iterable[OccupiedPlace]) -> dict[EncounterId, str | None]:
    """Return the ref of the bed of each place, by encounter (R9.5).

    A sender may leave building or floor out in some messages. If the census has a fuller place, it
    is the same bed; if it has several, the fullest of them counts, as in R8.12. Example: MED-12-A,
    and MED-12-A in NORTHWING, floor 4.
    """
    alike = defaultdict[tuple[object, ...], list[OccupiedPlace]](list)
    for one in places:
        parts = one.parts
        alike[one.mode, one.facility, parts.unit, parts.room, parts.bed].append(one)
    return {
        one.encounter_id: _bed_ref(one, same_codes)
        for same_codes in alike.values()
        for one in same_codes
    }


def _bed_ref(one: OccupiedPlace, same_codes: Iterable[OccupiedPlace]) -> str | None:
    building, floor = one.parts.building, one.parts.floor
    if not one.parts.unit or (building and floor):
        return one.place_ref
    fuller = {
        other.place_ref: (other.parts.building, other.parts.floor)
        for other in same_codes
        if other.place_ref != one.place_ref
        and (other.parts.building or other.parts.floor)
        and building in {None, other.parts.building}
        and floor in {None, other.parts.floor}
    }
    if len(fuller) > 1:  # a building alone, or a floor alone, counts if no fuller place has it
        whole = [place for place in fuller.values() if all(place)]
        stated = {each for place in whole for each in ((place[0], None), (None, place[1]))}
        fuller = {ref: place for ref, place in fuller.items() if place not in stated}
    return next(iter(fuller)) if len(fuller) == 1 else one.place_ref


def shared_numbers(numbers: Iterable[tuple[str, EncounterId]]) -> list[tuple[str, ...]]:
    """Return the encounters of each visit number, from pairs of number and encounter."""
    by_number = defaultdict[str, list[str]](list)
    for ref, encounter in numbers:
        by_number[ref].append(encounter)
    return [tuple(encounters) for encounters in by_number.values()]
