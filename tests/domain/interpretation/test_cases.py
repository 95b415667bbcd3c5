"""Each case gives what it says: in every order, with repetitions and with resends."""

from collections.abc import Iterator, Sequence
from itertools import islice, permutations
from random import Random

import pytest

from domain.continuity import Patient
from domain.interpretation import (
    in_census,
    interpret,
    interpret_as_of,
    stated_team,
    stated_team_at,
)
from domain.statement import Statement
from tests.domain.interpretation.case import Case
from tests.domain.interpretation.cases import CASES
from tests.domain.interpretation.statements import MONDAY, moment, sent_again
from tests.domain.interpretation.summary import (
    encounter_lines,
    entry_lines,
    patient_lines,
    team_lines,
    without_refs,
)


def interpreted(case: Case, statements: Sequence[Statement] | None = None) -> tuple[Patient, ...]:
    """Interpret the statements of a case, as of the time that the case names."""
    statements = case.statements if statements is None else statements
    as_of = moment(case.as_of)
    return interpret_as_of(statements, as_of.at) if as_of else interpret(statements)


def team_of(case: Case, statements: Sequence[Statement]) -> tuple[str, ...]:
    """Return the stated team of each patient, as of the time that the case names."""
    by_ref = {each.ref: each for each in statements}
    as_of = moment(case.as_of)
    lines: list[str] = []
    for patient in interpret(statements):
        team = stated_team(patient, by_ref.__getitem__)
        lines += team_lines(patient, stated_team_at(team, as_of.at) if as_of else team)
    return tuple(lines)


def orders(statements: Sequence[Statement]) -> Iterator[Sequence[Statement]]:
    """Return all orders of up to four statements, and 24 random orders of more."""
    if len(statements) <= 4:
        yield from permutations(statements)
        return
    random = Random(7)  # the same orders every time
    for _ in range(24):
        yield random.sample(statements, len(statements))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_gives_what_it_says(case: Case) -> None:
    patients = interpreted(case)
    encounters = [(patient, each) for patient in patients for each in patient.encounters]
    assert encounter_lines(patients) == case.gives
    if case.entries is not None:
        assert entry_lines(patients, case.statements) == case.entries
    if case.patients is not None:
        assert patient_lines(patients) == case.patients
    if case.census is not None:
        here = [(patient.patient_id, each.visit) for patient, each in encounters if in_census(each)]
        assert tuple(f"{patient} {visit}" for patient, visit in here) == case.census
    if case.team is not None:
        assert team_of(case, case.statements) == case.team
    if case.fields is not None:
        found = [
            {name: getattr(each, name) for name in expected}
            for (_, each), expected in zip(encounters, case.fields, strict=True)
        ]
        assert found == list(case.fields)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_order_and_repetition_do_not_matter(case: Case) -> None:
    expected = interpreted(case)
    for statements in orders(case.statements):
        assert interpreted(case, statements) == expected
        assert case.team is None or team_of(case, statements) == case.team
    for statements in islice(orders(case.statements), 6):
        assert interpreted(case, [*statements, *statements]) == expected


RESENT = [case for case in CASES if not case.resend_counts]


@pytest.mark.parametrize("case", RESENT, ids=lambda case: case.name)
def test_a_resend_changes_nothing(case: Case) -> None:
    expected = without_refs(interpreted(case))
    # Without EVN-2, only an unbroken run of equal statements counts once (R4.2).
    sent = [each for each in case.statements if each.sent and each.entered]
    last_day = max((each.sent.at - MONDAY for each in sent if each.sent), default=MONDAY - MONDAY)
    for number, each in enumerate(sent):
        at = f"{last_day.days}d 23:5{number}"
        resend = sent_again(each, sent=at, control=f"resend {number}")
        resent = interpreted(case, [*case.statements, resend])
        assert without_refs(resent) == expected, each.trigger
        if case.team is not None:
            assert team_of(case, [*case.statements, resend]) == case.team, each.trigger
