"""The work list, rendered from items that are made here."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from types import SimpleNamespace
from urllib.parse import quote, unquote

from caretrail.reading.listing import PatientSummary
from caretrail.reading.opening import PersonDetails
from caretrail.reading.work import PersonWork, WorkList
from caretrail.web.work_page import Acting, WorkForm, duty_words, when_due, work_page
from domain.ids import PatientId, RecordId
from domain.work import ItemId
from projections.audit_trail import LogPosition
from projections.work_list import WorkItemRow
from tests.region import NOW, WORDS

ALDER, BIRCH = PatientId("0000000a"), PatientId("0000000b")
ITEM = WorkItemRow(
    item_id=ItemId("s1~referral.acknowledge.stat~~1"),
    kind="referral",
    about="s1",
    duty="referral.acknowledge.stat",
    part="",
    concerns="",
    encounter_id=None,
    opened_at=NOW - timedelta(hours=10),
    due_at=NOW - timedelta(hours=6),
    due_on=None,
    zone="America/Chicago",
    in_time_until=NOW - timedelta(hours=6),
    source="our choice",
    rule_version="0123456789ab",
    is_urgent=True,
    responsible_organisation="CSC",
    responsible_person="",
    responsible_pool="",
    is_assigned=False,
    claimed_organisation=None,
    claimed_person=None,
    claimed_pool=None,
    claimed_until=None,
    snoozed_until=None,
    snooze_reason=None,
    patient_id=ALDER,
    record_id=RecordId("r"),
    mode="P",
)
ME = SimpleNamespace(subject="nurse-1", role="coordinator", purpose="TREAT")
LATER = replace(
    ITEM, item_id=ItemId("s2~care_plan.review~~2"), kind="care_plan", about="s2",
    duty="care_plan.review", in_time_until=NOW + timedelta(days=3), patient_id=BIRCH,
)  # fmt: skip


def page(*people: PersonWork, asked: WorkForm | None = None) -> str:
    numbers = count(1)
    listed = WorkList(
        at=NOW,
        as_of=None,
        known=LogPosition(index=51902, recorded_at=NOW),
        backlog_days=14,
        people=people,
    )
    summaries = {
        each: PatientSummary(patient_id=each, mode="P", person=PersonDetails(name=name))
        for each, name in ((ALDER, "Alder, Rowena"), (BIRCH, "Birchall, Tamsin"))
    }
    html = work_page(
        listed,
        summaries,
        asked=asked or WorkForm(),
        acting=Acting(person="nurse-1", organisations=["CSC"], key=lambda: f"key-{next(numbers)}"),
        words=WORDS,
        frame={
            "now": NOW, "me": ME, "csrf": "token", "fresh": None, "behind": 0,
            "section": "work", "exact": True,
        },
    )  # fmt: skip
    return unescape(html)


def test_an_overdue_item_says_since_when_and_comes_under_its_heading() -> None:
    html = page(PersonWork(ALDER, (ITEM,)), PersonWork(BIRCH, (LATER,)))

    overdue, later = html.index("<h2>Overdue</h2>"), html.index("<h2>Later</h2>")
    assert overdue < html.index("Alder, Rowena") < later < html.index("Birchall, Tamsin")
    assert "overdue 6 h" in html
    assert "due in 3 d" in html
    assert '<a href="/ui/referrals/s1">Referral: answer the request</a>' in html
    assert "Care plan: review it" in html
    assert "our choice; protocol 01234567" in html


def test_an_item_is_claimed_by_a_form_with_its_own_key() -> None:
    html = page(PersonWork(ALDER, (ITEM, replace(ITEM, item_id=ItemId("s3~x~~3")))))

    forms = re.findall(r'<form method="post" action="/ui/work/record/claim">(.*?)</form>', html)
    fields = [dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form)) for form in forms]
    assert [each["key"] for each in fields] == ["key-1", "key-2"]
    assert fields[0] == {
        "csrf": "token", "key": "key-1", "item": ITEM.item_id, "by.organisation": "CSC",
        "by.person": "nurse-1", "back": "/ui/work?",
    }  # fmt: skip


def test_a_claim_is_shown_with_its_end_and_only_its_holder_can_release_it() -> None:
    until = NOW + timedelta(minutes=27)
    mine = replace(ITEM, claimed_organisation="CSC", claimed_person="nurse-1", claimed_until=until)
    other = replace(mine, claimed_person="nurse-2")

    assert 'action="/ui/work/record/release"' in page(PersonWork(ALDER, (mine,)))
    html = page(PersonWork(ALDER, (other,)))
    assert "nurse-2, until 14:32" in html
    assert 'action="/ui/work/record/release"' not in html
    assert "not claimed" in page(PersonWork(ALDER, (replace(other, claimed_until=NOW),)))


def test_more_than_four_items_of_a_person_are_folded() -> None:
    items = tuple(replace(ITEM, item_id=ItemId(f"s{n}~x~~{n}")) for n in range(6))

    html = page(PersonWork(ALDER, items))

    folded = html[html.index('<details class="more-duties">') :]
    assert "2 more duties of this patient" in folded
    assert folded.count('<li class="duty over">') == 2


def test_no_item_can_be_ticked_away() -> None:
    html = page(PersonWork(ALDER, (ITEM,)))

    assert 'type="checkbox"' not in html
    assert "Done" not in html


def test_an_item_leads_to_the_form_that_does_it_and_back_to_the_same_list() -> None:
    html = page(PersonWork(ALDER, (ITEM,)), asked=WorkForm(whose="all", cursor="x y"))

    back = quote("/ui/work?whose=all&after=x%20y", safe="")
    assert f'<a class="button s" href="/ui/streams/s1/record/referral/accept?back={back}">' in html
    assert f'<input type="hidden" name="back" value="{unquote(back)}">' in html


def test_a_filter_that_hides_everything_says_so() -> None:
    assert "No open duty matches this filter." in page(asked=WorkForm(kind="referral"))
    assert "No open duty matches this filter." in page(), "others may owe something"
    assert "No duty is open." in page(asked=WorkForm(whose="all"))


def test_an_item_says_what_it_concerns_so_that_two_referrals_differ() -> None:
    echo = replace(ITEM, concerns="echo")
    wound = replace(ITEM, item_id=ItemId("s3~x~~1"), about="s3", concerns="wound_care")
    html = page(PersonWork(ALDER, (echo, wound)))
    assert "Referral: answer the request (echo)</a>" in html
    assert "Referral: answer the request (wound care)</a>" in html


def test_due_today_is_the_day_of_the_facility() -> None:
    now, until = datetime(2026, 3, 2, 22, tzinfo=UTC), datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert when_due(replace(ITEM, in_time_until=until, zone="Pacific/Auckland"), now) == "today"
    assert when_due(replace(ITEM, in_time_until=until, zone="America/Los_Angeles"), now) == "later"


def test_a_duty_is_named_by_its_most_exact_words() -> None:
    assert duty_words("referral.seen.urgent") == "Referral: the visit is to be held"
    assert duty_words("transition.home_visit") == "Home visit"
