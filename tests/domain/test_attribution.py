"""Attribution, decided: periods, precedence, conflicts, and what a roster changes."""

from collections.abc import Callable
from functools import partial
from typing import Any

from domain import attribution
from domain.attribution import (
    ATTRIBUTION,
    Attributed,
    AttributionEnded,
    AttributionEvent,
    AttributionHistory,
    Attributions,
)
from domain.decider import StatedTime, fold
from domain.errors import AnotherPatient, AttributionPeriodEmpty, InTheFuture, NotAttributed
from domain.ids import DEVELOPMENT_KEY, IdKey
from tests.domain.scenario import NOW, PRESENT, Given, at, history_of, stated

KEY = IdKey(DEVELOPMENT_KEY)
RECORD = KEY.record("GENERAL", "1", "P")
STREAM = KEY.stream("attribution", RECORD)


def attributed(target: str, since: float, until: float | None = None, **more: Any) -> Attributed:
    return Attributed.model_validate(
        {
            "record": RECORD, "happened_at": at(0), "target_kind": "practice", "target": target,
            "since": at(since), "until": None if until is None else at(until), **more,
        }
    )  # fmt: skip


def listed(target: str, since: float, until: float | None = None, **more: Any) -> Attributed:
    return attributed(target, since, until, **{"source": "roster", "roster": "r1", **more})


def ended(target: str, until: float, **more: Any) -> AttributionEnded:
    return AttributionEnded.model_validate(
        {
            "record": RECORD, "happened_at": at(0), "target_kind": "practice", "target": target,
            "until": at(until), **more,
        }
    )  # fmt: skip


Rule = Callable[[AttributionHistory], list[AttributionEvent]]


def attributing(fact: Attributed, time: StatedTime = PRESENT) -> Rule:
    return partial(attribution.attribute, STREAM, fact=fact, others={}, time=time)


def ending(fact: AttributionEnded, time: StatedTime = PRESENT) -> Rule:
    return partial(attribution.end, STREAM, ended=fact, others={}, time=time)


def given(*events: AttributionEvent) -> Given[AttributionEvent]:
    return Given(history_of(events))


def state(*events: AttributionEvent) -> Attributions:
    return fold(ATTRIBUTION, history_of(events)).state


def periods(*events: AttributionEvent) -> list[tuple[str, object, object]]:
    return [(each.fact.target, each.fact.since, each.until) for each in state(*events).periods]


NORTH = attributed("NORTH", -100)


def test_an_attribution_is_recorded_once() -> None:
    given().when(attributing(NORTH)).then(NORTH)
    given(NORTH).when(attributing(NORTH)).then_nothing()


def test_another_end_replaces_the_period_and_a_later_period_is_added() -> None:
    shorter = attributed("NORTH", -100, -50)
    given(NORTH).when(attributing(shorter)).then(shorter)
    assert periods(NORTH, shorter) == [("NORTH", at(-100), at(-50))]
    again = attributed("NORTH", -20)
    assert periods(shorter, again) == [
        ("NORTH", at(-100), at(-50)),
        ("NORTH", at(-20), None),
    ]


def test_an_attribution_ends_and_may_begin_again() -> None:
    end = ended("NORTH", -30)
    given(NORTH).when(ending(end)).then(end)
    given(NORTH, end).when(ending(end)).then_nothing()
    assert periods(NORTH, end) == [("NORTH", at(-100), at(-30))]
    told = attributed("NORTH", -100, happened_at=at(-5))
    given(told, ended("NORTH", -30, happened_at=at(-4))).when(attributing(NORTH)).then(NORTH)
    assert periods(told, end, NORTH) == [("NORTH", at(-100), None)]


def test_an_attribution_that_ends_before_it_begins_never_held() -> None:
    assert periods(attributed("NORTH", 500), ended("NORTH", 400)) == []


def test_what_is_not_attributed_does_not_end() -> None:
    refused = given(NORTH).when(ending(ended("SOUTH", -1))).then_refused(NotAttributed)
    assert (refused.target_kind, refused.target) == ("practice", "SOUTH")
    roster = ended("NORTH", -1, source="roster", roster="r1")
    given(NORTH).when(ending(roster)).then_refused(NotAttributed)
    given(NORTH, ended("NORTH", -30)).when(ending(ended("NORTH", -20))).then_refused(NotAttributed)


def test_what_cannot_be_is_refused() -> None:
    given().when(attributing(attributed("NORTH", -10, -20))).then_refused(AttributionPeriodEmpty)
    other = KEY.record("GENERAL", "2", "P")
    given(NORTH).when(attributing(attributed("NORTH", -10, record=other))).then_refused(
        AnotherPatient
    )
    told = attributed("NORTH", -10, happened_at=at(1))
    given().when(attributing(told, stated(1))).then_refused(InTheFuture)


def test_a_period_may_begin_later_than_it_is_told() -> None:
    later = attributed("NORTH", 100)
    given().when(attributing(later)).then(later)
    assert state(later).at(NOW) == ()


def test_a_roster_that_names_another_target_ends_the_earlier_one() -> None:
    one, other = listed("NORTH", -100), listed("SOUTH", -40)
    end, begun = given(one).when(attributing(other)).rule(history_of([one]))
    assert begun == other
    assert isinstance(end, AttributionEnded)
    assert (end.target, end.until, end.reason) == ("NORTH", at(-40), "other_target")
    assert periods(one, end, other) == [("NORTH", at(-100), at(-40)), ("SOUTH", at(-40), None)]
    # Another kind, another roster and a command are left alone.
    for left_alone in (
        listed("ACME", -100, target_kind="payer"),
        listed("NORTH", -100, roster="r2"),
        NORTH,
    ):
        given(left_alone).when(attributing(other)).then(other)


def test_the_line_of_a_roster_is_no_difference() -> None:
    given(listed("NORTH", -100, row=2)).when(
        attributing(listed("NORTH", -100, row=9))
    ).then_nothing()


def test_the_own_wish_precedes_a_command_and_a_command_a_roster() -> None:
    events = (
        listed("A", -10), attributed("B", -100), attributed("C", -100, own_wish=True),
        attributed("D", -50), attributed("E", -100, source="pd1"),
    )  # fmt: skip
    assert [each.fact.target for each in state(*events).at(NOW)] == ["C", "D", "B", "A", "E"]


def test_two_targets_of_one_kind_at_once_are_a_conflict() -> None:
    payer = attributed("ACME", -100, target_kind="payer")
    assert state(NORTH, payer).conflicting() == ()
    same = listed("NORTH", -100)
    assert state(NORTH, same).conflicting() == ()
    south = listed("SOUTH", -50)
    assert {each.fact.target for each in state(NORTH, payer, south).conflicting()} == {
        "NORTH",
        "SOUTH",
    }
    assert state(attributed("NORTH", -100, -50), south).conflicting() == ()
