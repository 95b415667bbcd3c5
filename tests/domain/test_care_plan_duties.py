"""What is owed for a care plan and for medication lists: when it is due, and when it is done."""

from datetime import date
from typing import Any

from caretrail.default_protocol import default_protocol
from domain import care_plan_duties, medication_duties
from domain.care_plan.events import (
    CarePlanCompleted,
    CarePlanEvent,
    CarePlanHeld,
    CarePlanResumed,
    CarePlanReviewed,
    GoalChanged,
)
from domain.care_plan.parts import GoalChange, Repeat
from domain.duties import Duty, overdue
from domain.ids import StreamId
from domain.medication_facts import DiscrepancyFound, DiscrepancyResolved, MedicationListRecorded
from domain.party import Party
from domain.rules import NO_PROTOCOLS, Protocols, PublishedProtocol, parse_protocol
from tests.domain.care_plan.plans import (
    ACTIVATED,
    DRAFTED,
    NURSE,
    about,
    activity,
    done,
    goal,
    plan,
    progressed,
    reported,
    revised,
)
from tests.domain.scenario import NOW, at, history_of

PROTOCOLS = Protocols.of([PublishedProtocol(None, parse_protocol(default_protocol()))])
STREAM = StreamId("01990000-0000-7000-8000-0000000000a1")
DUE = date(2026, 3, 12)


def owed(code: str, *events: CarePlanEvent) -> list[Duty]:
    found = care_plan_duties.duties(STREAM, plan(*events), PROTOCOLS)
    return [each for each in found if each.code == code]


def times(code: str, *events: CarePlanEvent) -> list[tuple[Any, Any]]:
    return [(each.due_on, each.done_at) for each in owed(code, *events)]


def test_a_plan_that_is_reported_as_active_owes_its_review_and_activities() -> None:
    told = (DRAFTED, activity("a1"), reported("active", -36))
    own = (DRAFTED, activity("a1"), ACTIVATED)
    for code in ("care_plan.activity", "care_plan.review"):
        assert times(code, *told) == times(code, *own) != []
    assert times("care_plan.review", *told, reported("held", -6)) == []
    resumed = (*told, reported("held", -6), reported("active", -3))
    assert times("care_plan.review", *resumed) == times("care_plan.review", *own)


# --- activities -----------------------------------------------------------------------------------


def test_an_activity_is_owed_from_the_activation_until_it_is_completed() -> None:
    begun = (DRAFTED, activity("a1"), ACTIVATED)
    assert owed("care_plan.activity", DRAFTED, activity("a1")) == []
    (open_duty,) = owed("care_plan.activity", *begun)
    assert (open_duty.due_on, open_duty.done_at, open_duty.part) == (DUE, None, "a1")
    assert (open_duty.opened_at, open_duty.responsible) == (at(-36).at, NURSE)
    assert open_duty.source == "stated in the plan"
    assert times("care_plan.activity", *begun, done("a1")) == [(DUE, at(-12).at)]


def test_the_member_who_does_an_activity_answers_for_it() -> None:
    home = Party(organisation="HOME")
    (one,) = owed("care_plan.activity", DRAFTED, activity("a1", responsible=home), ACTIVATED)
    assert one.responsible == home


def test_each_time_of_a_repeated_activity_is_a_duty() -> None:
    weekly = activity("a1", due_on=date(2026, 3, 2), repeat=Repeat(every=1, unit="week"))
    story = (DRAFTED, weekly, ACTIVATED, done("a1", -20), done("a1", -12))
    assert times("care_plan.activity", *story) == [
        (date(2026, 3, 2), at(-20).at),
        (date(2026, 3, 9), at(-12).at),
        (date(2026, 3, 16), None),
    ]
    first, second, third = owed("care_plan.activity", *story)
    assert (second.opened_at, third.opened_at) == (first.done_at, second.done_at)


def test_an_activity_that_is_stopped_or_removed_is_owed_no_more() -> None:
    begun = (DRAFTED, activity("a1"), ACTIVATED)
    assert owed("care_plan.activity", *begun, done("a1", status="stopped")) == []
    assert owed("care_plan.activity", *begun, revised(1, removed=("a1",))) == []
    undated = activity("a1", due_on=None)
    assert owed("care_plan.activity", DRAFTED, undated, ACTIVATED) == []


