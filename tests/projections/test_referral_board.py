"""Referrals by state, as the columns of the board and the pages of the table read them."""

from typing import Any

import psycopg
import pytest

from domain.ids import StreamId
from domain.party import Party
from domain.referral import ReferralAccepted
from domain.statement import Moment
from projections import referral_board
from projections.referral_board import BoardFilter, ReferralPlace
from tests.projections.samples import KEY, Log, SampleOwnEvent, applied, at, record, referral

pytestmark = pytest.mark.postgres

OPEN = BoardFilter(states=("requested", "accepted"))


def stream(number: int) -> StreamId:
    return StreamId(KEY.record("board", str(number), "P"))


def asked(number: int, clock: str, **facts: Any) -> SampleOwnEvent:
    return referral(clock, number=str(number), stream=stream(number), **facts)


def accepted(number: int) -> SampleOwnEvent:
    event = ReferralAccepted(
        record=record(str(number)),
        happened_at=Moment(at=at("20:00")),
        by=Party(organisation="SBH"),
    )
    return SampleOwnEvent(stream=stream(number), event=event)


def tell(connection: psycopg.Connection, *story: SampleOwnEvent) -> None:
    log = Log()
    applied(connection, log, log.record(*story))


def listed(connection: psycopg.Connection, wanted: BoardFilter, **more: Any) -> list[int]:
    numbers = {stream(number): number for number in range(1, 10)}
    found = referral_board.newest(connection, wanted, **{"limit": 100, **more})
    return [numbers[each.stream_id] for each in found]


def test_a_column_has_the_newest_requests_of_its_states(connection: psycopg.Connection) -> None:
    tell(connection, asked(1, "10:00"), asked(2, "12:00"), asked(3, "11:00"), accepted(3))
    assert listed(connection, OPEN) == [2, 3, 1]
    assert listed(connection, OPEN, limit=2) == [2, 3]
    assert listed(connection, BoardFilter(states=("accepted",))) == [3]
    assert listed(connection, BoardFilter(states=("closed",))) == []


def test_an_organisation_sees_what_it_asked_for_and_what_it_is_asked_once(
    connection: psycopg.Connection,
) -> None:
    clinic, ward = Party(organisation="CLINIC"), Party(organisation="WARD")
    tell(
        connection,
        asked(1, "10:00", requester=ward, target=clinic),
        asked(2, "11:00", requester=clinic, target=clinic),
        asked(3, "12:00", requester=ward, target=ward),
    )
    mine = BoardFilter(states=("requested",), organisation="CLINIC")
    assert listed(connection, mine) == [2, 1]
    assert referral_board.count(connection, mine) == 2


def test_pages_show_each_referral_once_also_if_requests_have_one_time(
    connection: psycopg.Connection,
) -> None:
    tell(connection, *(asked(number, "10:00") for number in range(1, 6)), asked(6, "9:00"))
    seen: list[StreamId] = []
    after: ReferralPlace | None = None
    while page := referral_board.newest(connection, OPEN, after=after, limit=2):
        seen += [each.stream_id for each in page]
        after = ReferralPlace(page[-1].requested_at, page[-1].stream_id)
    assert len(seen) == len(set(seen)) == 6
    assert seen[-1] == stream(6)


def test_referrals_are_counted_up_to_a_number(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(connection, *(asked(number, "10:00") for number in range(1, 6)), accepted(1))
    assert referral_board.count(connection, OPEN) == 5
    monkeypatch.setattr("projections.referral_board.MOST_COUNTED", 3)
    assert referral_board.count(connection, OPEN) == 4
