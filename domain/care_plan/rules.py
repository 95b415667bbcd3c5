"""What commands may record of a care plan, and what other systems report of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

from domain import decider
from domain.care_plan.changes import parts_added
from domain.care_plan.events import (
    ActivityAdded,
    CarePlanActivated,
    CarePlanDrafted,
    CarePlanEvent,
    CarePlanReported,
    CarePlanResumed,
    CarePlanRevised,
    ConcernAdded,
    GoalSet,
    PlanCategory,
    PlanClaim,
    PlanReason,
)
from domain.care_plan.states import ActivePlan, CarePlan, NotDrafted
from domain.care_plan.steps import CARE_PLAN, KIND, evolve, moves
from domain.decider import StatedTime, StreamEvent, decide, fold
from domain.errors import AnotherPatient, MoveNotAllowed, PlanAlreadyActive
from domain.events import Code, OwnEvent
from domain.ids import EventId, Mode, RecordId, StreamId
from domain.numbered_parts import is_same_fact, next_id
from domain.statement import Moment

PlanHistory: TypeAlias = Sequence[StreamEvent[CarePlanEvent]]
Addition: TypeAlias = ConcernAdded | GoalSet | ActivityAdded


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


def report(
    history: PlanHistory, claim: PlanClaim, *, partner: Code, reason: PlanReason, time: StatedTime
) -> list[CarePlanEvent]:
    """Record how far another system says the plan is, whether its state allows it or not.

    Args:
        history: The events of the plan; at least one is a draft.
        claim: How far the plan is, as that system says.
        partner: The system or organisation that says so.
        reason: Why, as that system says.
        time: When it was so.

    Raises:
        InTheFuture: The time is after the present time.
    """
    drafted = next(each.event for each in history if isinstance(each.event, CarePlanDrafted))
    told = CarePlanReported(
        record=drafted.record,
        mode=drafted.mode,
        happened_at=time.moment,
        partner=partner,
        claim=claim,
        reason=reason,
    )
    return decider.report(history, told, time=time)


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
    added = StreamEvent[CarePlanEvent](EventId(""), history[-1].version + 1, event)
    other = active_elsewhere([*history, added], since=event.happened_at.at, others=others)
    if other is not None:
        raise PlanAlreadyActive(*other)
    return new


def active_elsewhere(
    history: PlanHistory,
    *,
    since: datetime,
    others: Mapping[StreamId, Iterable[StreamEvent[OwnEvent]]],
) -> tuple[StreamId, PlanCategory] | None:
    """Return another plan of the category that is active while this plan is, with the category.

    Args:
        history: The events of the plan.
        since: When the period of the plan begins that is looked at.
        others: The other plans of the person.
    """
    state = fold(CARE_PLAN, history).state
    if isinstance(state, NotDrafted):
        return None
    category = state.plan.drafted.category
    begun = [each for each in active_periods(history) if each[0] == since]
    for stream, events in others.items():
        other = KIND.history(stream, events)
        theirs = fold(CARE_PLAN, other).state
        if isinstance(theirs, NotDrafted) or theirs.plan.drafted.category != category:
            continue
        if any(_overlap(mine, each) for mine in begun for each in active_periods(other)):
            return stream, category
    return None


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
