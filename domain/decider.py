"""Fold own streams and decide on them, with the rules of each kind of stream.

Events are folded in the order in which they happened. Events of the same time are in the order of
their versions. Reported events come before own events of the same time, in the order of their
content, so that the order in which they arrived has no effect. A late event is inserted at its own
time. Events that were entered in error are left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from domain.errors import (
    ConflictsWithLater,
    DomainError,
    EnteredInErrorIsFinal,
    InTheFuture,
    UnknownEvent,
)
from domain.events import ContentRef, EnteredInError, OwnEvent, ReportedEvent
from domain.ids import EventId
from domain.statement import Moment

State = TypeVar("State")
Event = TypeVar("Event", bound=OwnEvent)
Mark = TypeVar("Mark", bound=EnteredInError)

#: How far a stated time may be ahead of our clock, because the clocks of two machines differ.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
#: A command without a stated time that is repeated this soon is the same command, even if the state
#: allows its event again, such as a second call.
REPEATED_WITHIN: Final = timedelta(minutes=5)


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called with parameters.
@dataclass(frozen=True)
class StreamEvent(Generic[Event]):
    """An event of a stream with its id. ``version`` counts from 1."""

    event_id: EventId
    version: int
    event: Event


@dataclass(frozen=True, slots=True)
class StatedTime:
    """When a new fact happened, and what is sealed with it, as the caller stated them.

    The time is the present time if none was stated.
    """

    now: datetime
    stated: Moment | None = None
    #: Keyed hash of what is sealed with the last event of the command; None: nothing is sealed.
    content_ref: ContentRef | None = None

    @property
    def moment(self) -> Moment:
        """The time that the fact gets."""
        return self.stated or Moment(at=self.now)

    def as_stated(self) -> "StatedTime":
        """Return the same as if the caller had stated the time."""
        return replace(self, stated=self.moment)


@dataclass(frozen=True)
class Decider(Generic[State, Event]):
    """The rules of one kind of stream.

    ``evolve`` applies a fact and never refuses. ``refusal`` returns why the state does not allow
    an event, or None if it does.
    """

    initial: State
    evolve: Callable[[State, Event], State]
    refusal: Callable[[State, Event], DomainError | None]


@dataclass(frozen=True)
class FoldedStream(Generic[State, Event]):
    """The result of folding a stream: its state, and the events that do not count.

    ``applied`` holds the events that count, in the order in which they happened. ``void`` maps an
    event to the event that marks it as entered in error. ``rests_on_void`` holds events that the
    state did not allow, because an event that they need is void. ``not_legal`` holds the others
    that the state did not allow: a reported event, or an own event after a report that came late.
    """

    state: State
    applied: tuple[StreamEvent[Event], ...]
    void: Mapping[EventId, EventId]
    rests_on_void: frozenset[EventId]
    not_legal: frozenset[EventId] = frozenset()


def fold(
    decider: Decider[State, Event], history: Iterable[StreamEvent[Event]]
) -> FoldedStream[State, Event]:
    """Fold the events of one stream, given in any order."""
    events = list(history)
    void, counting = _sorted(events)
    state, applied = _applied(decider, counting)
    left = {each.event_id for each in counting} - {each.event_id for each in applied}
    not_legal = set[EventId]()
    if left and any(isinstance(each.event, ReportedEvent) for each in counting):
        _, without_voids = _applied(decider, _sorted(events, keep_void=True)[1])
        not_legal = left - {each.event_id for each in without_voids}
    return FoldedStream(
        state, tuple(applied), void, frozenset(left - not_legal), frozenset(not_legal)
    )


def _applied(
    decider: Decider[State, Event], events: Iterable[StreamEvent[Event]]
) -> tuple[State, list[StreamEvent[Event]]]:
    """Return the state after the events, and those of them that the state allowed."""
    state, applied = decider.initial, list[StreamEvent[Event]]()
    for each in events:
        if decider.refusal(state, each.event) is None:
            state = decider.evolve(state, each.event)
            applied.append(each)
    return state, applied


def as_of(history: Iterable[StreamEvent[Event]], at: datetime) -> list[StreamEvent[Event]]:
    """Return the events that count at an instant: most of them if they had happened by then.

    Every error mark is kept: an event that was entered in error was never true. Attributions are
    kept, because they state their periods themselves.
    """
    return [each for each in history if each.event.counts_as_of(at)]


def decide(
    decider: Decider[State, Event],
    history: Sequence[StreamEvent[Event]],
    new: Sequence[Event],
    *,
    time: StatedTime,
) -> list[Event]:
    """Return those of the ``new`` events that are not recorded yet, if the state allows them.

    All new events happen at ``time``. The last one gets the content of ``time``, so the same fact
    with another text is another fact. An event is left out if the stream already holds the same
    fact: if the caller stated a time, the same fact at this time. If the caller stated no time, it
    is the latest fact of its kind, if the state does not allow this fact again, or if it was
    recorded just before: see ``REPEATED_WITHIN``.

    Reported events that the new events make not legal are no conflict: they stay and are marked.

    Raises:
        InTheFuture: The time is more than ``CLOCK_TOLERANCE`` ahead.
        ConflictsWithLater: Events of a later time would no longer be allowed.
        DomainError: The state at that time does not allow an event; see the decider.
    """
    folded = fold(decider, history)
    applied = folded.applied
    new = [*new[:-1], with_content(new[-1], time)]
    missing = [
        each
        for each in new
        if not _is_recorded(
            each,
            applied,
            time,
            again=decider.refusal(folded.state, each) is None,
            latest=applied[-len(new) :],
        )
    ]
    if not missing:
        return []
    _refuse_the_future(time)
    _, counting = _sorted(history)
    before = [each for each in counting if each.event.happened_at.at <= time.moment.at]
    state, _ = _applied(decider, before)
    for event in missing:
        refusal = decider.refusal(state, event)
        if refusal is not None:
            raise refusal
        state = decider.evolve(state, event)
    conflicts = list[StreamEvent[Event]]()
    for each in counting[len(before) :]:
        if decider.refusal(state, each.event) is None:
            state = decider.evolve(state, each.event)
        elif each in applied and not isinstance(each.event, ReportedEvent):
            conflicts.append(each)
    if conflicts:
        raise ConflictsWithLater(
            [each.event_id for each in conflicts], [each.event.move() for each in conflicts]
        )
    return missing


def report(history: Sequence[StreamEvent[Event]], new: Event, *, time: StatedTime) -> list[Event]:
    """Return what another system says in a list; an empty list if the stream already holds it.

    It is recorded whether the state allows it or not. If the caller stated no time, it is the same
    report if nothing else was recorded since.

    Raises:
        InTheFuture: The time is more than ``CLOCK_TOLERANCE`` ahead.
    """
    _refuse_the_future(time)
    new = with_content(new, time)
    compared = sorted(_sorted(history)[1], key=lambda each: each.version)
    if time.stated is None:
        compared = compared[-1:]
    known = any(
        type(each.event) is type(new)
        and _facts(each.event) == _facts(new)
        and (time.stated is None or each.event.happened_at.at == time.moment.at)
        for each in compared
    )
    return [] if known else [new]


def mark_entered_in_error(
    history: Sequence[StreamEvent[Event]], mark: Mark, *, time: StatedTime
) -> list[Mark]:
    """Return ``mark`` in a list; an empty list if the event that it names is already void.

    A mark of an event that is already void is recorded if it has another note, and changes nothing.

    Raises:
        InTheFuture: The time is more than ``CLOCK_TOLERANCE`` ahead.
        UnknownEvent: The stream has no such event.
        EnteredInErrorIsFinal: The event is itself an error mark.
    """
    _refuse_the_future(time)
    if isinstance(find(history, mark.event_id).event, EnteredInError):
        raise EnteredInErrorIsFinal(mark.event_id)
    new = with_content(mark, time)
    earlier = [
        each.event
        for each in history
        if isinstance(each.event, EnteredInError) and each.event.event_id == mark.event_id
    ]
    known = {None, *(each.content_ref for each in earlier)}
    return [] if earlier and new.content_ref in known else [new]


def with_content(event: Event, time: StatedTime) -> Event:
    """Return the event with the keyed hash of what is sealed with it."""
    if time.content_ref is None:
        return event
    return event.model_copy(update={"content_ref": time.content_ref})


def find(history: Sequence[StreamEvent[Event]], event_id: EventId) -> StreamEvent[Event]:
    """Return the event of a stream with this id.

    Raises:
        UnknownEvent: The stream has no such event.
    """
    for each in history:
        if each.event_id == event_id:
            return each
    raise UnknownEvent(event_id)


def _refuse_the_future(time: StatedTime) -> None:
    if time.moment.at > time.now + CLOCK_TOLERANCE:
        raise InTheFuture(time.moment.at, time.now)


def _sorted(
    history: Iterable[StreamEvent[Event]], *, keep_void: bool = False
) -> tuple[dict[EventId, EventId], list[StreamEvent[Event]]]:
    """Return the void events with their error marks, and the others in the order of their times.

    With ``keep_void``, the others contain the void events.
    """
    by_version = sorted(history, key=lambda each: each.version)
    void = dict[EventId, EventId]()
    facts = list[StreamEvent[Event]]()
    for each in by_version:
        if isinstance(each.event, EnteredInError):
            void.setdefault(each.event.event_id, each.event_id)
        else:
            facts.append(each)
    counting = [each for each in facts if keep_void or each.event_id not in void]
    return void, sorted(counting, key=_place)


def _place(one: StreamEvent[Event]) -> tuple[datetime, bool, str]:
    """Return the place of an event among those of a stream that are sorted by version."""
    event = one.event
    reported = isinstance(event, ReportedEvent)
    return event.happened_at.at, not reported, event.model_dump_json() if reported else ""


def _is_recorded(
    event: Event,
    applied: Sequence[StreamEvent[Event]],
    time: StatedTime,
    *,
    again: bool,
    latest: Sequence[StreamEvent[Event]],
) -> bool:
    """Tell whether the stream already holds the same fact.

    If the caller stated no time, only the latest event of the kind is compared, without its time.

    Args:
        event: The fact.
        applied: The events that count.
        time: The time of the fact.
        again: Whether the state allows the fact.
        latest: As many of the latest events as the command has. They are of the same command if it
            was given before.
    """
    alike = [each.event for each in applied if type(each.event) is type(event)]
    if time.stated is not None:
        return any(
            _facts(each) == _facts(event) and each.happened_at.at == time.moment.at
            for each in alike
        )
    if not alike or _facts(alike[-1]) != _facts(event):
        return False
    if not again:
        return True
    since = time.moment.at - alike[-1].happened_at.at
    return since < REPEATED_WITHIN and any(each.event is alike[-1] for each in latest)


def _facts(event: OwnEvent) -> dict[str, object]:
    return event.model_dump(exclude={"happened_at", "origin", "depends_on"})
