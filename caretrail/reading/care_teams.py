"""Care teams as the timeline, the command line and the page show them."""

from collections.abc import Callable
from typing import Final, assert_never

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.care_team import CARE_TEAM
from domain.care_team.events import (
    CareTeamEvent,
    CoordinatorAssigned,
    HandedOver,
    HandoverAccepted,
    HandoverRefused,
    HandoverWithdrawn,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    ScopeEvent,
    TeamEnteredInError,
    TeamEvent,
    TeamHistory,
    TeamReported,
)
from domain.care_team.team import CareTeam
from domain.decider import fold
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from projections.care_team_member import (
    CoordinatorRow,
    HandoverRow,
    MemberRow,
    coordinator_rows,
    handover_rows,
    member_rows,
)
from projections.stream_flags import flags_of_stream
from projections.stream_terms import state_of_team


def member_json(row: MemberRow) -> Json:
    """Return one member in one role."""
    return {
        "member": row.member,
        "kind": row.kind,
        "role": row.role,
        "organisation": row.organisation or None,
        "since": instant(row.since),
        "since_precision": row.since_precision,
        "until": instant(row.until),
        "until_precision": row.until_precision,
        "left_reason": row.left_reason,
        "reported_by": row.reported_by,
    }


def coordinator_json(row: CoordinatorRow) -> Json:
    """Return one period in which a member coordinates a scope."""
    return {
        "scope": row.scope,
        "programme": row.programme or None,
        "member": row.member,
        "since": instant(row.since),
        "since_precision": row.since_precision,
        "until": instant(row.until),
        "until_precision": row.until_precision,
        "reported_by": row.reported_by,
        "flags": list(row.flags),
    }


def handover_json(row: HandoverRow) -> Json:
    """Return one handover."""
    return {
        "scope": row.scope,
        "programme": row.programme or None,
        "from_member": row.from_member,
        "to_member": row.to_member,
        "state": row.state,
        "offered_at": instant(row.offered_at),
        "offered_precision": row.offered_precision,
        "ended_at": instant(row.ended_at),
        "ended_precision": row.ended_precision,
        "refused_reason": row.refused_reason,
        "reported_by": row.reported_by,
    }


def _summary(
    stream: StreamId,
    history: TeamHistory,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],  # noqa: ARG001
) -> StreamSummary:
    folded = fold(CARE_TEAM, history)
    team = folded.state
    first = next(each.event for each in history if isinstance(each.event, TeamEvent))
    members = {
        "stream_id": stream,
        "state": state_of_team(folded),
        "version": len(history),
        "patient_id": patient_of(first.record),
        "record_id": first.record,
        "mode": first.mode,
        "members": [member_json(each) for each in member_rows(team)],
        "coordinators": [coordinator_json(each) for each in coordinator_rows(team)],
        "handovers": [handover_json(each) for each in handover_rows(team)],
        "flags": flags_of_stream(folded, history),
    }
    began = min(each.event.happened_at.at for each in history)
    return StreamSummary(began_at=began, members=members)


def _words(event: CareTeamEvent, event_of: Callable[[EventId], CareTeamEvent | None]) -> EntryWords:
    if isinstance(event, TeamEnteredInError):
        return error_words("Care team", event, event_of)
    if isinstance(event, TeamReported):
        rest = f"by {event.partner}: {event.member}, {_spaced(event.claim)}"
        return EntryWords(kind=event.move(), head="Care team reported", rest=rest)
    head, rest = _member_words(event) if not isinstance(event, ScopeEvent) else _scope_words(event)
    return EntryWords(kind=event.move(), head=head, rest=rest)


def _member_words(event: MemberJoined | MemberRoleChanged | MemberLeft) -> tuple[str, str]:
    match event:
        case MemberJoined():
            who = ", ".join(filter(None, (event.member, event.organisation)))
            return "Joined the care team", f"{who}, as {_spaced(event.role)}"
        case MemberRoleChanged():
            return "Role in the care team changed", f"{event.member}, now {_spaced(event.role)}"
        case MemberLeft():
            return "Left the care team", f"{event.member}, {_spaced(event.reason)}"
        case _:
            assert_never(event)


def _scope_words(event: ScopeEvent) -> tuple[str, str]:
    scope = {
        "all": "for everything",
        "transition": "for the transition",
        "programme": f"for the programme {event.programme}",
    }[event.scope]
    match event:
        case CoordinatorAssigned():
            return "Coordinator assigned", f"{event.member}, {scope}"
        case HandedOver():
            return "Handed over", f"from {event.from_member} to {event.to_member}, {scope}"
        case HandoverAccepted():
            return "Handover accepted", f"by {event.to_member}, {scope}"
        case HandoverRefused():
            return "Handover refused", f"by {event.to_member}, {_spaced(event.reason)}, {scope}"
        case HandoverWithdrawn():
            return "Handover withdrawn", f"by {event.from_member}, {scope}"
        case _:
            raise TypeError(type(event).__name__)


def _spaced(code: str) -> str:
    return code.replace("_", " ")


def _organisation(event: CareTeamEvent) -> str:
    if isinstance(event, TeamReported):
        return event.partner
    return event.organisation if isinstance(event, MemberJoined) else ""


CARE_TEAMS: Final = OwnStream[CareTeam, CareTeamEvent](
    kind="care_team",
    icon="plan",
    decider=CARE_TEAM,
    begins=TeamEvent,  # type: ignore[arg-type]  # each of its subclasses is in the union
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
