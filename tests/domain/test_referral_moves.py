"""The table of moves, in both directions: every step in every state is allowed, or refused so."""

from functools import reduce
from typing import get_args

import pytest

from domain.decider import fold
from domain.errors import (
    AlreadyClosed,
    CancelNeedsConfirmation,
    DomainError,
    MoveNotAllowed,
    NotOpen,
    OutcomeMissing,
    ReferralNotAccepted,
    ReferralNotScheduled,
)
from domain.referral import (
    CLAIMED,
    MOVES,
    REFERRAL,
    Claim,
    NotRequested,
    Referral,
    ReferralEvent,
    RequestedReferral,
    StateWord,
    evolve,
    moves,
    next_moves,
    refusal,
)
from tests.domain.referral_facts import COLLEAGUE, MEMBERS, fact, told

#: A shortest way to each state.
WAYS: dict[str, tuple[str, ...]] = {
    "not_requested": (),
    "requested": ("requested",),
    "received": ("requested", "received"),
    "returned_for_information": ("requested", "returned_for_information"),
    "information_sent": ("requested", "returned_for_information", "information_sent"),
    "accepted": ("requested", "accepted"),
    "scheduled": ("requested", "accepted", "scheduled"),
    "missed": ("requested", "accepted", "scheduled", "missed"),
    "appointment_cancelled": ("requested", "accepted", "scheduled", "appointment_cancelled"),
    "seen": ("requested", "accepted", "seen"),
    "outcome_sent": ("requested", "accepted", "outcome_sent"),
    "outcome_received": ("requested", "accepted", "outcome_received"),
    "cancellation_requested": ("requested", "cancellation_requested"),
    "declined": ("requested", "declined"),
    "patient_declined": ("requested", "patient_declined"),
    "redirected": ("requested", "redirected"),
    "cancelled": ("requested", "cancellation_requested", "cancelled"),
    "closed": ("requested", "accepted", "outcome_received", "closed"),
    "held": ("requested", "accepted", "held"),
}
UNANSWERED = "requested received returned_for_information information_sent"
ACCEPTED = "accepted scheduled missed appointment_cancelled seen outcome_sent outcome_received held"
OPEN = f"{UNANSWERED} {ACCEPTED} cancellation_requested"
ENDED = "declined patient_declined cancelled closed"
#: The states from which each step is allowed, as published. ``held`` is held while accepted.
ALLOWED = {
    "requested": "not_requested",
    "sent": UNANSWERED,
    "received": "requested information_sent",
    "returned_for_information": "requested received information_sent",
    "information_sent": "returned_for_information",
    "accepted": "requested received information_sent",
    "declined": OPEN,
    "redirected": OPEN,
    "patient_declined": OPEN,
    "authorised": OPEN,
    "authorisation_refused": OPEN,
    "scheduled": "accepted missed appointment_cancelled seen held",
    "rescheduled": "scheduled",
    "missed": "scheduled",
    "appointment_cancelled": "scheduled missed seen",
    "contact_attempted": f"{OPEN} {ENDED} redirected",
    "held": ACCEPTED.removesuffix(" held"),
    "resumed": "held",
    "seen": "accepted scheduled missed appointment_cancelled seen held",
    "interim_note_sent": ACCEPTED,
    "outcome_sent": f"{ACCEPTED} cancellation_requested",
    "outcome_received": f"{ACCEPTED} cancellation_requested",
    "closed": "outcome_sent outcome_received declined patient_declined",
    "cancellation_requested": f"{UNANSWERED} accepted scheduled missed appointment_cancelled seen"
    " held",
    "cancelled": "cancellation_requested",
    "reopened": ENDED,
    "duplicate_marked": f"{OPEN} {ENDED} redirected",
    "duplicate_cleared": f"{OPEN} {ENDED} redirected",
}
#: The steps that are noted and lead to no other state.
NOTES = {
    "sent",
    "authorised",
    "authorisation_refused",
    "contact_attempted",
    "interim_note_sent",
    "duplicate_marked",
    "duplicate_cleared",
}
NEEDS_ACCEPTANCE = [
    "scheduled",
    "rescheduled",
    "missed",
    "appointment_cancelled",
    "held",
    "seen",
    "interim_note_sent",
    "outcome_sent",
    "outcome_received",
    "closed",
]


def state_of(word: str) -> Referral:
    return fold(REFERRAL, told(*WAYS[word])).state


def expected_refusal(word: str, move: str) -> type[DomainError]:
    """Return why a state refuses a step, as the reference says."""
    if word == "not_requested":
        return MoveNotAllowed
    if word == "closed":
        return AlreadyClosed
    if word in {"declined", "patient_declined", "redirected", "cancelled"}:
        return NotOpen
    if word in UNANSWERED.split() and move in NEEDS_ACCEPTANCE:
        return ReferralNotAccepted
    if word in ACCEPTED.split() and move in {"rescheduled", "missed", "appointment_cancelled"}:
        return ReferralNotScheduled
    return {"closed": OutcomeMissing, "cancelled": CancelNeedsConfirmation}.get(
        move, MoveNotAllowed
    )


@pytest.mark.parametrize("word", WAYS)
@pytest.mark.parametrize("move", ALLOWED)
def test_each_step_in_each_state_is_allowed_or_refused_with_its_code(move: str, word: str) -> None:
    state, event = state_of(word), fact(move)
    refused = refusal(state, event)
    after = evolve(state, event)
    if word in ALLOWED[move].split():
        assert refused is None
        assert move in moves(state)
        assert isinstance(after, RequestedReferral)
        if move in NOTES:
            assert after == state
        elif move == "resumed":
            assert after.word == "accepted"
        elif move == "rescheduled":
            assert after.word == "scheduled"
        elif move == "reopened":
            assert after == state_of_way(WAYS[word][:-1])
        else:
            assert after.word == move
    else:
        assert type(refused) is expected_refusal(word, move)
        assert isinstance(refused, MoveNotAllowed)
        assert (refused.move, refused.state, refused.allowed) == (move, word, moves(state))
        assert move not in moves(state)
        assert after == state


