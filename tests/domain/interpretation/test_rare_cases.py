"""What seldom happens: the rules read to the letter where the table of cases is silent."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from random import Random

import pytest

from domain.interpretation import interpret
from domain.interpretation.times import BEFORE_ALL
from domain.statement import Moment, Settings, Statement
from tests.domain.interpretation.saying import says, told

CASES: dict[str, tuple[list[Statement], list[str]]] = {
    "the A13 of a discharge that never reached us says where, also once it is discharged again": (
        [says("A13", "10:00", "B"), says("A03", "13:00")],
        ["p1 V1 IMP finished ?-13:00: B ?-13:00"],
    ),
    "the A12 of a transfer that never reached us says where, if nothing else does": (
        [says("A01", "10:00"), says("A12", "11:00", "B")],
        ["p1 V1 IMP in-progress 10:00-: B 10:00-"],
    ),
    "an A13 that says where holds when a later one does not": (
        [says("A13", "10:00", "B"), says("A13", "12:00")],
        ["p1 V1 IMP in-progress ?-: B ?-"],
    ),
    "an admission sent late, after an update that has its PV1-44 already": (
        [
            says("A04", "10:00", "E", pv12="E"),
            says("A08", "13:10", "W", pv144="13:00"),
            says("A01", "15:00", "W", at="13:00", evn2="13:00"),
        ],
        ["p1 V1 IMP in-progress 10:00-: E 10:00-13:00, W 13:00-"],
    ),
    "an admission entered late, after an update that has its PV1-44 already": (
        [
            says("A04", "10:00", "E", pv12="E"),
            says("A08", "13:10", "W", pv144="13:00"),
            says("A01", "13:50", "W", at="13:00"),
        ],
        ["p1 V1 IMP in-progress 10:00-: E 10:00-13:00, W 13:00-"],
    ),
    "an admission entered the next day, after a transfer that has its PV1-44 and class already": (
        [
            says("A04", "10:00", "E", pv12="E"),
            says("A02", "14:00", "X", pv144="13:00"),
            says("A01", "1d 9:00", "W", at="13:00"),
        ],
        ["p1 V1 IMP in-progress 10:00-: E 10:00-13:00, W 13:00-14:00, X 14:00-"],
    ),
    "an admission that copies the corrected PV1-44 of the registration": (
        [
            says("A04", "10:00", "E", pv12="E"),
            says("A08", "10:20", "E", pv144="10:10", pv12="E"),
            says("A01", "13:00", "W", at="10:10"),
        ],
        ["p1 V1 IMP in-progress 10:10-: E 10:10-13:00, W 13:00-"],
    ),
    "a department closes its own visit where the registered had been brought since": (
        [
            says("A04", "10:00", "E", pv12="E"),
            says("A02", "12:00", "O", pv12="B"),
            says("A03", "17:20", "O", pv12="B", at="17:14"),
            says("A01", "21:00", "W", at="17:14", evn6="17:14", from_="O"),
        ],
        ["!p1 V1 IMP in-progress 10:00-: E 10:00-12:00, O 12:00-17:14, W 17:14-"],
    ),
    "a cancelled admission, and the registration before it sent late": (
        [
            says("A01", "10:09", "F", at="10:08"),
            says("A04", "10:12", "E", pv12="E", at="10:02"),
            says("A11", "10:16", "F"),
            says("A01", "14:00", "W"),
        ],
        ["p1 V1 IMP in-progress 10:02-: E 10:02-14:00, (F 10:08-10:16), W 14:00-"],
    ),
    "a cancelled admission with the PV1-44 of the registration, which was sent after it": (
        [
            says("A01", "10:09", "F", at="10:02", evn6="10:08", pv144="10:02"),
            says("A04", "10:12", "E", pv12="E", at="10:02", evn6="10:02", pv144="10:02"),
            says("A11", "10:16", "F", evn6="10:16"),
            says("A03", "14:00", "E", pv12="E"),
        ],
        ["p1 V1 EMER finished 10:02-14:00: E 10:02-14:00, (F 10:02-10:16)"],
    ),
    "a department closes its own visit, of which only the change to inpatient was heard": (
        [
            says("A06", "10:00", "W", from_="O"),
            says("A03", "10:10", "O", pv12="B"),
            says("A02", "12:00", "X"),
        ],
        ["!p1 V1 IMP in-progress ?-: W 10:00-12:00, X 12:00-"],
    ),
    "a department closes its own visit, of which only the admission was heard": (
        [
            says("A01", "10:00", "W", from_="E"),
            says("A03", "10:10", "E", pv12="E"),
            says("A02", "12:00", "X"),
        ],
        ["!p1 V1 IMP in-progress 10:00-: W 10:00-12:00, X 12:00-"],
    ),
    "a department closes its own visit, of which nothing was heard": (
        [
            says("A01", "10:00", "W"),
            says("A03", "10:10", "O", pv12="B"),
            says("A02", "12:00", "X"),
            says("A03", "13:20", "X"),
        ],
        ["!p1 V1 IMP finished 10:00-13:20: W 10:00-12:00, X 12:00-13:20"],
    ),
    "a department closes its own visit, of which nothing was heard, and the stay goes on": (
        [
            says("A01", "10:00", "W"),
            says("A03", "10:10", "O", pv12="B"),
            says("A02", "12:00", "X"),
        ],
        ["!p1 V1 IMP in-progress 10:00-: W 10:00-12:00, X 12:00-"],
    ),
    "a registration told after the discharge, and a cancelled one of the next visit": (
        [
            says("A02", "10:30", "B", pv12="E"),
            says("A03", "13:20", "B", pv12="E"),
            says("A04", "15:00", "A", pv12="E", at="10:00"),
            says("A04", "9d 9:00", "C", pv12="E"),
            says("A11", "9d 9:10", "C", pv12="E"),
        ],
        [
            "p1 V1 EMER finished 10:00-13:20: A 10:00-10:30, B 10:30-13:20",
            "p1 V1 EMER cancelled 9d 09:00-: (C 9d 09:00-)",
        ],
    ),
    "what a cancel says makes no stay without length": (
        [says("A12", "11:00", "B"), says("A03", "12:00", pv144="9:00", pv145="9:00")],
        ["p1 V1 IMP finished 09:00-09:00"],
    ),
    "a corrected end of a stay that nobody heard the beginning of": (
        [says("A02", "11:00", "B"), says("A03", "13:20"), says("A08", "14:00", pv145="10:30")],
        ["!p1 V1 IMP finished ?-10:30"],
    ),
    "an end from before the beginning corrects nothing": (
        [says("A01", "10:00", "A"), says("A03", "13:20"), says("A08", "14:00", pv145="9:00")],
        ["p1 V1 IMP finished 10:00-13:20: A 10:00-13:20"],
    ),
    "an A06 that leaves out the place replaces no part in that place": (
        [says("A06", "10:00", "C"), says("A06", "10:20"), says("A03", "10:30", "C")],
        ["p1 V1 IMP finished ?-10:30: C 10:00-10:30"],
    ),
    "coarse transfers that all fall on the beginning come as they were sent": (
        [
            says("A01", "10:15", "A"),
            says("A02", "10:20", "B", evn6="10:--"),
            says("A02", "11:00", "C", evn6="--"),
        ],
        ["p1 V1 IMP in-progress 10:15-: C 10:15-"],
    ),
    "transfers from before the beginning come as they happened": (
        [
            says("A01", "10:30", "A"),
            says("A02", "10:40", "C", evn6="10:20"),
            says("A02", "10:50", "B", evn6="10:10"),
        ],
        ["!p1 V1 IMP in-progress 10:30-: C 10:30-"],
    ),
    "an admission told late, of before a registration that came after the discharge": (
        [
            says("A03", "13:20"),
            says("A04", "14:00", "C"),
            says("A01", "15:00", "A", pv144="10:00"),
        ],
        [
            "p1 V1 IMP finished 10:00-13:20: A 10:00-13:20",
            "p1 V1 AMB arrived 14:00-: C 14:00-",
        ],
    ),
    "A01 and A04 with one PV1-44 begin at it, though the A01 was entered before": (
        [
            says("A01", "9:00", "A", pv144="11:00"),
            says("A04", "12:00", "A", pv144="11:00"),
        ],
        ["p1 V1 IMP in-progress 11:00-: A 11:00-"],
    ),
    "an admission out of a registration is never before it": (
        [
            says("A04", "10:55", "A", pv144="12:00"),
            says("A01", "11:00", "A", pv144="10:00"),
        ],
        ["p1 V1 IMP in-progress 12:00-: A 12:00-"],
    ),
    "of two A04 the class sent last decides who waits in the emergency department": (
        [
            says("A04", "10:00", "A", control="9", pv144="10:30"),
            says("A04", "10:00", "A", control="10", pv12="E"),
        ],
        ["p1 V1 EMER in-progress 10:00-: A 10:00-"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rare_cases_in_every_order_and_with_repetitions(case: str) -> None:
    said, expected = CASES[case]
    for order in permutations(said):
        assert told(interpret(order)) == expected
        assert told(interpret([*order, *order])) == expected


@pytest.mark.parametrize("year", [1, 9999])
def test_a_year_at_the_end_of_the_calendar_raises_nothing(year: int) -> None:
    settings = Settings(close_after_hours=4.0)
    emergency = says("A04", "10:00", "A", pv12="E", settings=settings)
    odd = Moment(at=datetime(year, 12, 31, 23, 59, tzinfo=UTC) if year > 1 else BEFORE_ALL)
    for trigger in ("A02", "A03", "A04", "A08", "A13"):
        said = says(trigger, "11:00", "B", pv12="E", settings=settings)
        for strange in (
            replace(said, entered=odd),
            replace(said, occurred=odd),
            replace(said, admitted=odd),
            replace(said, discharged=odd),
        ):
            assert len(interpret([emergency, strange])) == 1
            assert len(interpret([strange])) == 1


def test_a_rule_closes_no_emergency_visit_before_its_last_change() -> None:
    hours = Settings(close_after_hours=1.0)
    said = [
        says("A04", "9:00", "A", pv12="E", settings=hours),
        says("A01", "11:30", "B", pv12="E", pv144="9:00", settings=hours),
        says("A31", "14:00", visit=None),
    ]
    assert told(interpret(said)) == [
        "!p1 V1 EMER finished 09:00-~12:30: A 09:00-11:30, B 11:30-12:30"
    ]


def test_many_cancels_mean_the_same_without_a_number() -> None:
    def told_of(visit: str | None) -> list[str]:
        random, bed = Random(5), "A"
        said = [says("A01", "0:00", bed, visit=visit)]
        for minute in range(1, 600):
            at = f"{minute // 60}:{minute % 60:02}"
            if random.random() < 0.3:
                said.append(says("A12", at, bed, visit=visit, control=str(minute)))
            else:
                before, bed = bed, random.choice("ABCD")
                control = str(minute)
                said.append(says("A02", at, bed, from_=before, visit=visit, control=control))
        return told(interpret(said))

    assert told_of(None) == [line.replace("V1", "-") for line in told_of("V1")]
