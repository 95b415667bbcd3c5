"""The duties of a care plan: activities that are due, its review, and goals that get worse.

A plan owes something from the time at which it comes into force. A plan that is held, or that has
ended, owes nothing more. What was done stays.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from domain.care_plan import CARE_PLAN
from domain.care_plan.events import (
    ActivityProgressed,
    CarePlanEvent,
    CarePlanReviewed,
    CarePlanRevised,
    GoalChanged,
    GoalProgressed,
)
from domain.care_plan.rules import PlanHistory
from domain.care_plan.states import ActivePlan, CarePlan, NotDrafted, PlanActivity, PlanContent
from domain.decider import StreamEvent, fold
from domain.duties import Due, Duty, duty
from domain.ids import StreamId
from domain.party import Party
from domain.rules import Protocol, Protocols

ACTIVITY: Final = "care_plan.activity"
REVIEW: Final = "care_plan.review"
REVIEW_OF_TRANSITION: Final = "care_plan.review.transition"
WORSENING: Final = "care_plan.goal_worsening"

#: The source of a day that the plan states.
STATED: Final = "stated in the plan"

_Applied = Sequence[StreamEvent[CarePlanEvent]]


def duties(stream: StreamId, history: PlanHistory, protocols: Protocols) -> list[Duty]:
    """Return the duties of a plan, open and done, by the time at which they began.

    Args:
        stream: The plan.
        history: Its events.
        protocols: The published protocols.
    """
    folded = fold(CARE_PLAN, history)
    state = folded.state
    if isinstance(state, NotDrafted) or state.plan.activation is None:
        return []
    found = [
        *_activities(stream, folded.applied, state.plan, protocols),
        *_reviews(stream, folded.applied, state.plan, protocols),
        *_worsening(stream, folded.applied, state.plan, protocols),
    ]
    owed = [each for each in found if each.done_at is not None or isinstance(state, ActivePlan)]
    return sorted(owed, key=lambda each: (each.opened_at, each.code, each.part))


def _activities(
    stream: StreamId, applied: _Applied, plan: PlanContent, protocols: Protocols
) -> Iterator[Duty]:
    """Yield a duty for each time that an activity was or is due.

    A time is done when the activity is completed. An activity that is cancelled, stopped or removed
    owes no further time.
    """
    before: dict[str, tuple[PlanActivity, datetime]] = {}
    state: CarePlan = CARE_PLAN.initial
    for each in applied:
        state, at = CARE_PLAN.evolve(state, each.event), each.event.happened_at.at
        if isinstance(state, NotDrafted):
            continue
        now = state.plan.parts.activities
        done = each.event if isinstance(each.event, ActivityProgressed) else None
        if done is not None and done.status == "completed" and done.activity_id in before:
            activity, since = before[done.activity_id]
            yield from _activity(stream, activity, plan, protocols, since=since, done_at=at)
        before = {
            part: (activity, _since(before.get(part), activity, at))
            for part, activity in now.items()
        }
    for activity, since in before.values():
        yield from _activity(stream, activity, plan, protocols, since=since, done_at=None)


def _since(
    before: tuple[PlanActivity, datetime] | None, activity: PlanActivity, at: datetime
) -> datetime:
    """Return from when on the next time of an activity is owed."""
    same = before is not None and before[0].next_due_on == activity.next_due_on
    return before[1] if before is not None and same else at


def _activity(
    stream: StreamId,
    activity: PlanActivity,
    plan: PlanContent,
    protocols: Protocols,
    *,
    since: datetime,
    done_at: datetime | None,
) -> Iterator[Duty]:
    on = activity.next_due_on
    if on is None:
        return
    opened = max(since, _activated_at(plan))
    one = activity.activity
    responsible = one.responsible if one.responsible != Party() else plan.drafted.responsible
    yield duty(
        ACTIVITY,
        _stated(on, protocols.at(opened), responsible),
        about=stream,
        opened_at=opened,
        responsible=responsible,
        done_at=done_at,
        part=one.activity_id,
    )


def _reviews(
    stream: StreamId, applied: _Applied, plan: PlanContent, protocols: Protocols
) -> Iterator[Duty]:
    """Yield the duty of each review: from the activation or the review before, until a review."""
    responsible = plan.drafted.responsible
    code = REVIEW_OF_TRANSITION if plan.drafted.category == "transition" else REVIEW
    since: datetime | None = None
    stated: date | None = None
    for each in applied:
        event, at = each.event, each.event.happened_at.at
        if isinstance(event, CarePlanReviewed):
            yield from _review(stream, code, responsible, protocols, since, stated, at)
            since, stated = at, event.next_review_on
        elif event is plan.activation:
            since = at
    yield from _review(stream, code, responsible, protocols, since, stated, None)


def _review(
    stream: StreamId,
    code: str,
    responsible: Party,
    protocols: Protocols,
    since: datetime | None,
    stated: date | None,
    done_at: datetime | None,
) -> Iterator[Duty]:
    if since is None:
        return
    protocol = protocols.at(since)
    due = protocol.due(code, since, protocol.zone_of(responsible.organisation))
    if stated is not None:
        due = _stated(stated, protocol, responsible)
    if due is not None:
        yield duty(
            code, due, about=stream, opened_at=since, responsible=responsible, done_at=done_at
        )


def _worsening(
    stream: StreamId, applied: _Applied, plan: PlanContent, protocols: Protocols
) -> Iterator[Duty]:
    """Yield a duty for each goal that got worse.

    It is done when the goal is changed, when another achievement is recorded, or when the plan is
    revised or reviewed. A goal that was removed owes nothing.
    """
    responsible = plan.drafted.responsible
    since: dict[str, datetime] = {}
    for each in applied:
        event, at = each.event, each.event.happened_at.at
        for goal in _looked_at(event, since):
            yield from _worse(stream, goal, responsible, protocols, since.pop(goal), at)
        if isinstance(event, GoalProgressed) and event.achievement == "worsening":
            since.setdefault(event.goal_id, at)
    for goal, began in since.items():
        yield from _worse(stream, goal, responsible, protocols, began, None)


def _looked_at(event: CarePlanEvent, open_goals: dict[str, datetime]) -> list[str]:
    """Return the goals whose duty an event does."""
    match event:
        case CarePlanRevised() | CarePlanReviewed():
            return list(open_goals)
        case GoalChanged():
            return [event.change.goal_id] if event.change.goal_id in open_goals else []
        case GoalProgressed():
            better = event.achievement != "worsening" and event.goal_id in open_goals
            return [event.goal_id] if better else []
        case _:
            return []


def _worse(
    stream: StreamId,
    goal: str,
    responsible: Party,
    protocols: Protocols,
    since: datetime,
    done_at: datetime | None,
) -> Iterator[Duty]:
    protocol = protocols.at(since)
    due = protocol.due(WORSENING, since, protocol.zone_of(responsible.organisation))
    if due is not None:
        yield duty(
            WORSENING,
            due,
            about=stream,
            opened_at=since,
            responsible=responsible,
            done_at=done_at,
            part=goal,
        )


def _stated(on: date, protocol: Protocol, responsible: Party) -> Due:
    """Return a day that the plan states, as a local date of the responsible organisation."""
    return Due(
        at=None,
        on=on,
        zone=protocol.zone_of(responsible.organisation),
        source=STATED,
        version=protocol.version,
    )


def _activated_at(plan: PlanContent) -> datetime:
    assert plan.activation is not None  # noqa: S101  # only such plans owe something
    return plan.activation.happened_at.at
