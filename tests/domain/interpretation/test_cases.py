"""Every case of the reference, in every order, with repetitions and with resends."""

from collections.abc import Iterator, Sequence
from itertools import islice, permutations
from random import Random

import pytest

from domain.interpretation import interpret
from domain.statement import Statement
from tests.domain.interpretation.cases import Case
from tests.domain.interpretation.cases_of_visits import CASES
from tests.domain.interpretation.saying import MONDAY, again, told, without_refs
from tests.domain.interpretation.stories import STORIES

ALL = [*CASES, *STORIES]


def orders(said: Sequence[Statement]) -> Iterator[Sequence[Statement]]:
    """All orders of up to five statements, 120 random ones of more."""
    if len(said) <= 5:
        yield from permutations(said)
        return
    random = Random(7)  # the same orders every time
    for _ in range(120):
        yield random.sample(said, len(said))


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_gives_what_the_reference_says(case: Case) -> None:
    assert tuple(told(interpret(case.said))) == case.gives


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_order_and_repetition_do_not_matter(case: Case) -> None:
    expected = interpret(case.said)
    for said in orders(case.said):
        assert interpret(said) == expected
    for said in islice(orders(case.said), 20):
        assert interpret([*said, *said]) == expected


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_resend_changes_nothing(case: Case) -> None:
    expected = without_refs(interpret(case.said))
    last = max(each.sent.at for each in case.said if each.sent)
    after = f"{(last - MONDAY).days}d 23:5"
    for number, each in enumerate(case.said):
        if each.sent is None or each.entered is None:
            continue
        resent = again(each, sent=f"{after}{number}", control=f"resent {number}")
        assert without_refs(interpret([*case.said, resent])) == expected, each.trigger
