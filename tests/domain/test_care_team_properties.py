"""What holds for every sequence of commands on a care team."""

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.care_team import CARE_TEAM, KIND, rules
from domain.care_team.events import (
    CoordinationEvent,
    CoordinatorAssigned,
    HandedOver,
    HandoverAccepted,
    HandoverRefused,
    HandoverWithdrawn,
    MemberEvent,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
)
from domain.decider import StatedTime, fold
from domain.ids import StreamId
from tests.domain.stream_properties import (
    RECORD,
    TIMES,
    Asked,
    obeyed,
    properties_of,
    properties_of_reports,
)

STREAM = StreamId("5f000000-0000-8000-8000-000000000001")
MEMBERS = st.sampled_from(["dr-a", "rn-b", "cm-c"])
ROLES = st.sampled_from(["nurse", "primary_care"])
SCOPES = st.sampled_from([("all", ""), ("transition", ""), ("programme", "hf")])


def moving(time: StatedTime, make: Callable[..., MemberEvent], facts: dict[str, Any]) -> Asked:
    event = make(record=RECORD, happened_at=time.moment, **facts)
    return Asked(
        f"{event.move()} {facts}",
        lambda history: rules.record_member(STREAM, history, event, others={}, time=time),
        time,
    )


def coordinating(
    time: StatedTime,
    make: Callable[..., CoordinationEvent],
    scope: tuple[str, str],
    members: dict[str, str],
) -> Asked:
    event = make(
        record=RECORD, happened_at=time.moment, scope=scope[0], programme=scope[1], **members
    )
    return Asked(
        f"{event.move()} {scope} {members}",
        lambda history: rules.record_coordination(STREAM, history, event, others={}, time=time),
        time,
    )


def step(make: Callable[..., CoordinationEvent], *names: str) -> st.SearchStrategy[Asked]:
    members = st.fixed_dictionaries(dict.fromkeys(names, MEMBERS))
    return st.builds(coordinating, TIMES, st.just(make), SCOPES, members)


TEAM_STEPS = st.one_of(
    st.builds(
        moving, TIMES, st.just(MemberJoined),
        st.fixed_dictionaries({"member": MEMBERS, "kind": st.just("practitioner"), "role": ROLES}),
    ),
    st.builds(
        moving, TIMES, st.just(MemberRoleChanged),
        st.fixed_dictionaries({"member": MEMBERS, "role": ROLES}),
    ),
    st.builds(moving, TIMES, st.just(MemberLeft), st.fixed_dictionaries({"member": MEMBERS})),
    step(CoordinatorAssigned, "member"),
    step(HandedOver, "from_member", "to_member"),
    step(HandoverAccepted, "to_member"),
    step(HandoverRefused, "to_member"),
    step(HandoverWithdrawn, "from_member"),
)  # fmt: skip

TestCareTeam = properties_of(KIND, steps=TEAM_STEPS)
TestReportsOfCareTeams = properties_of_reports(KIND, steps=TEAM_STEPS)


@for_all(st.lists(TEAM_STEPS, max_size=12))
def test_a_scope_has_one_coordinator_at_any_instant(sequence: list[Asked]) -> None:
    team = fold(CARE_TEAM, obeyed(sequence)).state
    periods = sorted(team.coordinations, key=lambda one: (one.scope, one.since.at))
    for one, other in itertools.pairwise(periods):
        if (one.scope, one.programme) == (other.scope, other.programme):
            assert one.until is not None
            assert one.until.at <= other.since.at
