"""The care plan, decided: its states, its parts, and what is refused."""

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest

from domain.care_plan import rules, steps
from domain.care_plan.events import (
    CarePlanCompleted,
    CarePlanEnteredInError,
    CarePlanEvent,
    CarePlanHeld,
    CarePlanResumed,
    CarePlanReviewed,
    CarePlanRevoked,
    ConcernResolved,
    GoalChanged,
)
from domain.care_plan.parts import ActivityChange, GoalChange, Repeat
from domain.care_plan.states import (
    ActivePlan,
    CarePlan,
    CompletedPlan,
    DraftPlan,
    HeldPlan,
    NotDrafted,
    PlanContent,
    RevokedPlan,
)
from domain.decider import StatedTime
from domain.errors import (
    ActivityUnknown,
    AlreadyClosed,
    AnotherPatient,
    ConcernUnknown,
    ConflictsWithLater,
    GoalHasOpenActivities,
    GoalUnknown,
    MoveNotAllowed,
    NothingRevised,
    PartExists,
    PlanAlreadyActive,
)
from domain.ids import StreamId
from tests.domain.care_plan.plans import (
    ACTIVATED,
    DRAFTED,
    NURSE,
    about,
    activity,
    concern,
    content_of,
    done,
    goal,
    plan,
    progressed,
    revised,
    state_of,
)
from tests.domain.scenario import NOW, PRESENT, at, event_id, stated

HELD = CarePlanHeld(**about(-20), by=NURSE, reason="hospitalised")
RESUMED = CarePlanResumed(**about(-15), by=NURSE, reason="back_home")
COMPLETED = CarePlanCompleted(**about(-5), by=NURSE, reason="goals_met")
REVOKED = CarePlanRevoked(**about(-5), by=NURSE, reason="patient_wish")
OTHER = StreamId("01990000-0000-7000-8000-00000000000b")


def refused(error: type[Exception], event: CarePlanEvent, *history: CarePlanEvent) -> None:
    with pytest.raises(error) as caught:
        rules.step(plan(*history), event, time=StatedTime(NOW, event.happened_at))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), NotDrafted),
        ((DRAFTED,), DraftPlan),
        ((DRAFTED, ACTIVATED), ActivePlan),
        ((DRAFTED, ACTIVATED, HELD), HeldPlan),
        ((DRAFTED, ACTIVATED, HELD, RESUMED), ActivePlan),
        ((DRAFTED, ACTIVATED, COMPLETED), CompletedPlan),
        ((DRAFTED, ACTIVATED, HELD, COMPLETED), CompletedPlan),
        ((DRAFTED, REVOKED), RevokedPlan),
        ((DRAFTED, ACTIVATED, HELD, REVOKED), RevokedPlan),
    ],
)
def test_the_events_lead_to_the_state(
    events: tuple[CarePlanEvent, ...], state: type[CarePlan]
) -> None:
    assert isinstance(state_of(*events), state)


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ((), {"drafted"}),
        (
            (DRAFTED,),
            {
                "activated", "revoked", "concern_added", "concern_resolved", "goal_set",
                "goal_changed", "activity_added", "activity_changed", "revised", "shared",
            },
        ),
        (
            (DRAFTED, ACTIVATED),
            {
                "held", "completed", "revoked", "concern_added", "concern_resolved", "goal_set",
                "goal_changed", "goal_progressed", "activity_added", "activity_changed",
                "activity_progressed", "revised", "reviewed", "shared",
            },
        ),
        (
            (DRAFTED, ACTIVATED, HELD),
            {
                "resumed", "completed", "revoked", "concern_added", "concern_resolved", "goal_set",
                "goal_changed", "goal_progressed", "activity_added", "activity_changed",
                "activity_progressed", "revised", "reviewed", "shared",
            },
        ),
        ((DRAFTED, ACTIVATED, COMPLETED), {"shared"}),
        ((DRAFTED, REVOKED), set()),
    ],
)  # fmt: skip
def test_each_state_allows_its_steps(state: tuple[CarePlanEvent, ...], allowed: set[str]) -> None:
    assert set(steps.moves(state_of(*state))) == allowed


