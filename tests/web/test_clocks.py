"""The plot of the replay: when each event happened, and when it became known."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from caretrail.web.clocks import MOST, Clocks, Learning, clocks
from domain.ids import StatementRef
from projections.audit_trail import EventRow
from tests.web.people import WORDS, at

NOON = at("02-16 12:00")
LEARNING = Learning(present=NOON + timedelta(days=10_000))
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
    plot = clocks([*hours(0, 20), late, *hours(40)], step=4, words=WORDS, learning=LEARNING)

    assert kinds(plot) == ["", "", "late", "here"]
    happened = [each.happened_x for each in plot.ties]
    recorded = [each.learned_x for each in plot.ties]
    assert happened[:2] == recorded[:2]
    assert happened[2] is not None
    assert happened[2] < recorded[2]


def test_an_event_that_was_recorded_after_the_present_is_known_when_it_was_stated() -> None:
    demo = Learning(present=NOON + timedelta(days=1))
    message = replace(event(NOON, NOON + timedelta(days=200)), stated_at=NOON + timedelta(hours=3))
    own = event(NOON, NOON + timedelta(days=200))
    untold = event(None, NOON + timedelta(days=200))

    assert [demo.at(each) for each in (message, own, untold)] == [
        NOON + timedelta(hours=3), NOON, NOON + timedelta(days=1),
    ]  # fmt: skip
    assert [demo.behind(each) for each in (message, own)] == [timedelta(hours=3), None]
    plot = clocks([*hours(0), message], step=2, words=WORDS, learning=demo)
    assert plot.flag == "known here: 16 Feb 15:00"
    assert plot.here_x == plot.ties[-1].learned_x


def test_of_a_history_that_was_loaded_afterwards_the_time_of_sending_counts() -> None:
    loaded = Learning(present=LEARNING.present, loaded_afterwards=True)
    own = event(NOON, NOON + timedelta(days=9))
    message = replace(own, statement_ref=StatementRef("s1"), stated_at=NOON)

    assert [loaded.behind(each) for each in (message, own)] == [None, timedelta(days=9)]
    assert LEARNING.behind(message) == timedelta(days=9)


def test_a_date_alone_may_be_the_end_of_its_day() -> None:
    dated = replace(event(NOON, NOON + timedelta(hours=20)), happened_precision="day")
    assert LEARNING.behind(dated) is None


def test_an_event_just_in_time_is_not_late() -> None:
    quick = event(NOON, NOON + timedelta(minutes=59))
    assert kinds(clocks([quick, *hours(2)], step=2, words=WORDS, learning=LEARNING)) == ["", "here"]


def test_later_events_are_not_yet_known_and_the_one_of_the_page_is_on_top() -> None:
    plot = clocks(hours(0, 1, 2), step=2, words=WORDS, learning=LEARNING)

    assert kinds(plot) == ["", "after", "here"]
    assert plot.here_x == plot.ties[-1].learned_x


def test_the_words_say_what_the_plot_shows() -> None:
    late = event(NOON, NOON + timedelta(hours=3))
    plot = clocks([*hours(0, 1), late, *hours(4)], step=3, words=WORDS, learning=LEARNING)

    assert plot.label == (
        "4 events on two clocks, happened above, became known below."
        " A slanted line is a late event: 1 of 4."
        " Event 3 is the one shown; 1 is not yet known at this moment."
    )
    assert plot.flag == "known here: 16 Feb 15:00"


def test_an_event_whose_time_is_not_stated_has_no_line() -> None:
    plot = clocks([event(None, NOON), *hours(9)], step=2, words=WORDS, learning=LEARNING)
    assert plot.ties[0].happened_x is None


def test_of_many_events_the_nearest_are_drawn() -> None:
    plot = clocks(hours(*range(1000)), step=500, words=WORDS, learning=LEARNING)

    assert len(plot.ties) == MOST
    assert kinds(plot).count("here") == 1
    assert "The 200 nearest are drawn." in plot.label
    assert len(clocks(hours(*range(1000)), step=1, words=WORDS, learning=LEARNING).ties) == MOST
    assert len(clocks(hours(*range(1000)), step=1000, words=WORDS, learning=LEARNING).ties) == MOST


def test_everything_stays_within_the_picture() -> None:
    edges = [event(datetime.min.replace(tzinfo=NOON.tzinfo), NOON), *hours(0, 100_000)]
    for step in (1, 2, 3):
        plot = clocks(edges, step=step, words=WORDS, learning=LEARNING)
        places = [x for each in plot.ties for x in (each.happened_x, each.learned_x)]
        assert all(x is not None and 80 <= x <= 1112 for x in places)
        assert plot.flag_x >= 0
        assert plot.flag_x + plot.flag_width <= 1120


def test_one_event_alone_is_in_the_middle() -> None:
    plot = clocks(hours(0), step=1, words=WORDS, learning=LEARNING)
    assert [round(each.learned_x) for each in plot.ties] == [596]
