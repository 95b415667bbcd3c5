"""Which facts a care plan allows, and what they lead to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, TypeAlias, TypedDict, assert_never, get_args

from domain.care_plan.changes import changed_parts, parts_added, parts_refusal
from domain.care_plan.events import (
    ActivityAdded,
    ActivityChanged,
    ActivityProgressed,
    CarePlanActivated,
    CarePlanCompleted,
    CarePlanDrafted,
    CarePlanEnteredInError,
    CarePlanEvent,
    CarePlanHeld,
    CarePlanResumed,
    CarePlanReviewed,
    CarePlanRevised,
    CarePlanRevoked,
    CarePlanShared,
    ConcernAdded,
    ConcernResolved,
    GoalChanged,
    GoalProgressed,
    GoalSet,
)
from domain.care_plan.states import (
    ActivePlan,
    CarePlan,
    CompletedPlan,
    DraftPlan,
    HeldPlan,
    NotDrafted,
    PlanContent,
    PlanRevision,
    RevokedPlan,
)
from domain.decider import Decider, StatedTime, StreamEvent, decide, fold
from domain.errors import (
    AlreadyClosed,
    AnotherPatient,
    DomainError,
    MoveNotAllowed,
    PlanAlreadyActive,
)
from domain.events import OwnEvent
from domain.ids import EventId, Mode, RecordId, StreamId
from domain.numbered_parts import is_same_fact, next_id
from domain.statement import Moment
from domain.stream_kind import StreamKind

PlanHistory: TypeAlias = Sequence[StreamEvent[CarePlanEvent]]
Addition: TypeAlias = ConcernAdded | GoalSet | ActivityAdded

_OPEN: Final = (DraftPlan, ActivePlan, HeldPlan)
_IN_FORCE: Final = (ActivePlan, HeldPlan)

#: The states from which each step is allowed.
_FROM: Final[Mapping[type[CarePlanEvent], tuple[type[CarePlan], ...]]] = {
    CarePlanDrafted: (NotDrafted,),
    CarePlanActivated: (DraftPlan,),
    CarePlanHeld: (ActivePlan,),
    CarePlanResumed: (HeldPlan,),
    CarePlanCompleted: _IN_FORCE,
    CarePlanRevoked: _OPEN,
    ConcernAdded: _OPEN,
    ConcernResolved: _OPEN,
    GoalSet: _OPEN,
    GoalChanged: _OPEN,
    GoalProgressed: _IN_FORCE,
    ActivityAdded: _OPEN,
    ActivityChanged: _OPEN,
    ActivityProgressed: _IN_FORCE,
    CarePlanRevised: _OPEN,
    CarePlanReviewed: _IN_FORCE,
    CarePlanShared: (*_OPEN, CompletedPlan),
    CarePlanEnteredInError: (),  # not a step: it marks another event as void
}


def evolve(state: CarePlan, event: CarePlanEvent) -> CarePlan:  # noqa: C901, PLR0911, PLR0912 - one per fact
    """Apply one fact. A fact that the state does not allow changes nothing."""
    if refusal(state, event) is not None:
        return state
    if isinstance(event, CarePlanDrafted):
        return DraftPlan(PlanContent(event))
    if isinstance(state, NotDrafted):
        return state
    plan = state.plan
    match event:
        case CarePlanActivated():
            first = PlanRevision(0, event.happened_at, plan.parts, None)
            return ActivePlan(replace(plan, activation=event, revisions=(first, *plan.revisions)))
        case CarePlanHeld():
            return HeldPlan(plan, event)
        case CarePlanResumed():
            return ActivePlan(plan)
        case CarePlanCompleted():
            return CompletedPlan(plan, event)
        case CarePlanRevoked():
            return RevokedPlan(plan, event)
        case CarePlanReviewed():
            return _with_plan(state, replace(plan, last_review=event))
        case CarePlanShared() | CarePlanEnteredInError():
            return state
        case CarePlanRevised():
            changed = _with_parts(plan, event)
            made = PlanRevision(event.number, event.happened_at, changed.parts, event)
            return _with_plan(state, replace(changed, revisions=(*plan.revisions, made)))
        case (
            ConcernAdded()
            | ConcernResolved()
            | GoalSet()
            | GoalChanged()
            | GoalProgressed()
            | ActivityAdded()
            | ActivityChanged()
            | ActivityProgressed()
        ):
            return _with_plan(state, _with_parts(plan, event))
        case _:
            assert_never(event)


def refusal(state: CarePlan, event: CarePlanEvent) -> DomainError | None:
    """Return why the state does not allow an event; None if it allows the event."""
    if isinstance(state, _FROM[type(event)]):
        return None if isinstance(state, NotDrafted) else parts_refusal(state.plan, event)
    ended = isinstance(state, CompletedPlan | RevokedPlan)
    error = AlreadyClosed if ended else MoveNotAllowed
    return error(event.move(), state=state.WORD, allowed=moves(state))


def moves(state: CarePlan) -> tuple[str, ...]:
    """Return the steps that a state allows, in the order of the table."""
    return tuple(event.move() for event, before in _FROM.items() if isinstance(state, before))


def _with_parts(plan: PlanContent, event: CarePlanEvent) -> PlanContent:
    return replace(
        plan, parts=changed_parts(plan.parts, event), used=plan.used.union(parts_added(event))
    )


def _with_plan(state: CarePlan, plan: PlanContent) -> CarePlan:
    return state if isinstance(state, NotDrafted) else replace(state, plan=plan)


CARE_PLAN: Final = Decider[CarePlan, CarePlanEvent](NotDrafted(), evolve, refusal)

KIND: Final = StreamKind[CarePlan, CarePlanEvent](
    name="care_plan",
    decider=CARE_PLAN,
    events=get_args(CarePlanEvent),
    error_mark=CarePlanEnteredInError,
)


# --- rules ----------------------------------------------------------------------------------------


class EventHead(TypedDict):
    """The members that every event of a plan has: the patient of the draft, and its own time."""

    record: RecordId
    mode: Mode
    happened_at: Moment


def draft(
    history: PlanHistory, drafted: CarePlanDrafted, *, time: StatedTime
) -> list[CarePlanEvent]:
    """Begin a plan. The time of ``drafted`` must be that of ``time``.

    Raises:
        AnotherPatient: The stream has events of another source record.
        DomainError: See ``domain.decider.decide``.
    """
    if any(each.event.record != drafted.record for each in history):
        raise AnotherPatient
    return decide(CARE_PLAN, history, [drafted], time=time)


def head(history: PlanHistory, move: str, *, time: StatedTime) -> EventHead:
    """Return what an event of this plan begins with. Every step names the patient of the draft.

    Args:
        history: The events of the plan.
        move: What is asked for, for the refusal.
        time: The time of the event.

    Raises:
        MoveNotAllowed: No plan is drafted.
    """
    state = fold(CARE_PLAN, history).state
    if isinstance(state, NotDrafted):
        raise MoveNotAllowed(move, state=state.WORD, allowed=moves(state))
    drafted = state.plan.drafted
    return {
        "record": drafted.record,
        "mode": drafted.mode,
        "happened_at": time.moment,
    }


def step(history: PlanHistory, event: CarePlanEvent, *, time: StatedTime) -> list[CarePlanEvent]:
    """Record one step. The time of ``event`` must be that of ``time``.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    return decide(CARE_PLAN, history, [event], time=time)


