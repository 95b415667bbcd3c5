"""The own streams that lists find by what they say: live, rebuilt, at other instants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
import pytest

from domain.attribution import Attributed, AttributionEnteredInError
from domain.care_team.events import CoordinatorAssigned, MemberJoined, MemberLeft
from domain.events import OwnEvent
from domain.ids import EventId, PatientId, StreamId
from domain.medication_facts import MedicationListRecorded
from domain.party import Party
from domain.statement import Moment
from domain.work import WorkAssigned, WorkClaimed
from projections.engine.relations import PRESENT, Relations
from projections.stream_index import STREAM_INDEX, STREAM_TERM, WantedTerm, streams_with
from tests.projections.samples import (
    KEY,
    SampleOwnEvent,
    at,
    content,
    record,
    services,
    stated,
)
from tests.projections.told_models import ToldModels

pytestmark = pytest.mark.postgres

NURSE = Party(organisation="NGH", person="nurse-1")
SECOND = Party(organisation="NGH", person="nurse-2")
REFERRAL = KEY.record("referral", "1", "P")
NOON = at("12:00", 1)


def stream(kind: str, number: str = "1") -> StreamId:
    return KEY.stream(kind, record(number))


def sample(
    event_type: type[OwnEvent], clock: str, number: str = "1", /, day: int = 0, **facts: Any
) -> SampleOwnEvent:
    kind = event_type.TOPIC.partition(".")[0]
    event = event_type.model_validate(
        {"record": record(number), "happened_at": Moment(at=at(clock, day)), **facts}
    )
    return SampleOwnEvent(stream=stream(kind, number), event=event)


def attributed(clock: str, target: str, number: str = "1", **facts: Any) -> SampleOwnEvent:
    given = {"target_kind": "practice", "since": Moment(at=at(clock)), **facts}
    return sample(Attributed, clock, number, target=target, **given)


def joined(clock: str, member: str, number: str = "1") -> SampleOwnEvent:
    return sample(
        MemberJoined, clock, number,
        member=member, kind="practitioner", role="nurse", organisation="TEAM",
    )  # fmt: skip


def work(event_type: type[OwnEvent], clock: str, **facts: Any) -> SampleOwnEvent:
    return sample(event_type, clock, about=REFERRAL, duty="referral.missed", **facts)


#: Two persons with teams and attributions. The first one has lists of medicines, and work.
STORY = (
    stated("A01", "08:00"),
    stated("A01", "08:30", number="2", visit="V2"),
    joined("09:00", "a"),
    joined("09:30", "b"),
    joined("10:00", "a", "2"),
    sample(CoordinatorAssigned, "10:30", member="a"),
    attributed("11:00", "NORTH", source="roster", roster="r1"),
    attributed("11:30", "SOUTH", "2", until=Moment(at=at("12:00", 9))),
    sample(MedicationListRecorded, "12:00", list_id="l1", source="pharmacy", by=NURSE, items=2),
    work(WorkClaimed, "12:30", by=NURSE, until=at("13:00")),
)


class Indexed(ToldModels):
    """Read models, with the streams that their index finds."""

    def rows(self, relations: Relations) -> list[list[tuple[Any, ...]]]:
        """Return the rows of both tables, without the component."""
        return [
            self.connection.execute(
                psycopg.sql.SQL("select {} from {} as r order by 1, 2").format(
                    psycopg.sql.SQL(", ").join(
                        psycopg.sql.Identifier(each.name) for each in table.columns[:-1]
                    ),
                    relations.of(table),
                ),
                {},
            ).fetchall()
            for table in (STREAM_INDEX, STREAM_TERM)
        ]

    def found(
        self,
        kind: str,
        *wanted: tuple[str, str],
        at: datetime = NOON,
        relations: Relations = PRESENT,
        **asked: Any,
    ) -> Sequence[str]:
        return [
            each.stream_id
            for each in streams_with(
                self.connection, kind, at=at, relations=relations,
                wanted=[WantedTerm(terms=(term,), code=code) for term, code in wanted], **asked,
            )
        ]  # fmt: skip


@pytest.fixture
def indexed(connection: psycopg.Connection) -> Indexed:
    made = Indexed(connection, services())
    made.tell(*STORY)
    return made


# --- live, rebuilt, and at other instants ---------------------------------------------------------


def test_each_stream_is_a_row_with_its_terms(indexed: Indexed) -> None:
    streams, terms = indexed.rows(PRESENT)
    assert {(one[0], one[1], one[2], one[6]) for one in streams} == {
        (stream("care_team"), "care_team", "active", at("09:00")),
        (stream("care_team", "2"), "care_team", "active", at("10:00")),
        (stream("attribution"), "attribution", "attributed", at("11:00")),
        (stream("attribution", "2"), "attribution", "attributed", at("11:30")),
        (stream("medication_list"), "medication_list", "recorded", at("12:00")),
        (stream("work"), "work", "", at("12:30")),
    }
    by_stream: dict[str, set[tuple[Any, ...]]] = {}
    for one, _, *term in terms:
        by_stream.setdefault(one, set()).add(tuple(term))
    always = (None, None)
    assert by_stream[stream("care_team")] == {
        ("member", "a", *always), ("member", "b", *always), ("organisation", "TEAM", *always),
        ("coordinator", "a", *always),
    }  # fmt: skip
    assert by_stream[stream("attribution")] == {
        ("practice", "NORTH", at("11:00"), None),
        ("roster", "r1", at("11:00"), None),
    }
    assert ("claimed", "", None, at("13:00")) in by_stream[stream("work")]


def test_a_rebuild_makes_the_rows_that_arrival_made(indexed: Indexed) -> None:
    mistaken = indexed.log.events[6].envelope.event_id
    indexed.tell(
        sample(
            AttributionEnteredInError, "14:00", event_id=EventId(mistaken), reason_code="wrong_item"
        ),
        sample(MemberLeft, "14:30", member="b", reason="other"),
        joined("07:00", "c", "2"),  # it happened first and is told last
        stated("A40", "15:00", number="2", visit="", retires="1"),
    )
    streams, _ = indexed.rows(PRESENT)
    assert {one[3] for one in streams} == {record("2")}
    assert {one[2] for one in streams if one[0] == stream("attribution")} == {"entered_in_error"}
    assert {one[6] for one in streams if one[0] == stream("care_team", "2")} == {at("07:00")}
    live = content(indexed.connection)
    indexed.rebuilt()
    assert content(indexed.connection) == live


def test_the_rows_at_an_earlier_known_at_are_those_that_were_there(indexed: Indexed) -> None:
    known = len(indexed.log.events)
    then = indexed.rows(PRESENT)
    indexed.tell(
        sample(MemberLeft, "14:30", member="a", reason="other"),
        attributed("14:00", "WEST"),
        stated("A40", "15:00", number="2", visit="", retires="1"),
    )
    assert indexed.rows(PRESENT) != then
    assert indexed.rows(indexed.past(known=known)) == then


def test_as_of_an_instant_what_happened_later_is_left_out(indexed: Indexed) -> None:
    early = indexed.past(as_of=at("09:10"))
    (streams, terms) = indexed.rows(early)
    assert [one[0] for one in streams if one[1] == "care_team"] == [stream("care_team")]
    assert {(term, code) for one, _, term, code, *_ in terms if one == stream("care_team")} == {
        ("member", "a"),
        ("organisation", "TEAM"),
    }
    assert indexed.found("medication_list", relations=early) == []
    assert indexed.found("work", relations=early) == []


def test_as_of_an_instant_attributions_are_there_that_were_told_later(indexed: Indexed) -> None:
    """An attribution states its period itself."""
    late = attributed("13:00", "EAST", since=Moment(at=at("00:00", -10)))
    known = len(indexed.log.events)
    indexed.tell(late)
    early = indexed.past(as_of=at("09:10"))
    wanted = ("practice", "EAST")
    assert indexed.found("attribution", wanted, at=at("09:10"), relations=early) == [
        stream("attribution")
    ]
    before = indexed.past(as_of=at("09:10"), known=known)
    assert indexed.found("attribution", wanted, at=at("09:10"), relations=before) == []
    assert indexed.found("attribution", ("practice", "NORTH"), at=at("09:10")) == []


# --- filters --------------------------------------------------------------------------------------


def test_the_streams_of_a_kind_are_listed_the_newest_first(indexed: Indexed) -> None:
    assert indexed.found("care_team") == [stream("care_team", "2"), stream("care_team")]
    assert indexed.found("care_team", limit=1) == [stream("care_team", "2")]
    assert indexed.found("referral") == []


def test_a_list_is_of_one_patient_or_one_state(indexed: Indexed) -> None:
    assert indexed.found("care_team", patient=record("1")) == [stream("care_team")]
    assert indexed.found("care_team", patient=record("3")) == []
    assert indexed.found("care_team", state="inactive") == []
    indexed.tell(sample(MemberLeft, "14:00", "2", member="a", reason="other"))
    assert indexed.found("care_team", state="inactive") == [stream("care_team", "2")]
    assert indexed.found("care_team", state="active") == [stream("care_team")]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ([("member", "a")], ["2", "1"]),
        ([("member", "b")], ["1"]),
        ([("coordinator", "")], ["1"]),
        ([("member", "b"), ("coordinator", "a")], ["1"]),
        ([("member", "a"), ("coordinator", "b")], []),
        ([("organisation", "a")], []),
    ],
)
def test_a_stream_is_found_if_it_says_all_that_is_wanted(
    indexed: Indexed, wanted: list[tuple[str, str]], numbers: list[str]
) -> None:
    assert indexed.found("care_team", *wanted) == [stream("care_team", each) for each in numbers]


def test_one_of_several_terms_is_enough(indexed: Indexed) -> None:
    either = WantedTerm(terms=("practice", "payer"), code="NORTH")
    found = streams_with(indexed.connection, "attribution", at=at("12:00", 1), wanted=[either])
    assert [each.stream_id for each in found] == [stream("attribution")]
    assert {each.record_id for each in found} == {record("1")}
    assert {each.patient_id for each in found} == {PatientId(record("1"))}


@pytest.mark.parametrize(
    ("clock", "day", "is_found"),
    [("11:29", 0, False), ("11:30", 0, True), ("11:59", 9, True), ("12:00", 9, False)],
)
def test_a_term_with_a_period_holds_from_its_beginning_to_before_its_end(
    indexed: Indexed, clock: str, day: int, *, is_found: bool
) -> None:
    found = indexed.found("attribution", ("practice", "SOUTH"), at=at(clock, day))
    assert found == ([stream("attribution", "2")] if is_found else [])


def test_work_is_found_while_a_claim_holds_and_by_who_is_assigned(indexed: Indexed) -> None:
    assert indexed.found("work", ("claimed", ""), at=at("12:59")) == [stream("work")]
    assert indexed.found("work", ("claimed", ""), at=at("13:00")) == []
    assert indexed.found("work", ("duty", "referral.missed")) == [stream("work")]
    assert indexed.found("work", ("person", "nurse-2")) == []
    indexed.tell(work(WorkAssigned, "14:00", by=NURSE, to=SECOND))
    assert indexed.found("work", ("assigned", ""), ("person", "nurse-2")) == [stream("work")]
