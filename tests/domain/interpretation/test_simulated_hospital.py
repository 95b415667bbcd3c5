"""Interpretation gives what really happened in simulated hospitals."""

from random import Random

import pytest

from domain.interpretation import interpret
from domain.statement import Moment, Statement
from tests.domain.interpretation.simulated_hospital import (
    SimulatedVisit,
    draw_habits,
    minutes_of,
    simulate_visit,
)
from tests.domain.interpretation.summary import encounter_lines


def interpreted(statements: list[Statement]) -> list[tuple[object, ...]]:
    """Return the valid encounters in the form of ``TrueEncounter.as_tuple``."""
    return [
        (
            minutes_of(encounter.start),
            minutes_of(encounter.end),
            tuple(
                (
                    stay.place.ref if stay.place else None,
                    minutes_of(stay.start),
                    minutes_of(stay.end),
                )
                for stay in encounter.stays
                if not stay.cancelled
            ),
        )
        for patient in interpret(statements)
        for encounter in patient.encounters
        if not encounter.cancelled
    ]


def difference(visits: list[SimulatedVisit], seed: int) -> str | None:
    """Return statements, truth and result, if the result is not the truth."""
    statements = [each for one in visits for each in one.statements]
    Random(seed).shuffle(statements)
    expected = sorted((truth.as_tuple() for one in visits for truth in one.truth), key=repr)
    found = sorted(interpreted(statements), key=repr)
    if found == expected:
        return None
    lines = [
        f"{each.trigger} sent {at(each.sent)} "
        f"evn2 {at(each.entered)} "
        f"evn6 {at(each.occurred)} "
        f"44 {at(each.admitted)} "
        f"45 {at(each.discharged)} "
        f"bed {each.place and each.place.ref} from {each.prior_place and each.prior_place.ref} "
        f"{each.class_code} {each.visit} {each.control_id}"
        for each in sorted(statements, key=lambda s: (s.sent.at if s.sent else s.ref, s.control_id))
    ]
    return "\n".join(
        [f"seed {seed} {visits[0].habits}", *lines, "expected", *map(repr, expected), "found",
         *map(repr, found), *encounter_lines(interpret(statements))]
    )  # fmt: skip


def at(stated: Moment | None) -> int | None:
    return None if stated is None else minutes_of(stated.at)


def one_patient(seed: int) -> list[SimulatedVisit]:
    random = Random(seed)
    habits = draw_habits(random)
    visits = []
    start = 600
    for number in range(random.choice([1, 1, 2, 3])):
        visits.append(simulate_visit(random, habits, f"V{number + 1}", start))
        start = visits[-1].now + random.randrange(60, 6000)
    return visits


@pytest.mark.parametrize(
    "block", [*range(3), *(pytest.param(each, marks=pytest.mark.soak) for each in range(3, 20))]
)
def test_every_simulated_history_is_interpreted_as_it_was(block: int) -> None:
    found = [
        text
        for seed in range(block * 120, block * 120 + 120)
        if (text := difference(one_patient(seed), seed))
    ]
    assert not found, f"{len(found)} wrong, the first:\n{found[0]}"
