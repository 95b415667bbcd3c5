"""Times that a sender states without an hour, a day or a month, as the pages write them."""

import re
from zoneinfo import ZoneInfo

import httpx
import pytest

from caretrail.web.words import Words
from consumers.hl7v2.moment import read_moment
from domain.statement import Moment
from tests.region import NOW, Told

NEW_YORK = ZoneInfo("America/New_York")
CHICAGO = Words(zone=ZoneInfo("America/Chicago"))
CLOCK = re.compile(r"\b\d\d:\d\d\b")


def moment(text: str) -> Moment:
    found = read_moment(text, NEW_YORK)
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "shown", "machine"),
    [
        ("2026", "2026", "2026"),
        ("202602", "Feb 2026", "2026-02"),
        ("20260219", "19 Feb", "2026-02-19"),
        ("2026021915", "19 Feb 14:--", "2026-02-19T14:00-06:00"),
        ("202602191505", "19 Feb 14:05", "2026-02-19T14:05-06:00"),
        ("20260219150509", "19 Feb 14:05", "2026-02-19T14:05-06:00"),
    ],
)
def test_the_first_and_the_last_instant_of_a_time_are_shown_as_far_as_it_is_stated(
    text: str, shown: str, machine: str
) -> None:
    stated = moment(text)

    for at in (stated.at, stated.last):
        assert CHICAGO.moment(at, stated.precision) == shown
    assert CHICAGO.machine(stated.at, stated.precision) == machine


def test_a_date_of_today_is_shown_as_a_date_and_an_hour_of_today_alone() -> None:
    day, hour = moment("20260219"), moment("2026021908")

    assert CHICAGO.near(day.at, NOW, day.precision) == "19 Feb"
    assert CHICAGO.near(hour.at, NOW, hour.precision) == "07:--"
    assert CHICAGO.near(moment("20251231").last, NOW, "day") == "31 Dec 2025"


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("20260216", "20260219", "3 d"),
        ("202602162300", "20260219", "3 d"),
        ("20260219", "20260219", "same day"),
        ("202511", "202602", "3 months"),
        ("202602", "20260219", "same month"),
        ("2024", "202602", "2 years"),
        ("2026021914", "202602191455", "under 1 h"),
        ("2026021914", "2026021918", "4 h"),
        ("202602191400", "202602191455", "55 min"),
    ],
)
def test_a_length_is_no_more_precise_than_its_coarser_end(begin: str, end: str, words: str) -> None:
    first, last = moment(begin), moment(end)

    assert CHICAGO.length(first.at, last.last, first.precision, last.precision) == words


@pytest.mark.postgres
def test_the_page_of_a_patient_whose_times_are_dates_shows_no_time_of_day(
    told: Told, client: httpx.Client
) -> None:
    html = _page(client, f"/ui/patients/{told.orchard}")

    window = r'<title id="chart-title">.*?</title>'
    text = re.sub(rf'{window}|datetime="[^"]*"|recorded [^<,]*\d\d:\d\d', " ", html)
    assert set(CLOCK.findall(text)) == {f"{NOW:%H:%M}"}
    assert '<time datetime="2026-02-11T09:00-06:00">09:--</time>' in html
    assert '<time datetime="2026-02-06">6 Feb</time>' in html
    assert "since 16 Feb, 3 d" in text
    assert "10 days at home" in text
    assert "visit, Cardiology, for 25 Feb." in text
    assert "sent 2 d after the event (8 Feb)." in text
    assert "inpatient again 10 days after the discharge of 6 Feb." in text
    assert "<td>29 Jan</td><td>30 Jan</td><td>1 d</td>" in text


@pytest.mark.postgres
def test_the_evidence_of_a_date_shows_no_time_of_day(told: Told, client: httpx.Client) -> None:
    reading = told.reader.patient(told.orchard)
    assert reading
    pages = [_page(client, f"/ui/events/{each.event_id}") for each in reading.filed.values()]
    found = [re.search(r"<dt>Happened</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL) for page in pages]
    happened = [each[1].strip() if each else "" for each in found]

    assert "29 Jan 2026" in happened
    assert "11 Feb 2026, 09:--" in happened
    assert not [each for each in happened if CLOCK.search(each)]


@pytest.mark.postgres
def test_the_census_and_the_list_show_a_date_alone(client: httpx.Client) -> None:
    assert '<time datetime="2026-02-18" title="since 18 Feb">1 d<' in _page(client, "/ui/census")
    listed = _page(client, "/ui/patients?open=yes")
    assert 'since <time datetime="2026-02-18">18 Feb</time>' in listed


def _page(client: httpx.Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text
