"""Apply the facts of a care plan to its parts, and say which facts the parts do not allow."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.care_plan.events import (
    ActivityAdded,
    ActivityChanged,
    ActivityProgressed,
    CarePlanEvent,
    CarePlanRevised,
    ConcernAdded,
    ConcernResolved,
    GoalChanged,
    GoalProgressed,
    GoalSet,
)
from domain.care_plan.parts import (
    KINDS_OF_PARTS,
    RESOLVED,
    Activity,
    ActivityChange,
    Concern,
    Goal,
    GoalChange,
    changed_activity,
    changed_goal,
)
from domain.care_plan.states import PlanActivity, PlanConcern, PlanContent, PlanGoal, PlanParts
from domain.errors import (
    ActivityUnknown,
    ConcernUnknown,
    DomainError,
    GoalHasOpenActivities,
    GoalUnknown,
    NothingRevised,
    PartExists,
)


def changed_parts(parts: PlanParts, event: CarePlanEvent) -> PlanParts:  # noqa: PLR0911 - one per fact
    """Return the parts after a fact. The parts allow it: see ``parts_refusal``."""
    match event:
        case ConcernAdded():
            return _with_concerns(parts, [event.concern])
        case ConcernResolved():
            resolved = replace(parts.concerns[event.concern_id], resolved=True)
            return replace(parts, concerns={**parts.concerns, event.concern_id: resolved})
        case GoalSet():
            return _with_goals(parts, [event.goal])
        case GoalChanged():
            return _with_changed_goals(parts, [event.change])
        case GoalProgressed():
            return _with_progress(parts, event)
        case ActivityAdded():
            return _with_activities(parts, [event.activity])
        case ActivityChanged():
            return _with_changed_activities(parts, [event.change])
        case ActivityProgressed():
            return _with_activity_progress(parts, event)
        case CarePlanRevised():
            added = _with_activities(
                _with_goals(_with_concerns(parts, event.concerns_added), event.goals_added),
                event.activities_added,
            )
            changed = _with_changed_activities(
                _with_changed_goals(added, event.goals_changed), event.activities_changed
            )
            return _without(changed, event.removed)
        case _:
            return parts


def parts_refusal(plan: PlanContent, event: CarePlanEvent) -> DomainError | None:  # noqa: C901, PLR0911 - one per fact
    """Return why the parts of a plan do not allow a fact; None if they allow it."""
    parts = plan.parts
    match event:
        case ConcernAdded():
            return _taken(plan, [event.concern.concern_id])
        case ConcernResolved():
            known = parts.concerns.get(event.concern_id)
            return ConcernUnknown(event.concern_id) if known is None or known.resolved else None
        case GoalSet():
            return _taken(plan, [event.goal.goal_id])
        case GoalChanged():
            return _unknown(parts, [event.change.goal_id])
        case GoalProgressed():
            unknown = _unknown(parts, [event.goal_id])
            if unknown is not None or event.achievement not in RESOLVED:
                return unknown
            return _still_served(parts, [event.goal_id])
        case ActivityAdded():
            taken = _taken(plan, [event.activity.activity_id])
            return taken or _unknown(parts, event.activity.goals)
        case ActivityChanged():
            return _unknown(parts, [event.change.activity_id, *(event.change.goals or ())])
        case ActivityProgressed():
            return _unknown(parts, [event.activity_id])
        case CarePlanRevised():
            return _revision_refusal(plan, event)
        case _:
            return None


def parts_added(event: CarePlanEvent) -> list[str]:
    """Return the ids of the parts that a fact adds to the plan."""
    match event:
        case ConcernAdded():
            return [event.concern.concern_id]
        case GoalSet():
            return [event.goal.goal_id]
        case ActivityAdded():
            return [event.activity.activity_id]
        case CarePlanRevised():
            return [
                *(each.concern_id for each in event.concerns_added),
                *(each.goal_id for each in event.goals_added),
                *(each.activity_id for each in event.activities_added),
            ]
        case _:
            return []


def _revision_refusal(plan: PlanContent, event: CarePlanRevised) -> DomainError | None:
    added = parts_added(event)
    changed = [
        *(each.goal_id for each in event.goals_changed),
        *(each.activity_id for each in event.activities_changed),
    ]
    if not (added or changed or event.removed):
        return NothingRevised()
    twice = [
        each for each, times in Counter([*added, *changed, *event.removed]).items() if times > 1
    ]
    if twice:
        return PartExists(twice[0])
    refused = _taken(plan, added) or _unknown(plan.parts, [*changed, *event.removed])
    if refused is not None:
        return refused
    after = changed_parts(plan.parts, event)
    stated = [
        *(each.goals for each in event.activities_added),
        *(each.goals or () for each in event.activities_changed),
    ]
    removed = [each for each in event.removed if each in plan.parts.goals]
    known = {*after.goals, *removed}  # a removed goal that is still served has a code of its own
    unknown = [goal for goals in stated for goal in goals if goal not in known]
    if unknown:
        return GoalUnknown(unknown[0])
    return _still_served(after, removed)


def _taken(plan: PlanContent, added: Iterable[str]) -> DomainError | None:
    """Refuse the id of a part that the plan has or had."""
    return next((PartExists(each) for each in added if each in plan.used), None)


def _unknown(parts: PlanParts, named: Iterable[str]) -> DomainError | None:
    known = parts.all()
    for each in named:
        if each not in known:
            match KINDS_OF_PARTS[each[0]]:
                case "concern":
                    return ConcernUnknown(each)
                case "goal":
                    return GoalUnknown(each)
                case "activity":
                    return ActivityUnknown(each)
    return None


def _still_served(parts: PlanParts, goals: Iterable[str]) -> DomainError | None:
    """Refuse to end a goal while an open activity serves it."""
    for goal in goals:
        serving = [
            part_id
            for part_id, each in parts.activities.items()
            if each.is_open and goal in each.activity.goals
        ]
        if serving:
            return GoalHasOpenActivities(goal, serving)
    return None


def _with_concerns(parts: PlanParts, added: Iterable[Concern]) -> PlanParts:
    new = {each.concern_id: PlanConcern(each, stated=_counted({}, each.sealed)) for each in added}
    return replace(parts, concerns={**parts.concerns, **new}) if new else parts


def _with_goals(parts: PlanParts, added: Iterable[Goal]) -> PlanParts:
    new = {each.goal_id: PlanGoal(each, stated=_counted({}, each.sealed)) for each in added}
    return replace(parts, goals={**parts.goals, **new}) if new else parts


def _with_activities(parts: PlanParts, added: Iterable[Activity]) -> PlanParts:
    new = {each.activity_id: PlanActivity(each, stated=_counted({}, each.sealed)) for each in added}
    return replace(parts, activities={**parts.activities, **new}) if new else parts


def _with_changed_goals(parts: PlanParts, changes: Iterable[GoalChange]) -> PlanParts:
    new = {}
    for change in changes:
        before = parts.goals[change.goal_id]
        new[change.goal_id] = replace(
            before,
            goal=changed_goal(before.goal, change),
            stated=_counted(before.stated, change.sealed),
        )
    return replace(parts, goals={**parts.goals, **new}) if new else parts


def _with_changed_activities(parts: PlanParts, changes: Iterable[ActivityChange]) -> PlanParts:
    new = {}
    for change in changes:
        before = parts.activities[change.activity_id]
        activity = changed_activity(before.activity, change)
        same_days = (activity.due_on, activity.repeat) == (
            before.activity.due_on,
            before.activity.repeat,
        )
        new[change.activity_id] = replace(
            before,
            activity=activity,
            times_completed=before.times_completed if same_days else 0,
            stated=_counted(before.stated, change.sealed),
        )
    return replace(parts, activities={**parts.activities, **new}) if new else parts


def _with_progress(parts: PlanParts, event: GoalProgressed) -> PlanParts:
    before = parts.goals[event.goal_id]
    worsening = event.achievement == "worsening"
    after = replace(
        before,
        achievement=event.achievement,
        progressed_at=event.happened_at,
        worsening_since=(before.worsening_since or event.happened_at) if worsening else None,
    )
    return replace(parts, goals={**parts.goals, event.goal_id: after})


def _with_activity_progress(parts: PlanParts, event: ActivityProgressed) -> PlanParts:
    before = parts.activities[event.activity_id]
    completed = event.status == "completed"
    after = replace(
        before,
        status=event.status,
        status_at=event.happened_at,
        times_completed=before.times_completed + completed,
        outcome=event.outcome or before.outcome,
    )
    return replace(parts, activities={**parts.activities, event.activity_id: after})


def _without(parts: PlanParts, removed: Iterable[str]) -> PlanParts:
    gone = frozenset(removed)
    if not gone:
        return parts
    return PlanParts(
        concerns={key: each for key, each in parts.concerns.items() if key not in gone},
        goals={key: each for key, each in parts.goals.items() if key not in gone},
        activities={key: each for key, each in parts.activities.items() if key not in gone},
    )


def _counted(before: Mapping[str, int], stated: Iterable[str]) -> dict[str, int]:
    """Count how often each sealed content was stated."""
    return dict(Counter(before) + Counter(set(stated)))
