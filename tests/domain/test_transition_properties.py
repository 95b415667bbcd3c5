"""What holds for every sequence of commands on what follows a discharge."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, get_args

from hypothesis import strategies as st

from domain.decider import StatedTime
from domain.ids import StatementRef, StreamId
from domain.transition import events, stream
from domain.transition.events import TransitionEvent
from domain.transition.stream import ActedOn
from tests.domain.scenario import NOW
from tests.domain.stream_properties import (
    RECORD,
    TIMES,
    Asked,
    History,
    properties_of,
    properties_of_reports,
)

ANCHOR: Final = StatementRef("01990000-0000-8000-8000-00000000000a")
STREAM: Final = StreamId("01990000-0000-8000-8000-00000000000b")
#: The discharge is before every time that the commands state.
ACTED_ON: Final = ActedOn(
    discharge_at=NOW - timedelta(days=10), steps=frozenset({"education", "referrals"})
)


def doing(kind: type[Any], **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Asked]:
    """Return commands that record an event of a kind."""
    return st.builds(
        lambda time, values: Asked(f"{kind.move()} {values}", _rule(kind, time, values), time),
        TIMES,
        st.fixed_dictionaries(members),
    )


def _rule(
    kind: type[Any], time: StatedTime, values: dict[str, Any]
) -> Callable[[History], Sequence[TransitionEvent]]:
    def rule(history: History) -> Sequence[TransitionEvent]:
        event = kind(record=RECORD, anchor=ANCHOR, happened_at=time.moment, **values)
        return stream.record(STREAM, history, event, acted_on=ACTED_ON, others={}, time=time)

    return rule


STEPS: Final = (
    doing(
        events.TransitionContactAttempted,
        how=st.just("telephone"),
        result=st.sampled_from(get_args(events.AttemptResult)),
    )
    | doing(
        events.TransitionContactMade,
        how=st.just("telephone"),
        reached=st.sampled_from(get_args(events.ContactPerson)),
    )
    | doing(events.TransitionStepDone, step=st.sampled_from(["education", "referrals"]))
    | doing(
        events.TransitionStepWaived,
        step=st.sampled_from(["education", "referrals"]),
        reason=st.sampled_from(["not_needed", "other"]),
    )
    | doing(events.TransitionFollowUpCompleted)
    | doing(events.TransitionDeclined)
    | doing(events.TransitionMovedAway)
)

TestTransition = properties_of(stream.KIND, steps=STEPS)
TestReportsOfTransitions = properties_of_reports(stream.KIND, steps=STEPS)
