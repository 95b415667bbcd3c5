"""The names of the sealed contents of an event of a care plan, and the parts that they are about.

An event seals free text as ``{name: text}`` in class ``notes``, and clinical content as
``{name: value}`` in class ``clinical``. The names count the parts of the event, because the id of a
new part is known only when the event is decided.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.care_plan.events import (
    ActivityAdded,
    ActivityChanged,
    CarePlanEvent,
    CarePlanRevised,
    ConcernAdded,
    GoalChanged,
    GoalProgressed,
    GoalSet,
)

#: The name of the content of the only part of an event.
PART: Final = "part"
#: The name of the value that was measured for a goal.
PROGRESS: Final = "progress"
#: The name of a remark that is about the event and not about a part.
NOTE: Final = "note"
CONCERNS_ADDED: Final = "concerns_added"
GOALS_ADDED: Final = "goals_added"
GOALS_CHANGED: Final = "goals_changed"
ACTIVITIES_ADDED: Final = "activities_added"
ACTIVITIES_CHANGED: Final = "activities_changed"


def name_in(group: str, place: int) -> str:
    """Return the name of the content of a part of a revision, such as ``goals_added.0``."""
    return f"{group}.{place}"


def parts_by_name(event: CarePlanEvent) -> Mapping[str, str]:  # noqa: PLR0911 - one per fact
    """Return the id of the part that each name of a sealed content is about."""
    match event:
        case ConcernAdded():
            return {PART: event.concern.concern_id}
        case GoalSet():
            return {PART: event.goal.goal_id}
        case GoalChanged():
            return {PART: event.change.goal_id}
        case GoalProgressed():
            return {PROGRESS: event.goal_id}
        case ActivityAdded():
            return {PART: event.activity.activity_id}
        case ActivityChanged():
            return {PART: event.change.activity_id}
        case CarePlanRevised():
            return {
                **_named(CONCERNS_ADDED, (each.concern_id for each in event.concerns_added)),
                **_named(GOALS_ADDED, (each.goal_id for each in event.goals_added)),
                **_named(GOALS_CHANGED, (each.goal_id for each in event.goals_changed)),
                **_named(ACTIVITIES_ADDED, (each.activity_id for each in event.activities_added)),
                **_named(
                    ACTIVITIES_CHANGED, (each.activity_id for each in event.activities_changed)
                ),
            }
        case _:
            return {}


def _named(group: str, parts: Iterable[str]) -> dict[str, str]:
    return {name_in(group, place): part for place, part in enumerate(parts)}
