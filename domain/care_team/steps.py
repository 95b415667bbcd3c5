"""Which facts a care team allows, and what each of them leads to."""

from dataclasses import replace
from typing import Final, assert_never, get_args

from domain.care_team.events import (
    CareTeamEvent,
    CoordinationEvent,
    CoordinatorAssigned,
    HandedOver,
    HandoverAccepted,
    HandoverRefusal,
    HandoverRefused,
    HandoverWithdrawn,
    MemberEvent,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    TeamEnteredInError,
    TeamReported,
)
from domain.care_team.reports import claimed
from domain.care_team.team import CareTeam, Coordination, Handover, HandoverState, Membership
from domain.decider import Decider
from domain.errors import (
    AlreadyMember,
    DomainError,
    HandoverStillOpen,
    HandoverToSameMember,
    NoOpenHandover,
    NotAMember,
    NotTheCoordinator,
)
from domain.events import Code
from domain.stream_kind import StreamKind


def evolve(state: CareTeam, event: CareTeamEvent) -> CareTeam:
    """Apply one fact. A fact that the state does not allow changes nothing."""
    if refusal(state, event) is not None:
        return state
    match event:
        case MemberJoined() | MemberRoleChanged() | MemberLeft():
            return _after_member_event(state, event)
        case (
            CoordinatorAssigned()
            | HandedOver()
            | HandoverAccepted()
            | HandoverRefused()
            | HandoverWithdrawn()
        ):
            return _after_coordination_event(state, event)
        case TeamReported():
            told = claimed(event)
            return (
                state if told is None else _as_reported(state, evolve(state, told), event.partner)
            )
        case TeamEnteredInError():
            return state
        case _:
            assert_never(event)


def _as_reported(before: CareTeam, after: CareTeam, partner: Code) -> CareTeam:
    """Return the team after a report, with the partner in everything that the report changed."""
    return CareTeam(
        tuple(
            each if each in before.memberships else replace(each, reported_by=partner)
            for each in after.memberships
        ),
        tuple(
            each if each in before.coordinations else replace(each, reported_by=partner)
            for each in after.coordinations
        ),
        tuple(
            each if each in before.handovers else replace(each, reported_by=partner)
            for each in after.handovers
        ),
    )


def _after_member_event(state: CareTeam, event: MemberEvent) -> CareTeam:
    match event:
        case MemberJoined():
            joined = Membership(joined=event, role=event.role, since=event.happened_at)
            return replace(state, memberships=(*state.memberships, joined))
        case MemberRoleChanged():
            return _with_role(state, event)
        case MemberLeft():
            return _without_member(state, event)
        case _:
            assert_never(event)


def _after_coordination_event(state: CareTeam, event: CoordinationEvent) -> CareTeam:
    match event:
        case CoordinatorAssigned():
            return _with_coordinator(_answered(state, event, "lapsed"), event, event.member)
        case HandedOver():
            return replace(state, handovers=(*state.handovers, Handover(offer=event)))
        case HandoverAccepted():
            return _with_coordinator(_answered(state, event, "accepted"), event, event.to_member)
        case HandoverRefused():
            return _answered(state, event, "refused", event.reason)
        case HandoverWithdrawn():
            return _answered(state, event, "withdrawn")
        case _:
            assert_never(event)


def _with_role(state: CareTeam, event: MemberRoleChanged) -> CareTeam:
    now = [each for each in state.memberships if _goes_on(each, event.member)]
    ended = tuple(
        replace(each, until=event.happened_at) if each in now else each
        for each in state.memberships
    )
    begun = (
        Membership(joined=each.joined, role=event.role, since=event.happened_at) for each in now
    )
    return replace(state, memberships=(*ended, *begun))


def _without_member(state: CareTeam, event: MemberLeft) -> CareTeam:
    at = event.happened_at
    return CareTeam(
        tuple(
            replace(each, until=at, left=event.reason) if _goes_on(each, event.member) else each
            for each in state.memberships
        ),
        tuple(
            replace(each, until=at) if each.until is None and each.member == event.member else each
            for each in state.coordinations
        ),
        tuple(
            replace(each, state="lapsed", ended=at)
            if each.state == "open"
            and event.member in {each.offer.from_member, each.offer.to_member}
            else each
            for each in state.handovers
        ),
    )


def _goes_on(membership: Membership, member: Code) -> bool:
    return membership.member == member and membership.until is None


def _with_coordinator(
    state: CareTeam, event: CoordinatorAssigned | HandoverAccepted, member: Code
) -> CareTeam:
    """End the coordination of the scope, and begin that of a member.

    If the two assignments name different source records, and the later one was decided without
    knowledge of the earlier one, both are marked: a person should look.
    """
    before = state.coordination(event.scope, event.programme)
    unaware = before is not None and before.record != event.record and not event.depends_on
    ended = tuple(
        replace(
            each,
            until=event.happened_at,
            two_coordinators=each.two_coordinators or unaware,
        )
        if each is before
        else each
        for each in state.coordinations
    )
    begun = Coordination(
        scope=event.scope,
        programme=event.programme,
        member=member,
        record=event.record,
        since=event.happened_at,
        two_coordinators=unaware,
    )
    return replace(state, coordinations=(*ended, begun))


def _answered(
    state: CareTeam,
    event: CoordinationEvent,
    answer: HandoverState,
    reason: HandoverRefusal | None = None,
) -> CareTeam:
    is_open = state.handover(event.scope, event.programme)
    return replace(
        state,
        handovers=tuple(
            replace(each, state=answer, ended=event.happened_at, reason=reason)
            if each is is_open
            else each
            for each in state.handovers
        ),
    )


def refusal(state: CareTeam, event: CareTeamEvent) -> DomainError | None:  # noqa: PLR0911 - one per fact
    """Return why the state does not allow an event; None if it allows the event."""
    match event:
        case MemberJoined():
            return AlreadyMember(event.member) if state.member(event.member) else None
        case MemberRoleChanged() | MemberLeft() | CoordinatorAssigned():
            return None if state.member(event.member) else NotAMember(event.member)
        case HandedOver():
            return _refusal_of_offer(state, event)
        case HandoverAccepted() | HandoverRefused():
            offer = state.handover(event.scope, event.programme)
            fits = offer is not None and offer.offer.to_member == event.to_member
            return None if fits else NoOpenHandover(event.scope, event.to_member)
        case HandoverWithdrawn():
            offer = state.handover(event.scope, event.programme)
            fits = offer is not None and offer.offer.from_member == event.from_member
            return None if fits else NoOpenHandover(event.scope, event.from_member)
        case TeamReported():
            told = claimed(event)
            return NotAMember(event.member) if told is None else refusal(state, told)
        case TeamEnteredInError():
            return None
        case _:
            assert_never(event)


def _refusal_of_offer(state: CareTeam, event: HandedOver) -> DomainError | None:
    for member in (event.from_member, event.to_member):
        if state.member(member) is None:
            return NotAMember(member)
    if event.from_member == event.to_member:
        return HandoverToSameMember(event.to_member)
    coordination = state.coordination(event.scope, event.programme)
    if coordination is None or coordination.member != event.from_member:
        return NotTheCoordinator(event.scope, event.from_member)
    if state.handover(event.scope, event.programme) is not None:
        return HandoverStillOpen(event.scope)
    return None


CARE_TEAM: Final = Decider[CareTeam, CareTeamEvent](CareTeam(), evolve, refusal)


KIND: Final = StreamKind[CareTeam, CareTeamEvent](
    name="care_team",
    decider=CARE_TEAM,
    events=get_args(CareTeamEvent),
    error_mark=TeamEnteredInError,
)
