"""What is rare in size: long chains, many cancels, years at the ends of the calendar, nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from domain.interpretation import interpret
from domain.statement import Moment, ProfileSettings
from tests.domain.interpretation.statements import adt
from tests.domain.interpretation.summary import encounter_lines


def test_no_statements_give_no_patients() -> None:
    assert interpret([]) == ()


@pytest.mark.parametrize("control", ["a", "b", "c", "d", "e", "f"])
def test_an_admission_without_any_time_and_a_discharge_of_a_day_are_one_encounter(
    control: str,
) -> None:
    # Neither has a time of sending, so the refs tell their order.
    admission = adt("A01", None, at=None, evn2=None, control=control)
    discharge = adt("A03", None, at="--")
    (patient,) = interpret([admission, discharge])
    assert [len(each.statements) for each in patient.encounters] == [2]


def test_a_long_chain_of_merges_ends_at_its_survivor() -> None:
    chain = [
        adt("A40", "11:00", patient=f"p{n + 1:04}", merged=f"p{n:04}", visit=None, control=str(n))
        for n in range(1500)
    ]
    assert interpret(chain)[0].patient_id == "p1500"
    back = adt("A40", "12:00", patient="p1499", merged="p1500", visit=None)
    assert interpret([*chain, back])[0].patient_id == "p1499"


def test_many_cancels_mean_the_same_with_and_without_a_number() -> None:
    def lines(visit: str | None) -> list[str]:
        random, bed = Random(5), "A"
        statements = [adt("A01", "0:00", bed, visit=visit)]
        for minute in range(1, 600):
            at = f"{minute // 60}:{minute % 60:02}"
            control = str(minute)
            if random.random() < 0.3:
                statements.append(adt("A12", at, bed, visit=visit, control=control))
            else:
                before, bed = bed, random.choice("ABCD")
                transfer = adt("A02", at, bed, from_=before, visit=visit, control=control)
                statements.append(transfer)
        return [line.replace(" V1 ", " - ") for line in encounter_lines(interpret(statements))]

    assert lines(None) == lines("V1")


@pytest.mark.parametrize(
    "at", [datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
)
def test_a_year_at_an_end_of_the_calendar_raises_nothing(at: datetime) -> None:
    settings = ProfileSettings(close_after_hours=4.0)
    emergency = adt("A04", "10:00", "A", pv12="E", settings=settings)
    extreme = Moment(at=at)
    for trigger in ("A02", "A03", "A04", "A08", "A13"):
        plain = adt(trigger, "11:00", "B", pv12="E", settings=settings)
        for strange in (
            replace(plain, entered=extreme),
            replace(plain, occurred=extreme),
            replace(plain, admitted=extreme),
            replace(plain, discharged=extreme),
        ):
            assert len(interpret([emergency, strange])) == 1
            assert len(interpret([strange])) == 1
