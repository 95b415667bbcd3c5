"""Read one page of the census: counts of all places that fit, and the places of one page."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from caretrail.reading.census import (
    CensusReading,
    Disagreement,
    OccupiedPlace,
    disagreements,
    from_rows,
    natural,
    order,
    people_of,
    shared_numbers,
)
from caretrail.reading.opening import PersonDetails, SegmentOpener
from caretrail.reading.patient_index import Database
from caretrail.reading.places import LookAlikes, PlaceParts, look_alikes
from domain.ids import PatientId
from domain.statement import EncounterClass
from projections import census_list
from projections.audit_trail import LogPosition
from projections.census import CensusRow, visit_numbers_of_two
from projections.census_list import CensusFilter

#: The most places of a page.
PLACES: Final = 200
#: The most disagreements of a page.
DISAGREEMENTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityCount:
    """How many places of a facility are occupied that fit the filter."""

    facility: str
    classes: Mapping[EncounterClass, int]
    units: Mapping[str, int]  # by name, in order; empty: not stated

    @property
    def count(self) -> int:
        """The number of its places."""
        return sum(self.classes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusPage:
    """One page of the census."""

    #: The places of the page. It has none if no facility is chosen and there are too many places.
    occupied: tuple[OccupiedPlace, ...]
    disagreements: tuple[Disagreement, ...]  # that concern a place that fits
    #: Those of them that the page tells of: the first ones whose patients may all be read.
    to_check: tuple[Disagreement, ...]
    further: int  # such disagreements that are left out
    facilities: tuple[FacilityCount, ...]
    tests: int  # places of test records
    choices: tuple[tuple[str, EncounterClass], ...]  # facilities with classes, without the filter
    offset: int
    alike: LookAlikes
    as_of: datetime | None
    known: LogPosition

    @property
    def count(self) -> int:
        """The number of places that fit."""
        return sum(each.count for each in self.facilities)

    @property
    def counts_only(self) -> bool:
        """Whether the page has counts, and no places."""
        return self.count > 0 and not self.occupied

    @property
    def people(self) -> list[OccupiedPlace]:
        """The places whose patients the page names."""
        return [*self.occupied, *(one for each in self.to_check for one in each.places)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _UnitCount:
    """How many places of one unit are occupied, by class and mode."""

    facility: str
    parts: PlaceParts
    class_code: EncounterClass
    mode: str
    count: int


def fits(one: OccupiedPlace, wanted: CensusFilter, patients: Collection[PatientId] | None) -> bool:
    """Tell whether a place fits a filter; ``patients`` are those of the filter, as a set."""
    text = "-".join(filter(None, one.parts)).casefold()
    return (
        (not wanted.facility or one.facility == wanted.facility)
        and (not wanted.class_code or one.class_code == wanted.class_code)
        and wanted.place.casefold() in text
        and (patients is None or one.patient_id in patients)
    )


def past_page(reading: CensusReading, wanted: CensusFilter, *, offset: int = 0) -> CensusPage:
    """Return a page of a census that was read as a whole, as of an instant or as known at one."""
    patients = _as_set(wanted)
    fitting = [one for one in reading.occupied if fits(one, wanted, patients)]
    page = _page(
        wanted,
        [_counted(one) for one in fitting],
        lambda: fitting,
        reading.disagreements,
        offset=offset,
    )
    return replace(
        page,
        choices=tuple(sorted({(one.facility, one.class_code) for one in reading.occupied})),
        as_of=reading.as_of,
        known=reading.known,
    )


def present_page(
    connection: Database,
    opening: SegmentOpener,
    wanted: CensusFilter,
    *,
    now: datetime,
    known: LogPosition,
    offset: int = 0,
) -> CensusPage:
    """Return a page of the present census, in the transaction of the caller.

    Rows are read only if the page shows them, or if they may disagree. Names are opened only for
    patients that the page names.

    Args:
        connection: The connection.
        opening: Opens sealed places and names.
        wanted: The filter.
        now: The instant by which lengths are judged.
        known: The position of the answer.
        offset: How many places are on the pages before.
    """
    patients = _as_set(wanted)

    def fitting(rows: Sequence[CensusRow]) -> list[OccupiedPlace]:
        return [one for one in from_rows(rows, {}, opening) if fits(one, wanted, patients)]

    counts = [
        _UnitCount(
            facility=each.facility,
            parts=PlaceParts(each.unit, building=each.building, floor=each.floor),
            class_code=each.class_code,
            mode=each.mode,
            count=each.count,
        )
        for each in census_list.counted(connection, wanted)
    ]
    counts += map(_counted, fitting(census_list.unclear(connection, wanted)))
    page = _page(
        wanted,
        counts,
        lambda: order(fitting(census_list.rows_of(connection, wanted))),
        _present_disagreements(connection, opening, now=now, facility=wanted.facility),
        offset=offset,
    )
    return replace(
        _named(page, people_of(connection, opening, {one.patient_id for one in page.people})),
        choices=tuple(census_list.choices(connection)),
        known=known,
    )


def _present_disagreements(
    connection: Database, opening: SegmentOpener, *, now: datetime, facility: str
) -> tuple[Disagreement, ...]:
    """Return the disagreements of the census, or those that concern a facility."""
    numbers = visit_numbers_of_two(connection, facility=facility or None)
    sealed = from_rows(census_list.sealed_rows(connection, facility), {}, opening)
    rows = census_list.in_question(
        connection,
        at=now,
        numbers=[encounter for _, encounter in numbers],
        units=sorted({(one.facility, one.parts.unit) for one in sealed if one.parts.unit}),
        facility=facility,
    )
    places = {one.encounter_id: one for one in (*sealed, *from_rows(rows, {}, opening))}
    return disagreements(
        order(places.values()),
        at=now,
        shared_numbers=shared_numbers(numbers),
    )


def _page(
    wanted: CensusFilter,
    counts: Iterable[_UnitCount],
    places: Callable[[], Sequence[OccupiedPlace]],
    found: Sequence[Disagreement],
    *,
    offset: int,
) -> CensusPage:
    """Return a page without what the form offers.

    Args:
        wanted: The filter.
        counts: The counts of the places that fit.
        places: Returns the places that fit, in order.
        found: All disagreements.
        offset: How many places are on the pages before.
    """
    counts = list(counts)
    alike = look_alikes((each.facility, each.parts) for each in counts)
    patients = _as_set(wanted)
    concerning = [each for each in found if any(fits(one, wanted, patients) for one in each.places)]
    readable = [
        each
        for each in concerning
        if patients is None or all(one.patient_id in patients for one in each.places)
    ]
    total = sum(each.count for each in counts)
    # An address may name a page that the census had before.
    offset = min(offset, max(0, total - 1) // PLACES * PLACES)
    shown: Sequence[OccupiedPlace] = ()
    if wanted.facility or total <= PLACES:
        shown = places()[offset : offset + PLACES]
    return CensusPage(
        occupied=tuple(shown),
        disagreements=tuple(concerning),
        to_check=tuple(readable[:DISAGREEMENTS]),
        further=max(0, len(readable) - DISAGREEMENTS),
        facilities=_facilities(counts, alike),
        tests=sum(each.count for each in counts if each.mode != "P"),
        choices=(),
        offset=offset,
        alike=alike,
        as_of=None,
        known=LogPosition(index=0, recorded_at=None),
    )


def _facilities(counts: Sequence[_UnitCount], alike: LookAlikes) -> tuple[FacilityCount, ...]:
    units: dict[str, Counter[str]] = {}
    classes: dict[str, Counter[EncounterClass]] = {}
    for each in sorted(counts, key=_rank):
        name = each.parts.unit_label(each.facility, alike)
        units.setdefault(each.facility, Counter())[name] += each.count
        classes.setdefault(each.facility, Counter())[each.class_code] += each.count
    return tuple(
        FacilityCount(facility=name, classes=classes[name], units=units[name])
        for name in sorted(units)
    )


def _rank(one: _UnitCount) -> tuple[object, ...]:
    """Return a key that sorts units as ``order`` sorts their places."""
    ward, parts = one.parts.ward, one.parts
    return not ward, natural(ward), natural(parts.building), natural(parts.floor)


def _counted(one: OccupiedPlace) -> _UnitCount:
    return _UnitCount(
        facility=one.facility,
        parts=one.parts,
        class_code=one.class_code,
        mode=one.mode,
        count=1,
    )


def _named(page: CensusPage, people: Mapping[PatientId, PersonDetails]) -> CensusPage:
    """Return a page with the names of its patients."""

    def named(places: Iterable[OccupiedPlace]) -> tuple[OccupiedPlace, ...]:
        return tuple(replace(one, person=people.get(one.patient_id, one.person)) for one in places)

    return replace(
        page,
        occupied=named(page.occupied),
        to_check=tuple(replace(each, places=named(each.places)) for each in page.to_check),
    )


def _as_set(wanted: CensusFilter) -> frozenset[PatientId] | None:
    return None if wanted.patients is None else frozenset(wanted.patients)
