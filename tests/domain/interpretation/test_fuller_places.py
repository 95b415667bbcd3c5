"""Places that some messages state without their building or floor (R8.12)."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from domain.ids import PlaceRef
from domain.interpretation import interpret
from domain.statement import Place, Statement
from tests.domain.interpretation.simulated_hospital import draw_habits, simulate_visit
from tests.domain.interpretation.statements import adt
from tests.domain.interpretation.summary import encounter_lines


@pytest.mark.parametrize("seed", range(40))
def test_building_and_floor_may_be_left_out_once_they_are_stated(seed: int) -> None:
    random = Random(seed)
    habits = draw_habits(random)
    visits = [simulate_visit(random, habits, f"V{number}", number * 9) for number in range(3)]
    full = [_in_full(each) for visit in visits for each in visit.statements]
    assert interpret(_left_out(full, random)) == interpret(full)


def _in_full(each: Statement) -> Statement:
    """Give all places of a statement a building and a floor."""
    return replace(each, place=_on_floor(each.place), prior_place=_on_floor(each.prior_place))


def _on_floor(place: Place | None) -> Place | None:
    if place is None:
        return None
    return replace(place, ref=PlaceRef(f"{place.ref} N/4"), building="N", floor="4")


def _left_out(statements: Sequence[Statement], random: Random) -> list[Statement]:
    """Leave building, floor or both out of most places, but never of all that name one bed."""
    kept = {id(each) for each in {each.place: each for each in statements}.values()}
    found = []
    for each in statements:
        place, prior = each.place, _shorter(each.prior_place, random)
        if id(each) not in kept:
            place = _shorter(place, random)
        found.append(replace(each, place=place, prior_place=prior))
    return found


def _shorter(place: Place | None, random: Random) -> Place | None:
    if place is None:
        return None
    building, floor = random.choice([(None, None), ("N", None), (None, "4"), ("N", "4")])
    ref = PlaceRef(f"{place.unit} {building}/{floor}")
    if (building, floor) == ("N", "4"):
        return place
    return replace(place, ref=ref, building=building, floor=floor)


def test_a_place_without_a_unit_has_no_fuller_place() -> None:
    """A text names a place on a floor, and another one whose floor is not stated."""
    statements = [
        replace(each, place=replace(each.place, unit=None, bed=None, as_text=True))
        for each in (adt("A01", "10:00", "A"), adt("A02", "11:00", "A N/4"))
        if each.place is not None
    ]
    assert encounter_lines(interpret(statements)) == (
        "p1 V1 IMP in-progress 10:00-: A 10:00-11:00, A N/4 11:00-",
    )


@pytest.mark.parametrize("part", ["facility", "unit", "room", "bed"])
def test_a_place_that_differs_in_another_part_is_not_fuller(part: str) -> None:
    admission, transfer = adt("A01", "10:00", "A"), adt("A02", "11:00", "A N/4")
    assert transfer.place is not None
    given = {"facility": "H1", "unit": "A", "room": None, "bed": "A"}
    same = replace(transfer.place, **given)  # type: ignore[arg-type]
    other = replace(transfer.place, **{**given, part: "X"})  # type: ignore[arg-type]
    stays = [
        len(interpret([admission, replace(transfer, place=place)])[0].encounters[0].stays)
        for place in (same, other)
    ]
    assert stays == [1, 2]


def test_places_that_differ_in_a_sealed_part_are_different_places() -> None:
    """Two rooms whose names are sealed as text look alike, but have different refs."""
    one, other, short = (
        adt("A01", "10:00", "unit W /4"),
        adt("A02", "11:00", "unit W /4"),
        adt("A02", "12:00", "unit W"),
    )
    assert other.place is not None
    other = replace(other, place=replace(other.place, ref=PlaceRef("sealed room")))
    (encounter,) = encounter_lines(interpret([one, other, short]))
    assert encounter.endswith("unit W /4 10:00-11:00, sealed room 11:00-12:00, unit W 12:00-")
