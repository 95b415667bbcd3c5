"""The parts of a care plan, as its events state them: ids, codes and dates in clear.

The meaning of a part is clinical content or free text, so it is sealed with the event. A part only
says in ``sealed`` which of these contents the event states. The names of the contents are in
``domain.care_plan.sealed``.
"""

from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from domain.events import UUID_TEXT
from domain.ids import StreamId
from domain.party import Party

PartKind: TypeAlias = Literal["concern", "goal", "activity"]

#: The id of a part within its plan: a letter and a number. An id is in clear, so it has no words.
ConcernId: TypeAlias = Annotated[str, Field(pattern=r"^c[1-9][0-9]{0,4}$")]
GoalId: TypeAlias = Annotated[str, Field(pattern=r"^g[1-9][0-9]{0,4}$")]
ActivityId: TypeAlias = Annotated[str, Field(pattern=r"^a[1-9][0-9]{0,4}$")]
PartId: TypeAlias = Annotated[str, Field(pattern=r"^[cga][1-9][0-9]{0,4}$")]

#: The kind of a part, by the first letter of its id.
KINDS_OF_PARTS: Final[dict[str, PartKind]] = {"c": "concern", "g": "goal", "a": "activity"}

GoalOwner: TypeAlias = Literal["patient", "clinician", "shared"]
GoalPriority: TypeAlias = Literal["high", "medium", "low"]
#: FHIR R4 goal achievement status.
# verify: http://terminology.hl7.org/CodeSystem/goal-achievement
Achievement: TypeAlias = Literal[
    "in-progress", "improving", "worsening", "no-change", "achieved", "sustaining",
    "not-achieved", "no-progress", "not-attainable",
]  # fmt: skip
#: The achievements that end the work on a goal.
RESOLVED: Final[frozenset[Achievement]] = frozenset({"achieved", "not-attainable"})

ActivityKind: TypeAlias = Literal[
    "visit", "call", "referral", "test", "medication", "education", "equipment", "service",
    "self_care",
]  # fmt: skip
#: FHIR R4 CarePlan.activity.detail.status, without ``unknown`` and ``entered-in-error``.
ActivityStatus: TypeAlias = Literal[
    "not-started", "scheduled", "in-progress", "on-hold", "completed", "cancelled", "stopped"
]

#: ``code`` is clinical content, ``text`` is free text.
ConcernContent: TypeAlias = Literal["code", "text"]
#: ``target`` is clinical content (measure, value, unit), ``words`` is free text: for a goal of the
#: patient, in the patient's own words.
GoalContent: TypeAlias = Literal["target", "words"]
ActivityContent: TypeAlias = Literal["text"]


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Repeat(_Stated):
    """How often an activity is repeated."""

    every: Annotated[int, Field(ge=1, le=366)]
    """The number of units from one time to the next."""
    unit: Literal["day", "week", "month"]
    """The unit."""
    until: date | None = None
    """The last day; null: not stated."""


class Concern(_Stated):
    """A health concern of the plan. Sealed: its code, and a text."""

    concern_id: ConcernId
    """Its id within the plan."""
    assessment: Annotated[StreamId, Field(pattern=UUID_TEXT)] | None = None
    """The assessment that found it; null: not stated."""
    sealed: tuple[ConcernContent, ...] = ()
    """The sealed contents that the event states."""


class Goal(_Stated):
    """A goal of the plan. Sealed: the target (measure, value, unit) and the words of the goal."""

    goal_id: GoalId
    """Its id within the plan."""
    owner: GoalOwner
    """Whose goal it is."""
    priority: GoalPriority = "medium"
    """How important it is to its owner."""
    target_on: date | None = None
    """The day by which it should be reached; null: not stated."""
    sealed: tuple[GoalContent, ...] = ()
    """The sealed contents that the event states."""


class Activity(_Stated):
    """An activity of the plan. Sealed: a text."""

    activity_id: ActivityId
    """Its id within the plan."""
    kind: ActivityKind
    """What kind of activity it is."""
    goals: tuple[GoalId, ...] = ()
    """The goals that it serves."""
    responsible: Party = Party()
    """The member of the care team who does it; empty: not stated."""
    by_patient: bool = False
    """Whether the patient does it."""
    due_on: date | None = None
    """The day by which it is due, for a repeated activity the first one; null: not stated."""
    repeat: Repeat | None = None
    """How often it is repeated; null: it is done once."""
    sealed: tuple[ActivityContent, ...] = ()
    """The sealed contents that the event states."""


class GoalChange(_Stated):
    """A change of a goal. A member that is null or empty leaves the goal as it is."""

    goal_id: GoalId
    """The goal."""
    owner: GoalOwner | None = None
    """Whose goal it is from now on."""
    priority: GoalPriority | None = None
    """Its new priority."""
    target_on: date | None = None
    """Its new day."""
    cleared: tuple[Literal["target_on"], ...] = ()
    """Members that are no longer stated."""
    sealed: tuple[GoalContent, ...] = ()
    """The sealed contents that the event states again."""


class ActivityChange(_Stated):
    """A change of an activity. A member that is null or empty leaves the activity as it is."""

    activity_id: ActivityId
    """The activity."""
    kind: ActivityKind | None = None
    """Its new kind."""
    goals: tuple[GoalId, ...] | None = None
    """The goals that it serves from now on."""
    responsible: Party | None = None
    """The member of the care team who does it from now on."""
    by_patient: bool | None = None
    """Whether the patient does it from now on."""
    due_on: date | None = None
    """Its new day. The repetitions are counted from it."""
    repeat: Repeat | None = None
    """How often it is repeated from now on."""
    cleared: tuple[Literal["due_on", "repeat"], ...] = ()
    """Members that are no longer stated."""
    sealed: tuple[ActivityContent, ...] = ()
    """The sealed contents that the event states again."""


def changed_goal(goal: Goal, change: GoalChange) -> Goal:
    """Return a goal after a change. ``sealed`` names what the change states."""
    return goal.model_copy(update=_stated(change, "goal_id"))


def changed_activity(activity: Activity, change: ActivityChange) -> Activity:
    """Return an activity after a change. ``sealed`` names what the change states."""
    return activity.model_copy(update=_stated(change, "activity_id"))


def _stated(change: GoalChange | ActivityChange, part_id: str) -> dict[str, object]:
    members = {
        name: getattr(change, name)
        for name in type(change).model_fields
        if name not in {part_id, "cleared"} and getattr(change, name) is not None
    }
    return {**members, **dict.fromkeys(change.cleared, None)}
