"""What other systems report of a care plan: kept always, and applied where it is legal."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain import care_plan
from domain.care_plan import rules
from domain.care_plan.events import CarePlanCompleted, CarePlanDrafted, CarePlanEvent, CarePlanHeld
from domain.care_plan.states import (
    ActivePlan,
    CompletedPlan,
    DraftPlan,
    HeldPlan,
    NotDrafted,
    RevokedPlan,
)
from domain.decider import StreamEvent, fold
from domain.errors import AlreadyClosed, PlanAlreadyActive
from domain.events import OwnEvent
from domain.ids import StreamId
from tests.domain.care_plan.plans import (
    ACTIVATED,
    DRAFTED,
    NURSE,
    about,
    plan,
    reported,
    state_of,
)
from tests.domain.scenario import PRESENT, at, history_of, stated

HELD = CarePlanHeld(**about(-20), by=NURSE, reason="hospitalised")
COMPLETED = CarePlanCompleted(**about(-20), by=NURSE, reason="goals_met")


@pytest.mark.parametrize(
    ("before", "claim", "after"),
    [
        ((), "active", NotDrafted),
        ((DRAFTED,), "active", ActivePlan),
        ((DRAFTED,), "held", DraftPlan),
        ((DRAFTED,), "completed", DraftPlan),
        ((DRAFTED,), "revoked", RevokedPlan),
        ((DRAFTED, ACTIVATED), "active", ActivePlan),
        ((DRAFTED, ACTIVATED), "held", HeldPlan),
        ((DRAFTED, ACTIVATED), "completed", CompletedPlan),
        ((DRAFTED, ACTIVATED), "revoked", RevokedPlan),
        ((DRAFTED, ACTIVATED, HELD), "active", ActivePlan),
        ((DRAFTED, ACTIVATED, HELD), "completed", CompletedPlan),
        ((DRAFTED, ACTIVATED, COMPLETED), "completed", CompletedPlan),
        ((DRAFTED, ACTIVATED, COMPLETED), "active", CompletedPlan),
        ((DRAFTED, ACTIVATED, COMPLETED), "revoked", CompletedPlan),
    ],
)
def test_a_claim_leads_to_its_state_from_the_states_that_allow_it(
    before: Sequence[CarePlanEvent], claim: Any, after: type[object]
) -> None:
    folded = fold(care_plan.CARE_PLAN, plan(*before, reported(claim)))
    assert isinstance(folded.state, after)
    assert bool(folded.not_legal) == (claim != folded.state.WORD)


def test_a_state_holds_the_report_that_led_to_it() -> None:
    begun = reported("active", -30)
    active = state_of(DRAFTED, begun)
    assert isinstance(active, ActivePlan)
    assert active.plan.activation == begun
    assert [(each.number, each.at) for each in active.plan.revisions] == [(0, at(-30))]
    held = state_of(DRAFTED, begun, reported("held"))
    assert isinstance(held, HeldPlan)
    assert held.held == reported("held")
    resumed = state_of(DRAFTED, begun, reported("held"), reported("active", -3))
    assert isinstance(resumed, ActivePlan)
    assert resumed.plan.activation == begun
    ended = state_of(DRAFTED, begun, reported("completed", reason="goals_met"))
    assert isinstance(ended, CompletedPlan)
    assert ended.completed.reason == "goals_met"


def test_a_report_that_confirms_the_state_leaves_who_led_to_it() -> None:
    state = state_of(DRAFTED, ACTIVATED, COMPLETED, reported("completed"))
    assert isinstance(state, CompletedPlan)
    assert state.completed == COMPLETED


def test_a_report_is_recorded_whatever_the_state_and_once() -> None:
    history = plan(DRAFTED, ACTIVATED, COMPLETED)
    facts: dict[str, Any] = {"partner": "HARBOR", "reason": "other"}
    assert rules.report(history, "active", time=stated(-6), **facts) == [reported("active")]
    again = plan(DRAFTED, ACTIVATED, COMPLETED, reported("active"))
    assert rules.report(again, "active", time=stated(-6), **facts) == []
    assert rules.report(again, "active", time=PRESENT, **facts) == []


def test_a_late_report_contradicts_what_our_people_recorded() -> None:
    history = plan(DRAFTED, ACTIVATED, HELD, reported("completed", -30))
    folded = fold(care_plan.CARE_PLAN, history)
    assert isinstance(folded.state, CompletedPlan)
    assert folded.not_legal == {history[2].event_id}


def test_nothing_follows_a_plan_that_is_reported_as_ended() -> None:
    history = plan(DRAFTED, ACTIVATED, reported("completed"))
    held = HELD.model_copy(update={"happened_at": at(0)})
    with pytest.raises(AlreadyClosed):
        rules.step(history, held, time=PRESENT)


def test_a_plan_that_is_reported_as_active_forbids_another_of_its_category() -> None:
    their = StreamId("01990000-0000-7000-8000-0000000000a2")
    begun = {their: others(DRAFTED, reported("active", -30))}
    now = ACTIVATED.model_copy(update={"happened_at": at(0)})
    with pytest.raises(PlanAlreadyActive):
        rules.enter_force(plan(DRAFTED), now, others=begun, time=PRESENT)
    told = plan(DRAFTED, reported("active"))
    found = rules.active_elsewhere(told, since=at(-6).at, others=begun)
    assert found == (their, "longitudinal")
    ended = {their: others(DRAFTED, reported("active", -30), reported("revoked", -20))}
    assert rules.active_elsewhere(told, since=at(-6).at, others=ended) is None


def others(*events: CarePlanEvent) -> Sequence[StreamEvent[OwnEvent]]:
    return history_of([*events])


def test_the_draft_is_what_every_report_names() -> None:
    drafted = CarePlanDrafted(**about(-48), category="disease", responsible=NURSE, mode="T")
    (told,) = rules.report(plan(drafted), "revoked", partner="HARBOR", reason="died", time=PRESENT)
    assert (told.record, told.mode, told.happened_at) == (drafted.record, "T", at(0))
