"""An interpretation that knows the last one gives what an interpretation without it gives."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.interpretation import KnownVisits, interpret
from domain.interpretation.growing_visit import Visit
from domain.statement import ProfileSettings, Statement
from tests.domain.interpretation.cases import CASES
from tests.domain.interpretation.simulated_hospital import draw_habits, simulate_visit
from tests.domain.interpretation.statements import adt
from tests.domain.interpretation.test_growing_visits import statements_with_many_cancels
from tests.domain.interpretation.test_properties import SETS


def assert_the_same_at_each_step(
    statements: Sequence[Statement], random: Random, *, leaves: float = 0.0
) -> None:
    """Interpret more and more of the statements; at each step some of them may leave."""
    known, here = KnownVisits(), list[Statement]()
    for each in statements:
        here.append(each)
        if random.random() < leaves:
            here.remove(random.choice(here))
        assert interpret(here, known) == interpret(here)


@given(SETS, st.randoms(use_true_random=False))
def test_statements_that_arrive_one_by_one(statements: list[Statement], random: Random) -> None:
    assert_the_same_at_each_step(statements, random)


@given(SETS, st.randoms(use_true_random=False))
def test_statements_that_are_superseded(statements: list[Statement], random: Random) -> None:
    assert_the_same_at_each_step(statements, random, leaves=0.4)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_in_sent_order_and_in_another_one(case: Any) -> None:
    random = Random(3)
    assert_the_same_at_each_step(case.statements, random)
    shuffled = random.sample(case.statements, len(case.statements))
    assert_the_same_at_each_step(shuffled, random)


@pytest.mark.parametrize("seed", range(60))
def test_cancels_of_visits_with_and_without_a_number(seed: int) -> None:
    assert_the_same_at_each_step(statements_with_many_cancels(seed), Random(seed), leaves=0.1)


@pytest.mark.parametrize("seed", range(60))
def test_visits_of_a_simulated_hospital_of_which_some_messages_are_late(seed: int) -> None:
    random = Random(seed)
    habits = draw_habits(random)
    statements = [
        each
        for number in range(4)
        for each in simulate_visit(random, habits, f"V{number}", number * 9).statements
    ]
    for _ in range(len(statements) // 5):
        statements.insert(random.randrange(len(statements)), statements.pop())
    assert_the_same_at_each_step(statements, random)


def emergencies(clock: Iterable[int]) -> list[Statement]:
    hours = ProfileSettings(close_after_hours=4.0)
    return [
        adt("A04", f"{hour}:00", "ED", pv12="E", visit=f"V{number}", settings=hours)
        for number, hour in enumerate(clock)
    ]


def test_an_emergency_that_later_statements_close_and_earlier_ones_leave_open() -> None:
    assert_the_same_at_each_step(emergencies([0, 3, 5, 9, 14]), Random(1))
    first, second, last = emergencies([0, 3, 14])
    known = KnownVisits()
    for some in ([first, last], [first, second], [first, second, last]):
        assert interpret(some, known) == interpret(some)


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Return a list that receives the number of each visit that is interpreted."""
    numbers: list[str | None] = []
    keep = KnownVisits.keep

    def noted(known: KnownVisits, visit: Visit, *more: Any) -> None:
        numbers.append(visit.number)
        keep(known, visit, *more)

    monkeypatch.setattr(KnownVisits, "keep", noted)
    return numbers


def test_only_the_visit_that_changed_is_interpreted_again(again: list[str | None]) -> None:
    admissions = [adt("A01", f"{n}d 8:00", "A", visit=f"V{n}") for n in range(5)]
    known = KnownVisits()
    interpret(admissions, known)
    assert len(again) == 5
    again.clear()
    interpret([*admissions, adt("A02", "4d 9:00", "B", visit="V4")], known)
    assert again == [admissions[4].visit]


def test_a_visit_whose_places_have_fuller_ones_is_not_interpreted_again(
    again: list[str | None],
) -> None:
    admissions = [adt("A01", f"{n}d 8:00", "A", visit=f"V{n}", from_="A N/4") for n in range(5)]
    known = KnownVisits()
    interpret(admissions, known)
    again.clear()
    interpret([*admissions, adt("A02", "4d 9:00", "B", visit="V4")], known)
    assert again == [admissions[4].visit]


def test_a_visit_that_repeats_a_time_under_another_offset_is_not_interpreted_again(
    again: list[str | None],
) -> None:
    admissions = [
        adt("A01", f"{n}d 8:15 -5", "A", at=f"{n}d 8:00 -5", visit=f"V{n}") for n in (1, 2)
    ]
    updates = [adt("A08", "9d 10:15 -4", "A", pv144=f"{n}d 8:00 -4", visit=f"V{n}") for n in (1, 2)]
    known = KnownVisits()
    here = [*admissions, *updates, adt("A02", "9d 12:00 -4", "C", visit="V2")]
    interpret(here, known)
    again.clear()
    late = [*here, adt("A02", "9d 11:00 -4", "B", visit="V2")]
    assert interpret(late, known) == interpret(late)
    assert again == [admissions[1].visit]


def test_places_that_become_fuller_and_then_are_of_two_buildings() -> None:
    admissions = [adt("A01", f"{n}d 8:00", "A", visit=f"V{n}") for n in range(3)]
    north = adt("A02", "2d 9:00", "A N/", visit="V2")
    floor = adt("A02", "2d 10:00", "A N/4", visit="V2")
    south = adt("A02", "2d 11:00", "A S/4", visit="V2")
    known, places = KnownVisits(), []
    steps = [admissions, [*admissions, north], [*admissions, north, floor]]
    for some in [*steps, [*admissions, north, floor, south], [*admissions, north], admissions]:
        patients = interpret(some, known)
        assert patients == interpret(some)
        places += [stay.place.ref for stay in patients[0].encounters[0].stays if stay.place]
    assert places == ["A", "A N/", "A N/4", "A", "A N/", "A"]
