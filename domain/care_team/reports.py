"""What reports of other systems about a care team count as."""

from typing import Any, assert_never

from domain.care_team.events import (
    CareTeamEvent,
    CoordinationEvent,
    HandoverAccepted,
    HandoverRefused,
    MemberEvent,
    MemberJoined,
    MemberLeft,
    TeamReported,
)


def claimed(report: TeamReported) -> MemberEvent | CoordinationEvent | None:
    """Return the event that our people would record of what a report says.

    None: it says that a member joined, and not in which role.
    """
    facts: dict[str, Any] = {
        "record": report.record,
        "mode": report.mode,
        "happened_at": report.happened_at,
    }
    scope: dict[str, Any] = {"scope": report.scope, "programme": report.programme}
    match report.claim:
        case "member_joined":
            if report.role is None:
                return None
            return MemberJoined(
                **facts,
                member=report.member,
                kind=report.kind,
                role=report.role,
                organisation=report.organisation,
            )
        case "member_left":
            return MemberLeft(**facts, member=report.member, reason="other")
        case "handover_accepted":
            return HandoverAccepted(**facts, **scope, to_member=report.member)
        case "handover_refused":
            return HandoverRefused(**facts, **scope, to_member=report.member)
        case _:
            assert_never(report.claim)


def as_recorded(event: CareTeamEvent) -> CareTeamEvent:
    """Return an event, or of a report the event that it counts as."""
    return (claimed(event) or event) if isinstance(event, TeamReported) else event
