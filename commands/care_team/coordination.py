"""Say who coordinates the care of a person, and hand over."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.care_team.team_command import TeamCommand
from commands.command import Context
from domain.care_team import rules
from domain.care_team.events import (
    CoordinationEvent,
    CoordinatorAssigned,
    HandedOver,
    HandoverAccepted,
    HandoverRefusal,
    HandoverRefused,
    HandoverWithdrawn,
    Scope,
)
from domain.decider import StreamEvent
from domain.events import Code, OptionalCode, OwnEvent


class ScopeCommand(TeamCommand):
    """A command on the coordinator of a scope."""

    scope: Annotated[Scope, Field(description="what the coordinator is responsible for")] = "all"
    programme: Annotated[
        OptionalCode, Field(description="programme, if the scope is a programme")
    ] = ""

    @override
    def facts(self, context: Context) -> dict[str, Any]:
        return {**super().facts(context), "scope": self.scope, "programme": self.programme}

    def recorded(
        self,
        history: Sequence[StreamEvent[OwnEvent]],
        event: CoordinationEvent,
        context: Context,
    ) -> Sequence[OwnEvent]:
        """Return what the rules record of the event."""
        return rules.record_coordination(
            self.stream,
            self.own(history),
            event,
            others=self.others(context),
            time=context.time,
        )


class AssignCoordinator(ScopeCommand):
    """Let a member of the care team coordinate. The earlier coordinator of the scope ends."""

    VERB: ClassVar[str] = "assign_coordinator"
    EVENT: ClassVar[type[OwnEvent]] = CoordinatorAssigned

    member: Annotated[Code, Field(description="id of the member that coordinates from now on")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        assigned = CoordinatorAssigned(**self.facts(context), member=self.member)
        return self.recorded(history, assigned, context)


class HandOver(ScopeCommand):
    """Hand over to another member. The handover is open until the other member answers."""

    VERB: ClassVar[str] = "hand_over"
    EVENT: ClassVar[type[OwnEvent]] = HandedOver

    from_member: Annotated[Code, Field(description="id of the coordinator")]
    to_member: Annotated[Code, Field(description="id of the member that is to coordinate")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        offered = HandedOver(
            **self.facts(context), from_member=self.from_member, to_member=self.to_member
        )
        return self.recorded(history, offered, context)


class AcceptHandover(ScopeCommand):
    """Accept the open handover. The member coordinates from now on."""

    VERB: ClassVar[str] = "accept_handover"
    EVENT: ClassVar[type[OwnEvent]] = HandoverAccepted

    to_member: Annotated[Code, Field(description="id of the member that accepts")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        accepted = HandoverAccepted(**self.facts(context), to_member=self.to_member)
        return self.recorded(history, accepted, context)


class RefuseHandover(ScopeCommand):
    """Refuse the open handover. The coordinator stays."""

    VERB: ClassVar[str] = "refuse_handover"
    EVENT: ClassVar[type[OwnEvent]] = HandoverRefused

    to_member: Annotated[Code, Field(description="id of the member that refuses")]
    reason: Annotated[HandoverRefusal, Field(description="why the member refuses")] = "other"

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        refused = HandoverRefused(
            **self.facts(context), to_member=self.to_member, reason=self.reason
        )
        return self.recorded(history, refused, context)


class WithdrawHandover(ScopeCommand):
    """Withdraw the open handover. The coordinator stays."""

    VERB: ClassVar[str] = "withdraw_handover"
    EVENT: ClassVar[type[OwnEvent]] = HandoverWithdrawn

    from_member: Annotated[Code, Field(description="id of the coordinator")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        withdrawn = HandoverWithdrawn(**self.facts(context), from_member=self.from_member)
        return self.recorded(history, withdrawn, context)
