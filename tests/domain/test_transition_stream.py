"""What people may record after a discharge, and what is refused."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from domain.decider import StatedTime, StreamEvent, fold
from domain.errors import (
    ConflictsWithLater,
    DomainError,
    FollowUpBeforeDischarge,
    StepAlreadyDone,
    StepUnknown,
    TransitionNotOpen,
)
from domain.ids import StatementRef, StreamId
from domain.party import Party
from domain.transition import events, stream
from domain.transition.events import TransitionEvent
from domain.transition.stream import TRANSITION, ActedOn, EndedByPatient, Followed
from tests.domain.scenario import NOW, at, event_id
from tests.domain.stream_properties import RECORD, recorded

A: Final = StatementRef("01990000-0000-8000-8000-00000000000a")
B: Final = StatementRef("01990000-0000-8000-8000-00000000000b")
OF_A: Final = StreamId("01990000-0000-8000-8000-0000000000aa")
OF_B: Final = StreamId("01990000-0000-8000-8000-0000000000bb")
#: Discharged 48 hours before now; the protocol asks for two steps.
HOME: Final = ActedOn(
    discharge_at=NOW - timedelta(hours=48), steps=frozenset({"education", "contact"})
)

CALLED: Final[dict[str, Any]] = {"how": "telephone", "result": "no_answer"}
REACHED: Final[dict[str, Any]] = {"how": "telephone", "reached": "patient"}


def record(
    history: Sequence[StreamEvent[Any]],
    kind: type[Any],
    hours: int | None = None,
    *,
    acted_on: ActedOn | None = HOME,
    anchor: StatementRef = A,
    others: dict[StreamId, Sequence[StreamEvent[Any]]] | None = None,
    **members: Any,
) -> list[TransitionEvent]:
    """Record an event that happened some hours before now; None: no time is stated."""
    time = StatedTime(NOW, None if hours is None else at(-hours))
    event = kind(record=RECORD, anchor=anchor, happened_at=time.moment, **members)
    of = OF_A if anchor == A else OF_B
    return stream.record(of, history, event, acted_on=acted_on, others=others or {}, time=time)


def refused(*arguments: Any, **members: Any) -> DomainError:
    with pytest.raises(DomainError) as found:
        record(*arguments, **members)
    return found.value


def test_people_act_until_the_patient_declines_or_moves_away() -> None:
    history = recorded([], record([], events.TransitionContactAttempted, 40, **CALLED))
    assert fold(TRANSITION, history).state == Followed()
    for end, word in (
        (events.TransitionDeclined, "declined"),
        (events.TransitionMovedAway, "moved_away"),
    ):
        ended = recorded(history, record(history, end, 20))
        assert isinstance(fold(TRANSITION, ended).state, EndedByPatient)
        error = refused(ended, events.TransitionContactMade, 10, **REACHED)
        assert isinstance(error, TransitionNotOpen)
        assert (error.code, error.state) == ("transition_not_open", word)


def test_a_contact_that_was_made_before_the_patient_declined_is_recorded_late() -> None:
    declined = recorded([], record([], events.TransitionDeclined, 10))
    assert record(declined, events.TransitionContactMade, 20, **REACHED)


def test_a_decline_that_is_entered_late_conflicts_with_what_followed() -> None:
    called = recorded([], record([], events.TransitionContactMade, 10, **REACHED))
    assert isinstance(refused(called, events.TransitionDeclined, 20), ConflictsWithLater)


def test_an_encounter_without_a_discharge_has_no_transition() -> None:
    error = refused([], events.TransitionContactAttempted, 1, acted_on=None, **CALLED)
    assert isinstance(error, TransitionNotOpen)


def test_nobody_is_contacted_after_a_discharge_before_the_discharge() -> None:
    error = refused([], events.TransitionContactMade, 49, **REACHED)
    assert isinstance(error, TransitionNotOpen)
    assert record([], events.TransitionInformationSent, 49)


def test_a_visit_is_not_before_the_discharge() -> None:
    for kind, hours, members in (
        (events.TransitionFollowUpScheduled, 1, {"starts_at": NOW - timedelta(hours=49)}),
        (events.TransitionFollowUpCompleted, 49, {}),
        (events.TransitionFollowUpMissed, 49, {}),
    ):
        error = refused([], kind, hours, **members)
        assert isinstance(error, FollowUpBeforeDischarge)
        assert error.code == "follow_up_before_discharge"
    assert record([], events.TransitionFollowUpScheduled, 1, starts_at=NOW + timedelta(days=9))


def test_a_step_is_one_of_those_that_the_protocol_asks_for() -> None:
    for kind, members in (
        (events.TransitionStepDone, {}),
        (events.TransitionStepWaived, {"reason": "not_needed"}),
    ):
        error = refused([], kind, 1, step="moon", **members)
        assert isinstance(error, StepUnknown)
        assert error.steps == ("contact", "education")


def test_the_same_step_again_changes_nothing_and_other_content_is_another_event() -> None:
    nurse = Party(organisation="MERCY", person="nurse-1")
    done = recorded([], record([], events.TransitionStepDone, 5, step="education", by=nurse))
    assert record(done, events.TransitionStepDone, 5, step="education", by=nurse) == []
    assert record(done, events.TransitionStepDone, step="education", by=nurse) == []
    error = refused(done, events.TransitionStepDone, 4, step="education", by=nurse)
    assert isinstance(error, StepAlreadyDone)
    other = Party(organisation="MERCY", person="nurse-2")
    assert record(done, events.TransitionStepDone, 4, step="education", by=other)


def test_a_step_that_is_done_is_not_waived_after_that() -> None:
    done = ActedOn(
        discharge_at=HOME.discharge_at,
        steps=HOME.steps,
        done={"education": NOW - timedelta(hours=5)},
    )
    waive: dict[str, Any] = {"step": "education", "reason": "not_needed", "acted_on": done}
    assert isinstance(refused([], events.TransitionStepWaived, 4, **waive), StepAlreadyDone)
    assert record([], events.TransitionStepWaived, 6, **waive)


def test_two_statements_of_one_encounter_give_one_transition() -> None:
    called = recorded([], record([], events.TransitionContactAttempted, 9, **CALLED))
    others = {OF_A: called}
    again: dict[str, Any] = {"anchor": B, "others": others, **CALLED}
    assert record([], events.TransitionContactAttempted, 9, **again) == []
    assert record([], events.TransitionContactAttempted, 8, **again)
    declined = {OF_A: recorded([], record([], events.TransitionDeclined, 9))}
    error = refused([], events.TransitionContactAttempted, 8, **{**again, "others": declined})
    assert isinstance(error, TransitionNotOpen)


def test_what_was_entered_in_error_is_void_and_the_transition_goes_on() -> None:
    declined = recorded([], record([], events.TransitionDeclined, 9))
    mark = stream.KIND.enter_in_error(
        declined, event_id=event_id(1), reason_code="wrong_patient", time=StatedTime(NOW)
    )
    history = recorded(declined, mark)
    assert fold(TRANSITION, history).state == Followed()
    assert record(history, events.TransitionContactMade, 8, **REACHED)
