"""Add and change the concerns, goals and activities of a care plan."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from commands.care_plan.contents import GoalTarget
from commands.care_plan.plan_command import PlanCommand, PlanStep
from commands.command import Context, Text
from commands.permissions import Permission
from domain.care_plan import rules
from domain.care_plan.events import (
    ActivityAdded,
    ActivityChanged,
    CarePlanEvent,
    ConcernAdded,
    ConcernResolved,
    GoalChanged,
    GoalSet,
)
from domain.care_plan.parts import (
    Activity,
    ActivityChange,
    ActivityId,
    ActivityKind,
    Concern,
    ConcernId,
    Goal,
    GoalChange,
    GoalId,
    GoalOwner,
    GoalPriority,
    Repeat,
)
from domain.care_plan.rules import Addition, EventHead
from domain.care_plan.sealed import NOTE, PART
from domain.decider import StreamEvent
from domain.events import UUID_TEXT, OwnEvent
from domain.ids import StreamId
from domain.party import Party


class _AddPart(PlanCommand):
    """A command that adds a part. Without an id, the part gets the next free one."""

    LETTER: ClassVar[Literal["c", "g", "a"]]
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    @abstractmethod
    def part_id(self) -> str | None:
        """Return the id that the caller gives the part."""

    @abstractmethod
    def event(self, head: EventHead, part_id: str) -> Addition:
        """Return the event."""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        plan = self.KIND.existing(self.stream, history)
        head, part_id = self.head(plan, context), self.part_id()
        if part_id is not None:
            return rules.step(plan, self.event(head, part_id), time=context.time)
        return rules.add_part(
            plan, lambda free: self.event(head, free), self.LETTER, time=context.time
        )


class AddConcern(_AddPart):
    """Add a health concern to the plan."""

    VERB: ClassVar[str] = "add_concern"
    EVENT: ClassVar[type[OwnEvent]] = ConcernAdded
    LETTER: ClassVar = "c"

    concern_id: Annotated[
        ConcernId | None, Field(description="id of the concern, such as c2; the next if not given")
    ] = None
    code: Annotated[Text, Field(description="code of the concern; it is stored sealed")] = ""
    text: Annotated[Text, Field(description="the concern in words; it is stored sealed")] = ""
    assessment: Annotated[
        Annotated[StreamId, Field(pattern=UUID_TEXT)] | None,
        Field(description="assessment that found it"),
    ] = None

    @override
    def part_id(self) -> str | None:
        return self.concern_id

    @override
    def event(self, head: EventHead, part_id: str) -> ConcernAdded:
        stated = (("code", self.code), ("text", self.text))
        concern = Concern(
            concern_id=part_id,
            assessment=self.assessment,
            sealed=tuple(name for name, text in stated if text),  # type: ignore[misc]  # names of contents
        )
        return ConcernAdded(**head, by=self.by, concern=concern)

    @override
    def texts(self) -> dict[str, str]:
        return {PART: self.text, NOTE: self.note}

    @override
    def clinical(self) -> dict[str, Any]:
        return {PART: {"code": self.code}} if self.code else {}


class ResolveConcern(PlanStep):
    """Say that a concern is resolved."""

    VERB: ClassVar[str] = "resolve_concern"
    EVENT: ClassVar[type[OwnEvent]] = ConcernResolved
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    concern_id: Annotated[ConcernId, Field(description="id of the concern")]

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return ConcernResolved(**head, by=self.by, concern_id=self.concern_id)


class SetGoal(_AddPart):
    """Set a goal, for a goal of the patient in the patient's own words."""

    VERB: ClassVar[str] = "set_goal"
    EVENT: ClassVar[type[OwnEvent]] = GoalSet
    LETTER: ClassVar = "g"

    goal_id: Annotated[
        GoalId | None, Field(description="id of the goal, such as g2; the next if not given")
    ] = None
    owner: Annotated[GoalOwner, Field(description="whose goal it is")]
    priority: Annotated[GoalPriority, Field(description="how important it is")] = "medium"
    words: Annotated[
        Text,
        Field(
            description="the goal in words; it is stored sealed",
            examples=["To walk to the shop again"],
        ),
    ] = ""
    target: Annotated[GoalTarget, Field(description="what should be reached")] = GoalTarget()
    target_on: Annotated[date | None, Field(description="day by which it is reached")] = None

    @override
    def part_id(self) -> str | None:
        return self.goal_id

    @override
    def event(self, head: EventHead, part_id: str) -> GoalSet:
        stated = (("target", self.target.content()), ("words", self.words))
        goal = Goal(
            goal_id=part_id,
            owner=self.owner,
            priority=self.priority,
            target_on=self.target_on,
            sealed=tuple(name for name, content in stated if content),  # type: ignore[misc]  # names of contents
        )
        return GoalSet(**head, by=self.by, goal=goal)

    @override
    def texts(self) -> dict[str, str]:
        return {PART: self.words, NOTE: self.note}

    @override
    def clinical(self) -> dict[str, Any]:
        return {PART: self.target.content()}


