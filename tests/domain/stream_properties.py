"""What holds for every sequence of commands on an own stream, whichever kind it is.

A test module of a kind makes a class of tests::

    TestReferral = properties_of(referral.KIND, steps=STEPS)

``steps`` is a strategy of the commands of the kind, as ``Asked``. Events for storage and replay are
made from the members of the event types.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import itemgetter
from random import Random
from types import NoneType
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin

from hypothesis import assume
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import BaseModel
from typing_extensions import override

from domain import decider
from domain.body import Body
from domain.decider import StatedTime, StreamEvent, fold
from domain.encoding import make_body, read_body
from domain.errors import DomainError
from domain.events import UUID_TEXT, EnteredInError, OwnEvent, ReportedEvent
from domain.ids import DEVELOPMENT_KEY, IdKey
from domain.statement import Moment
from domain.stream_kind import StreamKind
from tests.domain.scenario import NOW, at, event_id

History: TypeAlias = Sequence[StreamEvent[Any]]

#: The source record of the patient of every event.
RECORD: Final = IdKey(DEVELOPMENT_KEY).record("GENERAL", "1", "P")
MOST: Final = 12  # commands in a sequence, so events are few enough to be named by number
HOURS: Final = st.integers(-72, 0)
#: The time of a command: stated by its caller, or not stated.
TIMES: Final = st.one_of(st.none(), HOURS).map(
    lambda hours: StatedTime(NOW, None if hours is None else at(hours))
)
DATES: Final = st.dates(date(2026, 2, 1), date(2026, 5, 1))


@dataclass(frozen=True)
class Asked:
    """A command with its words, for the report of a failure. ``rule`` returns its events."""

    words: str
    rule: Callable[[History], Sequence[OwnEvent]]
    time: StatedTime

    @override
    def __repr__(self) -> str:
        return f"{self.words} {self.time.stated.at if self.time.stated else 'now'}"


def recorded(history: History, new: Sequence[OwnEvent]) -> list[StreamEvent[Any]]:
    """Return the stream after ``new`` was appended."""
    start = len(history) + 1
    added = [StreamEvent(event_id(number), number, each) for number, each in enumerate(new, start)]
    return [*history, *added]


def obeyed(commands: Sequence[Asked]) -> list[StreamEvent[Any]]:
    """Return the stream after the commands; refused commands leave nothing."""
    history: list[StreamEvent[Any]] = []
    for each in commands:
        try:
            history = recorded(history, each.rule(history))
        except DomainError:
            continue
    return history


def any_event(kind: StreamKind[Any, Any]) -> st.SearchStrategy[OwnEvent]:
    """Return events of a kind with any values, whether the kind allows them or not."""
    return _any_of(kind.events)


def any_report(kind: StreamKind[Any, Any]) -> st.SearchStrategy[OwnEvent]:
    """Return reports of other systems with any values; the kind has such events."""
    return _any_of([each for each in kind.events if issubclass(each, ReportedEvent)])


def _any_of(events: Iterable[type[OwnEvent]]) -> st.SearchStrategy[OwnEvent]:
    return st.one_of(
        *(
            st.builds(
                each,
                record=st.just(RECORD),
                happened_at=HOURS.map(at),
                **{
                    name: _value(field.annotation, field.metadata)
                    for name, field in each.model_fields.items()
                    if name not in {"record", "happened_at"}
                },
            )
            for each in events
        )
    )


def properties_of(kind: StreamKind[Any, Any], *, steps: st.SearchStrategy[Asked]) -> type:  # noqa: C901 - one function per property
    """Return a class of tests for a kind of stream.

    Args:
        kind: The kind.
        steps: Its commands, without those that mark an event as entered in error.
    """
    rules = kind.decider

    def voiding(time: StatedTime, number: int) -> Asked:
        def rule(history: History) -> Sequence[OwnEvent]:
            return kind.enter_in_error(
                history, event_id=event_id(number), reason_code="other", time=time
            )

        return Asked(f"void {number}", rule, time)

    commands = steps | st.builds(voiding, TIMES, st.integers(1, MOST))
    facts = st.lists(any_event(kind), max_size=MOST).map(lambda events: recorded([], events))

    class Properties:
        @for_all(st.lists(steps, max_size=MOST))
        def test_no_sequence_of_commands_reaches_an_illegal_state(
            self, sequence: list[Asked]
        ) -> None:
            history = obeyed(sequence)
            folded = fold(rules, history)
            assert len(folded.applied) == len(history)
            state = rules.initial
            for each in sorted(history, key=lambda one: (one.event.happened_at.at, one.version)):
                assert rules.refusal(state, each.event) is None
                state = rules.evolve(state, each.event)
            assert state == folded.state

        @for_all(st.lists(commands, max_size=MOST))
        def test_events_that_do_not_count_are_void_or_rest_on_a_void_one(
            self, sequence: list[Asked]
        ) -> None:
            history = obeyed(sequence)
            folded = fold(rules, history)
            marks = {each.event_id for each in history if isinstance(each.event, EnteredInError)}
            counted = {each.event_id for each in folded.applied}
            left = {each.event_id for each in history} - counted - marks
            assert left == folded.void.keys() | folded.rests_on_void
            assert folded.void or not left

        @for_all(st.lists(commands, max_size=8), commands)
        def test_a_command_that_is_repeated_changes_nothing(
            self, before: list[Asked], one: Asked
        ) -> None:
            history = obeyed(before)
            try:
                history = recorded(history, one.rule(history))
            except DomainError:
                return
            assert list(one.rule(history)) == []

        @for_all(st.lists(commands, max_size=8), steps)
        def test_a_late_entry_is_judged_at_its_own_time(
            self, before: list[Asked], one: Asked
        ) -> None:
            history = obeyed(before)
            try:
                new = one.rule(history)
            except DomainError:
                return
            after = recorded(history, new)
            then = one.time.moment.at
            state = fold(rules, decider.as_of(history, then)).state
            for event in new:
                assert event.happened_at.at == then
                assert rules.refusal(state, event) is None
                state = rules.evolve(state, event)
            counted = {each.event_id for each in fold(rules, after).applied}
            assert {each.event_id for each in after[len(history) :]} <= counted
            assert {each.event_id for each in fold(rules, history).applied} <= counted

        @for_all(st.lists(steps, min_size=1, max_size=MOST), st.integers(0, MOST))
        def test_an_event_entered_in_error_is_kept_and_may_be_entered_again(
            self, sequence: list[Asked], place: int
        ) -> None:
            history = obeyed(sequence)
            assume(history)
            wrong = history[place % len(history)]
            time = StatedTime(NOW)
            marks = kind.enter_in_error(
                history, event_id=wrong.event_id, reason_code="not_done", time=time
            )
            after = recorded(history, marks)
            folded = fold(rules, after)
            assert wrong in after
            assert wrong not in folded.applied
            assert folded.void == {wrong.event_id: after[-1].event_id}
            assert marks[0].record == wrong.event.record
            same_time = [
                each for each in history if each.event.happened_at.at == wrong.event.happened_at.at
            ]
            if same_time == [wrong]:  # else, it would come after the others of this time
                again = fold(rules, recorded(after, [wrong.event]))
                assert again.state == fold(rules, history).state
                assert not again.rests_on_void

        @for_all(facts, st.randoms())
        def test_the_state_does_not_depend_on_the_order_in_which_events_are_read(
            self, history: list[StreamEvent[Any]], random: Random
        ) -> None:
            shuffled = list(history)
            random.shuffle(shuffled)
            assert fold(rules, shuffled) == fold(rules, history)

        @for_all(st.lists(commands, max_size=MOST), st.integers(0, MOST))
        def test_a_replay_may_stop_anywhere_and_go_on(
            self, sequence: list[Asked], cut: int
        ) -> None:
            folded = fold(rules, obeyed(sequence))
            applied = [each.event for each in folded.applied]
            stopped = reduce(rules.evolve, applied[:cut], rules.initial)
            assert reduce(rules.evolve, applied[cut:], stopped) == folded.state

        @for_all(facts)
        def test_a_fact_that_is_not_allowed_changes_nothing(
            self, history: list[StreamEvent[Any]]
        ) -> None:
            state = rules.initial
            for each in history:
                if rules.refusal(state, each.event) is not None:
                    assert rules.evolve(state, each.event) == state
                state = rules.evolve(state, each.event)

        @for_all(any_event(kind))
        def test_every_event_survives_storage(self, event: OwnEvent) -> None:
            assert read_body(event.TOPIC, make_body(event)) == Body(core=event)

    Properties.__doc__ = f"What holds for every {kind.name}."
    return Properties


def properties_of_reports(kind: StreamKind[Any, Any], *, steps: st.SearchStrategy[Asked]) -> type:
    """Return a class of tests for what other systems report of a kind of stream.

    Args:
        kind: The kind.
        steps: Its commands, without reports and without those that mark an event as an error.
    """
    rules = kind.decider
    reports = st.lists(any_report(kind), min_size=1, max_size=4)
    told_at = any_report(kind).map(lambda event: (event, StatedTime(NOW, event.happened_at)))

    class PropertiesOfReports:
        @for_all(st.lists(steps, max_size=8), told_at)
        def test_a_report_is_recorded_once_and_counts_only_where_it_is_legal(
            self, sequence: list[Asked], told: tuple[OwnEvent, StatedTime]
        ) -> None:
            history, (event, time) = obeyed(sequence), told
            assert decider.report(history, event, time=time) == [event]
            after = recorded(history, [event])
            assert decider.report(after, event, time=time) == []
            earlier = [one for one in history if one.event.happened_at.at < event.happened_at.at]
            refusal = rules.refusal(fold(rules, earlier).state, event)
            assert (after[-1].event_id in fold(rules, after).not_legal) == (refusal is not None)

        @for_all(st.lists(steps, max_size=8), reports, st.data())
        def test_reports_in_any_order_of_arrival_give_one_state(
            self, sequence: list[Asked], told: list[OwnEvent], data: st.DataObject
        ) -> None:
            own = [each.event for each in obeyed(sequence)]
            arrived = data.draw(st.permutations(told))
            places = data.draw(
                st.lists(st.integers(0, len(own)), min_size=len(told), max_size=len(told))
            )
            mixed = list(own)
            for place, event in sorted(zip(places, arrived, strict=True), key=itemgetter(0))[::-1]:
                mixed.insert(place, event)
            folded, first = fold(rules, recorded([], mixed)), fold(rules, recorded([], own + told))
            assert folded.state == first.state
            assert [each.event for each in folded.applied] == [each.event for each in first.applied]

        @for_all(st.lists(steps, max_size=8), reports)
        def test_own_events_that_a_late_report_contradicts_are_marked(
            self, sequence: list[Asked], told: list[OwnEvent]
        ) -> None:
            history = obeyed(sequence)
            after = recorded(history, told)
            folded = fold(rules, after)
            counted = {each.event_id for each in folded.applied}
            assert {each.event_id for each in after} - counted == folded.not_legal
            assert not folded.rests_on_void

        @for_all(st.lists(steps | told_at.map(_telling), max_size=MOST))
        def test_a_command_that_is_accepted_counts_whatever_was_reported(
            self, sequence: list[Asked]
        ) -> None:
            history: list[StreamEvent[Any]] = []
            for each in sequence:
                try:
                    after = recorded(history, each.rule(history))
                except DomainError:
                    continue
                new = {one.event_id for one in after[len(history) :] if not _is_report(one)}
                assert new <= {one.event_id for one in fold(rules, after).applied}
                history = after

    PropertiesOfReports.__doc__ = f"What holds for reports of every {kind.name}."
    return PropertiesOfReports


def _telling(told: tuple[OwnEvent, StatedTime]) -> Asked:
    event, time = told

    def rule(history: History) -> Sequence[OwnEvent]:
        return decider.report(history, event, time=time) if history else []

    return Asked(f"report {event}", rule, time)


def _is_report(one: StreamEvent[Any]) -> bool:
    return isinstance(one.event, ReportedEvent)


_UUIDS: Final = st.integers(1, MOST).map(event_id)
_CODES: Final = st.sampled_from(["HEART", "394579002", "dr-ward", "a.b:c/d+e_f"])
_LEAVES: Final[dict[Any, st.SearchStrategy[Any]]] = {
    bool: st.booleans(),
    int: st.integers(1, 20),
    float: st.integers(2, 400).map(lambda quarters: quarters / 4),
    date: DATES,
    datetime: HOURS.map(lambda hours: NOW + timedelta(hours=hours)).map(
        lambda moment: moment.astimezone(UTC)
    ),
    Moment: HOURS.map(at),
    NoneType: st.none(),
}


def _value(hint: Any, constraints: Sequence[Any]) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - a table of types
    """Return what a member of this type can hold; constraints are those of its ``Field``."""
    hint = getattr(hint, "__supertype__", hint)
    if hint in _LEAVES:
        return _LEAVES[hint]
    if hint is str:
        flat = [one for each in constraints for one in (each, *getattr(each, "metadata", ()))]
        patterns = {str(each.pattern) for each in flat if getattr(each, "pattern", None)}
        if UUID_TEXT in patterns:
            return _UUIDS
        if any("?$" in each for each in patterns):
            return _CODES | st.just("")
        if any(re.fullmatch(each, "HEART") is None for each in patterns):
            return st.from_regex(patterns.pop(), fullmatch=True)
        return _CODES
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        members = hint.model_fields.items()
        return st.builds(
            hint, **{name: _value(each.annotation, each.metadata) for name, each in members}
        )
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(inner)
    if get_origin(hint) is tuple:
        return st.lists(_value(inner[0], ()), max_size=2).map(tuple)
    if hasattr(hint, "__metadata__"):  # Annotated
        return _value(inner[0], (*hint.__metadata__, *constraints))
    return st.one_of(*(_value(each, constraints) for each in inner))
