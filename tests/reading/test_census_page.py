"""A page of the present census is read by counts and by rows that may disagree.

It must say what the census says that is read as a whole.
"""

from collections.abc import Sequence
from typing import Final

import pytest

from caretrail.reading import census_page
from caretrail.reading.census_page import CensusPage, past_page
from caretrail.reading.reader import Reader
from domain.ids import PatientId
from projections.census_list import CensusFilter
from tests.region import Told, now

pytestmark = pytest.mark.postgres

FILTERS: Final = (
    CensusFilter(),
    CensusFilter(facility="NGH"),
    CensusFilter(facility="SBH"),
    CensusFilter(facility="NOWHERE"),
    CensusFilter(class_code="IMP"),
    CensusFilter(place="4w"),
    CensusFilter(facility="NGH", class_code="IMP", place="4W-4"),
    CensusFilter(place="É"),
)


def told_by(page: CensusPage) -> dict[str, object]:
    """Return what a page tells, without names."""
    return {
        "places": [one.encounter_id for one in page.occupied],
        "to check": sorted(
            (each.kind, sorted(one.encounter_id for one in each.places)) for each in page.to_check
        ),
        "facilities": [
            (each.facility, each.count, dict(each.classes), list(each.units.items()))
            for each in page.facilities
        ],
        "tests": page.tests,
        "choices": page.choices,
        "alike": page.alike,
    }


def pages_agree(reader: Reader, wanted: CensusFilter, offset: int = 0) -> CensusPage:
    """Read a page in both ways, and return it."""
    page = reader.census.page(wanted, now=now(), offset=offset)
    whole = past_page(reader.census.read(now=now()), wanted, offset=offset)
    assert told_by(page) == told_by(whole)
    assert [one.person for one in page.people] == [one.person for one in whole.people]
    return page


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_a_page_tells_what_the_whole_census_tells(told: Told, wanted: CensusFilter) -> None:
    pages_agree(told.reader, wanted)


def test_a_census_that_is_too_long_for_a_page_is_counted(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pages_agree(told.reader, CensusFilter())
    monkeypatch.setattr(census_page, "PLACES", 2)
    page = pages_agree(told.reader, CensusFilter())
    assert whole.count > 2
    assert (page.counts_only, page.occupied) == (True, ())
    assert told_by(page) | {"places": ()} == told_by(whole) | {"places": ()}


def test_the_pages_of_a_facility_hold_each_place_once(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = CensusFilter(facility="NGH")
    whole = pages_agree(told.reader, wanted)
    monkeypatch.setattr(census_page, "PLACES", 2)
    pages = [pages_agree(told.reader, wanted, offset) for offset in range(0, whole.count, 2)]
    assert len(pages) > 1
    assert [one for page in pages for one in page.occupied] == list(whole.occupied)
    assert {page.count for page in pages} == {whole.count}
    after_the_last = pages_agree(told.reader, wanted, offset=10_000)
    assert (after_the_last.offset, after_the_last.occupied) == (
        pages[-1].offset,
        pages[-1].occupied,
    )


def test_a_page_counts_and_names_only_patients_that_may_be_read(told: Told) -> None:
    all_places = told.reader.census.read(now=now()).occupied
    (two,) = (
        each
        for each in told.reader.census.read(now=now()).disagreements
        if each.kind == "bed_of_two"
    )
    mine = two.places[0].patient_id
    asked = list[Sequence[PatientId]]()

    def readable(ids: Sequence[PatientId]) -> list[PatientId]:
        asked.append(ids)
        return [mine]

    present = told.reader.census.page(CensusFilter(), now=now(), readable=readable)
    past = told.reader.census.page(CensusFilter(), now=now(), as_of=now(), readable=readable)
    everybody = sorted({one.patient_id for one in all_places})
    assert asked == [everybody, everybody]
    for page in (present, past):
        assert {one.patient_id for one in page.people} == {mine}
        assert page.count == sum(one.patient_id == mine for one in all_places)
        assert "bed_of_two" in {each.kind for each in page.disagreements}, "it is still a warning"
        assert "bed_of_two" not in {each.kind for each in page.to_check}, "it names two patients"
