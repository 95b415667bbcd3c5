"""The work list: its order, its filters, its pages, and what it was at other instants."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

import psycopg
import pytest

from caretrail.facts import KnownFacts
from caretrail.reading.opening import SegmentOpener
from caretrail.reading.work import WorkList, item_json, read_work, work_json
from domain import work
from domain.decider import StatedTime
from domain.duties import Duty
from domain.ids import StreamId
from domain.interpretation import interpret
from domain.party import Party
from domain.referral import ReferralAccepted, ReferralRequested
from domain.rules import Protocols, PublishedProtocol, parse_protocol
from domain.statement import Moment
from domain.work import WorkFact, WorkItem
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from projections.engine.course import Course
from projections.owed_duty import OwedDuty
from projections.work_list import ItemFilter, WorkItemRow
from tests import servers
from tests.projections.samples import (
    KEY,
    SampleOwnEvent,
    at,
    content,
    open_segment,
    record,
    referral,
    services,
    stated,
)
from tests.projections.told_models import ToldModels

pytestmark = pytest.mark.postgres

NURSE = Party(organisation="SBH", person="nurse-1")
HEART = Party(organisation="HEART")
NOW = at("12:00", day=10)
_SERVICES = services(interpret=interpret)


def owed_by_referrals(course: Course) -> Iterator[OwedDuty]:
    """Yield a duty of each referral: to be accepted by the day on which it is needed."""
    for stream, events in course.streams.items():
        asked = next((e.core for e in events if isinstance(e.core, ReferralRequested)), None)
        if asked is None or asked.needed_by is None:
            continue
        done = [e.core.happened_at.at for e in events if isinstance(e.core, ReferralAccepted)]
        yield OwedDuty(
            Duty(
                code="referral.acknowledge",
                about=stream,
                opened_at=asked.happened_at.at,
                due_at=None,
                due_on=asked.needed_by,
                zone="UTC",
                done_at=min(done, default=None),
                source="a rule",
                rule_version="1",
                responsible=asked.target,
                urgent=asked.urgency == "urgent",
            ),
            kind="referral",
            record=asked.record,
            mode=asked.mode,
        )


def owed_by_discharges(course: Course) -> Iterator[OwedDuty]:
    """Yield a duty of each encounter that ended: a call on the next day."""
    for patient in course.patients:
        for encounter in patient.encounters:
            if encounter.end is None:
                continue
            yield OwedDuty(
                Duty(
                    code="transition.contact",
                    about=encounter.statements[-1],
                    opened_at=encounter.end,
                    due_at=encounter.end + timedelta(days=1),
                    due_on=None,
                    zone="UTC",
                    done_at=None,
                    source="a rule",
                    rule_version="1",
                    responsible=Party(organisation=encounter.facility),
                ),
                kind="transition",
                record=encounter.record,
                mode=patient.mode,
            )


@pytest.fixture(scope="session")
def template_database(server: str) -> str:
    name = f"work_{token_hex(4)}"
    with psycopg.connect(servers.create_database(server, name), autocommit=True) as connection:
        generations.create(connection, PROJECTIONS)
    return name


class Told(ToldModels):
    """Read models, with the work list that they make."""

    def listed(
        self,
        wanted: ItemFilter | None = None,
        *,
        now: datetime = NOW,
        as_of: datetime | None = None,
        known: int | None = None,
        **more: Any,
    ) -> WorkList:
        past = self.past(as_of=as_of, known=known)
        found = read_work(past, wanted or ItemFilter(), now=now, older=True, **more)
        assert found is not None
        return found

    def people(self, wanted: ItemFilter | None = None, **more: Any) -> list[str]:
        numbers = {record(str(number)): str(number) for number in range(1, 9)}
        return [numbers[each.patient_id] for each in self.listed(wanted, **more).people]  # type: ignore[index]

    def items(self, wanted: ItemFilter | None = None, **more: Any) -> list[WorkItemRow]:
        return [item for person in self.listed(wanted, **more).people for item in person.items]

    def work(self, row: WorkItemRow, *events: WorkFact) -> int:
        stream = work.stream_of_item(KEY, row.item_id)
        assert stream is not None
        return self.tell(*(SampleOwnEvent(stream=stream, event=each) for each in events))


@pytest.fixture
def told(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr("projections.work.SOURCES", (owed_by_referrals, owed_by_discharges))
    return Told(connection, _SERVICES)


def asked(number: int, due: int, *, urgency: str = "routine", **facts: Any) -> SampleOwnEvent:
    """Return a referral that is to be accepted ``due`` days after ``NOW``."""
    return referral(
        "10:00",
        number=str(number),
        stream=facts.pop("stream", StreamId(KEY.record("work", f"{number} {due}", "P"))),
        urgency=urgency,
        needed_by=(NOW + timedelta(days=due)).date(),
        **facts,
    )


def time_of(moment: datetime) -> StatedTime:
    return StatedTime(moment, Moment(at=moment))


def found(row: WorkItemRow) -> WorkItem:
    return WorkItem(
        about=row.about, duty=row.duty, part=row.part, record=row.record_id, mode=row.mode,
        of_transition=row.encounter_id is not None, in_time_until=row.in_time_until, zone=row.zone,
    )  # fmt: skip


def test_overdue_and_urgent_comes_first_then_overdue_then_due_today_then_later(told: Told) -> None:
    told.tell(
        asked(1, 3), asked(2, 0), asked(3, -5), asked(4, -1, urgency="urgent"),
        asked(5, 2, urgency="urgent"), asked(6, -2),
    )  # fmt: skip
    assert told.people() == ["4", "3", "6", "2", "5", "1"]


def test_the_items_of_a_person_are_together_where_the_most_pressing_is(told: Told) -> None:
    told.tell(asked(1, 5), asked(2, 1), asked(1, -1), asked(3, 0))
    listed = told.listed()
    assert [len(each.items) for each in listed.people] == [2, 1, 1]
    assert told.people() == ["1", "3", "2"]


def test_every_person_is_on_one_page(told: Told) -> None:
    told.tell(*(asked(number % 5 + 1, number - 6) for number in range(12)))
    pages: list[str] = []
    cursor = ""
    while True:
        page = told.listed(cursor=cursor, limit=2)
        assert len(page.people) <= 2
        pages += [each.patient_id for each in page.people]
        if not (cursor := page.cursor):
            break
    assert len(pages) == len(set(pages)) == 5
    assert pages == [each.patient_id for each in told.listed(limit=50).people]


def test_overdue_is_decided_from_the_instant_that_is_asked_for(told: Told) -> None:
    told.tell(asked(1, 0))
    (row,) = told.items()
    before, after = (item_json(row, row.in_time_until + timedelta(seconds=s)) for s in (0, 90))
    assert (before["overdue"], before["due_today"], before["overdue_by"]) == (False, True, None)
    assert (after["overdue"], after["due_today"], after["overdue_by"]) == (True, False, 90)


def test_work_that_is_done_leaves_the_list_and_stays_a_duty(told: Told) -> None:
    told.tell(one := asked(1, 0))
    known = told.tell(stated("A01", "10:00", number="1"))
    done = ReferralAccepted(record=record("1"), happened_at=Moment(at=NOW), by=HEART)
    told.tell(SampleOwnEvent(stream=one.stream, event=done))
    assert told.people() == []
    assert told.people(known=known) == ["1"]
    assert told.people(as_of=NOW - timedelta(hours=1)) == ["1"]
    assert told.connection.execute("select done_at from care.duty").fetchall() == [(NOW,)]


def test_the_dead_are_on_no_list_and_an_earlier_answer_stays(told: Told) -> None:
    known = told.tell(stated("A01", "10:00", number="1"), asked(1, -1))
    died = at("10:00", day=9)
    told.tell(stated("A08", "11:00", day=9, number="1", deceased=True, died=Moment(at=died)))
    assert told.people() == []
    assert told.connection.execute("select count(*) from care.duty").fetchall() == [(0,)]
    assert told.people(known=known) == ["1"]
    assert told.people(as_of=died - timedelta(hours=1)) == ["1"]
    assert told.people(as_of=died) == []


def known_facts(told: Told) -> KnownFacts:
    return KnownFacts(
        lambda: psycopg.connect(told.connection.info.dsn, password=""),
        SegmentOpener(open_segment),
    )


def test_births_are_known_from_messages_as_precisely_as_they_are_stated(told: Told) -> None:
    dates = {"1": "1951-06-02", "2": "1951-06", "3": "1951", "4": ""}
    told.tell(*(stated("A01", "10:00", number=each, born=date) for each, date in dates.items()))
    found = known_facts(told).born_at([record("never named"), *map(record, dates)])
    assert {each: f"{born:%Y-%m-%d %z}" for each, born in found.items()} == {
        record("1"): "1951-06-02 +1400",
        record("2"): "1951-06-01 +1400",
        record("3"): "1951-01-01 +1400",
    }


def test_deaths_of_several_persons_are_known_together(told: Told) -> None:
    died = at("10:00", day=9)
    told.tell(
        stated("A01", "10:00", number="1"),
        stated("A08", "11:00", day=9, number="1", deceased=True, died=Moment(at=died)),
        stated("A01", "10:00", number="2"),
    )
    facts = known_facts(told)
    dead, alive, unknown = record("1"), record("2"), record("never named")
    assert facts.died_at([dead, alive, unknown]) == {dead: died}
    batch = facts.together([alive], beginning=[])
    assert batch.died_at([alive]) == {}
    assert batch.died_at([dead, alive]) == {dead: died}


def test_facts_for_a_batch_of_commands_are_those_of_each_person(told: Told) -> None:
    told.tell(asked(1, 1, target=HEART), asked(2, 2, target=NURSE), asked(3, 3, target=HEART))
    facts, persons = known_facts(told), [record("1"), record("2"), record("3")]
    batch = facts.together(persons, beginning=persons[:2])
    for each in persons:  # the third one is read alone
        found = batch.streams(each, "referral")
        assert len(found) == 1
        assert found == facts.streams(each, "referral")


def test_filters_choose_by_organisation_person_pool_kind_and_patient(told: Told) -> None:
    told.tell(
        asked(1, 1, target=HEART), asked(2, 1, target=Party(pool="p1")),
        asked(3, 1, target=NURSE),
    )  # fmt: skip
    assert told.people(ItemFilter(organisation="HEART")) == ["1"]
    assert told.people(ItemFilter(organisations=("HEART", "SBH"))) == ["1", "3"]
    assert told.people(ItemFilter(pool="p1")) == ["2"]
    assert told.people(ItemFilter(person="nurse-1")) == ["3"]
    assert told.people(ItemFilter(kind="transition")) == []
    assert told.people(ItemFilter(patient=record("2"))) == ["2"]
    assert told.people(ItemFilter(modes=("T",))) == []


def test_what_was_due_before_the_backlog_shows_only_if_it_is_asked_for(told: Told) -> None:
    told.tell(asked(1, -1), asked(2, -2))
    assert told.people() == ["2", "1"]
    assert told.people(ItemFilter(since=NOW - timedelta(days=1, hours=1))) == ["1"]
    shown = read_work(told.past(), ItemFilter(), now=NOW)
    assert shown is not None
    assert shown.backlog_days == 14
    assert len(shown.people) == 2
    later = read_work(told.past(), ItemFilter(), now=NOW + timedelta(days=13))
    assert later is not None
    assert [str(each.patient_id) for each in later.people] == [str(record("1"))]


def test_a_claim_shows_while_it_holds_and_an_item_that_waits_comes_back(told: Told) -> None:
    told.tell(asked(1, 0))
    (row,) = told.items()
    told.work(row, *work.claim([], found(row), by=NURSE, time=time_of(NOW)))
    (row,) = told.items()
    assert item_json(row, NOW)["claimed_by"] == {
        "organisation": "SBH", "person": "nurse-1", "pool": None
    }  # fmt: skip
    assert item_json(row, NOW + work.LEASE)["claimed_by"] is None
    assert [each.claimed_until for each in told.items(as_of=NOW - timedelta(hours=1))] == [None]
    until = NOW + timedelta(hours=4)
    told.work(
        row,
        *work.snooze(
            [], found(row), by=NURSE, until=until, reason="other",
            calendar=parse_calendar(), time=time_of(NOW + timedelta(hours=1)),
        ),
    )  # fmt: skip
    assert told.people(now=NOW + timedelta(hours=2)) == []
    assert told.people(ItemFilter(waiting=True), now=NOW + timedelta(hours=2)) == ["1"]
    assert told.people(now=until) == ["1"]


def parse_calendar() -> Any:
    content_ = 'name = "p"\nzone = "UTC"\nduties = {}\nkinds = {}\n'
    published = Protocols.of([PublishedProtocol(None, parse_protocol(content_))])
    return published.at(NOW).calendar


def test_an_assigned_item_is_owed_by_the_party_that_it_was_assigned_to(told: Told) -> None:
    told.tell(asked(1, 0, target=HEART))
    (row,) = told.items()
    told.work(row, *work.assign([], found(row), to=NURSE, by=HEART, time=time_of(NOW)))
    assert told.people(ItemFilter(organisation="HEART")) == []
    (row,) = told.items(ItemFilter(organisation="SBH", person="nurse-1"))
    assert row.is_assigned


def test_a_claim_stays_when_an_earlier_statement_gives_the_encounter_another_id(
    told: Told,
) -> None:
    told.tell(stated("A02", "11:00", day=8), stated("A03", "10:00", day=9))
    (row,) = told.items()
    assert (row.kind, row.about) == ("transition", row.encounter_id)
    told.work(row, *work.claim([], found(row), by=NURSE, time=time_of(NOW)))
    told.tell(stated("A01", "10:00", day=8))
    (now,) = told.items()
    assert now.item_id != row.item_id
    assert now.claimed_until == NOW + work.LEASE
    facts = known_facts(told)
    for each in (row.item_id, now.item_id):
        item = facts.work_item(each)
        assert item is not None
        assert (item.about, item.of_transition, item.claimed_by) == (now.about, True, NURSE)
    assert facts.work_item(work.ItemId("0~a~~1")) is None


def test_a_rebuild_gives_the_same_duties_and_items(told: Told) -> None:
    told.tell(
        asked(1, 0), stated("A01", "10:00", number="1"),
        stated("A03", "10:00", day=9, number="1"), asked(2, -1, urgency="urgent"),
    )  # fmt: skip
    told.work(told.items()[0], *work.claim([], found(told.items()[0]), by=NURSE, time=time_of(NOW)))
    live = content(told.connection)
    told.rebuilt()
    assert content(told.connection) == live


def test_the_json_of_a_list_names_both_instants(told: Told) -> None:
    known = told.tell(asked(1, 0))
    shown = work_json(told.listed(as_of=NOW, known=known))
    assert (shown["at"], shown["as_of"]) == ("2026-01-15T12:00:00Z", "2026-01-15T12:00:00Z")
    assert shown["known_at"]["index"] == known
    (person,) = shown["people"]
    (item,) = person["items"]
    assert (item["duty"], item["due_on"], item["responsible"]["organisation"]) == (
        "referral.acknowledge", "2026-01-15", "SBH",
    )  # fmt: skip


@pytest.mark.parametrize("cursor", ["x", "eyJ9", "WzEsMl0"])
def test_a_text_that_is_no_cursor_gives_no_page(told: Told, cursor: str) -> None:
    assert read_work(told.past(), ItemFilter(), now=NOW, cursor=cursor) is None
