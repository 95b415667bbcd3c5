"""The states of a care plan, and the content of the plan in each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

from domain.care_plan.events import (
    CarePlanActivated,
    CarePlanCompleted,
    CarePlanDrafted,
    CarePlanHeld,
    CarePlanReported,
    CarePlanReviewed,
    CarePlanRevised,
    CarePlanRevoked,
)
from domain.care_plan.parts import (
    RESOLVED,
    Achievement,
    Activity,
    ActivityStatus,
    Concern,
    ConcernId,
    Goal,
)
from domain.care_plan.repeats import nth_day
from domain.statement import Moment

#: The statuses after which an activity is over.
_OVER: Final[frozenset[ActivityStatus]] = frozenset({"cancelled", "stopped"})


@dataclass(frozen=True, slots=True)
class PlanConcern:
    """A concern of the plan, and whether it is resolved."""

    concern: Concern
    resolved: bool = False
    #: How often each sealed content was stated.
    stated: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanGoal:
    """A goal of the plan, and how far it is."""

    goal: Goal
    achievement: Achievement | None = None  # None: no progress is recorded
    progressed_at: Moment | None = None
    worsening_since: Moment | None = None  # of the last progress, if it says ``worsening``
    stated: Mapping[str, int] = field(default_factory=dict)

    @property
    def resolved(self) -> bool:
        """Whether the work on the goal has ended."""
        return self.achievement in RESOLVED


@dataclass(frozen=True, slots=True)
class PlanActivity:
    """An activity of the plan, and how far it is."""

    activity: Activity
    status: ActivityStatus = "not-started"
    status_at: Moment | None = None  # None: no progress is recorded
    times_completed: int = 0  # since its day or its repetition was stated last
    outcome: str = ""
    stated: Mapping[str, int] = field(default_factory=dict)

    @property
    def next_due_on(self) -> date | None:
        """The day by which it is due next; None: no day is stated, or nothing is due any more."""
        if self.status in _OVER:
            return None
        if self.activity.repeat is None:
            return None if self.status == "completed" else self.activity.due_on
        return nth_day(self.activity.due_on, self.activity.repeat, self.times_completed)

    @property
    def is_open(self) -> bool:
        """Whether something is left to do."""
        if self.status in _OVER:
            return False
        repeat = self.activity.repeat
        if repeat is None:
            return self.status != "completed"
        return repeat.until is None or self.activity.due_on is None or self.next_due_on is not None


@dataclass(frozen=True, slots=True)
class PlanParts:
    """The parts of a plan by their ids."""

    concerns: Mapping[ConcernId, PlanConcern] = field(default_factory=dict)
    goals: Mapping[str, PlanGoal] = field(default_factory=dict)
    activities: Mapping[str, PlanActivity] = field(default_factory=dict)

    def all(self) -> Mapping[str, "PlanConcern | PlanGoal | PlanActivity"]:
        """Return every part by its id."""
        return MappingProxyType({**self.concerns, **self.goals, **self.activities})


@dataclass(frozen=True, slots=True)
class PlanRevision:
    """A revision of a plan: its parts just after it. Revision 0 is the plan as it was activated."""

    number: int
    at: Moment
    parts: PlanParts
    event: CarePlanRevised | None  # None: revision 0


@dataclass(frozen=True, slots=True)
class PlanContent:
    """What a plan holds."""

    drafted: CarePlanDrafted
    parts: PlanParts = PlanParts()
    used: frozenset[str] = frozenset()  # the ids of all parts that the plan has or had
    activation: CarePlanActivated | CarePlanReported | None = None
    revisions: tuple[PlanRevision, ...] = ()
    last_review: CarePlanReviewed | None = None

    @property
    def patient_not_involved(self) -> bool:
        """Whether the plan was activated and has no goal that is also the patient's.

        42 CFR 482.43 wants the goals and preferences of the patient in the plan.
        """
        return self.activation is not None and not self.has_goal_of_patient

    @property
    def has_goal_of_patient(self) -> bool:
        """Whether a goal of the plan is the patient's, alone or shared."""
        return any(each.goal.owner in {"patient", "shared"} for each in self.parts.goals.values())


@dataclass(frozen=True, slots=True)
class NotDrafted:
    """No plan is in the stream: it has none, or the draft was entered in error."""

    WORD: ClassVar[str] = "not_drafted"


@dataclass(frozen=True, slots=True)
class DraftPlan:
    """The plan is being made."""

    WORD: ClassVar[str] = "draft"

    plan: PlanContent


@dataclass(frozen=True, slots=True)
class ActivePlan:
    """The plan is in force."""

    WORD: ClassVar[str] = "active"

    plan: PlanContent


@dataclass(frozen=True, slots=True)
class HeldPlan:
    """The plan is set aside for a time."""

    WORD: ClassVar[str] = "held"

    plan: PlanContent
    held: CarePlanHeld | CarePlanReported


@dataclass(frozen=True, slots=True)
class CompletedPlan:
    """The plan has ended as it was meant to."""

    WORD: ClassVar[str] = "completed"

    plan: PlanContent
    completed: CarePlanCompleted | CarePlanReported


@dataclass(frozen=True, slots=True)
class RevokedPlan:
    """The plan was given up."""

    WORD: ClassVar[str] = "revoked"

    plan: PlanContent
    revoked: CarePlanRevoked | CarePlanReported


CarePlan: TypeAlias = NotDrafted | DraftPlan | ActivePlan | HeldPlan | CompletedPlan | RevokedPlan
