"""Places and facilities of a visit."""

import pytest

from consumers.hl7v2.delimiters import NULL
from domain.encoding import make_core
from domain.statement import Place
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


@pytest.mark.parametrize(
    ("f3", "text", "building"),
    [
        ("^^^GEN^^Rowan Ward", "Rowan Ward", None),
        ("^^^GEN^^^^^^Rowan Ward", "Rowan Ward", None),
        ("^^^^^Rowan Ward^NORTH", "Rowan Ward", "NORTH"),
        ("^^^GEN^^N", None, None),  # a code of HL7 table 0305
        ("^^^GEN^^^^^^^Rowan Ward", None, None),  # PL.11 is the authority of the place
        ("^401^A^GEN^^Rowan Ward", None, None),
    ],
)
def test_a_text_names_a_place_beside_its_facility_or_building(
    f3: str, text: str | None, building: str | None
) -> None:
    raw = adt(visit=pv1(f3=f3))
    place = stated(raw).place
    assert place
    assert (place.as_text, place.building) == (text is not None, building)
    texts = sealed(raw)["notes"]["places"] if text else []
    assert [each["text"] for each in texts] == ([text] if text else [])


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
        {
            "field": "PV1-3", "ref": place.ref, "unit": "DETOX", "room": "1", "bed": "B",
            "building": "", "floor": "", "text": "",
        }
    ]  # fmt: skip
    assert not any(b"DETOX" in each.text for each in draft.segments if each.segment != "part2")
    elsewhere = stated(adt(visit=pv1(f3="DETOX^1^B^NORTH")), toml)
    assert elsewhere.place
    assert not elsewhere.place.part2


def place_of(f3: str, toml: str = "") -> Place:
    place = stated(adt(visit=pv1(f3=f3)), toml).place
    assert place
    return place


def test_building_and_floor_belong_to_a_place() -> None:
    north = place_of("MED^12^A^KING^^N^NORTHWING^4")
    assert (north.building, north.floor, north.as_text) == ("NORTHWING", "4", False)
    others = ["MED^12^A^KING^^N^SOUTHWING^4", "MED^12^A^KING^^N^NORTHWING^2", "MED^12^A^KING"]
    assert len({north.ref, *(place_of(each).ref for each in others)}) == 4


def test_a_place_without_building_and_floor_has_the_ref_that_it_always_had() -> None:
    assert place_of("MED^12^A^KING^^N").ref == KEY.place("KING", "MED", "12", "A")


@pytest.mark.parametrize(
    ("f3", "text"),
    [
        ("^^^^^^^^Rowan Ward", "Rowan Ward"),
        ("^^^KING^^N^^^ Rowan  Ward ", "Rowan Ward"),
        ("^^^^^^^^Labour & Delivery", "Labour&Delivery"),
        ("^^^^^^NORTHWING^^Rowan Ward", "Rowan Ward"),
        ("^12^A^KING^^^^^Rowan Ward", "Rowan Ward"),
        ("^^^^^Rowan Ward", "Rowan Ward"),
        ("^^^^^^^^^ROWAN&HUB", "ROWAN&HUB"),
        ("^^^^^^^^^^Rowan Ward", "Rowan Ward"),
    ],
)
def test_a_text_names_a_place_without_a_unit(f3: str, text: str) -> None:
    raw = adt(visit=pv1(f3=f3))
    (draft,) = received(raw).drafts
    place = draft.core.place
    assert place
    assert place.as_text
    assert sealed(raw)["notes"]["places"] == [{"field": "PV1-3", "ref": place.ref, "text": text}]
    assert not any(b"owan" in each.text for each in draft.segments if each.segment != "notes")
    assert b"owan" not in make_core(draft.core)


@pytest.mark.parametrize(
    "f3", ["^^^^^N", "^^^KING^^N", "^^^KING^^^^^^^KINGHOSP", "4W^1^A^^^^^^Rowan"]
)
def test_the_kind_of_a_place_and_a_text_beside_codes_name_no_place(f3: str) -> None:
    place = stated(adt(visit=pv1(f3=f3))).place
    assert place is None or not place.as_text


def test_places_with_one_text_are_compared_by_their_other_parts() -> None:
    texts = [
        "^^^^^^^^Rowan Ward", "^^^^^^^^Hazel Ward", "^^^KING^^^^^Rowan Ward",
        "^12^A^^^^^^Rowan Ward", "^^^^^^NORTHWING^^Rowan Ward",
    ]  # fmt: skip
    assert len({place_of(each).ref for each in texts}) == len(texts)
    assert place_of("^^^^^^^^Rowan Ward ^x").ref == place_of(texts[0]).ref


def test_the_text_of_a_part2_unit_is_sealed_as_such() -> None:
    toml = '[sender.default]\npart2_units = [{unit = "Detox Ward"}]'
    raw = adt(visit=pv1(f3="^^^^^^^^Detox Ward"))
    place = place_of("^^^^^^^^Detox Ward", toml)
    assert (place.part2, place.as_text) == (True, False)
    assert [each["text"] for each in sealed(raw, toml)["part2"]["places"]] == ["Detox Ward"]
    assert "notes" not in sealed(raw, toml)
