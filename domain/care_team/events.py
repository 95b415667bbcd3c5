"""The facts of a care team."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from domain.decider import StreamEvent
from domain.events import UUID_TEXT, Code, EnteredInError, OptionalCode, OwnEvent, ReportedEvent
from domain.ids import RecordId, StreamId

MemberKind: TypeAlias = Literal["practitioner", "organisation", "related_person"]
TeamRole: TypeAlias = Literal[
    "coordinator",
    "primary_care",
    "attending",
    "consultant",
    "specialist",
    "nurse",
    "pharmacist",
    "social_worker",
    "therapist",
    "community_worker",
    "payer_case_manager",
    "family",
    "caregiver",
    "proxy",
]
#: What a coordinator is responsible for: everything, the transition that is open, or one programme.
Scope: TypeAlias = Literal["all", "transition", "programme"]
LeaveReason: TypeAlias = Literal["finished", "moved_away", "replaced", "patient_wish", "other"]
#: What another system says was done. Each is the move of the event that our people would record.
TeamClaim: TypeAlias = Literal[
    "member_joined", "member_left", "handover_accepted", "handover_refused"
]
HandoverRefusal: TypeAlias = Literal["no_capacity", "not_suitable", "not_available", "other"]


class TeamEvent(OwnEvent):
    """A fact about a care team. It names the source record of the person."""

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient as the caller named it."""


class MemberJoined(TeamEvent):
    """A member joins the team. Sealed: name, telephone, a note."""

    TOPIC: ClassVar[str] = "care_team.member_joined.v1"

    member: Code
    """Id of the member within the team, such as the code of a practitioner."""
    kind: MemberKind
    """What the member is."""
    role: TeamRole
    """What the member does in the team."""
    organisation: OptionalCode = ""
    """The organisation that the member acts for; empty: not stated."""


class MemberRoleChanged(TeamEvent):
    """A member has another role from now on. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.role_changed.v1"

    member: Code
    """The member."""
    role: TeamRole
    """The new role."""


class MemberLeft(TeamEvent):
    """A member leaves the team. What the member coordinates ends too. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.member_left.v1"

    member: Code
    """The member."""
    reason: LeaveReason = "finished"
    """Why."""


class ScopeEvent(TeamEvent):
    """A fact about the coordinator of a scope."""

    scope: Scope = "all"
    """What the coordinator is responsible for."""
    programme: OptionalCode = ""
    """The programme, if the scope is ``programme``; else empty."""


class CoordinatorAssigned(ScopeEvent):
    """A member coordinates the scope from now on. The earlier coordinator ends. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.coordinator_assigned.v1"

    member: Code
    """The new coordinator."""


class HandedOver(ScopeEvent):
    """The coordinator hands over. The handover is open until it is answered. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.handed_over.v1"

    from_member: Code
    """The coordinator."""
    to_member: Code
    """The member that is to coordinate."""


class HandoverAccepted(ScopeEvent):
    """The other member accepts, and coordinates from now on. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.handover_accepted.v1"

    to_member: Code
    """The member that accepts."""


class HandoverRefused(ScopeEvent):
    """The other member refuses. The coordinator stays. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.handover_refused.v1"

    to_member: Code
    """The member that refuses."""
    reason: HandoverRefusal = "other"
    """Why."""


class HandoverWithdrawn(ScopeEvent):
    """The coordinator withdraws the handover and stays. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.handover_withdrawn.v1"

    from_member: Code
    """The coordinator."""


class TeamReported(TeamEvent, ReportedEvent):
    """Another system says what a member did. Sealed: its number there, a note."""

    TOPIC: ClassVar[str] = "care_team.reported.v1"

    claim: TeamClaim
    """What the member did, as that system says."""
    member: Code
    """The member: that joined or left, or that a coordinator hands over to."""
    kind: MemberKind = "practitioner"
    """What the member is, if it joined."""
    role: TeamRole | None = None
    """What the member does in the team, if it joined; null: not stated."""
    organisation: OptionalCode = ""
    """The organisation that the member acts for, if it joined; empty: not stated."""
    scope: Scope = "all"
    """What is handed over, if the member accepted or refused."""
    programme: OptionalCode = ""
    """The programme, if the scope is ``programme``; else empty."""


class TeamEnteredInError(EnteredInError):
    """An event of the care team is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_team.entered_in_error.v1"


MemberEvent: TypeAlias = MemberJoined | MemberRoleChanged | MemberLeft
CoordinationEvent: TypeAlias = (
    CoordinatorAssigned | HandedOver | HandoverAccepted | HandoverRefused | HandoverWithdrawn
)
CareTeamEvent: TypeAlias = (
    MemberJoined
    | MemberRoleChanged
    | MemberLeft
    | CoordinatorAssigned
    | HandedOver
    | HandoverAccepted
    | HandoverRefused
    | HandoverWithdrawn
    | TeamReported
    | TeamEnteredInError
)
TeamHistory: TypeAlias = Sequence[StreamEvent[CareTeamEvent]]
#: The other streams of the person, by id: those of other source records.
OtherTeams: TypeAlias = Mapping[StreamId, TeamHistory]
