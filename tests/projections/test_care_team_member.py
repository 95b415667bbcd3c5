"""The rows of care teams and attributions: live, rebuilt, and of a merged person."""

from typing import Any

import psycopg
import pytest

from domain.attribution import Attributed
from domain.body import Actor
from domain.care_team.events import (
    CoordinatorAssigned,
    HandedOver,
    MemberJoined,
    TeamEnteredInError,
    TeamReported,
)
from domain.events import OwnEvent
from domain.ids import EventId, PatientId, StreamId
from domain.statement import Moment
from projections.attribution import attributions, of_roster
from projections.care_team_member import (
    coordinators,
    duties_of_care_teams,
    handovers,
    members,
)
from projections.catalogue import PROJECTIONS
from projections.engine.course import Course, CoursePatient
from projections.engine.events import FiledOwnEvent
from projections.rebuilding.rebuild import rebuild
from tests.domain.test_care_team_duties import PROTOCOLS
from tests.projections.samples import (
    Log,
    SampleOwnEvent,
    applied,
    at,
    content,
    record,
    services,
    stated,
)

pytestmark = pytest.mark.postgres

ONE, TWO = PatientId(record("1")), PatientId(record("2"))


def sample(
    event_type: type[OwnEvent], clock: str, number: str = "1", /, **facts: Any
) -> SampleOwnEvent:
    mine = record(number)
    event = event_type.model_validate(
        {"record": mine, "happened_at": Moment(at=at(clock)), **facts}
    )
    name = event_type.TOPIC.partition(".")[0]
    prefix = {"care_team": "a", "attribution": "b"}[name]
    return SampleOwnEvent(stream=StreamId(f"{prefix}{mine[1:]}"), event=event)


def joined(clock: str, member: str, number: str = "1") -> SampleOwnEvent:
    return sample(MemberJoined, clock, number, member=member, kind="practitioner", role="nurse")


def assigned(clock: str, member: str, number: str = "1") -> SampleOwnEvent:
    return sample(CoordinatorAssigned, clock, number, member=member)


def attributed(clock: str, target: str, number: str = "1", **facts: Any) -> SampleOwnEvent:
    since = Moment(at=at(clock))
    more = {"target_kind": "practice", "source": "roster", "roster": "r1", **facts}
    return sample(Attributed, clock, number, target=target, since=since, **more)


def test_the_rows_are_those_of_the_state(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00"),
        joined("11:00", "a"),
        joined("11:00", "b"),
        assigned("12:00", "a"),
        sample(HandedOver, "13:00", from_member="a", to_member="b"),
        attributed("11:00", "NORTH"),
        attributed("11:30", "SOUTH", source="command", roster=""),
    )
    applied(connection, log, log.events)
    assert [(each.member, each.since) for each in members(connection, ONE)] == [
        ("a", at("11:00")),
        ("b", at("11:00")),
    ]
    (coordinator,) = coordinators(connection, ONE)
    assert (coordinator.member, coordinator.since, coordinator.until) == ("a", at("12:00"), None)
    (handover,) = handovers(connection, ONE)
    assert (handover.state, handover.offered_at, handover.ended_at) == ("open", at("13:00"), None)
    told = attributions(connection, [ONE])
    assert [(each.target, each.precedence) for each in told] == [("SOUTH", 2), ("NORTH", 3)]
    assert {tuple(each.flags) for each in told} == {("attribution_conflict",)}


