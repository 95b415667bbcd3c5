"""Record what another system says of a care team."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.care_team.team_command import PersonTeamCommand
from commands.command import Context
from commands.report import ReportCommand
from domain.care_team import rules
from domain.care_team.events import MemberKind, Scope, TeamClaim, TeamReported, TeamRole
from domain.decider import StreamEvent
from domain.events import Code, OptionalCode, OwnEvent


class ReportCareTeam(ReportCommand, PersonTeamCommand):
    """Record what a member did, as another system says. It is kept even if it cannot be."""

    EVENT: ClassVar[type[OwnEvent]] = TeamReported

    claim: Annotated[TeamClaim, Field(description="what the member did")]
    member: Annotated[Code, Field(description="id of the member")]
    kind: Annotated[MemberKind, Field(description="what the member is, if it joined")] = (
        "practitioner"
    )
    role: Annotated[
        TeamRole | None, Field(description="role; a member that joined is in the team with one")
    ] = None
    organisation: Annotated[
        OptionalCode, Field(description="organisation that it acts for, if it joined")
    ] = ""
    scope: Annotated[Scope, Field(description="what is handed over, if it answered")] = "all"
    programme: Annotated[
        OptionalCode, Field(description="programme, if the scope is a programme")
    ] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        told = TeamReported(
            **self.facts(context),
            partner=self.partner,
            claim=self.claim,
            member=self.member,
            kind=self.kind,
            role=self.role,
            organisation=self.organisation,
            scope=self.scope,
            programme=self.programme,
        )
        return rules.report(self.own(history), told, time=context.time)

    @override
    def organisation_fields(self) -> Sequence[str]:
        named = ("partner", "organisation")
        return (*named, "member") if self.kind == "organisation" else named