def revise(
    history: PlanHistory, event: CarePlanRevised, *, time: StatedTime
) -> list[CarePlanEvent]:
    """Record a revision. It gets the next number in place of the number of ``event``.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    for each in fold(CARE_PLAN, history).applied:
        if isinstance(each.event, CarePlanRevised) and is_same_fact(
            event.model_copy(update={"number": each.event.number}), each.event, time
        ):
            return []
    numbers = [each.event.number for each in history if isinstance(each.event, CarePlanRevised)]
    number = max(numbers, default=0) + 1
    return step(history, event.model_copy(update={"number": number}), time=time)


def add_part(
    history: PlanHistory,
    make: Callable[[str], Addition],
    letter: Literal["c", "g", "a"],
    *,
    time: StatedTime,
) -> list[CarePlanEvent]:
    """Add a part that the caller gives no id. It gets the next free one.

    Nothing is recorded if the same part was added at this time, or just now.

    Args:
        history: The events of the plan.
        make: Returns the event, from the id of the part.
        letter: The first letter of the id.
        time: The time of the event.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    new = make(next_part_id(history, letter))
    for each in fold(CARE_PLAN, history).applied:
        if isinstance(each.event, type(new)):
            (part_id,) = parts_added(each.event)
            if is_same_fact(make(part_id), each.event, time):
                return []
    return step(history, new, time=time)


def enter_force(
    history: PlanHistory,
    event: CarePlanActivated | CarePlanResumed,
    *,
    others: Mapping[StreamId, Iterable[StreamEvent[OwnEvent]]],
    time: StatedTime,
) -> list[CarePlanEvent]:
    """Activate or resume a plan, unless another plan of the category is active at the same time.

    Args:
        history: The events of the plan.
        event: The step.
        others: The other plans of the person.
        time: The time of the step.

    Raises:
        PlanAlreadyActive: Another plan of the category is active at some time after the step, while
            this plan would be.
        DomainError: See ``domain.decider.decide``.
    """
    new = step(history, event, time=time)
    if not new:
        return new
    state = fold(CARE_PLAN, history).state
    assert not isinstance(state, NotDrafted)  # noqa: S101  # the step was allowed
    added = StreamEvent[CarePlanEvent](EventId(""), history[-1].version + 1, event)
    after = [*history, added]
    begun = [each for each in active_periods(after) if each[0] == event.happened_at.at]
    for stream, events in others.items():
        other = KIND.history(stream, events)
        theirs = fold(CARE_PLAN, other).state
        if isinstance(theirs, NotDrafted) or theirs.plan.drafted.category != (
            state.plan.drafted.category
        ):
            continue
        if any(_overlap(mine, each) for mine in begun for each in active_periods(other)):
            raise PlanAlreadyActive(stream, state.plan.drafted.category)
    return new


Period: TypeAlias = tuple[datetime, datetime | None]


def active_periods(history: PlanHistory) -> list[Period]:
    """Return from when until when the plan was active; None: it is active now."""
    found: list[Period] = []
    since: datetime | None = None
    state: CarePlan = NotDrafted()
    for each in fold(CARE_PLAN, history).applied:
        state, at = evolve(state, each.event), each.event.happened_at.at
        if isinstance(state, ActivePlan):
            since = since or at
        elif since is not None:
            found.append((since, at))
            since = None
    return found if since is None else [*found, (since, None)]


def _overlap(one: Period, other: Period) -> bool:
    return (one[1] is None or other[0] < one[1]) and (other[1] is None or one[0] < other[1])


def next_part_id(history: PlanHistory, letter: Literal["c", "g", "a"]) -> str:
    """Return the id for the next part of a kind. The id of a void part is not used again."""
    return next_id(letter, (part for each in history for part in parts_added(each.event)))
