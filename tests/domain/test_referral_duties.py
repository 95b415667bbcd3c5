"""What a referral owes: by whom, until when, by which source, and when it was done."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from caretrail.default_protocol import default_protocol
from domain.decider import fold
from domain.duties import Duty, done_late, overdue
from domain.ids import StreamId
from domain.referral import (
    REFERRAL,
    History,
    ReferralEvent,
    ReferralRequested,
    RequestedReferral,
    evolve,
    intervals,
    refusal,
)
from domain.referral_duties import duplicate_duty, duties, expires_at
from domain.rules import Protocols, PublishedProtocol, parse_protocol
from tests.domain.referral_facts import COLLEAGUE, HEART, MEMBERS, WARD, fact, told
from tests.domain.scenario import NOW, event_id

STREAM = StreamId("01990000-0000-7000-8000-00000000000a")
PROTOCOL = parse_protocol(default_protocol())
PROTOCOLS = Protocols.of([PublishedProtocol(None, PROTOCOL)])
START = NOW - timedelta(hours=90)  # when `told` begins: Friday 2026-03-06 18:00 UTC


def owed(*moves: str | ReferralEvent) -> dict[str, list[Duty]]:
    """Return the duties of a stream of moves by code, without the word for the urgency."""
    return by_code(told(*moves))


def by_code(history: History) -> dict[str, list[Duty]]:
    found: dict[str, list[Duty]] = {}
    for each in duties(STREAM, history, PROTOCOLS):
        found.setdefault(each.code.split(".")[1], []).append(each)
    return found


def hours(each: Duty) -> tuple[float, float | None]:
    """Return when a duty began and when it was done, in hours after the request."""
    done = each.done_at
    return (
        (each.opened_at - START).total_seconds() / 3600,
        None if done is None else (done - START).total_seconds() / 3600,
    )


def spans(*moves: str | ReferralEvent) -> dict[str, list[tuple[float, float | None]]]:
    return {code: list(map(hours, found)) for code, found in owed(*moves).items()}


def test_a_request_owes_an_answer_and_a_visit() -> None:
    found = owed("requested")
    (answer,), (visit,) = found["acknowledge"], found["seen"]
    assert found.keys() == {"acknowledge", "seen"}
    assert (answer.code, answer.responsible, answer.about) == (
        "referral.acknowledge.routine", HEART, STREAM,
    )  # fmt: skip
    assert datetime(2026, 3, 6, 18, tzinfo=UTC) == START
    assert answer.due_on == date(2026, 3, 11)  # Monday, Tuesday, Wednesday
    assert visit.due_on == date(2026, 4, 17)  # 30 business days
    assert "42 CFR 422.112" in visit.source
    assert answer.rule_version == PROTOCOL.version
    assert not answer.urgent


@pytest.mark.parametrize(
    ("urgency", "due"),
    [
        ("stat", datetime(2026, 3, 6, 22, tzinfo=UTC)),
        ("urgent", date(2026, 3, 9)),
        ("asap", date(2026, 3, 11)),
        ("routine", date(2026, 3, 11)),
    ],
)
def test_the_time_for_an_answer_depends_on_the_urgency(urgency: str, due: Any) -> None:
    (answer,) = owed(fact("requested", -90, urgency=urgency))["acknowledge"]
    assert due == (answer.due_at or answer.due_on)
    assert answer.urgent is (urgency in {"stat", "urgent"})


def test_an_answer_is_done_even_if_it_is_late() -> None:
    on_time = owed("requested", "received", "accepted")["acknowledge"]
    assert list(map(hours, on_time)) == [(0, 2)]
    assert not done_late(on_time[0])
    (late,) = owed(fact("requested", -24 * 10), fact("accepted", -1))["acknowledge"]
    assert done_late(late)
    assert not overdue(late, NOW)


def test_a_question_of_the_target_is_answered_and_then_owes_an_answer_again() -> None:
    asked = spans("requested", "returned_for_information")
    assert (asked["acknowledge"], asked["information"]) == ([(0, 1)], [(1, None)])
    answered = spans("requested", "returned_for_information", "information_sent")
    assert answered["acknowledge"] == [(0, 1), (2, None)]
    assert answered["information"] == [(1, 2)]
    (question,) = owed("requested", "returned_for_information")["information"]
    assert question.responsible == WARD


def test_an_accepted_referral_owes_an_appointment_each_time_that_it_has_none() -> None:
    assert spans("requested", "accepted")["appointment"] == [(1, None)]
    moves = ("requested", "accepted", "scheduled", "missed", "scheduled", "appointment_cancelled")
    assert spans(*moves)["appointment"] == [(1, 2), (3, 4), (5, None)]
    assert spans("requested", "accepted", "seen")["appointment"] == [(1, 2)]


def test_a_visit_is_owed_from_the_request_until_the_patient_is_seen() -> None:
    assert spans("requested", "accepted", "scheduled", "missed")["seen"] == [(0, None)]
    assert spans("requested", "accepted", "scheduled", "seen", "seen")["seen"] == [(0, 3)]
    assert spans("requested", "accepted", "outcome_received")["seen"] == [(0, 2)]


def test_a_day_that_the_requester_states_counts_if_it_is_earlier() -> None:
    early = fact("requested", -90, needed_by=date(2026, 3, 12))
    late = fact("requested", -90, needed_by=date(2026, 6, 12))
    assert (owed(early)["seen"][0].due_on, owed(early)["seen"][0].source) == (
        date(2026, 3, 12), "stated in the request",
    )  # fmt: skip
    assert owed(late)["seen"][0].due_on == date(2026, 4, 17)


def test_a_missed_visit_owes_a_call_until_the_patient_is_reached_or_booked() -> None:
    missed = ("requested", "accepted", "scheduled", "missed")
    assert spans(*missed)["missed"] == [(3, None)]
    no_answer = fact("contact_attempted", -86, result="no_answer")
    assert spans(*missed, no_answer)["missed"] == [(3, None)]
    assert spans(*missed, "contact_attempted")["missed"] == [(3, 4)]
    assert spans(*missed, "scheduled")["missed"] == [(3, 4)]
    reached = fact("missed", -87, reached="yes")
    assert spans(*missed[:3], reached)["missed"] == [(3, 3)]
    assert owed(*missed)["missed"][0].responsible == WARD


def test_a_visit_owes_an_outcome_and_a_further_visit_another_one() -> None:
    seen = ("requested", "accepted", "seen")
    assert spans(*seen)["outcome"] == [(2, None)]
    assert spans(*seen, "interim_note_sent", "outcome_sent")["outcome"] == [(2, 4)]
    (outcome,) = owed(*seen)["outcome"]
    assert outcome.due_on == date(2026, 3, 13)  # 7 days after 2026-03-06


def test_the_patient_is_to_be_told_even_after_the_referral_was_closed() -> None:
    known = ("requested", "accepted", "outcome_sent", "outcome_received")
    assert spans(*known[:3])["tell_patient"] == [(2, None)]
    assert spans(*known)["tell_patient"] == [(3, None)]
    assert spans(*known, "closed")["tell_patient"] == [(3, None)]
    day = fact("closed", -80, plan_told_to_patient_on=date(2026, 3, 7))
    assert spans(*known, "closed", day)["tell_patient"] == [(3, 10)]


def test_a_refusal_is_owed_to_the_requester_until_it_is_read() -> None:
    assert spans("requested", "declined") == {
        "acknowledge": [(0, 1)],
        "refusal": [(1, None)],
    }
    closed = spans("requested", "declined", "closed")
    assert (closed["refusal"], closed["tell_patient"]) == ([(1, 2)], [(2, None)])
    own = spans("requested", "patient_declined", "closed")
    assert own["refusal"] == [(1, 2)]
    assert "tell_patient" not in own
    reopened = spans("requested", "declined", "reopened")
    assert reopened["seen"] == [(0, None)]
    assert reopened["acknowledge"] == [(0, 1), (2, None)]
    unread = spans("requested", "declined", "closed", "reopened")
    assert unread["refusal"] == [(1, 2), (3, None)]
    assert "tell_patient" not in unread


def test_a_referral_that_is_reopened_owes_again_what_its_state_owes() -> None:
    cancelled = (fact("requested", -90, target=COLLEAGUE), "cancelled")
    assert spans(*cancelled, "reopened") == {"acknowledge": [(0, None)], "seen": [(0, None)]}
    asked = ("requested", "returned_for_information", "declined", "reopened")
    assert spans(*asked)["information"] == [(1, 2), (3, None)]
    day = {"plan_told_to_patient_on": date(2026, 3, 7)}
    known = ("requested", "accepted", "outcome_received", fact("closed", -87, **day))
    assert spans(*known)["tell_patient"] == [(2, 3)]
    again = (*known, "reopened")
    assert spans(*again)["tell_patient"] == [(2, 3), (4, None)]
    assert spans(*again, "closed")["tell_patient"] == [(2, 3), (4, None)]
    assert spans(*again, fact("closed", -85, **day))["tell_patient"] == [(2, 3), (4, 5)]
    # An outcome that is received once more does not begin it again.
    assert spans(*again, "outcome_received")["tell_patient"] == [(2, 3), (4, None)]


def test_an_outcome_leaves_no_answer_to_give() -> None:
    cancelling = ("requested", "cancellation_requested", "outcome_received")
    assert spans(*cancelling)["acknowledge"] == [(0, 2)]
    asked = ("requested", "returned_for_information", "cancellation_requested", "outcome_sent")
    assert spans(*asked)["information"] == [(1, 3)]


def test_a_requested_cancellation_owes_an_answer_instead_of_a_visit() -> None:
    for before in (("requested",), ("requested", "returned_for_information"),
                   ("requested", "accepted"), ("requested", "accepted", "scheduled")):  # fmt: skip
        found = owed(*before, "cancellation_requested")
        (answer,) = [each for one in found.values() for each in one if each.done_at is None]
        assert answer.code == "referral.cancellation"
    seen = owed("requested", "accepted", "seen", "cancellation_requested")
    assert [code for code, each in seen.items() if each[-1].done_at is None] == [
        "outcome", "cancellation",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["cancelled", "declined", "outcome_received"])
def test_the_end_of_a_requested_cancellation_answers_it(end: str) -> None:
    found = spans("requested", "accepted", "cancellation_requested", end)
    assert found["cancellation"] == [(2, 3)]
    assert found["acknowledge"] == [(0, 1)]


def test_a_cancellation_is_answered_by_the_other_side_as_soon_as_a_request() -> None:
    for asked_by, answering in (("requester", HEART), ("patient", HEART), ("target", WARD)):
        step = fact("cancellation_requested", -89, asked_by=asked_by)
        (answer,) = owed(fact("requested", -90, urgency="stat"), step)["cancellation"]
        assert (answer.responsible, answer.due_at, answer.urgent) == (
            answering, START + timedelta(hours=5), True,
        )  # fmt: skip
    told_by = fact("reported", -89, claim="cancellation_requested", partner=HEART.organisation)
    (answer,) = owed("requested", told_by)["cancellation"]
    assert answer.responsible == WARD
    again = spans("requested", "cancellation_requested", "cancelled", "reopened")
    assert again["cancellation"] == [(1, 2), (3, None)]


#: What a referral owes at least in a state.
OWED = {
    "requested": {"acknowledge", "seen"},
    "received": {"acknowledge", "seen"},
    "information_sent": {"acknowledge", "seen"},
    "returned_for_information": {"information", "seen"},
    "accepted": {"appointment"},
    "missed": {"appointment"},
    "appointment_cancelled": {"appointment"},
    "seen": {"outcome"},
    "cancellation_requested": {"cancellation"},
    "outcome_sent": {"tell_patient"},
    "outcome_received": {"tell_patient"},
    "declined": {"refusal"},
    "patient_declined": {"refusal"},
    "cancelled": set[str](),
    "redirected": set[str](),
}
#: What no step does any more once a cancellation is requested.
NOT_OWED = {"acknowledge", "information", "appointment", "seen"}


def test_no_way_through_the_states_loses_a_duty_or_ends_one_before_it_begins() -> None:
    random, reached = Random(0), set[str]()
    steps = [each for each in MEMBERS if each not in {"requested", "reported", "entered_in_error"}]
    steps += 3 * ["accepted", "scheduled", "missed", "appointment_cancelled"]
    for _ in range(40):
        history = [fact("requested", -90)]
        state = evolve(REFERRAL.initial, history[0])
        for hour, step in enumerate(random.choices(steps, k=40), -89):
            told_on = date(2026, 3, 7) if random.random() < 0.5 else None
            members = {"plan_told_to_patient_on": told_on} if step == "closed" else {}
            event = fact(step, hour, **members)
            if refusal(state, event) is None:
                history.append(event)
                state = evolve(state, event)
                found = told(*history)
                owing = duties(STREAM, found, PROTOCOLS)
                assert all(one.opened_at <= (one.done_at or NOW) for one in owing)
                open_now = {one.code.split(".")[1] for one in owing if one.done_at is None}
                assert isinstance(state, RequestedReferral)
                reached.add(state.step)
                assert OWED.get(state.step, set()) <= open_now, [e.move() for e in history]
                assert state.step != "cancellation_requested" or not open_now & NOT_OWED
                assert all(
                    one.ended_at is None or one.began_at.at <= one.ended_at.at
                    for one in intervals(fold(REFERRAL, found))
                )
    assert OWED.keys() <= reached


@pytest.mark.parametrize("end", ["cancelled", "redirected"])
def test_a_referral_that_is_cancelled_or_redirected_owes_nothing(end: str) -> None:
    moves = ("requested", "accepted", "cancellation_requested", end)
    open_duties = [each for found in owed(*moves).values() for each in found if not each.done_at]
    assert open_duties == []


def test_a_referral_entered_in_error_owes_nothing() -> None:
    assert owed("requested", "accepted", fact("entered_in_error", event_id=event_id(1))) == {}


def test_reports_of_the_target_do_its_duties() -> None:
    accepted = fact("reported", -89, claim="accepted")
    seen = fact("reported", -80, claim="seen")
    found = spans("requested", accepted, seen)
    assert (found["acknowledge"], found["seen"], found["outcome"]) == (
        [(0, 1)], [(0, 10)], [(10, None)],
    )  # fmt: skip


def test_without_a_protocol_nothing_is_owed() -> None:
    assert duties(STREAM, told("requested", "accepted"), Protocols()) == []


def test_a_likely_duplicate_is_to_be_decided_while_the_referral_is_open() -> None:
    found = duplicate_duty(STREAM, told("requested"), PROTOCOLS)
    assert found is not None
    assert (found.code, found.due_on, found.responsible) == (
        "referral.duplicate", date(2026, 3, 11), WARD,
    )  # fmt: skip
    assert duplicate_duty(STREAM, told("requested", "declined"), PROTOCOLS) is None
    assert duplicate_duty(STREAM, told("requested"), Protocols()) is None


def test_a_referral_expires_at_the_end_of_its_last_day() -> None:
    zone = PROTOCOL.zone_of("HEART")
    stated = fact("requested", -90, expires_on=date(2026, 3, 10))
    unstated = fact("requested", -90)
    assert isinstance(stated, ReferralRequested)
    assert isinstance(unstated, ReferralRequested)
    last, other = expires_at(stated, PROTOCOL), expires_at(unstated, PROTOCOL)
    assert last is not None
    assert other is not None
    assert (last.isoformat()[:16], str(last.tzinfo)) == ("2026-03-11T00:00", zone)
    assert other.date() == date(2026, 9, 3)  # 180 days, and the last one counts
    assert expires_at(unstated, Protocols().at(NOW)) is None
