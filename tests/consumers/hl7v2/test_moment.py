from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.hl7v2.moment import read_moment
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


def test_an_offset_in_the_value_decides_over_the_zone_of_the_sender() -> None:
    for text in ("202603011415+0100", "20260301141500.0000+0100"):
        moment = read(text, NEW_YORK)
        assert moment.at == datetime(2026, 3, 1, 13, 15, tzinfo=UTC)
        assert moment.zone == "offset"
    assert read("20260301-0500").last == datetime(2026, 3, 2, 5, tzinfo=UTC) - LEAST


def test_without_offset_and_zone_a_time_counts_as_utc_and_is_marked_assumed() -> None:
    moment = read("202603011415")
    assert (moment.at, moment.zone) == (datetime(2026, 3, 1, 14, 15, tzinfo=UTC), "assumed")


def test_a_local_time_that_occurs_twice_is_the_first_of_both() -> None:
    moment = read("202611010130", NEW_YORK)
    assert (moment.at, moment.zone) == (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "ambiguous")


def test_a_local_time_that_does_not_exist_has_the_offset_before_the_change() -> None:
    moment = read("202603080230", NEW_YORK)
    assert (moment.at, moment.zone) == (datetime(2026, 3, 8, 7, 30, tzinfo=UTC), "skipped")


def test_the_degree_of_precision_of_old_versions_limits_the_precision() -> None:
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
def test_a_text_that_is_not_a_time_is_none(text: str) -> None:
    assert read_moment(text, NEW_YORK) is None


@given(st.datetimes(datetime(1900, 1, 1), datetime(2079, 1, 1)), st.sampled_from([4, 6, 8, 10, 12]))  # noqa: DTZ001
def test_a_coarse_time_contains_every_finer_time_with_the_same_digits(
    moment: datetime, digits: int
) -> None:
    text = f"{moment:%Y%m%d%H%M%S}"
    for zone in (None, NEW_YORK, ZoneInfo("Australia/Lord_Howe")):
        fine, coarse = read(text, zone), read(text[:digits], zone)
        # In the hour in which clocks change, a local time may mean either of two instants.
        if "ambiguous" not in {fine.zone, coarse.zone} and "skipped" not in {
            fine.zone,
            coarse.zone,
        }:
            assert coarse.at <= fine.at <= coarse.last
