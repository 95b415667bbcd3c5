"""Say who is in the care team of a person, and in which role."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.care_team.team_command import TeamCommand
from commands.command import Context, Text, VoidEvent
from domain.care_team import KIND, rules
from domain.care_team.events import (
    LeaveReason,
    MemberEvent,
    MemberJoined,
    MemberKind,
    MemberLeft,
    MemberRoleChanged,
    TeamRole,
)
from domain.decider import StreamEvent
from domain.events import Code, OptionalCode, OwnEvent


class JoinCareTeam(TeamCommand):
    """Add a member to the care team."""

    VERB: ClassVar[str] = "join"
    EVENT: ClassVar[type[OwnEvent]] = MemberJoined

    member: Annotated[Code, Field(description="id of the member, such as a practitioner's code")]
    kind: Annotated[MemberKind, Field(description="what the member is")] = "practitioner"
    role: Annotated[TeamRole, Field(description="what the member does in the team")]
    organisation: Annotated[
        OptionalCode, Field(description="organisation that the member acts for")
    ] = ""
    name: Annotated[Text, Field(description="name of the member; it is stored sealed")] = ""
    telephone: Annotated[Text, Field(description="telephone; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        joined = MemberJoined(
            **self.facts(context),
            member=self.member,
            kind=self.kind,
            role=self.role,
            organisation=self.organisation,
        )
        return _recorded(self, history, joined, context)

    @override
    def texts(self) -> dict[str, str]:
        return {"name": self.name, "telephone": self.telephone, "note": self.note}

    @override
    def facility(self) -> str:
        return self.organisation

    @override
    def organisation_fields(self) -> Sequence[str]:
        return ("organisation", "member") if self.kind == "organisation" else ("organisation",)


class ChangeMemberRole(TeamCommand):
    """Give a member of the care team another role."""

    VERB: ClassVar[str] = "change_role"
    EVENT: ClassVar[type[OwnEvent]] = MemberRoleChanged

    member: Annotated[Code, Field(description="id of the member")]
    role: Annotated[TeamRole, Field(description="the new role")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        changed = MemberRoleChanged(**self.facts(context), member=self.member, role=self.role)
        return _recorded(self, history, changed, context)


class LeaveCareTeam(TeamCommand):
    """Record that a member left the care team."""

    VERB: ClassVar[str] = "leave"
    EVENT: ClassVar[type[OwnEvent]] = MemberLeft

    member: Annotated[Code, Field(description="id of the member")]
    reason: Annotated[LeaveReason, Field(description="why the member left")] = "finished"

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        left = MemberLeft(**self.facts(context), member=self.member, reason=self.reason)
        return _recorded(self, history, left, context)


class VoidTeamEvent(VoidEvent):
    """Make one event of the care team void. The event is kept, and is shown as void."""

    KIND: ClassVar[Any] = KIND


def _recorded(
    command: TeamCommand,
    history: Sequence[StreamEvent[OwnEvent]],
    event: MemberEvent,
    context: Context,
) -> Sequence[OwnEvent]:
    return rules.record_member(
        command.stream,
        command.own(history),
        event,
        others=command.others(context),
        time=context.time,
    )
