"""The care team, decided: members, coordinators, handovers, and the teams of a merged person."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from domain.care_team import CARE_TEAM, rules
from domain.care_team.events import (
    CareTeamEvent,
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
    TeamHistory,
    TeamReported,
)
from domain.care_team.team import CareTeam, coordination_at
from domain.combined_streams import combined
from domain.decider import StatedTime, StreamEvent, fold
from domain.errors import (
    AlreadyMember,
    AnotherPatient,
    ConflictsWithLater,
    HandoverStillOpen,
    HandoverToSameMember,
    InTheFuture,
    NoOpenHandover,
    NotAMember,
    NotTheCoordinator,
    ProgrammeMismatch,
    TwoCoordinators,
)
from domain.ids import DEVELOPMENT_KEY, EventId, IdKey, StreamId
from domain.statement import Moment
from tests.domain.scenario import NOW, PRESENT, Given, at, history_of, stated

KEY = IdKey(DEVELOPMENT_KEY)
RECORD = KEY.record("GENERAL", "1", "P")
OTHER = KEY.record("GENERAL", "2", "P")
STREAM = KEY.stream("care_team", RECORD)
OTHER_STREAM = KEY.stream("care_team", OTHER)


def joined(hours: float, member: str, role: str = "nurse", **more: Any) -> MemberJoined:
    facts = {"record": RECORD, "kind": "practitioner", "member": member, "role": role, **more}
    return MemberJoined.model_validate({"happened_at": at(hours), **facts})


def left(hours: float, member: str) -> MemberLeft:
    return MemberLeft(record=RECORD, happened_at=at(hours), member=member)


def role(hours: float, member: str, role: Any) -> MemberRoleChanged:
    return MemberRoleChanged(record=RECORD, happened_at=at(hours), member=member, role=role)


def assigned(hours: float, member: str, **scope: Any) -> CoordinatorAssigned:
    facts = {"record": RECORD, "happened_at": at(hours), "member": member, **scope}
    return CoordinatorAssigned.model_validate(facts)


def handed_over(hours: float, one: str, other: str) -> HandedOver:
    return HandedOver(record=RECORD, happened_at=at(hours), from_member=one, to_member=other)


def accepted(hours: float, member: str) -> HandoverAccepted:
    return HandoverAccepted(record=RECORD, happened_at=at(hours), to_member=member)


Rule = Callable[[TeamHistory], list[CareTeamEvent]]


def recording(event: MemberEvent, time: StatedTime | None = None) -> Rule:
    return partial(
        rules.record_member, STREAM, event=event, others={},
        time=time or StatedTime(NOW, event.happened_at),
    )  # fmt: skip


def coordinating(event: CoordinationEvent, time: StatedTime | None = None) -> Rule:
    return partial(
        rules.record_coordination, STREAM, event=event, others={},
        time=time or StatedTime(NOW, event.happened_at),
    )  # fmt: skip


def given(*events: CareTeamEvent) -> Given[CareTeamEvent]:
    return Given(history_of(events))


def team(*events: CareTeamEvent) -> CareTeam:
    return fold(CARE_TEAM, history_of(events)).state


A, B, C = joined(-90, "a"), joined(-90, "b"), joined(-90, "c")
COORDINATED = (A, B, C, assigned(-80, "a"))


# --- members --------------------------------------------------------------------------------------


def test_a_member_joins_once() -> None:
    given().when(recording(A)).then(A)
    given(A).when(recording(A)).then_nothing()
    given(A).when(recording(joined(0, "a"), PRESENT)).then_nothing()
    refused = given(A).when(recording(joined(-10, "a", "therapist"))).then_refused(AlreadyMember)
    assert refused.member == "a"


def test_a_member_may_leave_and_join_again() -> None:
    gone = left(-50, "a")
    given(A).when(recording(gone)).then(gone)
    given(A, gone).when(recording(gone)).then_nothing()
    back = joined(0, "a")
    given(A, gone).when(recording(back, PRESENT)).then(back)
    periods = team(A, gone, back).memberships
    assert [(each.since, each.until) for each in periods] == [
        (at(-90), at(-50)),
        (at(0), None),
    ]


def test_a_role_has_a_period() -> None:
    change = role(-40, "a", "therapist")
    given(A).when(recording(change)).then(change)
    given(A, change).when(recording(role(-20, "a", "therapist"))).then_nothing()
    assert [(each.role, each.until) for each in team(A, change).memberships] == [
        ("nurse", at(-40)),
        ("therapist", None),
    ]


@pytest.mark.parametrize("event", [left(-10, "x"), role(-10, "x", "nurse")])
def test_only_a_member_leaves_or_changes_its_role(event: MemberEvent) -> None:
    refused = given(A).when(recording(event)).then_refused(NotAMember)
    assert refused.member == "x"


def test_a_late_departure_conflicts_with_what_the_member_did_later() -> None:
    refused = given(*COORDINATED).when(recording(left(-85, "a"))).then_refused(ConflictsWithLater)
    assert refused.moves == ("coordinator_assigned",)


def test_what_has_not_happened_is_refused() -> None:
    given().when(recording(joined(1, "a"))).then_refused(InTheFuture)


def test_a_stream_is_about_one_source_record() -> None:
    given(A).when(recording(joined(-10, "d", record=OTHER))).then_refused(AnotherPatient)


# --- coordinators ---------------------------------------------------------------------------------


def test_an_assignment_ends_the_earlier_one_at_that_instant() -> None:
    next_one = assigned(-60, "b")
    given(*COORDINATED).when(coordinating(next_one)).then(next_one)
    periods = team(*COORDINATED, next_one).coordinations
    assert [(each.member, each.since, each.until) for each in periods] == [
        ("a", at(-80), at(-60)),
        ("b", at(-60), None),
    ]


def test_scopes_have_coordinators_of_their_own() -> None:
    events = (
        *COORDINATED,
        assigned(-70, "b", scope="transition"),
        assigned(-65, "c", scope="programme", programme="hf"),
        assigned(-64, "b", scope="programme", programme="copd"),
    )
    now = team(*events)
    found = [
        each.member
        for scope in (("all", ""), ("transition", ""), ("programme", "hf"), ("programme", "copd"))
        if (each := now.coordination(*scope))
    ]
    assert found == ["a", "b", "c", "b"]


def test_a_coordinator_that_is_assigned_again_changes_nothing() -> None:
    given(*COORDINATED).when(coordinating(assigned(0, "a"), PRESENT)).then_nothing()
    given(*COORDINATED).when(coordinating(assigned(-20, "a"))).then_nothing()


def test_a_late_assignment_that_overlaps_a_period_that_ended_is_refused() -> None:
    events = (*COORDINATED, assigned(-60, "b"))
    refused = given(*events).when(coordinating(assigned(-70, "c"))).then_refused(TwoCoordinators)
    assert (refused.member, refused.until) == ("a", at(-60).at)
    # No member coordinated before -80, and the period of b has no end yet.
    before, after = assigned(-85, "c"), assigned(-30, "c")
    given(*events).when(coordinating(before)).then(before)
    given(*events).when(coordinating(after)).then(after)


def test_a_member_that_leaves_coordinates_no_more() -> None:
    now = team(*COORDINATED, left(-50, "a"))
    assert now.coordination("all", "") is None
    assert coordination_at(now, "all", "", at(-51).at) == now.coordinations[0]
    assert coordination_at(now, "all", "", at(-50).at) is None


def test_only_a_member_coordinates() -> None:
    given(A).when(coordinating(assigned(-10, "x"))).then_refused(NotAMember)


@pytest.mark.parametrize("scope", [{"scope": "programme"}, {"scope": "all", "programme": "hf"}])
def test_a_programme_is_named_for_its_scope_alone(scope: dict[str, str]) -> None:
    given(A).when(coordinating(assigned(-10, "a", **scope))).then_refused(ProgrammeMismatch)


# --- handovers ------------------------------------------------------------------------------------

OFFER = handed_over(-50, "a", "b")
REFUSED = HandoverRefused(record=RECORD, happened_at=at(-40), to_member="b", reason="no_capacity")
WITHDRAWN = HandoverWithdrawn(record=RECORD, happened_at=at(-40), from_member="a")


def test_a_handover_is_open_and_the_coordinator_stays() -> None:
    given(*COORDINATED).when(coordinating(OFFER)).then(OFFER)
    now = team(*COORDINATED, OFFER)
    assert [each.state for each in now.handovers] == ["open"]
    assert coordination_at(now, "all", "", NOW) == now.coordinations[0]


def test_the_other_member_coordinates_from_the_acceptance_on() -> None:
    event = accepted(-40, "b")
    given(*COORDINATED, OFFER).when(coordinating(event)).then(event)
    given(*COORDINATED, OFFER, event).when(coordinating(event)).then_nothing()
    now = team(*COORDINATED, OFFER, event)
    assert [(each.state, each.ended) for each in now.handovers] == [("accepted", at(-40))]
    assert [(each.member, each.since) for each in now.coordinations] == [
        ("a", at(-80)),
        ("b", at(-40)),
    ]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (REFUSED, "refused"),
        (WITHDRAWN, "withdrawn"),
        (assigned(-40, "c"), "lapsed"),
        (left(-40, "b"), "lapsed"),
        (left(-40, "a"), "lapsed"),
    ],
)
def test_a_handover_ends_without_acceptance(event: CareTeamEvent, state: str) -> None:
    (handover,) = team(*COORDINATED, OFFER, event).handovers
    assert (handover.state, handover.ended) == (state, at(-40))
    assert handover.reason == ("no_capacity" if event == REFUSED else None)


@pytest.mark.parametrize("answer", [REFUSED, WITHDRAWN, accepted(-40, "b")])
def test_a_handover_is_answered_once(answer: CoordinationEvent) -> None:
    given(*COORDINATED).when(coordinating(answer)).then_refused(NoOpenHandover)
    given(*COORDINATED, OFFER, WITHDRAWN).when(
        coordinating(answer.model_copy(update={"happened_at": at(-30)}))
    ).then_refused(NoOpenHandover)


def test_only_the_named_member_accepts() -> None:
    given(*COORDINATED, OFFER).when(coordinating(accepted(-40, "c"))).then_refused(NoOpenHandover)


def test_only_the_coordinator_hands_over_to_another_member() -> None:
    def refused(offer: HandedOver, error: type[Any]) -> None:
        given(*COORDINATED).when(coordinating(offer)).then_refused(error)

    refused(handed_over(-50, "b", "c"), NotTheCoordinator)
    refused(handed_over(-50, "a", "a"), HandoverToSameMember)
    refused(handed_over(-50, "a", "x"), NotAMember)
    again = coordinating(handed_over(-45, "a", "c"))
    given(*COORDINATED, OFFER).when(again).then_refused(HandoverStillOpen)


# --- after a merge --------------------------------------------------------------------------------


def events_of(first: int, *events: CareTeamEvent) -> list[StreamEvent[CareTeamEvent]]:
    return [
        StreamEvent(EventId(f"01990000-0000-7000-8000-{first + place:012d}"), place, each)
        for place, each in enumerate(events, 1)
    ]


OF_OTHER: dict[StreamId, TeamHistory] = {
    OTHER_STREAM: events_of(100, joined(-90, "z", record=OTHER), assigned(-70, "z", record=OTHER))
}


def test_members_of_the_other_team_of_a_merged_person_take_part() -> None:
    history = events_of(0, A, assigned(-80, "a"))
    event = assigned(-10, "a")
    (decided,) = rules.record_coordination(
        STREAM, history, event, others=OF_OTHER, time=stated(-10)
    )
    assert decided.depends_on == (OF_OTHER[OTHER_STREAM][1].event_id,)
    whole = combined({**OF_OTHER, STREAM: events_of(0, A, assigned(-80, "a"), decided)})
    periods = fold(CARE_TEAM, whole).state.coordinations
    assert [(each.member, each.until, each.two_coordinators) for each in periods] == [
        # The two assignments did not know of each other. The last one knew.
        ("a", at(-70), True),
        ("z", at(-10), True),
        ("a", None, False),
    ]


def test_one_member_of_both_teams_leaves_once() -> None:
    others = {OTHER_STREAM: events_of(100, joined(-70, "a", record=OTHER))}
    gone = left(-10, "a")
    decided = rules.record_member(STREAM, events_of(0, A), gone, others=others, time=stated(-10))
    whole = combined({**others, STREAM: events_of(0, A, *decided)})
    (membership,) = fold(CARE_TEAM, whole).state.memberships
    assert (membership.since, membership.until) == (at(-90), Moment(at=at(-10).at))


# --- what other systems report --------------------------------------------------------------------


def reported(hours: float, claim: str, member: str, **more: Any) -> TeamReported:
    facts = {"record": RECORD, "partner": "HARBOR", "claim": claim, "member": member, **more}
    return TeamReported.model_validate({"happened_at": at(hours), **facts})


def history(*events: CareTeamEvent) -> TeamHistory:
    return history_of(events)


def test_a_member_that_another_system_reports_is_in_the_team() -> None:
    (member,) = team(
        reported(-5, "member_joined", "a", role="nurse", organisation="HARBOR")
    ).memberships
    assert (member.role, member.joined.organisation, member.reported_by) == (
        "nurse", "HARBOR", "HARBOR",
    )  # fmt: skip
    assert team(joined(-6, "a")).memberships[0].reported_by is None


def test_a_reported_member_without_a_role_and_one_that_is_there_change_nothing() -> None:
    assert team(reported(-5, "member_joined", "a")) == CareTeam()
    begun = team(joined(-6, "a"))
    assert team(joined(-6, "a"), reported(-5, "member_joined", "a", role="nurse")) == begun


def test_a_reported_answer_ends_the_handover() -> None:
    begun: list[CareTeamEvent] = [
        joined(-9, "a"),
        joined(-9, "b"),
        assigned(-8, "a"),
        handed_over(-7, "a", "b"),
    ]
    answered = team(*begun, reported(-5, "handover_accepted", "b"))
    assert [(each.member, each.reported_by) for each in answered.coordinations] == [
        ("a", "HARBOR"),
        ("b", "HARBOR"),
    ]
    assert [(each.state, each.reported_by) for each in answered.handovers] == [
        ("accepted", "HARBOR")
    ]
    refused = team(*begun, reported(-5, "handover_refused", "b"))
    assert [(each.state, each.reason) for each in refused.handovers] == [("refused", "other")]
    assert [each.until for each in refused.coordinations] == [None]
    other = team(*begun, reported(-5, "handover_accepted", "b", scope="transition"))
    assert other == team(*begun)


def test_a_late_report_that_a_member_left_contradicts_what_our_people_recorded() -> None:
    before = history(joined(-9, "a"), role(-4, "a", "pharmacist"), assigned(-3, "a"))
    told = reported(-6, "member_left", "a")
    assert rules.report(before, told, time=stated(-6)) == [told]
    folded = fold(
        CARE_TEAM, history(joined(-9, "a"), role(-4, "a", "pharmacist"), assigned(-3, "a"), told)
    )
    assert folded.not_legal == {before[1].event_id, before[2].event_id}
    (left,) = folded.state.memberships
    assert (left.until, left.left, left.reported_by) == (at(-6), "other", "HARBOR")


def test_a_member_joins_again_after_a_report_that_it_left() -> None:
    before = history(joined(-9, "a"), reported(-6, "member_left", "a"))
    again = joined(0, "a")
    assert rules.record_member(STREAM, before, again, others={}, time=PRESENT) == [again]


def test_a_report_is_about_the_person_of_the_team() -> None:
    told = reported(-5, "member_left", "a", record=OTHER)
    with pytest.raises(AnotherPatient):
        rules.report(history(joined(-9, "a")), told, time=stated(-5))
