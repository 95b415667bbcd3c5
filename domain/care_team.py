"""The care team: who takes care of a person, in which role, and who coordinates.

A person has one care team for each source record. After a merge, the teams of the person are folded
together: see ``domain.combined_streams``.

Every scope has at most one coordinator at any instant. An assignment ends the earlier one at that
instant. A coordinator hands over to another member. The handover is open until the other member
accepts or refuses it, or the coordinator withdraws it. The file has the facts first, then the state
that the facts lead to, then the rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, assert_never, get_args

from pydantic import Field

from domain.combined_streams import combined
from domain.decider import Decider, StatedTime, StreamEvent, as_of, decide, fold, with_content
from domain.errors import (
    AlreadyMember,
    AnotherPatient,
    DomainError,
    HandoverStillOpen,
    HandoverToSameMember,
    NoOpenHandover,
    NotAMember,
    NotTheCoordinator,
    ProgrammeMismatch,
    TwoCoordinators,
)
from domain.events import UUID_TEXT, Code, EnteredInError, OptionalCode, OwnEvent
from domain.ids import EventId, RecordId, StreamId
from domain.statement import Moment
from domain.stream_kind import StreamKind

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
HandoverRefusal: TypeAlias = Literal["no_capacity", "not_suitable", "not_available", "other"]


# --- facts ----------------------------------------------------------------------------------------


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
    | TeamEnteredInError
)
TeamHistory: TypeAlias = Sequence[StreamEvent[CareTeamEvent]]
#: The other streams of the person, by id: those of other source records.
OtherTeams: TypeAlias = Mapping[StreamId, TeamHistory]


# --- the state ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A member with one role, and the period of it. ``until`` is None as long as it goes on."""

    joined: MemberJoined
    role: TeamRole
    since: Moment
    until: Moment | None = None
    left: LeaveReason | None = None  # None: it goes on, or the member has another role since

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
        case TeamEnteredInError():
            return state
        case _:
            assert_never(event)


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


def refusal(state: CareTeam, event: CareTeamEvent) -> DomainError | None:
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


# --- rules ----------------------------------------------------------------------------------------


def record_member(
    stream: StreamId,
    history: TeamHistory,
    event: MemberEvent,
    *,
    others: OtherTeams,
    time: StatedTime,
) -> list[CareTeamEvent]:
    """Record that a member joins, changes the role or leaves. ``event`` has the time of ``time``.

    Args:
        stream: The stream.
        history: Its events.
        event: The fact.
        others: The other streams of the person.
        time: When it happened.

    Raises:
        AnotherPatient: The stream has events of another source record.
        AlreadyMember: The member that joins is in the team.
        NotAMember: The member is not in the team.
        DomainError: See ``domain.decider.decide``.
    """
    whole = _whole(stream, history, event, others)
    event = with_content(event, time)
    if _is_recorded(whole, event, time):
        return []
    then = _state_at(whole, time)
    now = then.member(event.member)
    changes = not isinstance(event, MemberRoleChanged) or now is None or now.role != event.role
    if not changes and event.content_ref is None:
        return []
    return decide(CARE_TEAM, whole, [event], time=time.as_stated())


def record_coordination(
    stream: StreamId,
    history: TeamHistory,
    event: CoordinationEvent,
    *,
    others: OtherTeams,
    time: StatedTime,
) -> list[CareTeamEvent]:
    """Record who coordinates a scope, or a step of a handover. ``event`` has the time of ``time``.

    Raises:
        AnotherPatient: The stream has events of another source record.
        ProgrammeMismatch: A programme is named without its scope, or the scope without one.
        TwoCoordinators: Another member coordinates the scope at that time, until a time that is
            recorded.
        NotAMember: A member is not in the team.
        DomainError: See ``refusal`` and ``domain.decider.decide``.
    """
    if (event.scope == "programme") != bool(event.programme):
        raise ProgrammeMismatch(event.scope)
    whole = _whole(stream, history, event, others)
    event = with_content(event, time)
    if _is_recorded(whole, event, time):
        return []
    if isinstance(event, CoordinatorAssigned | HandoverAccepted):
        before = _state_at(whole, time).coordination(event.scope, event.programme)
        member = event.member if isinstance(event, CoordinatorAssigned) else event.to_member
        changes = isinstance(event, HandoverAccepted) or not before or before.member != member
        if not changes and event.content_ref is None:
            return []
        _refuse_two(whole, event, member)
        if before is not None and before.record != event.record:
            event = event.model_copy(update={"depends_on": _assignments(whole, before)})
    return decide(CARE_TEAM, whole, [event], time=time.as_stated())


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


def _refuse_two(
    whole: TeamHistory, event: CoordinatorAssigned | HandoverAccepted, member: Code
) -> None:
    at = event.happened_at.at
    found = coordination_at(fold(CARE_TEAM, whole).state, event.scope, event.programme, at)
    if found is not None and found.member != member and found.until is not None:
        raise TwoCoordinators(event.scope, found.member, until=found.until.at)


def _whole(
    stream: StreamId, history: TeamHistory, event: CareTeamEvent, others: OtherTeams
) -> TeamHistory:
    """Return the events of all streams of the person.

    Raises:
        AnotherPatient: The stream has events of another source record.
    """
    if any(each.event.record != event.record for each in history):
        raise AnotherPatient
    return combined({**others, stream: history})


def _state_at(whole: TeamHistory, time: StatedTime) -> CareTeam:
    return fold(CARE_TEAM, as_of(whole, time.moment.at)).state


def _is_recorded(
    whole: TeamHistory, event: MemberEvent | CoordinationEvent, time: StatedTime
) -> bool:
    """Tell whether the streams already hold the same fact.

    If the caller stated no time, only the last fact about the same member or scope is compared.
    """
    about = [
        each.event
        for each in fold(CARE_TEAM, whole).applied
        if _subject(each.event) == _subject(event)
    ]
    if time.stated is None:
        return bool(about) and _facts(about[-1]) == _facts(event)
    return any(
        _facts(each) == _facts(event) and each.happened_at.at == time.moment.at for each in about
    )


def _subject(event: CareTeamEvent) -> tuple[str, ...]:
    if isinstance(event, ScopeEvent):
        return ("scope", event.scope, event.programme)
    if isinstance(event, MemberJoined | MemberRoleChanged | MemberLeft):
        return ("member", event.member)
    return ()


def _facts(event: CareTeamEvent) -> tuple[str, dict[str, object]]:
    left_out = {"record", "mode", "happened_at", "origin", "anchor", "depends_on"}
    return event.TOPIC, event.model_dump(exclude=left_out)


def _assignments(whole: TeamHistory, before: Coordination) -> tuple[EventId, ...]:
    """Return the id of the event by which a coordination began."""
    for each in fold(CARE_TEAM, whole).applied:
        event = each.event
        if (
            isinstance(event, CoordinatorAssigned | HandoverAccepted)
            and (event.scope, event.programme) == (before.scope, before.programme)
            and event.happened_at == before.since
            and event.record == before.record
        ):
            return (each.event_id,)
    return ()
