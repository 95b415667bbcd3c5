"""The interpretation of generated worlds is compared with their truth."""

import random
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from caretrail.generate import World, demo_week, generate
from caretrail.generate.compare import Mismatch, components, differences, mismatches, statements
from domain.continuity import Patient
from domain.interpretation import interpret
from domain.statement import Statement

START = datetime(2026, 2, 27, 6, tzinfo=UTC)


def interpreted(stated: Iterable[Statement], order: random.Random | None = None) -> list[Patient]:
    """Interpret as the projections do, component by component; ``order`` shuffles statements."""
    patients: list[Patient] = []
    for part in components(stated):
        if order is not None:
            order.shuffle(part)
        patients += interpret(part)
    return patients


def misread(world: World, order: random.Random | None = None) -> list[Mismatch]:
    return mismatches(world, interpreted(statements(world), order))


def share(visits: int, mistakes: list[Mismatch], capsys: pytest.CaptureFixture[str]) -> float:
    """Print and return the share of visits that were misread."""
    with capsys.disabled():
        found = dict(Counter(e.expected.numbers for e in mistakes if e.expected is not None))
        sys.stderr.write(
            f"\n{len(mistakes)} of {visits} visits wrong ({len(mistakes) / visits:.2%}): {found}\n"
        )
    return len(mistakes) / visits


def _facility(mistake: Mismatch) -> str:
    return mistake.expected.facility if mistake.expected is not None else ""


def test_the_interpretation_of_the_demo_week_is_its_truth() -> None:
    week = demo_week()
    assert differences(week, interpreted(statements(week))) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [11, 12])
def test_no_visit_with_a_number_is_misread(seed: int) -> None:
    """Visits with mixed troubles, whose messages arrive in random order; a soak reads a million."""
    world = generate(
        seed, 21, start=START, facilities=28, trouble=0.7, numbered_only=True, visits_a_day=46
    )
    assert [each.text for each in misread(world, random.Random(seed))] == []
    assert world.truth.visits > 1_250


def test_the_comparison_finds_encounters_without_their_end() -> None:
    world = generate(5, 3, start=START, facilities=7, trouble=0.5)
    stated = list(statements(world))
    without_ends = [each for each in stated if each.trigger != "A03"]
    ended = sum(
        each.status == "finished" and each.numbers == "always"
        for patient in world.truth.patients
        for each in patient.encounters
    )
    assert len(mismatches(world, interpreted(without_ends))) >= ended * 0.9


def test_few_visits_of_senders_without_numbers_are_misread(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = generate(21, 8, start=START, facilities=40, trouble=0.5, visits_a_day=120)
    numbered = {each.code for each in world.facilities if each.habits.visit_numbers == "always"}
    mistakes = [each for each in misread(world) if each.expected is not None]
    assert [each.text for each in mistakes if _facility(each) in numbered] == []
    visits = sum(
        each.numbers != "always" for patient in world.truth.patients for each in patient.encounters
    )
    assert share(visits, mistakes, capsys) < 0.05


def test_only_visits_with_undecidable_events_are_misread(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = generate(
        31, 10, start=START, facilities=20, trouble=0.0, numbered_only=True, undecidable=1.0
    )
    mistakes = misread(world)
    assert all(each.expected is None or each.expected.undecidable for each in mistakes)
    assert share(world.truth.visits, mistakes, capsys) > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 1_100))
def test_no_visit_with_a_number_is_misread_in_a_million(seed: int) -> None:
    """A hundred worlds of 10,000 visits each, with all troubles, in random order."""
    world = generate(
        seed, 60, start=START, facilities=40, trouble=1.0, numbered_only=True, visits_a_day=120
    )
    mistakes = misread(world, random.Random(seed))
    assert [each.text for each in mistakes] == []
    assert world.truth.visits >= 10_000
