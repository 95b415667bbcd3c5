"""Begin a care plan, put it in force, and end it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.care_plan.plan_command import PlanCommand, PlanStep
from commands.command import Command, Context, Text, VoidEvent
from commands.permissions import Permission
from domain import care_plan
from domain.care_plan import rules
from domain.care_plan.events import (
    CarePlanActivated,
    CarePlanCompleted,
    CarePlanDrafted,
    CarePlanEvent,
    CarePlanHeld,
    CarePlanResumed,
    CarePlanRevoked,
    PlanCategory,
    PlanReason,
)
from domain.care_plan.rules import EventHead, PlanHistory
from domain.care_plan.sealed import NOTE
from domain.care_plan.states import NotDrafted
from domain.decider import StreamEvent, fold
from domain.events import UUID_TEXT, OwnEvent
from domain.ids import Mode, RecordId, StatementRef
from domain.party import Party

#: The code of the warning that a plan in force has no goal that is also the patient's.
PATIENT_NOT_INVOLVED = "patient_not_involved"


class DraftCarePlan(Command):
    """Begin a care plan."""

    KIND: ClassVar = care_plan.KIND
    VERB: ClassVar[str] = "draft"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanDrafted
    BEGINS: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    record: Annotated[RecordId, Field(pattern=UUID_TEXT, description="source record")]
    mode: Annotated[Mode, Field(description="processing mode of the record")] = "P"
    anchor: Annotated[
        Annotated[StatementRef, Field(pattern=UUID_TEXT)] | None,
        Field(description="encounter, or a statement of it, that the plan belongs to"),
    ] = None
    category: Annotated[PlanCategory, Field(description="kind of plan")]
    responsible: Annotated[Party, Field(description="who answers for the plan")]
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return rules.draft(
            self.KIND.history(self.stream, history),
            CarePlanDrafted(
                record=self.record,
                mode=self.mode,
                happened_at=context.time.moment,
                anchor=self.anchor,
                category=self.category,
                responsible=self.responsible,
            ),
            time=context.time,
        )

    @override
    def texts(self) -> dict[str, str]:
        return {NOTE: self.note}

    @override
    def facility(self) -> str:
        return self.responsible.organisation


class _EnterForce(PlanCommand):
    """A command after which the plan is in force. No other plan of the category may be active."""

    @abstractmethod
    def event(self, head: EventHead) -> CarePlanActivated | CarePlanResumed:
        """Return the event."""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        plan = self.KIND.existing(self.stream, history)
        event = self.event(self.head(plan, context))
        others = context.facts.streams(event.record, self.KIND.name) if event.record else {}
        return rules.enter_force(
            plan,
            event,
            others={stream: each for stream, each in others.items() if stream != self.stream},
            time=context.time,
        )

    @override
    def warnings(self, history: Sequence[StreamEvent[OwnEvent]], context: Context) -> Sequence[str]:
        del context
        plan: PlanHistory = self.KIND.history(self.stream, history)
        state = fold(care_plan.CARE_PLAN, plan).state
        if isinstance(state, NotDrafted) or state.plan.has_goal_of_patient:
            return ()
        return (PATIENT_NOT_INVOLVED,)


class ActivateCarePlan(_EnterForce):
    """Put the plan in force."""

    VERB: ClassVar[str] = "activate"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanActivated
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE

    @override
    def event(self, head: EventHead) -> CarePlanActivated:
        return CarePlanActivated(**head, by=self.by)


class HoldCarePlan(PlanStep):
    """Set the plan aside for a time."""

    VERB: ClassVar[str] = "hold"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanHeld
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE

    reason: Annotated[PlanReason, Field(description="why")]

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return CarePlanHeld(**head, by=self.by, reason=self.reason)


class ResumeCarePlan(_EnterForce):
    """Put a plan that is held in force again."""

    VERB: ClassVar[str] = "resume"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanResumed
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE

    reason: Annotated[PlanReason, Field(description="why")] = "other"

    @override
    def event(self, head: EventHead) -> CarePlanResumed:
        return CarePlanResumed(**head, by=self.by, reason=self.reason)


class CompleteCarePlan(PlanStep):
    """End a plan that has done its work."""

    VERB: ClassVar[str] = "complete"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanCompleted
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE
    AFTER_DEATH: ClassVar[bool] = True

    reason: Annotated[PlanReason, Field(description="why")]

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return CarePlanCompleted(**head, by=self.by, reason=self.reason)


class RevokeCarePlan(PlanStep):
    """Give a plan up."""

    VERB: ClassVar[str] = "revoke"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanRevoked
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE
    AFTER_DEATH: ClassVar[bool] = True

    reason: Annotated[PlanReason, Field(description="why")]

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return CarePlanRevoked(**head, by=self.by, reason=self.reason)


class VoidCarePlanEvent(VoidEvent):
    """Make one event of the plan void. The event is kept, and is shown as void."""

    KIND: ClassVar = care_plan.KIND
