"""Revise a care plan: all changes of a revision are one event."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from commands.care_plan.contents import GoalTarget
from commands.command import Command, Context, Text
from commands.permissions import Permission
from domain import care_plan
from domain.care_plan import rules
from domain.care_plan.events import CarePlanRevised, RevisionReason
from domain.care_plan.parts import (
    Activity,
    ActivityChange,
    Concern,
    Goal,
    GoalChange,
    PartId,
)
from domain.care_plan.sealed import (
    ACTIVITIES_ADDED,
    ACTIVITIES_CHANGED,
    CONCERNS_ADDED,
    GOALS_ADDED,
    GOALS_CHANGED,
    NOTE,
    name_in,
)
from domain.decider import StreamEvent
from domain.events import UUID_TEXT, OwnEvent
from domain.ids import StreamId
from domain.party import Party


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[Text, Field(description="the part in words; it is stored sealed")] = ""

    @property
    def clinical(self) -> dict[str, Any]:
        """The clinical content that is stated."""
        return {}


class RevisedConcern(_Part):
    """A new concern with its content. ``concern`` has the members of the event."""

    concern: Concern
    code: Annotated[Text, Field(description="code of the concern; it is stored sealed")] = ""

    @property
    @override
    def clinical(self) -> dict[str, Any]:
        return {"code": self.code} if self.code else {}

    def stated(self) -> Concern:
        """Return the concern with the names of the contents that are stated."""
        names = (("code", self.code), ("text", self.text))
        return self.concern.model_copy(
            update={"sealed": tuple(name for name, content in names if content)}
        )


class _GoalPart(_Part):
    target: GoalTarget = GoalTarget()

    @property
    @override
    def clinical(self) -> dict[str, Any]:
        return self.target.content()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the contents that are stated."""
        contents = (("target", self.clinical), ("words", self.text))
        return tuple(name for name, content in contents if content)


class RevisedGoal(_GoalPart):
    """A new goal with its content."""

    goal: Goal

    def stated(self) -> Goal:
        """Return the goal with the names of the contents that are stated."""
        return self.goal.model_copy(update={"sealed": self.names})


class RevisedGoalChange(_GoalPart):
    """A change of a goal with its new content."""

    change: GoalChange

    def stated(self) -> GoalChange:
        """Return the change with the names of the contents that are stated."""
        return self.change.model_copy(update={"sealed": self.names})


class RevisedActivity(_Part):
    """A new activity with its content."""

    activity: Activity

    def stated(self) -> Activity:
        """Return the activity with the names of the contents that are stated."""
        return self.activity.model_copy(update={"sealed": ("text",) if self.text else ()})


class RevisedActivityChange(_Part):
    """A change of an activity with its new content."""

    change: ActivityChange

    def stated(self) -> ActivityChange:
        """Return the change with the names of the contents that are stated."""
        return self.change.model_copy(update={"sealed": ("text",) if self.text else ()})


class ReviseCarePlan(Command):
    """Revise the plan. All changes count together, or none."""

    KIND: ClassVar = care_plan.KIND
    VERB: ClassVar[str] = "revise"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanRevised
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    author: Annotated[Party, Field(description="who revises the plan")]
    reason: Annotated[RevisionReason, Field(description="why")]
    conference: Annotated[
        Annotated[StreamId, Field(pattern=UUID_TEXT)] | None,
        Field(description="conference that decided it"),
    ] = None
    concerns_added: Annotated[
        tuple[RevisedConcern, ...], Field(description="new concerns, with their ids")
    ] = ()
    goals_added: Annotated[
        tuple[RevisedGoal, ...], Field(description="new goals, with their ids")
    ] = ()
    goals_changed: Annotated[
        tuple[RevisedGoalChange, ...], Field(description="changes of goals")
    ] = ()
    activities_added: Annotated[
        tuple[RevisedActivity, ...], Field(description="new activities, with their ids")
    ] = ()
    activities_changed: Annotated[
        tuple[RevisedActivityChange, ...], Field(description="changes of activities")
    ] = ()
    removed: Annotated[tuple[PartId, ...], Field(description="parts that the plan loses")] = ()
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        plan = self.KIND.existing(self.stream, history)
        head = rules.head(plan, self.VERB, time=context.time)
        revised = CarePlanRevised(
            **head,
            number=1,
            reason=self.reason,
            author=self.author,
            conference=self.conference,
            concerns_added=tuple(each.stated() for each in self.concerns_added),
            goals_added=tuple(each.stated() for each in self.goals_added),
            goals_changed=tuple(each.stated() for each in self.goals_changed),
            activities_added=tuple(each.stated() for each in self.activities_added),
            activities_changed=tuple(each.stated() for each in self.activities_changed),
            removed=self.removed,
        )
        return rules.revise(plan, revised, time=context.time)

    @override
    def texts(self) -> dict[str, str]:
        return {
            NOTE: self.note,
            **{name: part.text for name, part in self._parts().items()},
        }

    @override
    def clinical(self) -> dict[str, Any]:
        return {name: part.clinical for name, part in self._parts().items()}

    @override
    def facility(self) -> str:
        return self.author.organisation

    def _parts(self) -> dict[str, _Part]:
        groups: dict[str, Sequence[_Part]] = {
            CONCERNS_ADDED: self.concerns_added,
            GOALS_ADDED: self.goals_added,
            GOALS_CHANGED: self.goals_changed,
            ACTIVITIES_ADDED: self.activities_added,
            ACTIVITIES_CHANGED: self.activities_changed,
        }
        return {
            name_in(group, place): part
            for group, parts in groups.items()
            for place, part in enumerate(parts)
        }
