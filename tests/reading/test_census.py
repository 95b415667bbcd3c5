"""Which places of a census disagree, if a time names only its day (R9.8)."""

from dataclasses import replace

import pytest

from caretrail.reading.census import OccupiedPlace, disagreements
from caretrail.reading.places import PlaceParts
from domain.flags import Flag
from domain.ids import EncounterId, PatientId
from tests.domain.interpretation.statements import MONDAY


def occupied(patient: str, *flags: str) -> OccupiedPlace:
    return OccupiedPlace(
        facility="NORD",
        parts=PlaceParts("4W", "7", "A"),
        patient_id=PatientId(patient),
        encounter_id=EncounterId(f"encounter of {patient}"),
        class_code="IMP",
        mode="P",
        place_ref="4W-7-A",
        since=MONDAY,
        started=MONDAY,
        flags=flags,
    )


def kinds(*places: OccupiedPlace) -> list[str]:
    return [each.kind for each in disagreements(places, at=MONDAY)]


def test_two_patients_in_one_bed_disagree() -> None:
    assert kinds(occupied("p1"), occupied("p2", "renumbered")) == ["bed_of_two"]


@pytest.mark.parametrize("flag", [Flag.MAY_HAVE_ENDED, Flag.MAY_HAVE_BEGUN_LATER])
def test_stays_that_overlap_only_because_a_time_is_coarse_do_not_disagree(flag: Flag) -> None:
    assert kinds(occupied("p1", flag), occupied("p2")) == []
    assert kinds(occupied("p1", flag), occupied("p2"), occupied("p3")) == ["bed_of_two"]


def in_bed(patient: str, building: str | None = None, floor: str | None = None) -> OccupiedPlace:
    parts = PlaceParts("MED", "12", "A", building, floor)
    return replace(occupied(patient), parts=parts, place_ref=f"{building} {floor}")


@pytest.mark.parametrize(("building", "floor"), [(None, None), ("NORTH", None), (None, "4")])
def test_a_place_that_states_less_is_the_same_bed_as_the_only_place_that_agrees(
    building: str | None, floor: str | None
) -> None:
    whole, less = in_bed("p1", "NORTH", "4"), in_bed("p2", building, floor)
    assert kinds(whole, less) == ["bed_of_two"]
    again = replace(less, patient_id=whole.patient_id)
    assert kinds(whole, again) == []


@pytest.mark.parametrize("other", [("SOUTH", "4"), ("NORTH", "5")])
def test_a_place_that_states_less_may_be_one_of_two_and_is_compared_as_stated(
    other: tuple[str, str],
) -> None:
    assert kinds(in_bed("p1", "NORTH", "4"), in_bed("p2", *other), in_bed("p3")) == []


@pytest.mark.parametrize("half", [("NORTH", None), (None, "4")])
def test_a_place_that_states_less_is_the_same_bed_as_the_fullest_place(
    half: tuple[str | None, str | None],
) -> None:
    whole, less, least = in_bed("p1", "NORTH", "4"), in_bed("p2", *half), in_bed("p3")
    (two,) = disagreements([whole, less, least], at=MONDAY)
    assert [each.patient_id for each in two.places] == ["p1", "p2", "p3"]
    elsewhere = in_bed("p4", "SOUTH", "5")
    (two,) = disagreements([whole, less, least, elsewhere], at=MONDAY)
    assert [each.patient_id for each in two.places] == ["p1", "p2"]


def test_a_building_and_a_floor_that_no_place_has_together_are_not_one_bed() -> None:
    assert kinds(in_bed("p1", "NORTH"), in_bed("p2", None, "4"), in_bed("p3")) == []


def test_a_bed_without_a_unit_is_never_the_same_as_a_bed_that_states_more() -> None:
    nowhere = PlaceParts(None, "12", "A")
    places = in_bed("p1", "NORTH", "4"), in_bed("p2")
    assert kinds(*(replace(each, parts=nowhere) for each in places)) == []
