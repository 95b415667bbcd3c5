"""The referral, decided: what is recorded, what is refused, and what a late entry does."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, get_args

import pytest

from domain import referral
from domain.decider import StatedTime, fold
from domain.errors import (
    AlreadyClosed,
    AnotherPatient,
    ConflictsWithLater,
    EnteredInErrorIsFinal,
    InTheFuture,
    MoveNotAllowed,
    OutcomeMissing,
    ReferralNotAccepted,
    SameOrganisationAndPerson,
    TargetMissing,
    UnknownEvent,
)
from domain.events import OwnEvent
from domain.ids import DEVELOPMENT_KEY, IdKey
from domain.party import Party
from domain.referral import (
    REFERRAL,
    Accepted,
    Closed,
    History,
    NotRequested,
    OutcomeReceived,
    Referral,
    ReferralAccepted,
    ReferralClosed,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralOutcome,
    ReferralOutcomeReceived,
    ReferralRequested,
    Requested,
    evolve,
    moves,
    refusal,
)
from tests.domain.scenario import NOW, PRESENT, Given, at, event_id, history_of, stated

KEY = IdKey(DEVELOPMENT_KEY)
RECORD = KEY.record("GENERAL", "1", "P")
WARD = Party(organisation="GENERAL", person="dr-ward")
HEART = Party(organisation="HEART", pool="triage")

REQUESTED = ReferralRequested(
    record=RECORD, happened_at=at(-48), requester=WARD, target=HEART, specialty="394579002"
)
ACCEPTED = ReferralAccepted(record=RECORD, happened_at=at(-24), by=HEART)
OUTCOME = ReferralOutcomeReceived(record=RECORD, happened_at=at(-2), how="fax", document="doc-1")
CLOSED = ReferralClosed(
    record=RECORD, happened_at=at(-2), acknowledged_by=WARD, need_met="yes",
    plan_told_to_patient_on=date(2026, 3, 10),
)  # fmt: skip


def stream(*events: ReferralEvent) -> History:
    return history_of(events)


def given(*events: ReferralEvent) -> Given[ReferralEvent]:
    return Given(stream(*events))


Rule = Callable[[History], Any]


def requesting(asked: ReferralRequested = REQUESTED, time: StatedTime | None = None) -> Rule:
    return partial(referral.request, asked=asked, time=time or StatedTime(NOW, asked.happened_at))


def accepting(time: StatedTime = PRESENT, **facts: Any) -> Rule:
    return lambda history: referral.accept(history, time=time, **{"by": HEART, **facts})


def closing(time: StatedTime = PRESENT, **facts: Any) -> Rule:
    given_facts = {"acknowledged_by": WARD, "need_met": "yes", **facts}
    return lambda history: referral.close(history, time=time, **given_facts)


def voiding(number: int, time: StatedTime = PRESENT) -> Rule:
    return lambda history: referral.KIND.enter_in_error(
        history, event_id=event_id(number), reason_code="wrong_item", time=time
    )


def void(number: int, hours: float = -1) -> ReferralEnteredInError:
    return ReferralEnteredInError(
        record=RECORD, happened_at=at(hours), event_id=event_id(number), reason_code="wrong_item"
    )


# --- each step ------------------------------------------------------------------------------------


def test_a_referral_is_requested() -> None:
    given().when(requesting()).then(REQUESTED)


def test_the_target_accepts_now_if_no_time_is_stated() -> None:
    given(REQUESTED).when(accepting()).then(
        ReferralAccepted(record=RECORD, happened_at=at(0), by=HEART)
    )


def test_closing_with_the_outcome_records_both_facts() -> None:
    told = {"how": "fax", "document": "doc-1"}
    given(REQUESTED, ACCEPTED).when(
        closing(
            stated(-2), outcome=ReferralOutcome.model_validate(told),
            plan_told_to_patient_on=date(2026, 3, 10),
        )
    ).then(OUTCOME, CLOSED)  # fmt: skip


def test_an_outcome_that_is_known_need_not_be_stated_again() -> None:
    given(REQUESTED, ACCEPTED, OUTCOME).when(
        closing(stated(-2), plan_told_to_patient_on=date(2026, 3, 10))
    ).then(CLOSED)


def test_every_step_names_the_patient_of_the_request() -> None:
    in_test_mode = REQUESTED.model_copy(update={"mode": "T"})
    (accepted,) = accepting()(stream(in_test_mode))
    assert (accepted.record, accepted.mode) == (RECORD, "T")


# --- refusals -------------------------------------------------------------------------------------


def test_a_referral_to_no_target_is_refused() -> None:
    nobody = REQUESTED.model_copy(update={"target": Party(person="dr-heart")})
    given().when(requesting(nobody)).then_refused(TargetMissing)


def test_a_referral_to_its_own_requester_is_refused() -> None:
    own = REQUESTED.model_copy(update={"target": WARD})
    given().when(requesting(own)).then_refused(SameOrganisationAndPerson)


def test_a_referral_to_another_person_of_the_organisation_is_recorded() -> None:
    colleague = REQUESTED.model_copy(
        update={"target": Party(organisation="GENERAL", person="dr-heart")}
    )
    given().when(requesting(colleague)).then(colleague)


def test_a_second_request_in_the_same_stream_is_refused() -> None:
    other = REQUESTED.model_copy(update={"urgency": "stat", "happened_at": at(-1)})
    refused = given(REQUESTED).when(requesting(other)).then_refused(MoveNotAllowed)
    assert (refused.state, refused.allowed) == ("requested", ("accepted",))


def test_a_stream_stays_with_its_patient_even_after_an_error() -> None:
    other = REQUESTED.model_copy(update={"record": KEY.record("GENERAL", "2", "P")})
    given(REQUESTED, void(1)).when(requesting(other)).then_refused(AnotherPatient)


def test_a_step_without_a_request_is_refused() -> None:
    refused = given().when(accepting()).then_refused(MoveNotAllowed)
    assert (refused.state, refused.allowed) == ("not_requested", ("requested",))


def test_closing_before_the_target_accepted_is_refused() -> None:
    given(REQUESTED).when(closing()).then_refused(ReferralNotAccepted)
    with_outcome = closing(outcome=ReferralOutcome(how="told"))
    given(REQUESTED).when(with_outcome).then_refused(ReferralNotAccepted)


def test_closing_without_an_outcome_is_refused() -> None:
    given(REQUESTED, ACCEPTED).when(closing()).then_refused(OutcomeMissing)


def test_a_closed_referral_takes_no_step() -> None:
    late = accepting(expected_by=date(2026, 3, 20))
    given(REQUESTED, ACCEPTED, OUTCOME, CLOSED).when(late).then_refused(AlreadyClosed)


def test_a_time_more_than_five_minutes_ahead_is_refused() -> None:
    given(REQUESTED).when(accepting(stated(0.09))).then_refused(InTheFuture)


def test_a_time_that_clocks_may_differ_by_is_recorded() -> None:
    given(REQUESTED).when(accepting(stated(0.08))).then(
        ReferralAccepted(record=RECORD, happened_at=at(0.08), by=HEART)
    )


# --- asked again ----------------------------------------------------------------------------------


def test_the_same_step_again_adds_nothing() -> None:
    given(REQUESTED, ACCEPTED).when(accepting()).then_nothing()
    given(REQUESTED, ACCEPTED, OUTCOME, CLOSED).when(requesting(time=PRESENT)).then_nothing()
    again = closing(plan_told_to_patient_on=date(2026, 3, 10))
    given(REQUESTED, ACCEPTED, OUTCOME, CLOSED).when(again).then_nothing()


def test_the_same_step_with_another_content_is_refused() -> None:
    other = accepting(by=Party(organisation="LUNG"))
    given(REQUESTED, ACCEPTED).when(other).then_refused(MoveNotAllowed)


def test_the_same_step_at_another_stated_time_is_refused() -> None:
    given(REQUESTED, ACCEPTED).when(accepting(stated(-5))).then_refused(MoveNotAllowed)
    given(REQUESTED, ACCEPTED).when(accepting(stated(-24))).then_nothing()


# --- late entries ---------------------------------------------------------------------------------


def test_a_late_entry_is_judged_at_its_own_time() -> None:
    given(REQUESTED).when(accepting(stated(-47))).then(
        ReferralAccepted(record=RECORD, happened_at=at(-47), by=HEART)
    )


def test_a_step_before_the_request_is_refused() -> None:
    refused = given(REQUESTED).when(accepting(stated(-49))).then_refused(MoveNotAllowed)
    assert refused.state == "not_requested"


def test_a_late_entry_that_later_events_contradict_names_them() -> None:
    earlier = REQUESTED.model_copy(update={"happened_at": at(-60), "urgency": "stat"})
    refused = given(REQUESTED, ACCEPTED).when(requesting(earlier)).then_refused(ConflictsWithLater)
    assert (refused.event_ids, refused.moves) == ((event_id(1),), ("requested",))


# --- entered in error -----------------------------------------------------------------------------


def test_an_event_entered_in_error_takes_no_part() -> None:
    given(REQUESTED, ACCEPTED).when(voiding(2)).then(void(2, 0))
    folded = fold(REFERRAL, stream(REQUESTED, ACCEPTED, void(2)))
    assert folded.state == Requested(REQUESTED)
    assert folded.void == {event_id(2): event_id(3)}


def test_an_event_that_rests_on_a_void_one_stays_and_is_marked() -> None:
    folded = fold(REFERRAL, stream(REQUESTED, ACCEPTED, void(1)))
    assert folded.state == NotRequested()
    assert folded.rests_on_void == {event_id(2)}


def test_a_void_event_entered_again_is_as_if_it_was_entered_once() -> None:
    history = stream(REQUESTED, ACCEPTED, void(1))
    assert requesting()(history) == [REQUESTED]
    again = fold(REFERRAL, stream(REQUESTED, ACCEPTED, void(1), REQUESTED))
    assert again.state == Accepted(REQUESTED, ACCEPTED)
    assert again.rests_on_void == frozenset()


def test_the_same_error_again_adds_nothing() -> None:
    given(REQUESTED, ACCEPTED, void(2)).when(voiding(2)).then_nothing()


def test_an_event_of_another_stream_cannot_be_entered_in_error() -> None:
    given(REQUESTED).when(voiding(9)).then_refused(UnknownEvent)


def test_an_error_mark_cannot_be_undone() -> None:
    given(REQUESTED, ACCEPTED, void(2)).when(voiding(3)).then_refused(EnteredInErrorIsFinal)


# --- the tables -----------------------------------------------------------------------------------

REQUEST = Requested(REQUESTED)
ACCEPTANCE = Accepted(REQUESTED, ACCEPTED)
KNOWN = OutcomeReceived(REQUESTED, ACCEPTED, OUTCOME)
CLOSURE = Closed(REQUESTED, ACCEPTED, OUTCOME, CLOSED)
STATES: tuple[Referral, ...] = (NotRequested(), REQUEST, ACCEPTANCE, KNOWN, CLOSURE)
STEPS: tuple[ReferralEvent, ...] = (REQUESTED, ACCEPTED, OUTCOME, CLOSED)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.WORD)
@pytest.mark.parametrize("event", [*STEPS, void(1)], ids=lambda event: event.TOPIC)
def test_an_event_changes_the_state_exactly_if_the_state_allows_it(
    state: Referral, event: ReferralEvent
) -> None:
    allowed = refusal(state, event) is None
    assert (evolve(state, event) != state) is allowed
    assert (event.move() in moves(state)) is allowed


def test_every_state_and_every_event_is_in_the_tables() -> None:
    assert {type(each) for each in STATES} == set(get_args(Referral))
    events: set[type[OwnEvent]] = {type(each) for each in (*STEPS, void(1))}
    assert events == set(get_args(ReferralEvent))
