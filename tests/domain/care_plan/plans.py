"""Care plans for the tests: the events of one plan, and the commands that ask for them."""

from datetime import date
from typing import Any

from domain import care_plan
from domain.care_plan.events import (
    ActivityAdded,
    ActivityProgressed,
    CarePlanActivated,
    CarePlanDrafted,
    CarePlanEvent,
    CarePlanReported,
    CarePlanRevised,
    ConcernAdded,
    GoalProgressed,
    GoalSet,
)
from domain.care_plan.parts import Activity, Concern, Goal
from domain.care_plan.rules import PlanHistory
from domain.care_plan.states import CarePlan, NotDrafted, PlanContent
from domain.decider import fold
from domain.ids import DEVELOPMENT_KEY, IdKey
from domain.party import Party
from tests.domain.scenario import at, history_of

RECORD = IdKey(DEVELOPMENT_KEY).record("GENERAL", "1", "P")
NURSE = Party(organisation="GENERAL", person="nurse-1")


def about(hours: float) -> dict[str, Any]:
    return {"record": RECORD, "happened_at": at(hours)}


DRAFTED = CarePlanDrafted(**about(-48), category="longitudinal", responsible=NURSE)
ACTIVATED = CarePlanActivated(**about(-36), by=NURSE)


def goal(goal_id: str, hours: float = -40, **members: Any) -> GoalSet:
    return GoalSet(
        **about(hours), by=NURSE, goal=Goal(goal_id=goal_id, **{"owner": "patient", **members})
    )


def concern(concern_id: str, hours: float = -40) -> ConcernAdded:
    return ConcernAdded(**about(hours), by=NURSE, concern=Concern(concern_id=concern_id))


def activity(activity_id: str, hours: float = -40, **members: Any) -> ActivityAdded:
    facts = {"kind": "call", "due_on": date(2026, 3, 12), **members}
    return ActivityAdded(
        **about(hours), by=NURSE, activity=Activity(activity_id=activity_id, **facts)
    )


def progressed(goal_id: str, achievement: Any, hours: float = -10) -> GoalProgressed:
    return GoalProgressed(**about(hours), by=NURSE, goal_id=goal_id, achievement=achievement)


def done(activity_id: str, hours: float = -12, status: Any = "completed") -> ActivityProgressed:
    return ActivityProgressed(**about(hours), by=NURSE, activity_id=activity_id, status=status)


def revised(number: int, hours: float = -8, **members: Any) -> CarePlanRevised:
    facts = {"reason": "new_information", "author": NURSE, **members}
    return CarePlanRevised(**about(hours), number=number, **facts)


def reported(claim: Any, hours: float = -6, **members: Any) -> CarePlanReported:
    return CarePlanReported(**about(hours), partner="HARBOR", claim=claim, **members)


def plan(*events: CarePlanEvent) -> PlanHistory:
    return history_of(events)


def state_of(*events: CarePlanEvent) -> CarePlan:
    return fold(care_plan.CARE_PLAN, plan(*events)).state


def content_of(*events: CarePlanEvent) -> PlanContent:
    state = state_of(*events)
    assert not isinstance(state, NotDrafted)
    return state.plan
