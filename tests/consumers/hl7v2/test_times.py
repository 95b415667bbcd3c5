"""The times of a statement, and the flags of doubtful ones."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from consumers.hl7v2.delimiters import Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.times import Times, birth_date

NEW_YORK = ZoneInfo("America/New_York")
LEAST = timedelta(microseconds=1)


def times() -> tuple[Times, Findings]:
    findings = Findings()
    return Times(Delimiters(), ZoneInfo("UTC"), findings), findings


@pytest.mark.parametrize("text", ["19891231", "20800101", "20990101120000"])
def test_an_absurd_msh_7_counts_as_missing_and_its_text_is_kept(text: str) -> None:
    reader, findings = times()
    assert reader.of_message(text, "MSH-7") is None
    assert findings.flags == ["MSH-7.absurd"]
    assert findings.unread == {"MSH-7": text}


def test_an_absurd_time_of_an_event_is_kept_and_flagged() -> None:
    reader, findings = times()
    assert reader.of_event("1849", "EVN-6", None) is not None
    assert reader.of_event("1900", "PV1-44", None) is not None
    assert findings.flags == ["EVN-6.absurd"]


def test_a_time_more_than_minutes_after_msh_7_is_flagged_as_future() -> None:
    reader, findings = times()
    sent = reader.of_message("20260301120000", "MSH-7")
    assert reader.of_event("20260301120300", "EVN-6", sent)
    assert reader.of_event("20260301", "PV1-44", sent)
    assert not findings.flags
    assert reader.of_event("20260301121000", "PV1-45", sent)
    assert findings.flags == ["PV1-45.future"]


def test_a_time_that_cannot_be_read_is_flagged_and_its_text_is_kept() -> None:
    reader, findings = times()
    assert reader.read("next Tuesday", "EVN-6") is None
    assert findings.flags == ["EVN-6.unreadable"]
    assert findings.unread == {"EVN-6": "next Tuesday"}


def test_a_deleted_time_is_flagged_and_an_empty_one_is_not() -> None:
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
        ("19510602000000000", "1951-06-02"),
        ("1951-06-02", None),
        ("19510602xx", None),
        ("unknown", None),
    ],
)
def test_a_date_of_birth_has_no_time_zone(text: str, date: str | None) -> None:
    assert birth_date(text) == date
