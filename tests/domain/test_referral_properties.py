"""What holds for every sequence of commands on a referral."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain import referral
from domain.body import Body
from domain.decider import StatedTime, StreamEvent, fold
from domain.encoding import make_body, read_body
from domain.errors import DomainError
from domain.ids import DEVELOPMENT_KEY, IdKey
from domain.referral import (
    REFERRAL,
    History,
    Party,
    ReferralAccepted,
    ReferralClosed,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralOutcome,
    ReferralOutcomeReceived,
    ReferralRequested,
    evolve,
    refusal,
)
from tests.domain.scenario import NOW, at, event_id

RECORD = IdKey(DEVELOPMENT_KEY).record("GENERAL", "1", "P")
PARTIES = st.sampled_from(
    [Party(organisation="GENERAL", person="dr-ward"), Party(organisation="HEART"), Party(pool="p1")]
)
HOURS = st.integers(-72, 0)
TIMES = st.one_of(st.none(), HOURS).map(
    lambda hours: StatedTime(NOW, None if hours is None else at(hours))
)
DATES = st.none() | st.dates()

events: st.SearchStrategy[ReferralEvent] = st.one_of(
    st.builds(
        ReferralRequested, record=st.just(RECORD), happened_at=HOURS.map(at), requester=PARTIES,
        target=PARTIES, urgency=st.sampled_from(["stat", "urgent", "asap", "routine"]),
        needed_by=DATES,
    ),
    st.builds(ReferralAccepted, record=st.just(RECORD), happened_at=HOURS.map(at), by=PARTIES),
    st.builds(
        ReferralOutcomeReceived, record=st.just(RECORD), happened_at=HOURS.map(at),
        how=st.sampled_from(["sent", "fax"]),
    ),
    st.builds(
        ReferralClosed, record=st.just(RECORD), happened_at=HOURS.map(at), acknowledged_by=PARTIES,
        plan_told_to_patient_on=DATES,
    ),
    st.builds(
        ReferralEnteredInError, record=st.just(RECORD), happened_at=HOURS.map(at),
        event_id=st.integers(1, 12).map(event_id),
        reason_code=st.sampled_from(["wrong_patient", "other"]),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Command:
    """A command with its words, for the report of a failure."""

    words: str
    rule: Callable[[History], list[ReferralEvent]]


def requesting(time: StatedTime, requester: Party, target: Party) -> Command:
    asked = ReferralRequested(
        record=RECORD, happened_at=time.moment, requester=requester, target=target
    )
    return Command(f"request {time}", lambda history: referral.request(history, asked, time=time))


def accepting(time: StatedTime, by: Party) -> Command:
    return Command(f"accept {time}", lambda history: referral.accept(history, by=by, time=time))


def closing(time: StatedTime, by: Party, outcome: ReferralOutcome | None) -> Command:
    return Command(
        f"close {time} {outcome}",
        lambda history: referral.close(history, acknowledged_by=by, outcome=outcome, time=time),
    )


def voiding(time: StatedTime, number: int) -> Command:
    return Command(
        f"void {number}",
        lambda history: referral.enter_in_error(
            history, event_id=event_id(number), reason_code="other", time=time
        ),
    )


steps = st.one_of(
    st.builds(requesting, TIMES, PARTIES, PARTIES),
    st.builds(accepting, TIMES, PARTIES),
    st.builds(closing, TIMES, PARTIES, st.none() | st.just(ReferralOutcome(how="told"))),
)
commands = steps | st.builds(voiding, TIMES, st.integers(1, 12))


def recorded(history: History, new: Sequence[ReferralEvent]) -> list[StreamEvent[ReferralEvent]]:
    start = len(history) + 1
    added = [StreamEvent(event_id(number), number, each) for number, each in enumerate(new, start)]
    return [*history, *added]


def obeyed(commands: Sequence[Command]) -> list[StreamEvent[ReferralEvent]]:
    """Return the stream after the commands; refused ones leave nothing."""
    history: list[StreamEvent[ReferralEvent]] = []
    for each in commands:
        try:
            history = recorded(history, each.rule(history))
        except DomainError:
            continue
    return history


@for_all(st.lists(steps, max_size=12))
def test_no_sequence_of_commands_reaches_an_illegal_state(commands: list[Command]) -> None:
    history = obeyed(commands)
    folded = fold(REFERRAL, history)
    assert len(folded.applied) == len(history)
    state = REFERRAL.initial
    for each in sorted(history, key=lambda one: (one.event.happened_at.at, one.version)):
        assert refusal(state, each.event) is None
        state = evolve(state, each.event)
    assert state == folded.state


@for_all(st.lists(commands, max_size=12))
def test_events_that_do_not_count_are_void_or_rest_on_a_void_one(commands: list[Command]) -> None:
    history = obeyed(commands)
    folded = fold(REFERRAL, history)
    marks = {each.event_id for each in history if isinstance(each.event, ReferralEnteredInError)}
    counted = {each.event_id for each in folded.applied}
    left = {each.event_id for each in history} - counted - marks
    assert left == folded.void.keys() | folded.rests_on_void
    assert folded.void or not left


@for_all(st.lists(commands, max_size=8), commands)
def test_a_command_that_is_repeated_changes_nothing(before: list[Command], one: Command) -> None:
    history = obeyed(before)
    try:
        history = recorded(history, one.rule(history))
    except DomainError:
        return
    assert one.rule(history) == []


@for_all(st.lists(events, max_size=12), st.randoms())
def test_the_state_does_not_depend_on_the_order_in_which_events_are_read(
    facts: list[ReferralEvent], random: st.DataObject
) -> None:
    history = recorded([], facts)
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # it is a Random
    assert fold(REFERRAL, shuffled) == fold(REFERRAL, history)


@for_all(st.lists(events, max_size=12), st.integers(0, 12))
def test_a_replay_may_stop_anywhere_and_go_on(facts: list[ReferralEvent], cut: int) -> None:
    applied = [each.event for each in fold(REFERRAL, recorded([], facts)).applied]
    stopped = reduce(evolve, applied[:cut], REFERRAL.initial)
    assert reduce(evolve, applied[cut:], stopped) == fold(REFERRAL, recorded([], facts)).state


@for_all(events)
@settings(max_examples=200)
def test_every_event_survives_storage(event: ReferralEvent) -> None:
    assert read_body(event.TOPIC, make_body(event)) == Body(core=event)
