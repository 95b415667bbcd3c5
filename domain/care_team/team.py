"""The state of a care team: members, coordinators and handovers, with everything that is past."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from domain.care_team.events import (
    HandedOver,
    HandoverRefusal,
    LeaveReason,
    MemberJoined,
    Scope,
    TeamRole,
)
from domain.events import Code, OptionalCode
from domain.ids import RecordId
from domain.statement import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A member with one role, and the period of it. ``until`` is None as long as it goes on."""

    joined: MemberJoined
    role: TeamRole
    since: Moment
    until: Moment | None = None
    left: LeaveReason | None = None  # None: it goes on, or the member has another role since
    #: The partner whose report began or ended it; None: our people recorded both.
    reported_by: Code | None = None

    @property
    def member(self) -> Code:
        """The id of the member."""
        return self.joined.member


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordination:
    """A period in which one member coordinates a scope."""

    scope: Scope
    programme: OptionalCode
    member: Code
    record: RecordId  # source record that the assignment names
    since: Moment
    until: Moment | None = None
    #: It began or ended by the team of another source record, before the merge was known.
    two_coordinators: bool = False
    #: The partner whose report began or ended it; None: our people recorded both.
    reported_by: Code | None = None


HandoverState: TypeAlias = Literal["open", "accepted", "refused", "withdrawn", "lapsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A handover, and how it ended.

    It lapses if the coordinator changes in another way, or if one of the two members leaves.
    """

    offer: HandedOver
    state: HandoverState = "open"
    ended: Moment | None = None
    reason: HandoverRefusal | None = None
    #: The partner whose report ended it; None: it is open, or our people ended it.
    reported_by: Code | None = None


@dataclass(frozen=True, slots=True)
class CareTeam:
    """The team with everything that is past, in the order in which it began.

    It is one value and no union of states, because every member and every scope moves on its own.
    """

    memberships: tuple[Membership, ...] = ()
    coordinations: tuple[Coordination, ...] = ()
    handovers: tuple[Handover, ...] = ()

    def member(self, member: Code) -> Membership | None:
        """Return the membership that goes on; None if there is none."""
        for each in self.memberships:
            if each.member == member and each.until is None:
                return each
        return None

    def coordination(self, scope: Scope, programme: OptionalCode) -> Coordination | None:
        """Return who coordinates a scope; None if it has no coordinator."""
        for each in self.coordinations:
            if (each.scope, each.programme) == (scope, programme) and each.until is None:
                return each
        return None

    def handover(self, scope: Scope, programme: OptionalCode) -> Handover | None:
        """Return the open handover of a scope; None if there is none."""
        for each in self.handovers:
            offer = each.offer
            if (offer.scope, offer.programme) == (scope, programme) and each.state == "open":
                return each
        return None


def coordination_at(
    team: CareTeam, scope: Scope, programme: OptionalCode, at: datetime
) -> Coordination | None:
    """Return who coordinates a scope at an instant; None if it has no coordinator then."""
    for each in reversed(team.coordinations):
        if (each.scope, each.programme) != (scope, programme):
            continue
        if each.since.at <= at and (each.until is None or at < each.until.at):
            return each
    return None
