from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from caretrail.web.scale import WIDTH, Scale, ticks, window
from caretrail.web.words import Words
from tests.web.people import AS_OF, CHICAGO, WORDS, at


def labels(scale: Scale, words: Words = WORDS) -> list[str]:
    return [tick.label for tick in ticks(scale, words)[0] if tick.label]


def test_three_hours_are_shown_in_a_window_of_at_least_six() -> None:
    scale = window(at("02-19 11:05"), AS_OF, None, CHICAGO)

    assert scale.t1 - scale.t0 >= timedelta(hours=6)
    assert scale.t0 < at("02-19 11:05")
    assert labels(scale)[:2] == ["19 Feb 2026 09:00", "10:00"]


def test_the_model_patient_is_shown_from_3_january_to_28_february() -> None:
    scale = window(at("01-04 06:20"), AS_OF, at("02-26 10:00"), CHICAGO)

    assert scale.t0.astimezone(CHICAGO).strftime("%d %b %H") == "03 Jan 00"
    assert scale.t1.astimezone(CHICAGO).strftime("%d %b %H") in ("28 Feb 00", "28 Feb 12")
    assert labels(scale) == [
        "5 Jan 2026", "12 Jan", "19 Jan", "26 Jan", "2 Feb", "9 Feb", "16 Feb", "23 Feb",
    ]  # fmt: skip


def test_five_years_are_ticked_by_year_with_months_between() -> None:
    scale = window(at("2021-03-01 07:30"), AS_OF, None, CHICAGO)
    large, small = ticks(scale, WORDS)

    assert [tick.label for tick in large if tick.label] == ["2022", "2023", "2024", "2025", "2026"]
    assert 55 <= len(small) <= 70


@pytest.mark.parametrize(
    ("days", "first", "count"),
    [(0.4, "19 Feb 2026 0", 8), (2, "17 Feb 2026", 8), (10, "10 Feb 2026", 9), (300, "2025", 9)],
)
def test_ticks_follow_the_span(days: float, first: str, count: int) -> None:
    scale = window(AS_OF - timedelta(days=days), AS_OF, None, CHICAGO)
    said = labels(scale)

    assert first in said[0]
    assert len(said) >= count


@pytest.mark.parametrize("days", [0.1, 0.5, 1, 3, 14, 40, 84, 200, 731, 2000, 20000])
def test_labels_never_touch_each_other_or_an_edge(days: float) -> None:
    scale = window(AS_OF - timedelta(days=days), AS_OF, AS_OF + timedelta(days=2), CHICAGO)
    drawn = [tick for tick in ticks(scale, WORDS)[0] if tick.label]

    assert drawn
    assert all(18 <= tick.x <= WIDTH - 18 for tick in drawn)
    ends = [(t.x - len(t.label) * 3.2, t.x + len(t.label) * 3.2) for t in drawn]
    assert all(right < left for (_, right), (left, _) in pairwise(ends))


def test_the_hour_that_a_clock_skips_or_repeats_does_not_stop_the_ticks() -> None:
    for day in (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)):
        for hours in (10, 60, 300, 1500):
            scale = window(day - timedelta(hours=hours), day + timedelta(days=1), None, CHICAGO)
            xs = [tick.x for tick in ticks(scale, WORDS)[0]]
            assert xs == sorted(set(xs))


def test_local_midnight_is_the_tick_of_a_day_also_east_of_greenwich() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    scale = window(AS_OF - timedelta(days=9), AS_OF, None, tokyo)
    marks = ticks(scale, Words(zone=tokyo, zone_name="Asia/Tokyo"))[0]
    first = scale.t0 + (scale.t1 - scale.t0) * (marks[1].x / WIDTH)

    assert abs(first.astimezone(tokyo).replace(tzinfo=UTC).timestamp() % 86400) < 200