def test_every_state_is_in_the_table() -> None:
    assert {each for froms in steps._FROM.values() for each in froms} == set(get_args(CarePlan)) - {
        RevokedPlan
    }


def test_a_plan_may_be_held_again_after_it_was_resumed() -> None:
    again = HELD.model_copy(update={"happened_at": at(0)})
    history = plan(DRAFTED, ACTIVATED, HELD, RESUMED)
    assert rules.step(history, again, time=PRESENT) == [again]


def test_a_plan_that_has_ended_says_so() -> None:
    refused(AlreadyClosed, goal("g1", -1), DRAFTED, ACTIVATED, COMPLETED)
    refused(AlreadyClosed, RESUMED.model_copy(update={"happened_at": at(-1)}), DRAFTED, REVOKED)
    refused(MoveNotAllowed, RESUMED, DRAFTED, ACTIVATED)


def test_a_stream_is_about_one_patient() -> None:
    other = DRAFTED.model_copy(update={"record": OTHER})
    with pytest.raises(AnotherPatient):
        rules.draft(plan(DRAFTED), other, time=PRESENT)


def test_a_step_before_any_draft_is_refused() -> None:
    mark = CarePlanEnteredInError(**about(-1), event_id=event_id(1), reason_code="wrong_patient")
    with pytest.raises(MoveNotAllowed):
        rules.head(plan(DRAFTED, mark), "activated", time=PRESENT)


# --- parts ----------------------------------------------------------------------------------------


def test_parts_keep_their_ids_through_revisions() -> None:
    change = GoalChange(goal_id="g1", owner="shared")
    after = content_of(DRAFTED, goal("g1"), ACTIVATED, revised(1, goals_changed=(change,)))
    assert after.parts.goals["g1"].goal == goal("g1").goal.model_copy(update={"owner": "shared"})


def test_an_id_is_not_given_twice_even_if_its_part_was_removed() -> None:
    removed = revised(1, removed=("g1",))
    refused(PartExists, goal("g1", -1), DRAFTED, goal("g1"), removed)
    assert rules.next_part_id(plan(DRAFTED, goal("g1"), removed), "g") == "g2"


def test_a_part_without_an_id_gets_the_next_one() -> None:
    history = plan(DRAFTED, goal("g1"), goal("g2"))
    (new,) = rules.add_part(history, lambda free: goal(free, 0), "g", time=PRESENT)
    assert new == goal("g3", 0)


def test_a_part_that_is_added_again_just_now_is_recorded_once() -> None:
    history = plan(DRAFTED, goal("g1", -0.05), goal("g2", -0.05, owner="clinician"))
    assert rules.add_part(history, lambda free: goal(free, 0), "g", time=PRESENT) == []
    longer_ago = plan(DRAFTED, goal("g1", -1))
    assert rules.add_part(longer_ago, lambda free: goal(free, 0), "g", time=PRESENT) != []


def test_a_goal_with_other_sealed_words_is_another_goal() -> None:
    def added(content: str) -> list[CarePlanEvent]:
        time = replace(PRESENT, content_ref=content)
        return rules.add_part(history, lambda free: goal(free, 0), "g", time=time)

    history = plan(DRAFTED, goal("g1", 0).model_copy(update={"content_ref": "A" * 22}))
    assert [each.content_ref for each in added("B" * 22)] == ["B" * 22]
    assert added("A" * 22) == []


def test_parts_that_the_plan_does_not_have_are_refused() -> None:
    begun = (DRAFTED, ACTIVATED)
    refused(GoalUnknown, progressed("g1", "improving"), *begun)
    refused(GoalUnknown, activity("a1", -1, goals=("g7",)), *begun)
    refused(ActivityUnknown, done("a1"), *begun)
    refused(ConcernUnknown, ConcernResolved(**about(-1), by=NURSE, concern_id="c1"), *begun)
    refused(GoalUnknown, revised(1, removed=("g1",)), *begun)
    refused(ActivityUnknown, revised(1, removed=("a1",)), *begun)
    refused(ConcernUnknown, revised(1, removed=("c1",)), *begun)