def test_a_late_or_void_event_changes_the_rows_as_a_rebuild_makes_them(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(
        joined("11:00", "a"),
        assigned("12:00", "a"),
        joined("10:00", "b"),
        assigned("11:30", "b"),
    )
    applied(connection, log, log.events)
    periods = [(each.member, each.until) for each in coordinators(connection, ONE)]
    assert periods == [("b", at("12:00")), ("a", None)]
    log.record(
        sample(
            TeamEnteredInError,
            "15:00",
            event_id=EventId(f"00000000-0000-7000-8000-{2:012d}"),
            reason_code="wrong_item",
        ),
        stated("A01", "10:00"),
    )
    applied(connection, log, log.events[4:])
    assert [(each.member, each.until) for each in coordinators(connection, ONE)] == [("b", None)]
    before = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == before


def test_what_a_partner_reports_is_in_the_rows_and_in_a_rebuild(
    connection: psycopg.Connection,
) -> None:
    def reported(clock: str, claim: str, member: str, **more: Any) -> SampleOwnEvent:
        facts = {"partner": "HARBOR", "claim": claim, "member": member, **more}
        return sample(TeamReported, clock, **facts)

    log = Log()
    log.record(
        stated("A01", "10:00"),
        reported("13:30", "handover_accepted", "b"),
        reported("11:00", "member_joined", "b", role="nurse"),
        joined("11:00", "a"),
        assigned("12:00", "a"),
        sample(HandedOver, "13:00", from_member="a", to_member="b"),
        reported("14:00", "member_left", "z"),
    )
    applied(connection, log, log.events)
    assert {each.member: each.reported_by for each in members(connection, ONE)} == {
        "a": None,
        "b": "HARBOR",
    }
    assert [(each.member, each.reported_by) for each in coordinators(connection, ONE)] == [
        ("a", "HARBOR"),
        ("b", "HARBOR"),
    ]
    (handover,) = handovers(connection, ONE)
    assert (handover.state, handover.reported_by) == ("accepted", "HARBOR")
    before = content(connection)
    rebuild(connection, PROJECTIONS, [], log.events, heal=log.heal, services=services())
    assert content(connection) == before


def test_a_merge_combines_the_streams_of_both_records(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(
        stated("A01", "10:00", number="1"),
        stated("A01", "10:30", number="2", visit="V2"),
        joined("11:00", "a", "1"),
        assigned("11:00", "a", "1"),
        joined("12:00", "b", "2"),
        assigned("12:00", "b", "2"),
        attributed("11:00", "NORTH", "1"),
        attributed("12:00", "NORTH", "2"),
        stated("A40", "16:00", number="2", visit="", retires="1"),
    )
    applied(connection, log, log.events[:-1])
    assert len(members(connection, ONE)) == len(members(connection, TWO)) == 1
    applied(connection, log, log.events[-1:])
    assert members(connection, ONE) == []
    assert [each.member for each in members(connection, TWO)] == ["a", "b"]
    assert [
        (each.member, each.until, list(each.flags)) for each in coordinators(connection, TWO)
    ] == [("a", at("12:00"), ["two_coordinators"]), ("b", None, ["two_coordinators"])]
    # The roster says the same for both records; the later beginning is told last.
    assert [each.since for each in attributions(connection, [TWO])] == [at("12:00")]


def test_the_attributions_of_a_roster_are_read_in_parts(connection: psycopg.Connection) -> None:
    numbers = [str(number) for number in range(1, 8)]
    log = Log()
    log.record(*(attributed("11:00", "NORTH", number) for number in numbers))
    log.record(attributed("11:00", "ACME", "1", target_kind="payer"))
    log.record(attributed("11:00", "NORTH", "1", roster="r2"))
    applied(connection, log, log.events)
    found = [
        (str(each.patient_id), each.target)
        for each in of_roster(connection, "r1", after=at("12:00"), patients_at_once=2)
    ]
    assert sorted(found) == sorted(
        [*((str(record(number)), "NORTH") for number in numbers), (str(record("1")), "ACME")]
    )


def test_a_handover_is_owed_under_the_stream_that_holds_it() -> None:
    own = [
        joined("11:00", "a", "2"),
        joined("11:00", "b", "2"),
        assigned("12:00", "a", "2"),
        sample(HandedOver, "13:00", "2", from_member="a", to_member="b"),
    ]
    streams = {
        str(each.stream): tuple(filed(place, one) for place, one in enumerate(some, 1))
        for some in (own, [joined("10:00", "c", "1")])
        for each in some
    }
    both = CoursePatient(TWO, "P", (record("2"), record("1")), (), ())
    course = Course(component=TWO, patients=(both,), streams=streams, protocols=PROTOCOLS)
    owed = list(duties_of_care_teams(course))
    assert [each.duty.responsible.person for each in owed] == ["b", "a"]
    for each in owed:
        assert (each.kind, each.record, each.mode) == ("care_team", record("2"), "P")
        assert (each.duty.about, each.duty.opened_at) == (own[0].stream, at("13:00"))


def filed(place: int, own: SampleOwnEvent) -> FiledOwnEvent:
    assert own.event.record is not None
    return FiledOwnEvent(
        index=place,
        event_id=EventId(f"00000000-0000-7000-8000-{place:012d}"),
        topic=own.event.TOPIC,
        stream=own.stream,
        version=place,
        records=(own.event.record,),
        recorded_at=at("18:00"),
        happened_at=own.event.happened_at.at,
        actor=Actor(kind="person", issuer="cli", subject="nurse-1", purpose="TREAT"),
        core=own.event,
        segments="[]",
    )
