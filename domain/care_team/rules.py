"""What commands may record of a care team."""

from domain import decider
from domain.care_team.events import (
    CareTeamEvent,
    CoordinationEvent,
    CoordinatorAssigned,
    HandoverAccepted,
    MemberEvent,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    OtherTeams,
    ScopeEvent,
    TeamHistory,
    TeamReported,
)
from domain.care_team.reports import as_recorded
from domain.care_team.steps import CARE_TEAM
from domain.care_team.team import CareTeam, Coordination, coordination_at
from domain.combined_streams import combined
from domain.decider import StatedTime, as_of, decide, fold, with_content
from domain.errors import (
    AnotherPatient,
    ProgrammeMismatch,
    TwoCoordinators,
)
from domain.events import Code
from domain.ids import EventId, StreamId


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


def report(history: TeamHistory, told: TeamReported, *, time: StatedTime) -> list[CareTeamEvent]:
    """Record what another system says a member did, whether the team allows it or not.

    Raises:
        AnotherPatient: The stream has events of another source record.
        InTheFuture: The time is after the present time.
    """
    _refuse_another(history, told)
    return decider.report(history, told, time=time)


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
    _refuse_another(history, event)
    return combined({**others, stream: history})


def _refuse_another(history: TeamHistory, event: CareTeamEvent) -> None:
    if any(each.event.record != event.record for each in history):
        raise AnotherPatient


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
    event = as_recorded(event)
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
        event = as_recorded(each.event)
        if (
            isinstance(event, CoordinatorAssigned | HandoverAccepted)
            and (event.scope, event.programme) == (before.scope, before.programme)
            and event.happened_at == before.since
            and event.record == before.record
        ):
            return (each.event_id,)
    return ()
