from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.hl7v2.delimiters import Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.moment import read_moment
from consumers.hl7v2.times import Times, birth_date
from domain.statement import Moment

NEW_YORK = ZoneInfo("America/New_York")
LEAST = timedelta(microseconds=1)


def read(text: str, zone: ZoneInfo | None = None, degree: str = "") -> Moment:
    moment = read_moment(text, zone, degree)
    assert moment is not None
    return moment


@pytest.mark.parametrize(
    ("text", "precision", "at", "last"),
    [
        ("2026", "year", "2026-01-01T05:00:00", "2027-01-01T04:59:59.999999"),
        ("202602", "month", "2026-02-01T05:00:00", "2026-03-01T04:59:59.999999"),
        ("20260308", "day", "2026-03-08T05:00:00", "2026-03-09T03:59:59.999999"),
        ("20261101", "day", "2026-11-01T04:00:00", "2026-11-02T04:59:59.999999"),
        ("2026030114", "hour", "2026-03-01T19:00:00", "2026-03-01T19:59:59.999999"),
        ("202603011415", "minute", "2026-03-01T19:15:00", "2026-03-01T19:15:59.999999"),
        ("20260301141530", "second", "2026-03-01T19:15:30", "2026-03-01T19:15:30"),
        ("20260301141530.25", "second", "2026-03-01T19:15:30.25", "2026-03-01T19:15:30.25"),
    ],
)
def test_a_time_has_a_first_and_a_last_instant_in_its_zone(
    text: str, precision: str, at: str, last: str
) -> None:
    moment = read(text, NEW_YORK)
    assert moment.precision == precision
    assert moment.at == datetime.fromisoformat(at + "+00:00")
    assert moment.last == datetime.fromisoformat(last + "+00:00")
    assert (moment.zone, moment.text) == ("profile", text)


def test_an_offset_in_the_value_wins_over_the_senders_zone() -> None:
    for text in ("202603011415+0100", "20260301141500.0000+0100"):
        moment = read(text, NEW_YORK)
        assert moment.at == datetime(2026, 3, 1, 13, 15, tzinfo=UTC)
        assert moment.zone == "offset"
    assert read("20260301-0500").last == datetime(2026, 3, 2, 5, tzinfo=UTC) - LEAST


def test_without_a_zone_it_is_taken_for_utc_and_says_so() -> None:
    moment = read("202603011415")
    assert (moment.at, moment.zone) == (datetime(2026, 3, 1, 14, 15, tzinfo=UTC), "assumed")


def test_a_local_time_that_comes_twice_is_the_first_of_them() -> None:
    moment = read("202611010130", NEW_YORK)
    assert (moment.at, moment.zone) == (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "ambiguous")


def test_a_local_time_that_never_comes_is_read_with_the_offset_before_the_change() -> None:
    moment = read("202603080230", NEW_YORK)
    assert (moment.at, moment.zone) == (datetime(2026, 3, 8, 7, 30, tzinfo=UTC), "skipped")


def test_the_degree_of_precision_of_old_versions_counts() -> None:
    assert read("19900103000000", degree="D") == Moment(
        at=datetime(1990, 1, 3, tzinfo=UTC),
        until=datetime(1990, 1, 4, tzinfo=UTC) - LEAST,
        precision="day",
        zone="assumed",
        text="19900103000000",
    )


@pytest.mark.parametrize(
    "text",
    [
        "", "today", "2026-03-01", "20260", "2026030", "202603011", "20261301", "20260230",
        "2026030124", "20260301146000", "20260301141560", "00000000", "00000000000000",
        "202603011415.5", "20260301+2500", "20260301+0060", "20260301+1530", "99991231", "٢٠٢٦",
        "20260301141530.1234567890",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_moment(text, NEW_YORK) is None


@given(st.datetimes(datetime(1900, 1, 1), datetime(2079, 1, 1)), st.sampled_from([4, 6, 8, 10, 12]))  # noqa: DTZ001
def test_what_is_coarse_contains_what_is_finer(moment: datetime, digits: int) -> None:
    text = f"{moment:%Y%m%d%H%M%S}"
    for zone in (None, NEW_YORK, ZoneInfo("Australia/Lord_Howe")):
        fine, coarse = read(text, zone), read(text[:digits], zone)
        # An hour in which the clocks change is one of two hours: which one, nobody knows.
        if "ambiguous" not in {fine.zone, coarse.zone} and "skipped" not in {
            fine.zone,
            coarse.zone,
        }:
            assert coarse.at <= fine.at <= coarse.last


def times() -> tuple[Times, Findings]:
    findings = Findings()
    return Times(Delimiters(), None, findings), findings


@pytest.mark.parametrize("text", ["19891231", "20800101", "20990101120000"])
def test_an_absurd_time_of_sending_ranks_nothing_and_is_kept_aside(text: str) -> None:
    reader, findings = times()
    assert reader.of_message(text, "MSH-7") is None
    assert findings.flags == ["MSH-7.absurd"]
    assert findings.unread == {"MSH-7": text}


def test_an_absurd_time_of_an_event_is_kept_and_flagged() -> None:
    reader, findings = times()
    assert reader.of_event("1849", "EVN-6", None) is not None
    assert reader.of_event("1900", "PV1-44", None) is not None
    assert findings.flags == ["EVN-6.absurd"]


def test_the_future_begins_after_the_time_of_sending() -> None:
    reader, findings = times()
    sent = reader.of_message("20260301120000", "MSH-7")
    assert reader.of_event("20260301120300", "EVN-6", sent)
    assert reader.of_event("20260301", "PV1-44", sent)
    assert not findings.flags
    assert reader.of_event("20260301121000", "PV1-45", sent)
    assert findings.flags == ["PV1-45.future"]


def test_a_time_that_cannot_be_read_is_flagged_and_its_text_kept_aside() -> None:
    reader, findings = times()
    assert reader.read("next Tuesday", "EVN-6") is None
    assert findings.flags == ["EVN-6.unreadable"]
    assert findings.unread == {"EVN-6": "next Tuesday"}


def test_a_deleted_time_is_not_an_empty_one() -> None:
    reader, findings = times()
    assert reader.read("", "PV1-45") is None
    assert not findings.flags
    assert reader.read('""', "PV1-45") is None
    assert findings.flags == ["PV1-45.null"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("19510602", "1951-06-02"),
        ("195106", "1951-06"),
        ("1951", "1951"),
        ("19510331235900+0200", "1951-03-31"),
        ("19510602000000", "1951-06-02"),
        ("1951-06-02", None),
        ("19510602xx", None),
        ("unknown", None),
    ],
)
def test_a_date_of_birth_is_a_date_in_no_zone(text: str, date: str | None) -> None:
    assert birth_date(text) == date
