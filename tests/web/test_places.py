"""Places on pages: building and floor where units look alike, and texts that name places."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Final

from caretrail.reading.census import CensusReading, disagreements, from_reading, order
from caretrail.reading.census_page import past_page
from caretrail.reading.listing import PatientList, PatientSearch, PatientSummary
from caretrail.reading.opening import SegmentOpener
from caretrail.reading.patient import PatientReading, read
from caretrail.reading.places import PlaceParts
from caretrail.web.census_page import CensusForm, census_page
from caretrail.web.patients_page import patients_page
from domain.ids import PatientId
from domain.interpretation import interpret
from projections.audit_trail import LogPosition
from projections.census_list import CensusFilter
from tests.stories.telling import stories, unseal
from tests.stories.test_every_order import filed_of_messages
from tests.web.people import WORDS

NOW = datetime(2026, 3, 4, tzinfo=UTC)
NOWHERE = LogPosition(index=0, recorded_at=None)
#: What every page is given.
FRAME: Final[Mapping[str, object]] = {
    "now": NOW,
    "fresh": None,
    "section": "",
    "exact": False,
    "me": None,
    "csrf": "",
}


def readings(story: str) -> list[PatientReading]:
    """Return the patients of a story."""
    (told,) = (each for each in stories() if each.name == story)
    filed = [one for each in filed_of_messages(told.messages).values() for one in each]
    found = [
        read(filed, each.patient_id, SegmentOpener(unseal), as_of=None, known=NOWHERE)
        for each in interpret(one.statement for one in filed)
    ]
    return [each for each in found if each is not None]


def census(found: list[PatientReading]) -> str:
    occupied = order(one for each in found for one in from_reading(each))
    reading = CensusReading(
        occupied=occupied,
        disagreements=disagreements(occupied, at=NOW),
        as_of=None,
        known=NOWHERE,
    )
    page = census_page(
        past_page(reading, CensusFilter()), asked=CensusForm(), now=NOW, words=WORDS, frame=FRAME
    )
    return unescape(page)


def summaries(found: list[PatientReading]) -> list[str]:
    return sorted(each.words(entry).summary for each in found for entry in each.patient.entries)


def test_units_that_look_alike_are_shown_with_building_and_floor() -> None:
    found = readings("13_one_bed_in_two_buildings")
    page = census(found)
    assert "<h3>MED (NORTHWING, floor 4) " in page
    assert "<h3>MED (SOUTHWING, floor 3) " in page
    assert "One bed, two patients" not in page
    assert "Transferred from MED-12-A (SOUTHWING, floor 2) to MED-12-A (SOUTHWING, floor 3)." in (
        summaries(found)
    )


def test_a_unit_that_no_other_unit_looks_like_is_shown_without_its_building() -> None:
    found = readings("13_one_bed_in_two_buildings")
    (northwing,) = (each for each in found if len(each.patient.entries) == 1)
    assert "<h3>MED <" in census([northwing])
    assert summaries([northwing]) == ["Admitted as inpatient to MED-12-A."]


def test_a_ward_that_is_known_only_as_text_is_shown() -> None:
    found = readings("14_wards_known_only_as_text")
    assert "<h3>Hazel Ward " in census(found)
    assert summaries(found) == [
        "Admitted as inpatient to Hazel Ward-12-A.",
        "Admitted as inpatient to Rowan Ward.",
        "Transferred from Rowan Ward to Hazel Ward.",
    ]


def test_the_list_of_patients_tells_beds_of_two_buildings_apart() -> None:
    beds = [PlaceParts("MED", "12", "A", building) for building in ("NORTHWING", "SOUTHWING")]
    listed = tuple(
        PatientSummary(
            patient_id=PatientId(bed.building or ""), mode="P", open_class="IMP",
            open_facility="KING", open_place=bed,
        )
        for bed in beds
    )  # fmt: skip
    page = patients_page(
        PatientList(listed=listed),
        query=PatientSearch(),
        first_page=True,
        now=NOW,
        words=WORDS,
        frame=FRAME,
    )
    assert "KING MED-12-A (NORTHWING)" in unescape(page)
    assert "KING MED-12-A (SOUTHWING)" in unescape(page)


def test_a_long_text_is_shown_in_part() -> None:
    label = PlaceParts(text="x" * 5_000, room="12").label()
    assert label.endswith("…-12")
    assert len(label) < 100