class ChangeGoal(PlanStep):
    """Change a goal. What is not given stays as it is."""

    VERB: ClassVar[str] = "change_goal"
    EVENT: ClassVar[type[OwnEvent]] = GoalChanged
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    goal_id: Annotated[GoalId, Field(description="id of the goal")]
    owner: Annotated[GoalOwner | None, Field(description="whose goal it is")] = None
    priority: Annotated[GoalPriority | None, Field(description="how important it is")] = None
    words: Annotated[Text, Field(description="the goal in words; it is stored sealed")] = ""
    target: Annotated[GoalTarget, Field(description="what should be reached")] = GoalTarget()
    target_on: Annotated[date | None, Field(description="day by which it is reached")] = None
    cleared: Annotated[
        tuple[Literal["target_on"], ...], Field(description="what is no longer stated")
    ] = ()

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        stated = (("target", self.target.content()), ("words", self.words))
        change = GoalChange(
            goal_id=self.goal_id,
            owner=self.owner,
            priority=self.priority,
            target_on=self.target_on,
            cleared=self.cleared,
            sealed=tuple(name for name, content in stated if content),  # type: ignore[misc]  # names of contents
        )
        return GoalChanged(**head, by=self.by, change=change)

    @override
    def texts(self) -> dict[str, str]:
        return {PART: self.words, NOTE: self.note}

    @override
    def clinical(self) -> dict[str, Any]:
        return {PART: self.target.content()}


class AddActivity(_AddPart):
    """Add an activity to the plan."""

    VERB: ClassVar[str] = "add_activity"
    EVENT: ClassVar[type[OwnEvent]] = ActivityAdded
    LETTER: ClassVar = "a"

    activity_id: Annotated[
        ActivityId | None,
        Field(description="id of the activity, such as a2; the next if not given"),
    ] = None
    kind: Annotated[ActivityKind, Field(description="kind of activity")]
    goals: Annotated[tuple[GoalId, ...], Field(description="goals that it serves")] = ()
    responsible: Annotated[Party, Field(description="who does it")] = Party()
    by_patient: Annotated[bool, Field(description="whether the patient does it")] = False
    due_on: Annotated[date | None, Field(description="day by which it is due")] = None
    repeat: Annotated[Repeat | None, Field(description="how often it is repeated")] = None
    text: Annotated[Text, Field(description="the activity in words; it is stored sealed")] = ""

    @override
    def part_id(self) -> str | None:
        return self.activity_id

    @override
    def event(self, head: EventHead, part_id: str) -> ActivityAdded:
        activity = Activity(
            activity_id=part_id,
            kind=self.kind,
            goals=self.goals,
            responsible=self.responsible,
            by_patient=self.by_patient,
            due_on=self.due_on,
            repeat=self.repeat,
            sealed=("text",) if self.text else (),
        )
        return ActivityAdded(**head, by=self.by, activity=activity)

    @override
    def texts(self) -> dict[str, str]:
        return {PART: self.text, NOTE: self.note}


class ChangeActivity(PlanStep):
    """Change an activity. What is not given stays as it is."""

    VERB: ClassVar[str] = "change_activity"
    EVENT: ClassVar[type[OwnEvent]] = ActivityChanged
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    activity_id: Annotated[ActivityId, Field(description="id of the activity")]
    kind: Annotated[ActivityKind | None, Field(description="kind of activity")] = None
    goals: Annotated[tuple[GoalId, ...] | None, Field(description="goals that it serves")] = None
    responsible: Annotated[Party | None, Field(description="who does it")] = None
    by_patient: Annotated[bool | None, Field(description="whether the patient does it")] = None
    due_on: Annotated[date | None, Field(description="day by which it is due")] = None
    repeat: Annotated[Repeat | None, Field(description="how often it is repeated")] = None
    cleared: Annotated[
        tuple[Literal["due_on", "repeat"], ...], Field(description="what is no longer stated")
    ] = ()
    text: Annotated[Text, Field(description="the activity in words; it is stored sealed")] = ""

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        change = ActivityChange(
            activity_id=self.activity_id,
            kind=self.kind,
            goals=self.goals,
            responsible=self.responsible,
            by_patient=self.by_patient,
            due_on=self.due_on,
            repeat=self.repeat,
            cleared=self.cleared,
            sealed=("text",) if self.text else (),
        )
        return ActivityChanged(**head, by=self.by, change=change)

    @override
    def texts(self) -> dict[str, str]:
        return {PART: self.text, NOTE: self.note}
