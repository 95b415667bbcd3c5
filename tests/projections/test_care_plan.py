"""The care plans of each person as rows: live, after a rebuild, and after a merge."""

from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from domain.care_plan.events import CarePlanCompleted, CarePlanEnteredInError, CarePlanEvent
from domain.care_plan.parts import GoalChange
from domain.ids import EventId, StreamId
from domain.statement import Moment
from projections.care_plan import care_plans
from projections.catalogue import PROJECTIONS
from projections.rebuilding.rebuild import rebuild
from tests.domain.care_plan import plans
from tests.projections.samples import (
    Log,
    SampleOwnEvent,
    SampleStatement,
    applied,
    at,
    content,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

STREAM = StreamId("01990000-0000-7000-8000-0000000000a1")
ADMISSION = stated("A01", "10:00")


def told(clock: str, event: CarePlanEvent, **members: Any) -> SampleOwnEvent:
    """Return an event of the plan of patient 1 at ``clock``."""
    facts = {"record": record("1"), "happened_at": Moment(at=at(clock)), **members}
    return SampleOwnEvent(stream=STREAM, event=event.model_copy(update=facts))


STORY: tuple[SampleOwnEvent | SampleStatement, ...] = (
    ADMISSION,
    told("11:00", plans.DRAFTED, anchor=ADMISSION.statement.ref),
    told("11:10", plans.goal("g1", owner="clinician", target_on=date(2026, 2, 1))),
    told("11:20", plans.activity("a1", goals=("g1",), due_on=date(2026, 1, 9))),
    told("11:30", plans.ACTIVATED),
    told("12:00", plans.progressed("g1", "worsening")),
    told(
        "13:00",
        plans.revised(
            1,
            goals_added=(plans.goal("g2", owner="patient").goal,),
            goals_changed=(GoalChange(goal_id="g1", priority="high"),),
        ),
    ),
    told("14:00", plans.done("a1", status="scheduled")),
)


def tell(connection: psycopg.Connection, *story: SampleOwnEvent | SampleStatement) -> Log:
    log = Log()
    log.record(*story)
    applied(connection, log, log.events)
    return log


def rows(connection: psycopg.Connection, table: str, order: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"select * from proj.{table} order by {order}").fetchall()


def test_a_plan_is_a_row_with_its_state_and_counts(connection: psycopg.Connection) -> None:
    tell(connection, *STORY)
    (found,) = rows(connection, "care_plan", "stream_id")
    assert (found["state"], found["category"], found["version"]) == ("active", "longitudinal", 7)
    assert (found["goals"], found["activities"], found["revision"]) == (2, 1, 1)
    assert (found["drafted_at"], found["activated_at"]) == (at("11:00"), at("11:30"))
    assert (found["patient_id"], found["encounter_id"]) == (
        record("1"),
        ADMISSION.statement.ref,
    )
    assert (found["ended_at"], found["flags"]) == (None, [])


def test_a_plan_without_a_goal_of_the_patient_is_flagged_until_it_has_one(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(*STORY)
    applied(connection, log, log.events[:5])
    assert rows(connection, "care_plan", "1")[0]["flags"] == ["patient_not_involved"]
    applied(connection, log, log.events[5:])
    assert rows(connection, "care_plan", "1")[0]["flags"] == []


def test_each_revision_says_which_parts_it_changed(connection: psycopg.Connection) -> None:
    tell(connection, *STORY)
    begun, first = rows(connection, "care_plan_revision", "number")
    assert (begun["number"], begun["added"], begun["reason"]) == (0, [], None)
    assert (first["number"], first["added"], first["removed"]) == (1, ["g2"], [])
    assert (first["changed"], first["reason"]) == (["g1"], "new_information")
    assert first["author_person"] == "nurse-1"


def test_goals_and_activities_are_rows_with_their_dates(connection: psycopg.Connection) -> None:
    tell(connection, *STORY)
    goals = rows(connection, "goal", "goal_id")
    assert [(each["goal_id"], each["owner"], each["priority"]) for each in goals] == [
        ("g1", "clinician", "high"),
        ("g2", "patient", "medium"),
    ]
    assert (goals[0]["achievement"], goals[0]["target_on"]) == ("worsening", date(2026, 2, 1))
    (activity,) = rows(connection, "activity", "activity_id")
    assert (activity["status"], activity["next_due_on"]) == ("scheduled", date(2026, 1, 9))
    assert (activity["goals"], activity["is_open"]) == (["g1"], True)


def test_a_plan_that_has_ended_says_when_and_why(connection: psycopg.Connection) -> None:
    completed = CarePlanCompleted(**plans.about(0), by=plans.NURSE, reason="goals_met")
    tell(connection, *STORY, told("15:00", completed))
    (found,) = rows(connection, "care_plan", "1")
    assert (found["state"], found["ended_at"]) == ("completed", at("15:00"))
    assert found["ended_reason"] == "goals_met"


def test_a_plan_names_the_partner_whose_report_led_to_its_state(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(*STORY, told("15:00", plans.reported("held")), told("16:00", plans.reported("held")))
    applied(connection, log, log.events)
    (found,) = rows(connection, "care_plan", "1")
    assert (found["state"], found["reported_by"], found["flags"]) == ("held", "HARBOR", [])
    log.record(told("14:30", plans.reported("revoked")), told("15:30", plans.reported("active")))
    applied(connection, log, log.events[-2:])
    (found,) = rows(connection, "care_plan", "1")
    assert (found["state"], found["ended_at"], found["reported_by"]) == (
        "revoked", at("14:30"), "HARBOR",
    )  # fmt: skip
    assert found["flags"] == ["reported_not_legal"]
    live = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == live


def test_contradictions_between_reports_and_our_people_are_flagged(
    connection: psycopg.Connection,
) -> None:
    completed = CarePlanCompleted(**plans.about(0), by=plans.NURSE, reason="goals_met")
    tell(
        connection,
        told("11:00", plans.DRAFTED),
        told("13:00", completed),
        told("12:00", plans.reported("active")),
        told("11:30", plans.reported("revoked")),
    )
    (found,) = rows(connection, "care_plan", "1")
    assert (found["state"], found["flags"]) == (
        "revoked", ["contradicted_by_report", "reported_not_legal"],
    )  # fmt: skip


def test_a_report_that_put_a_plan_in_force_is_the_author_of_revision_0(
    connection: psycopg.Connection,
) -> None:
    tell(connection, told("11:00", plans.DRAFTED), told("12:00", plans.reported("active")))
    (begun,) = rows(connection, "care_plan_revision", "1")
    assert (begun["number"], begun["author_organisation"]) == (0, "HARBOR")


def test_a_draft_entered_in_error_is_kept(connection: psycopg.Connection) -> None:
    mark = CarePlanEnteredInError(
        **plans.about(0),
        event_id=EventId("00000000-0000-7000-8000-000000000002"),
        reason_code="wrong_patient",
    )
    tell(connection, *STORY, told("15:00", mark))
    (found,) = rows(connection, "care_plan", "1")
    assert found["state"] == "entered_in_error"
    assert found["flags"] == ["has_void_events", "rests_on_void"]
    assert rows(connection, "goal", "1") == []


def test_plans_are_listed_by_state_and_patient(connection: psycopg.Connection) -> None:
    tell(connection, *STORY)
    (one,) = care_plans(connection, patient=record("1"), state="active")
    assert (one.stream_id, one.flags) == (STREAM, ())
    assert care_plans(connection, state="draft") == []
    assert care_plans(connection, patient=record("2")) == []


def test_a_plan_of_a_record_merged_away_belongs_to_the_survivor(
    connection: psycopg.Connection,
) -> None:
    merge = stated("A40", "16:00", number="2", visit="", retires="1")
    tell(connection, *STORY, merge)
    for table in ("care_plan", "care_plan_revision", "goal", "activity"):
        assert {each["patient_id"] for each in rows(connection, table, "1")} == {record("2")}


def test_what_a_plan_owes_is_in_the_read_model_of_duties(connection: psycopg.Connection) -> None:
    tell(connection, *STORY)
    assert [
        (each["duty"], each["about"], each["due_on"]) for each in rows(connection, "duty", "duty")
    ] == [("care_plan.activity", STREAM, "2026-01-09")]


def test_a_rebuild_gives_the_same_plans(connection: psycopg.Connection) -> None:
    late = told("11:05", plans.concern("c1"))
    log = tell(connection, *STORY, late)
    live = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == live
