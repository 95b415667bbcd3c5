"""The referral, decided: what is recorded, what is refused, and what a late entry does."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from domain import referral
from domain.decider import StatedTime, fold
from domain.errors import (
    AlreadyClosed,
    AnotherPatient,
    ConflictsWithLater,
    DuplicateOfItself,
    EnteredInErrorIsFinal,
    InTheFuture,
    MoveNotAllowed,
    OutcomeMissing,
    ReferralNotAccepted,
    SameOrganisationAndPerson,
    TargetMissing,
    UnknownEvent,
)
from domain.ids import DEVELOPMENT_KEY, IdKey, StreamId
from domain.party import Party
from domain.referral import (
    REFERRAL,
    History,
    NotRequested,
    ReferralAccepted,
    ReferralClosed,
    ReferralContactAttempted,
    ReferralDeclined,
    ReferralDuplicateMarked,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralMissed,
    ReferralOutcome,
    ReferralOutcomeReceived,
    ReferralRequested,
    ReferralScheduled,
    RequestedReferral,
    as_new,
    category_of,
    category_ref,
    compared,
    ended_at,
    intervals,
    likely_duplicates,
    milestones,
)
from tests.domain.referral_facts import OTHER, fact, told
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
    return partial(referral.take, step=ReferralAccepted, facts={"by": HEART, **facts}, time=time)


def taking(step: type[ReferralEvent], time: StatedTime = PRESENT, **facts: Any) -> Rule:
    return partial(referral.take, step=step, facts=facts, time=time)


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
    assert (refused.state, "accepted" in refused.allowed) == ("requested", True)


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
    assert folded.state == RequestedReferral("requested", REQUESTED)
    assert folded.void == {event_id(2): event_id(3)}


def test_an_event_that_rests_on_a_void_one_stays_and_is_marked() -> None:
    folded = fold(REFERRAL, stream(REQUESTED, ACCEPTED, void(1)))
    assert folded.state == NotRequested()
    assert folded.rests_on_void == {event_id(2)}


def test_a_void_event_entered_again_is_as_if_it_was_entered_once() -> None:
    history = stream(REQUESTED, ACCEPTED, void(1))
    assert requesting()(history) == [REQUESTED]
    again = fold(REFERRAL, stream(REQUESTED, ACCEPTED, void(1), REQUESTED))
    assert again.state == RequestedReferral("accepted", REQUESTED)
    assert again.rests_on_void == frozenset()


def test_the_same_error_again_adds_nothing() -> None:
    given(REQUESTED, ACCEPTED, void(2)).when(voiding(2)).then_nothing()


def test_an_event_of_another_stream_cannot_be_entered_in_error() -> None:
    given(REQUESTED).when(voiding(9)).then_refused(UnknownEvent)


def test_an_error_mark_cannot_be_undone() -> None:
    given(REQUESTED, ACCEPTED, void(2)).when(voiding(3)).then_refused(EnteredInErrorIsFinal)


# --- a second time --------------------------------------------------------------------------------


def test_a_second_call_is_recorded_unless_it_is_a_repeat() -> None:
    call: dict[str, Any] = {"by": WARD, "how": "telephone", "result": "no_answer"}
    first = ReferralContactAttempted(record=RECORD, happened_at=at(-5), **call)
    just_now = ReferralContactAttempted(record=RECORD, happened_at=at(-0.05), **call)
    calling = taking(ReferralContactAttempted, **call)
    given(REQUESTED, first).when(calling).then(
        ReferralContactAttempted(record=RECORD, happened_at=at(0), **call)
    )
    given(REQUESTED, just_now).when(calling).then_nothing()


def test_a_visit_that_is_missed_twice_is_recorded_twice() -> None:
    scheduled = ReferralScheduled(record=RECORD, happened_at=at(-20), by=HEART, starts_at=NOW)
    missed = ReferralMissed(record=RECORD, happened_at=at(-0.03), by=HEART)
    again = ReferralScheduled(record=RECORD, happened_at=at(-0.02), by=HEART, starts_at=NOW)
    given(REQUESTED, ACCEPTED, scheduled, missed, again).when(
        taking(ReferralMissed, by=HEART)
    ).then(ReferralMissed(record=RECORD, happened_at=at(0), by=HEART))


def test_an_outcome_that_is_stated_again_is_recorded_once() -> None:
    told = ReferralOutcome(how="fax", document="doc-1")
    (only,) = closing(outcome=told)(stream(REQUESTED, ACCEPTED, OUTCOME))
    assert isinstance(only, ReferralClosed)
    first, second = closing(outcome=ReferralOutcome(how="told"))(
        stream(REQUESTED, ACCEPTED, OUTCOME)
    )
    assert (type(first), type(second)) == (ReferralOutcomeReceived, ReferralClosed)


def test_a_refusal_is_closed_without_an_outcome() -> None:
    declined = ReferralDeclined(record=RECORD, happened_at=at(-20), by=HEART, reason="no_capacity")
    (only,) = closing()(stream(REQUESTED, declined))
    assert isinstance(only, ReferralClosed)


def test_a_referral_is_no_duplicate_of_itself() -> None:
    with pytest.raises(DuplicateOfItself):
        referral.compare(
            OTHER, stream(REQUESTED), ReferralDuplicateMarked, {"other": OTHER}, time=PRESENT
        )
    (marked,) = referral.compare(
        StreamId(RECORD), stream(REQUESTED), ReferralDuplicateMarked, {"other": OTHER},
        time=PRESENT,
    )  # fmt: skip
    assert isinstance(marked, ReferralDuplicateMarked)


# --- derived from the facts -----------------------------------------------------------------------


def test_two_codes_of_one_category_have_one_ref() -> None:
    assert category_ref(KEY, "I50.9") == category_ref(KEY, "i501")
    assert category_ref(KEY, "I50.9") != category_ref(KEY, "I51.9")
    assert category_of("Food-Insecurity") == "food-insecurity"
    assert "I50" not in category_ref(KEY, "I50.9")


def times_of(*moves: str | ReferralEvent) -> dict[str, float | None]:
    """Return the hours after the request at which each milestone was reached."""
    found = milestones(fold(REFERRAL, told(*moves)))
    asked = found["need_determined"]
    assert asked is not None
    return {
        name: (each.at - asked.at).total_seconds() / 3600 if each else None
        for name, each in found.items()
    }


def test_the_milestones_are_the_first_times() -> None:
    assert times_of(
        "requested", "sent", "accepted", "scheduled", "missed", "scheduled", "seen",
        "outcome_sent", "outcome_received", "closed",
    ) == {
        "need_determined": 0, "sent": 1, "accepted": 2, "complete": 2, "appointment_made": 3,
        "appointment_held": 6, "outcome": 8, "acknowledged": 9,
    }  # fmt: skip


def test_a_referral_is_complete_when_nothing_is_missing_and_the_payer_agrees() -> None:
    assert times_of("requested", "accepted")["complete"] == 1
    asked = ("requested", "returned_for_information", "information_sent", "accepted")
    assert times_of(*asked)["complete"] == 3
    refused = ("requested", "accepted", "authorisation_refused")
    assert times_of(*refused)["complete"] is None
    assert times_of(*refused, "authorised")["complete"] == 3
    assert times_of("requested", "authorised", "accepted", "authorised")["complete"] == 2


def test_a_referral_that_was_reopened_is_not_acknowledged() -> None:
    closed = ("requested", "accepted", "outcome_received", "closed")
    assert times_of(*closed)["acknowledged"] == 3
    assert times_of(*closed, "reopened")["acknowledged"] is None


def test_a_referral_that_is_closed_again_ended_when_it_was_closed_first() -> None:
    def ended(*moves: str | ReferralEvent) -> float | None:
        history = told(*moves)
        found = ended_at(fold(REFERRAL, history))
        first = history[0].event.happened_at.at
        return (found.at - first).total_seconds() / 3600 if found else None

    closed = ("requested", "accepted", "outcome_received", "closed")
    assert ended(*closed, fact("closed", -80, plan_told_to_patient_on=date(2026, 3, 7))) == 3
    assert ended(*closed, "reopened") is None
    assert ended(*closed, "reopened", "closed") == 5
    assert ended("requested", "declined", "closed", "reopened") == 1


def spans(*moves: str) -> list[tuple[str, str, float | None]]:
    return [
        (
            each.since,
            each.milestone,
            (each.ended_at.at - each.began_at.at).total_seconds() / 3600 if each.ended_at else None,
        )
        for each in intervals(fold(REFERRAL, told(*moves)))
    ]


def test_an_interval_goes_to_the_next_milestone_that_was_reached() -> None:
    assert spans("requested", "sent", "accepted", "seen") == [
        ("need_determined", "sent", 1),
        ("sent", "accepted", 1),
        ("accepted", "complete", 0),
        ("complete", "appointment_held", 1),
        ("appointment_held", "outcome", None),
    ]
    further = spans("requested", "accepted", "seen", "scheduled", "authorised")
    assert further[1:] == [
        ("accepted", "appointment_held", 1),
        ("appointment_held", "outcome", None),
    ]
    assert spans("requested") == [("need_determined", "sent", None)]
    assert spans("requested", "declined") == []


# --- duplicates -----------------------------------------------------------------------------------

REASON = category_ref(KEY, "I50.9")


def compared_with(
    *moves: str | ReferralEvent, hours: float = -90, **facts: Any
) -> tuple[StreamId, ...]:
    """Return the likely duplicates of a request of now, among one referral with these moves."""
    members = {"reason_category": REASON, **facts}
    history = told(fact("requested", hours, **members), *moves[1:], start=hours)
    other = compared(StreamId(OTHER), fold(REFERRAL, history))
    new = REQUESTED.model_copy(update={"reason_category": REASON, "happened_at": at(0)})
    return likely_duplicates(as_new(StreamId(RECORD), new), [other] if other else [])


def test_an_open_referral_for_the_same_is_a_likely_duplicate() -> None:
    assert compared_with("requested") == (OTHER,)
    assert compared_with("requested", "accepted", "seen") == (OTHER,)
    assert compared_with("requested", specialty="394576009") == ()
    assert compared_with("requested", reason_category=category_ref(KEY, "M54.5")) == ()


def test_a_service_or_specialty_or_reason_that_is_not_stated_equals_nothing() -> None:
    assert compared_with("requested", specialty="") == ()
    assert compared_with("requested", reason_category="") == ()


def test_a_referral_that_ended_without_a_visit_is_no_duplicate() -> None:
    assert compared_with("requested", "declined") == ()
    assert compared_with("requested", "cancellation_requested", "cancelled") == ()
    assert compared_with("requested", void(1)) == ()


def test_a_referral_closed_within_90_days_is_a_likely_duplicate() -> None:
    closed = ("requested", "accepted", "outcome_received", "closed")
    assert compared_with(*closed, hours=-90 * 24 - 3) == (OTHER,)
    assert compared_with(*closed, hours=-90 * 24 - 4) == ()


def test_a_pair_that_a_person_has_compared_is_left_out() -> None:
    assert compared_with("requested", fact("duplicate_cleared", -80, other=RECORD)) == ()
    assert compared_with("requested", fact("duplicate_marked", -80, other=RECORD)) == ()
    assert compared_with("requested", "duplicate_marked") == (OTHER,)  # of a third referral