def test_a_concern_is_resolved_once() -> None:
    resolved = ConcernResolved(**about(-4), by=NURSE, concern_id="c1")
    assert content_of(DRAFTED, concern("c1"), resolved).parts.concerns["c1"].resolved
    again = resolved.model_copy(update={"happened_at": at(-1)})
    refused(ConcernUnknown, again, DRAFTED, concern("c1"), resolved)


def test_a_goal_with_open_activities_is_not_resolved() -> None:
    begun = (DRAFTED, goal("g1"), activity("a1", goals=("g1",)), ACTIVATED)
    for achievement in ("achieved", "not-attainable"):
        refused(GoalHasOpenActivities, progressed("g1", achievement), *begun)
    refused(GoalHasOpenActivities, revised(1, removed=("g1",)), *begun)
    assert content_of(*begun, progressed("g1", "sustaining")).parts.goals["g1"].achievement
    after = content_of(*begun, done("a1"), progressed("g1", "achieved")).parts.goals["g1"]
    assert after.resolved


def test_a_revision_may_remove_a_goal_with_its_activities() -> None:
    begun = (DRAFTED, goal("g1"), activity("a1", goals=("g1",)), ACTIVATED)
    after = content_of(*begun, revised(1, removed=("g1", "a1"))).parts
    assert (after.goals, after.activities) == ({}, {})
    moved = revised(
        1, goals_added=(goal("g2").goal,), removed=("g1",),
        activities_changed=(ActivityChange(activity_id="a1", goals=("g2",)),),
    )  # fmt: skip
    assert content_of(*begun, moved).parts.activities["a1"].activity.goals == ("g2",)


def test_a_revision_changes_all_or_nothing() -> None:
    begun = (DRAFTED, goal("g1"), ACTIVATED)
    refused(NothingRevised, revised(1), *begun)
    refused(PartExists, revised(1, goals_added=(goal("g1").goal,)), *begun)
    twice = (goal("g2").goal, goal("g2").goal)
    refused(PartExists, revised(1, goals_added=twice), *begun)
    bad = activity("a1", goals=("g9",)).activity
    refused(
        GoalUnknown, revised(1, goals_added=(goal("g2").goal,), activities_added=(bad,)), *begun
    )


def test_revisions_are_numbered_and_a_repeated_one_gets_no_number() -> None:
    begun: list[CarePlanEvent] = [DRAFTED, goal("g1"), ACTIVATED]
    first = revised(9, 0, goals_changed=(GoalChange(goal_id="g1", priority="high"),))
    (made,) = rules.revise(plan(*begun), first, time=PRESENT)
    assert made == first.model_copy(update={"number": 1})
    assert rules.revise(plan(*begun, made), first, time=PRESENT) == []
    second = first.model_copy(update={"reason": "patient_wish"})
    (made_too,) = rules.revise(plan(*begun, made), second, time=PRESENT)
    assert made_too == second.model_copy(update={"number": 2})


def test_a_change_leaves_what_it_does_not_state() -> None:
    on = date(2026, 4, 1)
    change = GoalChanged(
        **about(-20), by=NURSE, change=GoalChange(goal_id="g1", priority="low", sealed=("words",))
    )
    after = content_of(DRAFTED, goal("g1", target_on=on), change).parts.goals["g1"]
    assert (after.goal.priority, after.goal.target_on, after.stated) == ("low", on, {"words": 1})
    clear = GoalChanged(
        **about(-10), by=NURSE, change=GoalChange(goal_id="g1", cleared=("target_on",))
    )
    cleared = content_of(DRAFTED, goal("g1", target_on=on), change, clear).parts.goals["g1"]
    assert (cleared.goal.target_on, cleared.goal.priority) == (None, "low")


def test_a_repeated_activity_is_due_again_after_each_time() -> None:
    weekly = activity("a1", due_on=date(2026, 3, 2), repeat=Repeat(every=1, unit="week"))
    begun = (DRAFTED, weekly, ACTIVATED)
    assert content_of(*begun).parts.activities["a1"].next_due_on == date(2026, 3, 2)
    twice = content_of(*begun, done("a1"), done("a1", -11)).parts.activities["a1"]
    assert (twice.next_due_on, twice.is_open) == (date(2026, 3, 16), True)
    stopped = content_of(*begun, done("a1", status="stopped")).parts.activities["a1"]
    assert (stopped.next_due_on, stopped.is_open) == (None, False)


