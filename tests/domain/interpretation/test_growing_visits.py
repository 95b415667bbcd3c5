"""A visit that keeps its history and its ledger of cancels answers as one that keeps neither."""

from random import Random

import pytest

from domain.interpretation import interpret
from domain.interpretation.growing_visit import GrowingVisit
from domain.interpretation.order import OrderedStatement
from domain.statement import Statement
from tests.domain.interpretation.simulated_hospital import clock
from tests.domain.interpretation.statements import adt

TRIGGERS = ["A01", "A02", "A02", "A02", "A03", "A08", "A11", "A12", "A12", "A12", "A13"]


def statements_with_many_cancels(seed: int) -> list[Statement]:
    """Draw four to ten statements of one namespace, most of them without a visit number.

    Some are sent late, some in the same minute, some by another sender.
    """
    random = Random(seed)
    statements = []
    now = 8 * 60
    for number in range(random.randrange(4, 11)):
        now += random.choice([0, 5, 10, 30])
        trigger = random.choice(TRIGGERS)
        cancels = trigger in {"A11", "A12", "A13"}
        named = random.choice([None, None, clock(now - random.choice([0, 10, 20, 30, 60]))])
        statements.append(
            adt(
                trigger,
                clock(now),
                random.choice("AB"),
                at=clock(now - random.choice([0, 0, 0, 20, 60])),
                evn2=clock(now - random.choice([0, 0, 20, 50])) if cancels else clock(now),
                evn6=named if cancels else None,
                pv144=clock(now - 40) if random.random() < 0.2 else None,
                pv12=random.choice("IIIE"),
                from_=random.choice([None, "A", "B"]),
                visit=random.choice([None, None, None, None, None, "V1"]),
                control=f"c{number}",
                sender=random.choice(["H1", "H1", "H1", "H2"]),
                namespace="N",
            )
        )
    return statements


@pytest.mark.parametrize("count", [150, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_visit_that_keeps_its_answers_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    histories = [statements_with_many_cancels(seed) for seed in range(count)]
    with_kept_answers = [interpret(statements) for statements in histories]
    target_of = GrowingVisit.target_of

    def target_of_without_ledger(
        visit: GrowingVisit, cancel: OrderedStatement
    ) -> OrderedStatement | None:
        visit._ledger = None
        return target_of(visit, cancel)

    monkeypatch.setattr(GrowingVisit, "outline", GrowingVisit.history)
    monkeypatch.setattr(GrowingVisit, "target_of", target_of_without_ledger)
    assert [interpret(statements) for statements in histories] == with_kept_answers
