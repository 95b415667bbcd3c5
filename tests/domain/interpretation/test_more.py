"""Rules that the table of cases does not show."""

from datetime import timedelta

from domain.interpretation import INFERRED, happened, in_census, interpret, stated_by
from domain.statement import Settings
from tests.domain.interpretation.saying import MONDAY, says, told

ADMITTED = says("A01", "10:00", "A")
NOON = MONDAY + timedelta(hours=12)


def test_where_each_time_comes_from() -> None:
    sources = [
        happened(says("A01", "10:00", pv144="9:00", evn6="9:30"))[1],
        happened(says("A03", "10:00", pv144="9:00", evn6="9:30", at=None))[1],
        happened(says("A02", "10:00", at=None, pv144="9:00"))[1],
        happened(says("A02", "10:00", at=None, evn2=None))[1],
        happened(says("A13", "10:00", evn6="9:00"))[1],
        happened(says("A08", None, at=None, evn2=None))[1],
    ]
    assert sources == ["PV1-44", "EVN-6", "EVN-2", "MSH-7", "EVN-2", ""]
    assert {"EVN-2", "MSH-7", ""} == INFERRED
    assert happened(says("A03", "10:00", at="--"))[0] == MONDAY + timedelta(days=1, seconds=-1)


# --- whose ----------------------------------------------------------------------------------------


def test_a_value_that_two_records_of_one_authority_hold_joins_nobody() -> None:
    said = [
        says("A01", "10:00", "A", patient="a.1", trusted=("e7",)),
        says("A01", "10:00", "B", patient="a.2", trusted=("e7",), visit="V2"),
        says("A01", "10:00", "C", patient="b.1", trusted=("e7",), visit="V3", sender="H2"),
    ]
    patients = interpret(said)
    assert [each.records for each in patients] == [("a.1",), ("a.2",), ("b.1",)]
    assert {each.flags for each in patients} == {("identifier_shared",)}
    merge = says("A40", "11:00", patient="a.1", merged="a.2", visit=None)
    (patient,) = interpret([*said, merge])
    assert patient.records == ("a.1", "a.2", "b.1")
    assert patient.flags == ()


def test_a_master_index_joins_records_of_one_authority() -> None:
    (patient,) = interpret(
        [
            says("A01", "10:00", "A", patient="a.1", trusted=("e7",), master_index=True),
            says("A04", "11:00", "B", patient="a.2", trusted=("e7",), visit="V2"),
        ]
    )
    assert patient.records == ("a.1", "a.2")


def test_a_placeholder_joins_nobody() -> None:
    patients = interpret(
        [
            says("A01", "10:00", "A", patient="a.1", trusted=("unknown",)),
            says("A01", "10:00", "B", patient="b.1", trusted=("unknown",), visit="V2"),
        ]
    )
    assert [each.records for each in patients] == [("a.1",), ("b.1",)]


def test_who_files_under_the_trusted_number_itself_is_joined() -> None:
    (patient,) = interpret(
        [
            says("A01", "10:00", "A", patient="a.1", trusted=("e7",)),
            says("A04", "11:00", "B", patient="e7", sender="H2"),
        ]
    )
    assert patient.records == ("a.1", "e7")


def test_a_merge_into_itself_is_flagged_and_does_nothing() -> None:
    (patient,) = interpret([ADMITTED, says("A40", "11:00", merged="p1", visit=None)])
    assert patient.merges == ()
    assert patient.entries[1].flags == ("merge_into_itself",)


def test_of_several_ends_the_smallest_answers() -> None:
    (patient,) = interpret(
        [
            says("A40", "11:00", patient="p3", merged="p1", visit=None),
            says("A40", "12:00", patient="p2", merged="p1", visit=None),
        ]
    )
    assert patient.patient_id == "p2"


def test_messages_for_a_retired_record_are_flagged() -> None:
    (patient,) = interpret(
        [
            says("A40", "11:00", patient="p2", merged="p1", visit=None),
            says("A01", "12:00", "A", patient="p1"),
        ]
    )
    assert patient.entries[-1].flags == ("record_retired",)


def test_long_chains_and_cycles_of_merges_end() -> None:
    said = [
        says("A40", "11:00", patient=f"p{n + 1:04}", merged=f"p{n:04}", visit=None, control=str(n))
        for n in range(1500)
    ]
    assert interpret(said)[0].patient_id == "p1500"
    back = says("A40", "12:00", patient="p1499", merged="p1500", visit=None)
    assert interpret([*said, back])[0].patient_id == "p1499"


# --- cancels --------------------------------------------------------------------------------------


def test_a_movement_id_names_what_is_cancelled() -> None:
    said = [
        ADMITTED,
        says("A02", "11:00", "B", movement="m1"),
        says("A02", "12:00", "C", movement="m2"),
        says("A12", "12:30", "A", movement="m1"),
    ]
    assert told(interpret(said)) == [
        "p1 V1 IMP in-progress 10:00-: A 10:00-12:00, (B 11:00-12:30), C 12:00-"
    ]


def test_a_cancel_of_what_is_not_known_yet_waits() -> None:
    waiting = [ADMITTED, says("A02", "12:00", "C"), says("A12", "12:30", "A", evn6="11:00")]
    assert told(interpret(waiting)) == ["!p1 V1 IMP in-progress 10:00-: A 10:00-12:00, C 12:00-"]
    assert interpret(waiting)[0].entries[-1].flags == ("waits",)
    arrived = says("A02", "11:05", "B", at="11:00")
    assert told(interpret([*waiting, arrived])) == [
        "p1 V1 IMP in-progress 10:00-: A 10:00-12:00, (B 11:00-12:30), C 12:00-"
    ]


