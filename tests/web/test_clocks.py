"""The plot of the replay: when each event happened, and when it became known."""

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from caretrail.web.clocks import MOST, Clocks, clocks
from projections.audit_trail import EventRow
from tests.web.people import WORDS, at

NOON = at("02-16 12:00")
_OTHERS: dict[str, Any] = {each.name: None for each in fields(EventRow)}


def event(happened: datetime | None, recorded: datetime) -> EventRow:
    return EventRow(**{**_OTHERS, "happened_at": happened, "recorded_at": recorded})


def hours(*numbers: float) -> list[EventRow]:
    """Return events that were recorded when they happened, some hours after noon."""
    return [event(NOON + timedelta(hours=each), NOON + timedelta(hours=each)) for each in numbers]


def kinds(plot: Clocks) -> list[str]:
    return [each.kind for each in plot.ties]


def test_an_event_in_time_is_upright_and_a_late_one_is_slanted() -> None:
    late = event(NOON, NOON + timedelta(hours=1))
    plot = clocks([*hours(0, 20), late, *hours(40)], step=4, words=WORDS)

    assert kinds(plot) == ["", "", "late", "here"]
    happened = [each.happened_x for each in plot.ties]
    recorded = [each.recorded_x for each in plot.ties]
    assert happened[:2] == recorded[:2]
    assert happened[2] is not None
    assert happened[2] < recorded[2]


def test_an_event_just_in_time_is_not_late() -> None:
    quick = event(NOON, NOON + timedelta(minutes=59))
    assert kinds(clocks([quick, *hours(2)], step=2, words=WORDS)) == ["", "here"]


def test_later_events_are_not_yet_known_and_the_one_of_the_page_is_on_top() -> None:
    plot = clocks(hours(0, 1, 2), step=2, words=WORDS)

    assert kinds(plot) == ["", "after", "here"]
    assert plot.here_x == plot.ties[-1].recorded_x


def test_the_words_say_what_the_plot_shows() -> None:
    late = event(NOON, NOON + timedelta(hours=3))
    plot = clocks([*hours(0, 1), late, *hours(4)], step=3, words=WORDS)

    assert plot.label == (
        "4 events on two clocks, happened above, recorded below."
        " A slanted line is a late event: 1 of 4."
        " Event 3 is the one shown; 1 is not yet known at this moment."
    )
    assert plot.flag == "known here: 16 Feb 15:00"


def test_an_event_whose_time_is_not_stated_has_no_line() -> None:
    plot = clocks([event(None, NOON), *hours(9)], step=2, words=WORDS)
    assert plot.ties[0].happened_x is None


def test_of_many_events_the_nearest_are_drawn() -> None:
    plot = clocks(hours(*range(1000)), step=500, words=WORDS)

    assert len(plot.ties) == MOST
    assert kinds(plot).count("here") == 1
    assert "The 200 nearest are drawn." in plot.label
    assert len(clocks(hours(*range(1000)), step=1, words=WORDS).ties) == MOST
    assert len(clocks(hours(*range(1000)), step=1000, words=WORDS).ties) == MOST


def test_everything_stays_within_the_picture() -> None:
    edges = [event(datetime.min.replace(tzinfo=NOON.tzinfo), NOON), *hours(0, 100_000)]
    for step in (1, 2, 3):
        plot = clocks(edges, step=step, words=WORDS)
        places = [x for each in plot.ties for x in (each.happened_x, each.recorded_x)]
        assert all(x is not None and 80 <= x <= 1112 for x in places)
        assert plot.flag_x >= 0
        assert plot.flag_x + plot.flag_width <= 1120


def test_one_event_alone_is_in_the_middle() -> None:
    plot = clocks(hours(0), step=1, words=WORDS)
    assert [round(each.recorded_x) for each in plot.ties] == [596]
