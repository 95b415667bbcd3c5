"""Which places of a census disagree, if a time names only its day (R9.8)."""

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