def test_a_cancel_alone_is_an_entry_and_no_encounter() -> None:
    (patient,) = interpret([says("A12", "11:00", "A"), says("A11", "11:00", visit="V2")])
    assert patient.encounters == ()
    assert [each.flags for each in patient.entries] == [("no_effect",), ("no_effect",)]


def test_after_the_admission_the_registration_can_be_taken_back_too() -> None:
    said = [
        says("A04", "8:00", "ED", pv12="E"),
        says("A01", "12:00", "W"),
        says("A11", "12:10", "W"),
    ]
    assert told(interpret(said)) == ["p1 V1 EMER in-progress 08:00-: ED 08:00-, (W 12:00-12:10)"]
    again = says("A11", "12:20", "ED", pv12="E")
    assert told(interpret([*said, again])) == [
        "p1 V1 IMP cancelled 08:00-: (ED 08:00-12:00), (W 12:00-)"
    ]


def test_an_admission_after_the_end_that_is_taken_back_was_an_encounter_of_its_own() -> None:
    said = [
        ADMITTED,
        says("A03", "11:00", "A"),
        says("A01", "3d 10:00", "B"),
        says("A11", "3d 10:05", "B"),
    ]
    assert told(interpret(said)) == [
        "p1 V1 IMP finished 10:00-11:00: A 10:00-11:00",
        "p1 V1 IMP cancelled 3d 10:00-: (B 3d 10:00-)",
    ]


def test_a_plan_is_taken_back_by_a38_only() -> None:
    plan = says("A05", "8:00", pv144="2d 9:00")
    (patient,) = interpret([plan, says("A11", "9:00")])
    assert told((patient,)) == ["p1 V1 IMP planned ?-"]
    assert patient.encounters[0].planned_for == MONDAY + timedelta(days=2, hours=9)


def test_entries_say_what_became_of_each_statement() -> None:
    (patient,) = interpret([ADMITTED, says("A02", "11:00", "B"), says("A12", "11:10", "A")])
    assert [each.voided for each in patient.entries] == [False, True, False]
    assert {str(each.encounter_id) for each in patient.entries} == {str(ADMITTED.ref)}


# --- status ---------------------------------------------------------------------------------------


def test_a_hanging_emergency_visit_is_closed_once_later_things_were_said() -> None:
    settings = Settings(close_after_hours=24)
    visit = [
        says("A04", "8:00", "ED", pv12="E", settings=settings),
        says("A08", "9:00", "ED", pv12="E", settings=settings),
    ]
    open_line = "p1 V1 EMER in-progress 08:00-: ED 08:00-"
    assert told(interpret(visit)) == [open_line]
    soon = says("A31", "1d 8:59", visit=None, settings=settings)
    assert told(interpret([*visit, soon])) == [open_line]
    later = says("A31", "1d 9:01", visit=None, settings=settings)
    assert told(interpret([*visit, later])) == [
        "!p1 V1 EMER finished 08:00-1d ~09:00: ED 08:00-1d 09:00"
    ]
    end = says("A03", "2d 8:00", "ED", pv12="E", settings=settings, at="12:00")
    assert told(interpret([*visit, later, end])) == [
        "p1 V1 EMER finished 08:00-12:00: ED 08:00-12:00"
    ]


def test_who_is_in_the_census() -> None:
    def here(*said: object) -> list[bool]:
        return [in_census(e) for p in interpret(said) for e in p.encounters]  # type: ignore[arg-type]

    assert here(ADMITTED) == [True]
    assert here(says("A01", "10:00")) == [True]
    assert here(says("A01", "10:00", "A", pv12="")) == [True]
    assert here(says("A01", "10:00", pv12="")) == [False]
    assert here(says("A04", "10:00", "K")) == [False]
    assert here(says("A04", "10:00", "ED", pv12="E")) == [True]
    assert here(ADMITTED, says("A03", "11:00")) == [False]
    assert here(ADMITTED, says("A11", "11:00")) == [False]


# --- as of ----------------------------------------------------------------------------------------


def test_as_of_gives_what_was_true_then() -> None:
    said = [
        ADMITTED,
        says("A02", "11:00", "B"),
        says("A02", "13:00", "C"),
        says("A03", "14:00", "C"),
        says("A13", "14:30", "D"),
    ]
    assert told(interpret(stated_by(said, NOON))) == [
        "p1 V1 IMP in-progress 10:00-: A 10:00-11:00, B 11:00-"
    ]
    assert interpret(stated_by(said, MONDAY)) == ()


def test_as_of_knows_what_was_corrected_or_taken_back_later() -> None:
    said = [
        ADMITTED,
        says("A02", "11:00", "B"),
        says("A08", "15:00", pv144="9:00"),
        says("A12", "16:00", "A"),
        says("A03", "11:30"),
        says("A13", "17:00", "D"),
    ]
    assert told(interpret(stated_by(said, NOON))) == [
        "p1 V1 IMP in-progress 09:00-: A 09:00-, (B 11:00-16:00)"
    ]


def test_as_of_keeps_a_cancel_without_number_with_what_has_one() -> None:
    said = [ADMITTED, says("A03", "11:00"), says("A13", "13:00", "D", visit=None)]
    assert told(interpret(stated_by(said, NOON))) == ["!p1 V1 IMP in-progress 10:00-: A 10:00-"]


def test_as_of_does_not_open_a_visit_by_an_update_of_later() -> None:
    said = [
        says("A01", "10:00", "A", visit=None),
        says("A03", "11:00", visit=None),
        says("A01", "1d 10:00", "B", visit="V2"),
        says("A08", "1d 11:00", "B", visit="V2"),
    ]
    assert told(interpret(stated_by(said, NOON))) == [
        "p1 - IMP finished 10:00-11:00: A 10:00-11:00"
    ]
