"""An open handover is owed to both members, until one business day later."""

from datetime import date

import pytest

from domain.business_days import BusinessCalendar
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
)
from domain.care_team_duties import HANDOVER, handover_duties
from domain.decider import fold
from domain.duties import Duty, done_late, overdue
from domain.ids import StreamId
from domain.party import Party
from domain.rules import NO_PROTOCOLS, DutyRule, Protocol, Protocols, PublishedProtocol
from tests.domain.scenario import NOW, at, history_of
from tests.domain.stream_properties import RECORD

STREAM = StreamId("5f000000-0000-8000-8000-000000000001")
PROTOCOL = Protocol(
    name="test",
    version="1",
    zone="America/Chicago",
    zones={"HEART": "America/New_York"},
    calendar=BusinessCalendar(),
    duties={HANDOVER: DutyRule(within="1 bd", source="our choice")},
    kinds={},
    lines={},
)
PROTOCOLS = Protocols.of([PublishedProtocol(None, PROTOCOL)])
# Friday, 2026-03-06 12:00 UTC
OFFERED = -96
TEAM: tuple[CareTeamEvent, ...] = (
    MemberJoined(
        record=RECORD, happened_at=at(-200), member="rn-1", kind="practitioner", role="nurse",
        organisation="MERCY",
    ),
    MemberJoined(
        record=RECORD, happened_at=at(-200), member="cm-2", kind="practitioner", role="nurse",
        organisation="HEART",
    ),
    CoordinatorAssigned(record=RECORD, happened_at=at(-190), member="rn-1"),
    HandedOver(record=RECORD, happened_at=at(OFFERED), from_member="rn-1", to_member="cm-2"),
)  # fmt: skip
ACCEPTED = HandoverAccepted(record=RECORD, happened_at=at(-1), to_member="cm-2")
REFUSED = HandoverRefused(record=RECORD, happened_at=at(-95), to_member="cm-2")


def owed(*events: CareTeamEvent, protocols: Protocols = PROTOCOLS) -> list[Duty]:
    team = fold(CARE_TEAM, history_of([*TEAM, *events])).state
    (handover,) = team.handovers
    return list(handover_duties(team, handover, about=STREAM, protocols=protocols))


def test_an_open_handover_is_owed_by_both_members() -> None:
    taking, giving = owed()
    assert taking.responsible == Party(organisation="HEART", person="cm-2")
    assert giving.responsible == Party(organisation="MERCY", person="rn-1")
    for each in (taking, giving):
        assert (each.code, each.about, each.opened_at) == (HANDOVER, STREAM, at(OFFERED).at)
        # The weekend does not count.
        assert (each.due_on, each.zone) == (date(2026, 3, 9), "America/New_York")
        assert each.done_at is None
        assert overdue(each, NOW)
        assert not overdue(each, at(-24).at)
    assert taking.part != giving.part


@pytest.mark.parametrize(("answer", "late"), [(ACCEPTED, True), (REFUSED, False)])
def test_an_answer_is_the_deed_for_both(answer: CareTeamEvent, *, late: bool) -> None:
    for each in owed(answer):
        assert each.done_at == answer.happened_at.at
        assert done_late(each) is late


@pytest.mark.parametrize(
    "end",
    [
        HandoverWithdrawn(record=RECORD, happened_at=at(-90), from_member="rn-1"),
        MemberLeft(record=RECORD, happened_at=at(-90), member="cm-2"),
        CoordinatorAssigned(record=RECORD, happened_at=at(-90), member="cm-2"),
    ],
    ids=lambda event: event.move(),
)
def test_a_handover_that_ended_without_an_answer_owes_nothing(end: CareTeamEvent) -> None:
    assert owed(end) == []


def test_without_a_rule_nothing_is_owed() -> None:
    assert owed(protocols=NO_PROTOCOLS) == []