def test_a_repeated_activity_ends_with_its_last_day() -> None:
    until = Repeat(every=1, unit="month", until=date(2026, 4, 1))
    begun = (DRAFTED, activity("a1", due_on=date(2026, 3, 2), repeat=until), ACTIVATED)
    after = content_of(*begun, done("a1")).parts.activities["a1"]
    assert (after.next_due_on, after.is_open) == (None, False)


def test_a_late_goal_conflicts_with_a_later_one_of_the_same_id() -> None:
    with pytest.raises(ConflictsWithLater):
        rules.step(
            plan(DRAFTED, goal("g1", -10)), goal("g1", -20, owner="shared"), time=stated(-20)
        )


# --- whose plan it is -----------------------------------------------------------------------------


def involved(*events: CarePlanEvent) -> PlanContent:
    return content_of(DRAFTED, *events)


def test_a_plan_in_force_without_a_goal_of_the_patient_is_marked() -> None:
    assert not involved(goal("g1", owner="clinician")).patient_not_involved
    assert involved(goal("g1", owner="clinician"), ACTIVATED).patient_not_involved
    assert not involved(goal("g1", owner="patient"), ACTIVATED).patient_not_involved
    assert not involved(goal("g1", owner="shared"), ACTIVATED).patient_not_involved
    assert not involved(ACTIVATED, goal("g1", -1, owner="patient")).patient_not_involved


def test_a_review_says_when_the_next_one_is_due() -> None:
    review = CarePlanReviewed(**about(-1), by=NURSE, patient=True, next_review_on=date(2026, 6, 1))
    assert content_of(DRAFTED, ACTIVATED, review).last_review == review


# --- one active plan in each category -------------------------------------------------------------


def enter(event: Any, history: Any, other: Any, hours: float) -> list[CarePlanEvent]:
    event = event.model_copy(update={"happened_at": at(hours)})
    return rules.enter_force(history, event, others={OTHER: other}, time=stated(hours))


def test_a_second_active_plan_of_a_category_is_refused() -> None:
    with pytest.raises(PlanAlreadyActive) as caught:
        enter(ACTIVATED, plan(DRAFTED), plan(DRAFTED, ACTIVATED), -1)
    assert (caught.value.stream, caught.value.category) == (OTHER, "longitudinal")
    with pytest.raises(PlanAlreadyActive):
        enter(RESUMED, plan(DRAFTED, ACTIVATED, HELD), plan(DRAFTED, ACTIVATED), -1)


def test_plans_of_two_categories_are_active_together() -> None:
    palliative = DRAFTED.model_copy(update={"category": "palliative"})
    assert enter(ACTIVATED, plan(DRAFTED), plan(palliative, ACTIVATED), -1)


def test_a_plan_may_follow_one_that_has_ended_or_is_held() -> None:
    assert enter(ACTIVATED, plan(DRAFTED), plan(DRAFTED, ACTIVATED, COMPLETED), -1)
    assert enter(ACTIVATED, plan(DRAFTED), plan(DRAFTED, ACTIVATED, HELD), -1)


def test_a_plan_activated_late_is_judged_at_its_own_time() -> None:
    ended = plan(DRAFTED, ACTIVATED, COMPLETED)  # active from -36 h to -5 h
    with pytest.raises(PlanAlreadyActive):
        enter(ACTIVATED, plan(DRAFTED), ended, -10)
    mine_ended = plan(DRAFTED.model_copy(update={"happened_at": at(-60)}))
    with pytest.raises(PlanAlreadyActive):
        enter(ACTIVATED, mine_ended, ended, -50)


def test_periods_of_activity_end_when_the_plan_is_held_or_ends() -> None:
    history = plan(DRAFTED, ACTIVATED, HELD, RESUMED, COMPLETED)
    times = [(at(-36).at, at(-20).at), (at(-15).at, at(-5).at)]
    assert rules.active_periods(history) == times
    assert rules.active_periods(plan(DRAFTED, ACTIVATED)) == [(at(-36).at, None)]
