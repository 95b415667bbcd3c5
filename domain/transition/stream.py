"""The stream of a transition: whether people still act on it, and the rules of its events.

What is owed, done and late is derived: see ``domain.transition.derived``. Here, a transition is
ended only if the patient declined or moved away. A late step is never refused for being late.

A caller may name any statement of the encounter, and each of them has a stream of its own. The
streams of one encounter are judged and shown as one: see ``domain.combined_streams``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, TypeAlias, assert_never, get_args

from domain import decider
from domain.combined_streams import combined
from domain.decider import Decider, StatedTime, StreamEvent, decide
from domain.errors import (
    DomainError,
    FollowUpBeforeDischarge,
    StepAlreadyDone,
    StepUnknown,
    TransitionNotOpen,
)
from domain.events import Code
from domain.ids import IdKey, StatementRef, StreamId
from domain.stream_kind import StreamKind
from domain.transition.events import (
    TransitionContactAttempted,
    TransitionContactMade,
    TransitionDeclined,
    TransitionEnteredInError,
    TransitionEvent,
    TransitionFact,
    TransitionFollowUpCompleted,
    TransitionFollowUpMissed,
    TransitionFollowUpScheduled,
    TransitionMovedAway,
    TransitionReported,
    TransitionStepDone,
    TransitionStepWaived,
)

TransitionHistory: TypeAlias = Sequence[StreamEvent[TransitionEvent]]
#: The other streams of the encounter, by id: those of its other statements.
OtherAnchors: TypeAlias = Mapping[StreamId, TransitionHistory]


@dataclass(frozen=True, slots=True)
class Followed:
    """People may act. ``recorded`` holds the steps that were recorded as done or waived."""

    WORD: ClassVar[str] = "followed"

    recorded: frozenset[tuple[Code, str]] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class EndedByPatient:
    """The patient declined, or moved away. Nothing follows."""

    end: TransitionDeclined | TransitionMovedAway

    @property
    def word(self) -> str:
        """The move that ended it."""
        return self.end.move()


TransitionStream: TypeAlias = Followed | EndedByPatient


def evolve(state: TransitionStream, event: TransitionEvent) -> TransitionStream:
    """Apply one fact. A fact that the state does not allow changes nothing."""
    if refusal(state, event) is not None or isinstance(state, EndedByPatient):
        return state
    match event:
        case TransitionDeclined() | TransitionMovedAway():
            return EndedByPatient(event)
        case TransitionStepDone() | TransitionStepWaived():
            return Followed(state.recorded | {_step_facts(event)})
        case _:
            return state


def refusal(state: TransitionStream, event: TransitionEvent) -> DomainError | None:
    """Return why the state does not allow an event; None: it allows the event."""
    if isinstance(event, TransitionEnteredInError):
        return None
    match state:
        case EndedByPatient():
            return TransitionNotOpen(state.word)
        case Followed():
            if not isinstance(event, TransitionStepDone | TransitionStepWaived):
                return None
            return StepAlreadyDone(event.step) if _step_facts(event) in state.recorded else None
        case _:
            assert_never(state)


def _step_facts(event: TransitionStepDone | TransitionStepWaived) -> tuple[Code, str]:
    """Return the step, and the content of the fact about it without its time and its anchor."""
    left_out = {"record", "mode", "happened_at", "origin", "anchor", "depends_on"}
    return event.step, event.move() + event.model_dump_json(exclude=left_out)


TRANSITION: Final = Decider[TransitionStream, TransitionEvent](Followed(), evolve, refusal)


KIND: Final = StreamKind[TransitionStream, TransitionEvent](
    name="transition",
    decider=TRANSITION,
    events=get_args(TransitionEvent),
    error_mark=TransitionEnteredInError,
)


# --- rules ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ActedOn:
    """The transition that people act on, as it is derived now."""

    discharge_at: datetime
    """The earliest instant that the stated time of the discharge covers."""
    steps: frozenset[Code]
    """The steps that the protocol asks for."""
    done: Mapping[Code, datetime] = field(default_factory=dict)
    """When each step was done, for those that are done."""


#: These happen after the discharge. Information may be sent before the patient leaves.
_AFTER_DISCHARGE: Final = (TransitionContactAttempted, TransitionContactMade)
_VISIT: Final = (TransitionFollowUpCompleted, TransitionFollowUpMissed)


def stream_of_anchor(ids: IdKey, anchor: StatementRef) -> StreamId:
    """Return the stream of what is recorded about an encounter under one of its statements."""
    return ids.stream("transition", anchor)


def anchor_of(history: TransitionHistory) -> StatementRef | None:
    """Return the statement that the events of a stream name; None if the stream has no fact."""
    return next((each.event.anchor for each in history if each.event.anchor is not None), None)


def record(
    stream: StreamId,
    history: TransitionHistory,
    event: TransitionEvent,
    *,
    acted_on: ActedOn | None,
    others: OtherAnchors,
    time: StatedTime,
) -> list[TransitionEvent]:
    """Record what people did after a discharge. ``event`` has the time of ``time``.

    The step may be late, the window may be over, and the patient may be in hospital again: it is
    recorded all the same.

    Args:
        stream: The stream of the anchor.
        history: Its events.
        event: The fact.
        acted_on: The transition of the encounter; None: its discharge gives none, or it has none.
        others: The other streams of the encounter.
        time: When it happened.

    Raises:
        TransitionNotOpen: The encounter has no transition at that time, or the patient declined or
            moved away before.
        FollowUpBeforeDischarge: The visit is before the discharge.
        StepUnknown: The protocol does not ask for the step.
        StepAlreadyDone: The same was recorded at another time, or a step is waived that is done.
        DomainError: See ``domain.decider.decide``.
    """
    assert isinstance(event, TransitionFact)  # noqa: S101  # an error mark is recorded elsewhere
    if acted_on is None:
        raise TransitionNotOpen("not_discharged")
    _refuse_before_discharge(event, acted_on)
    step = event.step if isinstance(event, TransitionStepDone | TransitionStepWaived) else None
    if step is not None and step not in acted_on.steps:
        raise StepUnknown(step, sorted(acted_on.steps))
    whole = [
        StreamEvent(each.event_id, each.version, _as_named(each.event, event))
        for each in combined({**others, stream: history})
    ]
    new = decide(TRANSITION, whole, [event], time=time)
    if new and isinstance(event, TransitionStepWaived):
        done_at = acted_on.done.get(event.step)
        if done_at is not None and done_at <= time.moment.at:
            raise StepAlreadyDone(event.step)
    return new


def report(
    history: TransitionHistory,
    told: TransitionReported,
    *,
    others: OtherAnchors,
    time: StatedTime,
) -> list[TransitionEvent]:
    """Record what another system says was done. ``told`` has the time of ``time``.

    Raises:
        InTheFuture: The time is after the present time.
    """
    whole = [*combined(others), *history]  # what was recorded last in this stream is last
    named = [
        StreamEvent(each.event_id, place, _as_named(each.event, told))
        for place, each in enumerate(whole, 1)
    ]
    return decider.report(named, told, time=time)


def _refuse_before_discharge(event: TransitionFact, acted_on: ActedOn) -> None:
    at = acted_on.discharge_at
    if isinstance(event, _AFTER_DISCHARGE) and event.happened_at.last < at:
        raise TransitionNotOpen("not_discharged")
    visit = event.happened_at.last if isinstance(event, _VISIT) else None
    if isinstance(event, TransitionFollowUpScheduled):
        visit = event.starts_at
    if visit is not None and visit < at:
        raise FollowUpBeforeDischarge


def _as_named(earlier: TransitionEvent, new: TransitionFact) -> TransitionEvent:
    """Return an event as if its caller had named the same statement as the new one.

    So the same fact is found again under another statement of the encounter.
    """
    if isinstance(earlier, TransitionEnteredInError):
        return earlier
    named = {"anchor": new.anchor, "record": new.record, "mode": new.mode}
    return earlier.model_copy(update=named)
