"""Which cancel took an entry back, and which statement counts instead of another one."""

from collections.abc import Sequence

from caretrail.reading.opening import PersonDetails
from caretrail.reading.patient import PatientReading
from caretrail.web import entries
from caretrail.web.words import Words
from domain.ids import EventId
from domain.interpretation import interpret
from domain.journey import Journey
from domain.statement import Statement
from domain.triggers import trigger_of
from projections.audit_trail import LogPosition
from projections.engine.events import FiledStatement
from tests.domain.interpretation.statements import MONDAY, adt

WORDS = Words()


def notes(said: Sequence[Statement]) -> dict[str, list[str]]:
    """Return the notes of each entry of one patient, by control id: trigger and time of sending."""
    (patient,) = interpret(said)
    reading = PatientReading(
        patient=patient,
        filed={each.ref: filed(each, index) for index, each in enumerate(said, 1)},
        person=PersonDetails(),
        numbers=(),
        visits={},
        places={},
        known=LogPosition(index=len(said), recorded_at=MONDAY),
        as_of=None,
    )
    return {
        shown.control_id: [
            " ".join(filter(None, (note.head, note.was, note.rest))) for note in shown.notes
        ]
        for shown in entries.entry_lines(reading, Journey(), WORDS)
    }


def filed(statement: Statement, index: int) -> FiledStatement:
    return FiledStatement(
        index=index,
        event_id=EventId(f"event {index}"),
        topic=trigger_of(statement.trigger).topic,
        recorded_at=statement.sent.at if statement.sent else MONDAY,
        message_id=None,
        partition=0,
        statement=statement,
        segments="[]",
    )


def test_of_two_transfers_taken_back_each_names_its_own_cancel() -> None:
    shown = notes(
        [
            adt("A01", "10:00", "A"),
            adt("A02", "11:00", "B", from_="A"),
            adt("A02", "12:00", "C", from_="B"),
            adt("A12", "12:30", "B", evn6="12:00"),
            adt("A12", "12:40", "A", evn6="11:00"),
        ]
    )

    assert shown["A02-11:00"] == ["Cancelled on 2 Mar 12:40 by the sender (A12)."]
    assert shown["A02-12:00"] == ["Cancelled on 2 Mar 12:30 by the sender (A12)."]


def test_a_transfer_that_fell_with_its_admission_names_the_cancel_of_the_admission() -> None:
    shown = notes(
        [
            adt("A01", "10:00", "A"),
            adt("A02", "11:00", "B"),
            adt("A11", "11:30"),
        ]
    )

    assert shown["A02-11:00"] == ["Cancelled on 2 Mar 11:30 by the sender (A11)."]


def test_a_discharge_that_an_update_corrected_names_the_time_that_holds() -> None:
    shown = notes(
        [
            adt("A01", "10:00", "A"),
            adt("A03", "13:20", "A"),
            adt("A08", "15:00", "A", pv145="12:30"),
        ]
    )

    assert shown["A03-13:20"] == [
        "Corrected: 13:20 was stated first; since 2 Mar 15:00 it is 12:30."
    ]
    assert shown["A08-15:00"] == []


def test_a_discharge_of_a_department_says_that_the_visit_went_on() -> None:
    shown = notes(
        [
            adt("A04", "8:00", "ED", pv12="E"),
            adt("A01", "12:00", "W", from_="ED"),
            adt("A03", "12:00", "ED", pv12="E"),
            adt("A03", "17:00", "W"),
        ]
    )

    assert shown["A03-12:00"] == ["Ended one department only: the visit went on elsewhere."]
    assert shown["A03-17:00"] == []
