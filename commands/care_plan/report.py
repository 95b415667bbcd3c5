"""Record how far another system says a care plan is."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Context
from commands.permissions import Permission
from commands.report import ReportCommand
from domain import care_plan
from domain.care_plan import rules
from domain.care_plan.events import CarePlanEvent, CarePlanReported, PlanClaim, PlanReason
from domain.care_plan.rules import PlanHistory
from domain.decider import StreamEvent
from domain.errors import PlanAlreadyActive
from domain.events import OwnEvent
from domain.ids import EventId


class ReportCarePlan(ReportCommand):
    """Record how far the plan is, as another system says. It is kept even if it cannot be."""

    KIND: ClassVar = care_plan.KIND
    EVENT: ClassVar[type[OwnEvent]] = CarePlanReported
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE

    claim: Annotated[PlanClaim, Field(description="how far the plan is")]
    reason: Annotated[PlanReason, Field(description="why")] = "other"

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[CarePlanEvent]:
        return rules.report(
            self.KIND.existing(self.stream, history),
            self.claim,
            partner=self.partner,
            reason=self.reason,
            time=context.time,
        )

    @override
    def warnings(self, history: Sequence[StreamEvent[OwnEvent]], context: Context) -> Sequence[str]:
        """Warn if another plan of the category is active too: no report is refused for it."""
        plan: PlanHistory = self.KIND.existing(self.stream, history)
        record = plan[0].event.record
        if record is None:  # each event of a plan names one
            return ()
        after = list(plan)
        for each in self.decide(history, context):
            after.append(StreamEvent(EventId(""), len(after) + 1, each))
        others = context.facts.streams(record, self.KIND.name)
        other = rules.active_elsewhere(
            after,
            since=context.time.moment.at,
            others={stream: each for stream, each in others.items() if stream != self.stream},
        )
        return () if other is None else (PlanAlreadyActive.code,)