def test_a_plan_that_is_held_or_has_ended_owes_nothing_more() -> None:
    begun = (DRAFTED, activity("a1"), activity("a2"), ACTIVATED, done("a1", -30))
    held = CarePlanHeld(**about(-20), by=NURSE, reason="hospitalised")
    resumed = CarePlanResumed(**about(-10), by=NURSE)
    completed = CarePlanCompleted(**about(-5), by=NURSE, reason="goals_met")
    assert times("care_plan.activity", *begun, held) == [(DUE, at(-30).at)]
    assert len(owed("care_plan.activity", *begun, held, resumed)) == 2
    assert times("care_plan.activity", *begun, completed) == [(DUE, at(-30).at)]


def test_whether_an_activity_is_overdue_depends_on_the_instant() -> None:
    (late,) = owed(
        "care_plan.activity", DRAFTED, activity("a1", due_on=date(2026, 3, 9)), ACTIVATED
    )
    assert not overdue(late, at(-24).at)
    assert overdue(late, NOW)


# --- reviews --------------------------------------------------------------------------------------


def test_a_review_is_due_90_days_after_the_activation_and_30_for_a_transition() -> None:
    assert times("care_plan.review", DRAFTED, ACTIVATED) == [(date(2026, 6, 6), None)]
    transition = DRAFTED.model_copy(update={"category": "transition"})
    assert times("care_plan.review.transition", transition, ACTIVATED) == [(date(2026, 4, 7), None)]


def test_a_review_does_the_duty_and_states_the_next_day() -> None:
    review = CarePlanReviewed(**about(-2), by=NURSE, next_review_on=date(2026, 4, 1))
    assert times("care_plan.review", DRAFTED, ACTIVATED, review) == [
        (date(2026, 6, 6), at(-2).at),
        (date(2026, 4, 1), None),
    ]
    without = CarePlanReviewed(**about(-2), by=NURSE)
    assert times("care_plan.review", DRAFTED, ACTIVATED, without)[1] == (date(2026, 6, 8), None)


# --- goals ----------------------------------------------------------------------------------------


def test_a_goal_that_gets_worse_is_looked_at() -> None:
    begun = (DRAFTED, goal("g1"), ACTIVATED, progressed("g1", "worsening", -30))
    (one,) = owed("care_plan.goal_worsening", *begun)
    assert (one.part, one.opened_at, one.done_at) == ("g1", at(-30).at, None)
    assert one.due_on == date(2026, 3, 11)  # Monday 9 March in the zone, and 2 business days
    again = progressed("g1", "worsening", -20)
    assert len(owed("care_plan.goal_worsening", *begun, again)) == 1


def test_progress_a_change_a_revision_or_a_review_does_that_duty() -> None:
    begun = (DRAFTED, goal("g1"), ACTIVATED, progressed("g1", "worsening", -30))
    deeds: list[CarePlanEvent] = [
        progressed("g1", "improving"),
        GoalChanged(**about(-10), by=NURSE, change=GoalChange(goal_id="g1", priority="high")),
        revised(1, -10, goals_changed=(GoalChange(goal_id="g1", priority="high"),)),
        revised(1, -10, removed=("g1",)),
        CarePlanReviewed(**about(-10), by=NURSE),
    ]
    for deed in deeds:
        (one,) = owed("care_plan.goal_worsening", *begun, deed)
        assert one.done_at == at(-10).at


def test_without_a_protocol_only_stated_days_are_owed() -> None:
    story = (DRAFTED, goal("g1"), activity("a1"), ACTIVATED, progressed("g1", "worsening"))
    found = care_plan_duties.duties(STREAM, plan(*story), NO_PROTOCOLS)
    assert [each.code for each in found] == ["care_plan.activity"]


# --- medication lists -----------------------------------------------------------------------------


def test_a_discrepancy_is_owed_until_it_is_resolved() -> None:
    facts = {**about(-24), "by": NURSE}
    listed = MedicationListRecorded(
        **{**about(-30), "by": NURSE}, list_id="l1", source="home", items=2
    )
    found = DiscrepancyFound(**facts, discrepancy_id="d1", kind="dose")
    resolved = DiscrepancyResolved(
        **{**about(-2), "by": NURSE}, discrepancy_id="d1", how="patient_told"
    )
    (one,) = medication_duties.duties(STREAM, history_of([listed, found]), PROTOCOLS)
    assert (one.part, one.due_on, one.done_at) == ("d1", date(2026, 3, 10), None)
    (late,) = medication_duties.duties(STREAM, history_of([listed, found, resolved]), PROTOCOLS)
    assert late.done_at == at(-2).at
