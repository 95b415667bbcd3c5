"""Say how far a goal or an activity is, review the plan, and share it."""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.care_plan.plan_command import PlanStep
from commands.command import Text
from commands.permissions import Permission
from domain.care_plan.events import (
    ActivityProgressed,
    CarePlanEvent,
    CarePlanReviewed,
    CarePlanShared,
    GoalProgressed,
    Recipient,
)
from domain.care_plan.parts import Achievement, ActivityId, ActivityStatus, GoalId
from domain.care_plan.rules import EventHead
from domain.care_plan.sealed import PROGRESS
from domain.events import OptionalCode, OwnEvent
from domain.party import Party


class ProgressGoal(PlanStep):
    """Say how far a goal is."""

    VERB: ClassVar[str] = "progress_goal"
    EVENT: ClassVar[type[OwnEvent]] = GoalProgressed
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    goal_id: Annotated[GoalId, Field(description="id of the goal")]
    achievement: Annotated[Achievement, Field(description="how far it is")]
    value: Annotated[Text, Field(description="value that was measured; stored sealed")] = ""
    unit: Annotated[Text, Field(description="its unit, UCUM; it is stored sealed")] = ""
    evidence: Annotated[
        OptionalCode, Field(description="document or observation that shows it")
    ] = ""

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return GoalProgressed(
            **head,
            by=self.by,
            goal_id=self.goal_id,
            achievement=self.achievement,
            evidence=self.evidence,
        )

    @override
    def clinical(self) -> dict[str, Any]:
        return {PROGRESS: {"value": self.value, "unit": self.unit}} if self.value else {}


class ProgressActivity(PlanStep):
    """Say how far an activity is. `completed` completes a repeated activity for one time."""

    VERB: ClassVar[str] = "progress_activity"
    EVENT: ClassVar[type[OwnEvent]] = ActivityProgressed
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    activity_id: Annotated[ActivityId, Field(description="id of the activity")]
    status: Annotated[ActivityStatus, Field(description="how far it is")]
    outcome: Annotated[OptionalCode, Field(description="code of what came of it")] = ""

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return ActivityProgressed(
            **head,
            by=self.by,
            activity_id=self.activity_id,
            status=self.status,
            outcome=self.outcome,
        )


class ReviewCarePlan(PlanStep):
    """Look the plan through, with those who take part."""

    VERB: ClassVar[str] = "review"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanReviewed
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    members: Annotated[
        tuple[Party, ...], Field(description="members of the care team who took part")
    ] = ()
    patient: Annotated[bool, Field(description="whether the patient took part")] = False
    caregiver: Annotated[bool, Field(description="whether a caregiver took part")] = False
    next_review_on: Annotated[
        date | None, Field(description="day by which the next review is due")
    ] = None
    unchanged: Annotated[bool, Field(description="whether the review left the plan as it was")] = (
        False
    )

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return CarePlanReviewed(
            **head,
            by=self.by,
            members=self.members,
            patient=self.patient,
            caregiver=self.caregiver,
            next_review_on=self.next_review_on,
            unchanged=self.unchanged,
        )


class ShareCarePlan(PlanStep):
    """Give the plan to the patient, a caregiver or an organisation."""

    VERB: ClassVar[str] = "share"
    EVENT: ClassVar[type[OwnEvent]] = CarePlanShared
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    to: Annotated[Recipient, Field(description="kind of recipient")]
    recipient: Annotated[Party, Field(description="who gets it, for an organisation")] = Party()
    document: Annotated[OptionalCode, Field(description="document that was given")] = ""

    @override
    def event(self, head: EventHead) -> CarePlanEvent:
        return CarePlanShared(
            **head, by=self.by, to=self.to, recipient=self.recipient, document=self.document
        )
