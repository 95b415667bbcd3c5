"""The practice in which a patient was last seen in primary care."""

from datetime import datetime
from typing import Any

import pytest

from domain.interpretation import interpret
from domain.primary_care import last_seen_in_primary_care
from domain.statement import Statement
from tests.domain.interpretation.statements import adt
from tests.domain.transition.given import on, utc

CLINIC, OTHER, HOSPITAL = "CLINIC", "OTHER", "HOSPITAL"
PRACTICES = {CLINIC, OTHER}
NOW = utc("2026-04-01 00:00")


def visit(
    when: str, facility: str = CLINIC, number: str = "V1", trigger: str = "A04", **more: Any
) -> Statement:
    return adt(trigger, on(when), visit=number, sender=facility, pv12="O", **more)


def seen(*statements: Statement, at: datetime = NOW) -> tuple[str, datetime] | None:
    (patient,) = interpret(statements)
    found = last_seen_in_primary_care(patient.encounters, PRACTICES, at)
    return (found.practice, found.at) if found else None


FIRST = visit("2026-03-03 09:00")
SECOND = visit("2026-03-10 09:00", OTHER, "V2")


def test_the_last_visit_to_a_practice_counts_in_any_order() -> None:
    expected = (OTHER, utc("2026-03-10 09:00"))
    assert seen(FIRST, SECOND) == seen(SECOND, FIRST) == expected


def test_a_later_visit_is_left_out() -> None:
    assert seen(FIRST, SECOND, at=utc("2026-03-10 08:59")) == (CLINIC, utc("2026-03-03 09:00"))
    assert seen(FIRST, SECOND, at=utc("2026-03-03 08:59")) is None


@pytest.mark.parametrize(
    "no_visit",
    [
        visit("2026-03-20 09:00", HOSPITAL, "V9"),
        adt("A01", on("2026-03-20 09:00"), visit="V9", sender=CLINIC, pv12="I"),
        visit("2026-03-20 09:00", CLINIC, "V9", "A05"),
    ],
    ids=["at a hospital", "an admission", "only planned"],
)
def test_what_is_no_visit_to_a_practice_does_not_count(no_visit: Statement) -> None:
    assert seen(no_visit) is None
    assert seen(FIRST, no_visit) == (CLINIC, utc("2026-03-03 09:00"))


def test_a_visit_that_was_cancelled_does_not_count() -> None:
    cancel = visit("2026-03-10 09:30", OTHER, "V2", "A11")
    assert seen(FIRST, SECOND, cancel) == (CLINIC, utc("2026-03-03 09:00"))