def state_of_way(way: tuple[str, ...]) -> Referral:
    return fold(REFERRAL, told(*way)).state


def test_the_tables_have_every_state_and_every_event() -> None:
    assert set(WAYS) == {*get_args(StateWord), "not_requested", "held"}
    assert {word: state_of(word).word for word in WAYS} == {word: word for word in WAYS}
    assert {each for each, _ in MEMBERS.values()} == set(get_args(ReferralEvent))
    assert set(ALLOWED) == set(MEMBERS) - {"reported", "entered_in_error"}
    assert {step.move() for step in MOVES} == set(ALLOWED) - {"requested"}


def test_an_error_mark_is_no_step() -> None:
    for word in WAYS:
        state = state_of(word)
        assert evolve(state, fact("entered_in_error")) == state
        assert refusal(state, fact("entered_in_error")) is not None


@pytest.mark.parametrize("word", ["requested", "received"])
def test_within_one_organisation_a_referral_is_cancelled_without_confirmation(word: str) -> None:
    way = (fact("requested", -90, target=COLLEAGUE), *(fact(each, -80) for each in WAYS[word][1:]))
    after = evolve(fold(REFERRAL, told(*way)).state, fact("cancelled"))
    assert after.word == "cancelled"


def test_a_referral_to_a_pool_needs_a_confirmation() -> None:
    pool = fact("requested", target={"pool": "triage"}, requester={"pool": "ward"})
    refused = refusal(fold(REFERRAL, told(pool)).state, fact("cancelled"))
    assert isinstance(refused, CancelNeedsConfirmation)


def test_a_held_referral_goes_back_to_its_state() -> None:
    for word in ACCEPTED.split()[:-1]:
        state = state_of(word)
        assert evolve(evolve(state, fact("held")), fact("resumed")) == state


def test_a_referral_is_reopened_step_by_step() -> None:
    state = state_of_way(("requested", "declined", "closed"))
    back = evolve(state, fact("reopened"))
    assert back.word == "declined"
    assert evolve(back, fact("reopened")) == state_of("requested")


def test_a_referral_closed_before_the_patient_was_told_is_closed_again_with_the_day() -> None:
    closed, day = state_of("closed"), "2026-03-10"
    told_now = fact("closed", plan_told_to_patient_on=day)
    after = evolve(closed, told_now)
    assert isinstance(after, RequestedReferral)
    assert (after.word, after.told) == ("closed", True)
    assert isinstance(refusal(after, told_now), AlreadyClosed)
    assert evolve(after, fact("reopened")) == state_of("outcome_received")


@pytest.mark.parametrize("word", WAYS)
@pytest.mark.parametrize("claim", get_args(Claim))
def test_a_report_is_judged_like_the_step_that_it_tells_of(claim: Claim, word: str) -> None:
    state, report = state_of(word), fact("reported", claim=claim)
    step = CLAIMED[claim]
    if word == "not_requested":
        assert refusal(state, report) is not None
    elif step is None or claim == word:
        assert refusal(state, report) is None
        assert evolve(state, report) == state
    elif word == "held" and claim == "accepted":  # it was accepted before it was held
        assert evolve(state, report) == state
    else:
        own = fact(step.move())
        assert type(refusal(state, report)) is type(refusal(state, own))
        assert evolve(state, report) == evolve(state, own)


def test_a_report_that_the_state_does_not_allow_stays_and_is_marked() -> None:
    folded = fold(REFERRAL, told("requested", fact("reported", -80, claim="scheduled")))
    assert folded.state == state_of("requested")
    assert (len(folded.not_legal), folded.rests_on_void) == (1, frozenset())


def test_reports_of_one_time_have_one_result_in_any_order() -> None:
    first = fact("reported", -80, claim="declined")
    second = fact("reported", -80, claim="accepted", partner="LUNG")
    assert fold(REFERRAL, told("requested", first, second)).state == (
        fold(REFERRAL, told("requested", second, first)).state
    )


def test_a_report_that_comes_late_marks_the_steps_that_it_contradicts() -> None:
    history = told("requested", fact("accepted", -70), fact("reported", -80, claim="declined"))
    folded = fold(REFERRAL, history)
    assert folded.state.word == "declined"
    assert folded.not_legal == {history[1].event_id}


def test_a_replay_of_every_way_gives_the_state() -> None:
    for word, way in WAYS.items():
        events = [fact(each) for each in way]
        state: Referral = NotRequested()
        assert reduce(evolve, events, state).word == word


def test_a_step_that_says_nothing_new_is_not_offered() -> None:
    def offered(*way: str, likely: bool = False) -> set[str]:
        return set(next_moves(fold(REFERRAL, told(*way)), likely_duplicate=likely))

    assert "sent" in offered("requested")
    assert "sent" not in offered("requested", "sent", "received")
    decided = {"duplicate_marked", "duplicate_cleared"}
    assert offered("requested") & decided == {"duplicate_marked"}
    assert offered("requested", likely=True) & decided == decided
    assert offered("requested", "duplicate_marked") & decided == decided
    cleared = ("requested", "duplicate_marked", "duplicate_cleared")
    assert offered(*cleared) & decided == {"duplicate_marked"}
    assert offered("requested", "declined") & decided == set()
    assert offered("requested", "declined") == {"contact_attempted", "closed", "reopened"}
    assert offered("requested", "declined", likely=True) & decided == decided
