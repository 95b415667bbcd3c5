"""What the commands on a care plan that exists have in common."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Context, Text
from domain import care_plan
from domain.care_plan import rules
from domain.care_plan.events import CarePlanEvent
from domain.care_plan.rules import EventHead, PlanHistory
from domain.care_plan.sealed import NOTE
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.party import Party


class PlanCommand(Command):
    """A command on a plan that exists."""

    KIND: ClassVar = care_plan.KIND

    by: Annotated[Party, Field(description="who acts")]
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {NOTE: self.note}

    @override
    def facility(self) -> str:
        return self.by.organisation

    def head(self, history: PlanHistory, context: Context) -> EventHead:
        """Return the members with which the event begins; see ``domain.care_plan.rules.head``."""
        return rules.head(history, self.VERB, time=context.time)


class PlanStep(PlanCommand):
    """A command that gives one event, if the state of the plan allows it."""

    @abstractmethod
    def event(self, head: EventHead) -> CarePlanEvent:
        """Return the event."""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        plan = self.KIND.existing(self.stream, history)
        return rules.step(plan, self.event(self.head(plan, context)), time=context.time)
