"""Which facts a care plan allows, and what they lead to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, assert_never, get_args

from domain.care_plan.changes import changed_parts, parts_added, parts_refusal
from domain.care_plan.events import (
    ActivityAdded,
    ActivityChanged,
    ActivityProgressed,
    CarePlanActivated,
    CarePlanCompleted,
    CarePlanDrafted,
    CarePlanEnteredInError,
    CarePlanEvent,
    CarePlanHeld,
    CarePlanReported,
    CarePlanResumed,
    CarePlanReviewed,
    CarePlanRevised,
    CarePlanRevoked,
    CarePlanShared,
    ConcernAdded,
    ConcernResolved,
    GoalChanged,
    GoalProgressed,
    GoalSet,
    PlanClaim,
)
from domain.care_plan.states import (
    ActivePlan,
    CarePlan,
    CompletedPlan,
    DraftPlan,
    HeldPlan,
    NotDrafted,
    PlanContent,
    PlanRevision,
    RevokedPlan,
)
from domain.decider import Decider
from domain.errors import AlreadyClosed, DomainError, MoveNotAllowed
from domain.stream_kind import StreamKind

_OPEN: Final = (DraftPlan, ActivePlan, HeldPlan)
_IN_FORCE: Final = (ActivePlan, HeldPlan)

#: The states from which each step is allowed.
_FROM: Final[Mapping[type[CarePlanEvent], tuple[type[CarePlan], ...]]] = {
    CarePlanDrafted: (NotDrafted,),
    CarePlanActivated: (DraftPlan,),
    CarePlanHeld: (ActivePlan,),
    CarePlanResumed: (HeldPlan,),
    CarePlanCompleted: _IN_FORCE,
    CarePlanRevoked: _OPEN,
    ConcernAdded: _OPEN,
    ConcernResolved: _OPEN,
    GoalSet: _OPEN,
    GoalChanged: _OPEN,
    GoalProgressed: _IN_FORCE,
    ActivityAdded: _OPEN,
    ActivityChanged: _OPEN,
    ActivityProgressed: _IN_FORCE,
    CarePlanRevised: _OPEN,
    CarePlanReviewed: _IN_FORCE,
    CarePlanShared: (*_OPEN, CompletedPlan),
    CarePlanReported: (),  # no step of our people: see _CLAIMED
    CarePlanEnteredInError: (),  # not a step: it marks another event as void
}
#: The states from which a plan comes to the state that another system claims.
_CLAIMED: Final[Mapping[PlanClaim, tuple[type[CarePlan], ...]]] = {
    "active": (DraftPlan, HeldPlan),
    "held": (ActivePlan,),
    "completed": _IN_FORCE,
    "revoked": _OPEN,
}


def evolve(state: CarePlan, event: CarePlanEvent) -> CarePlan:  # noqa: C901, PLR0911, PLR0912 - one per fact
    """Apply one fact. A fact that the state does not allow changes nothing."""
    if refusal(state, event) is not None:
        return state
    if isinstance(event, CarePlanDrafted):
        return DraftPlan(PlanContent(event))
    if isinstance(state, NotDrafted):
        return state
    plan = state.plan
    match event:
        case CarePlanActivated():
            return _activated(plan, event)
        case CarePlanHeld():
            return HeldPlan(plan, event)
        case CarePlanResumed():
            return ActivePlan(plan)
        case CarePlanCompleted():
            return CompletedPlan(plan, event)
        case CarePlanRevoked():
            return RevokedPlan(plan, event)
        case CarePlanReported():
            return _as_reported(state, plan, event)
        case CarePlanReviewed():
            return _with_plan(state, replace(plan, last_review=event))
        case CarePlanShared() | CarePlanEnteredInError():
            return state
        case CarePlanRevised():
            changed = _with_parts(plan, event)
            made = PlanRevision(event.number, event.happened_at, changed.parts, event)
            return _with_plan(state, replace(changed, revisions=(*plan.revisions, made)))
        case (
            ConcernAdded()
            | ConcernResolved()
            | GoalSet()
            | GoalChanged()
            | GoalProgressed()
            | ActivityAdded()
            | ActivityChanged()
            | ActivityProgressed()
        ):
            return _with_plan(state, _with_parts(plan, event))
        case _:
            assert_never(event)


def _activated(plan: PlanContent, event: CarePlanActivated | CarePlanReported) -> ActivePlan:
    first = PlanRevision(0, event.happened_at, plan.parts, None)
    return ActivePlan(replace(plan, activation=event, revisions=(first, *plan.revisions)))


def _as_reported(state: CarePlan, plan: PlanContent, event: CarePlanReported) -> CarePlan:
    """Return the state that a report claims. If the plan has it already, nothing changes."""
    if event.claim == state.WORD:
        return state
    match event.claim:
        case "active":
            return ActivePlan(plan) if isinstance(state, HeldPlan) else _activated(plan, event)
        case "held":
            return HeldPlan(plan, event)
        case "completed":
            return CompletedPlan(plan, event)
        case "revoked":
            return RevokedPlan(plan, event)
        case _:
            assert_never(event.claim)


def refusal(state: CarePlan, event: CarePlanEvent) -> DomainError | None:
    """Return why the state does not allow an event; None if it allows the event."""
    if isinstance(event, CarePlanReported) and (
        event.claim == state.WORD or isinstance(state, _CLAIMED[event.claim])
    ):
        return None
    if isinstance(state, _FROM[type(event)]):
        return None if isinstance(state, NotDrafted) else parts_refusal(state.plan, event)
    ended = isinstance(state, CompletedPlan | RevokedPlan)
    error = AlreadyClosed if ended else MoveNotAllowed
    return error(event.move(), state=state.WORD, allowed=moves(state))


def moves(state: CarePlan) -> tuple[str, ...]:
    """Return the steps that a state allows, in the order of the table."""
    return tuple(event.move() for event, before in _FROM.items() if isinstance(state, before))


def _with_parts(plan: PlanContent, event: CarePlanEvent) -> PlanContent:
    return replace(
        plan, parts=changed_parts(plan.parts, event), used=plan.used.union(parts_added(event))
    )


def _with_plan(state: CarePlan, plan: PlanContent) -> CarePlan:
    return state if isinstance(state, NotDrafted) else replace(state, plan=plan)


CARE_PLAN: Final = Decider[CarePlan, CarePlanEvent](NotDrafted(), evolve, refusal)

KIND: Final = StreamKind[CarePlan, CarePlanEvent](
    name="care_plan",
    decider=CARE_PLAN,
    events=get_args(CarePlanEvent),
    error_mark=CarePlanEnteredInError,
)
