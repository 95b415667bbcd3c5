"""Places and facilities of a visit."""

import pytest

from consumers.hl7v2.delimiters import NULL
from tests.consumers.hl7v2.adt import KEY, adt, pv1, received, sealed, stated


@pytest.mark.parametrize(
    ("f3", "f39", "facility"),
    [
        ("4W^401^A^GEN&1.2.3&ISO", "NORTH", "GEN"),
        ("4W^401^A", "NORTH", "NORTH"),
        ("4W", "", "MERCY"),
    ],
)
def test_the_facility_is_pv1_3_4_else_pv1_39_else_the_sender(
    f3: str, f39: str, facility: str
) -> None:
    (draft,) = received(adt(visit=pv1(f3=f3, f39=f39))).drafts
    assert draft.facility == facility
    assert draft.core.place
    assert draft.core.place.facility == facility


def test_the_map_of_the_profile_gives_facilities_one_code() -> None:
    toml = '[sender.default]\nfacilities = {GEN = "G", MERCY = "G", NORTH = "N"}'
    places = [pv1(), pv1(f3="4W^401^A"), pv1(f3="4W^401^A^GEN")]
    assert len({stated(adt(visit=each), toml).place for each in places}) == 1


@pytest.mark.parametrize("f3", ["", '""', "^^^"])
def test_an_empty_or_deleted_place_is_none(f3: str) -> None:
    core = stated(adt(visit=pv1(f3=f3)))
    assert core.place is None
    assert core.flags == (("PV1-3.null",) if f3 == NULL else ())


def test_of_a_part2_unit_only_ref_and_facility_are_in_clear() -> None:
    toml = '[sender.default]\npart2_units = [{unit = "DETOX", facility = "GEN"}]'
    raw = adt("A01", "ZBE|1||||||DETOX", visit=pv1(f3="DETOX^1^B^GEN", f43="DETOX^1^C"))
    (draft,) = received(raw, toml).drafts
    place = draft.core.place
    assert place
    assert (place.part2, place.facility, place.unit, place.room, place.bed) == (
        True, "GEN", None, None, None,
    )  # fmt: skip
    assert place.ref == KEY.place("GEN", "DETOX", "1", "B")
    assert sealed(raw, toml)["part2"]["places"] == [
        {"field": "PV1-3", "ref": place.ref, "unit": "DETOX", "room": "1", "bed": "B"}
    ]
    assert not any(b"DETOX" in each.text for each in draft.segments if each.segment != "part2")
    elsewhere = stated(adt(visit=pv1(f3="DETOX^1^B^NORTH")), toml)
    assert elsewhere.place
    assert not elsewhere.place.part2
