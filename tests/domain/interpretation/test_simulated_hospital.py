"""The interpretation held against hospitals that know the truth."""

from random import Random

import pytest

from domain.interpretation import interpret
from domain.statement import Moment, Statement
from tests.domain.interpretation.saying import told
from tests.domain.interpretation.simulated import Visit, habits_of, minutes_of, visit


def read(said: list[Statement]) -> list[tuple[object, ...]]:
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
        for patient in interpret(said)
        for encounter in patient.encounters
        if not encounter.cancelled
    ]


def wrong(visits: list[Visit], seed: int) -> str | None:
    said = [each for one in visits for each in one.said]
    Random(seed).shuffle(said)
    expected = sorted((truth.shown() for one in visits for truth in one.truth), key=repr)
    found = sorted(read(said), key=repr)
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
        for each in sorted(said, key=lambda s: (s.sent.at if s.sent else s.ref, s.control_id))
    ]
    return "\n".join(
        [f"seed {seed} {visits[0].habits}", *lines, "expected", *map(repr, expected), "found",
         *map(repr, found), *told(interpret(said))]
    )  # fmt: skip


def at(stated: Moment | None) -> int | None:
    return None if stated is None else minutes_of(stated.at)


def one_patient(seed: int) -> list[Visit]:
    random = Random(seed)
    habits = habits_of(random)
    visits = []
    start = 600
    for number in range(random.choice([1, 1, 2, 3])):
        visits.append(visit(random, habits, f"V{number + 1}", start))
        start = visits[-1].now + random.randrange(60, 6000)
    return visits


@pytest.mark.parametrize("block", range(10))
def test_none_of_many_histories_comes_out_wrong(block: int) -> None:
    found = [
        text
        for seed in range(block * 120, block * 120 + 120)
        if (text := wrong(one_patient(seed), seed))
    ]
    assert not found, f"{len(found)} wrong, the first:\n{found[0]}"
