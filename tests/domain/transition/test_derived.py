"""The states and the steps of a transition, from what happened and what people did."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.duties import done_late
from domain.party import Party
from domain.rules import Protocols, PublishedProtocol, parse_protocol
from domain.statement import Statement
from domain.transition.derived import (
    ClosedTransition,
    CompletedTransition,
    OpenTransition,
    SuspendedTransition,
    Transition,
    WithdrawnTransition,
    state_at,
)
from domain.transition.duties import duties
from domain.transition.elsewhere import StepDone
from domain.transition.events import (
    TransitionArrivalConfirmed,
    TransitionContactAttempted,
    TransitionContactMade,
    TransitionDeclined,
    TransitionEvent,
    TransitionFollowUpMissed,
    TransitionFollowUpScheduled,
    TransitionInformationReceived,
    TransitionInformationSent,
    TransitionMovedAway,
    TransitionReported,
    TransitionResponsibleChanged,
    TransitionStepDone,
    TransitionStepWaived,
)
from domain.transition.steps import StepWaiver
from tests.domain.interpretation.statements import adt
from tests.domain.transition.given import (
    CONTENT,
    act,
    encounter,
    of_payer,
    on,
    only,
    stay,
    step,
    transitions,
    utc,
)

#: A stay that ends on Monday, 2 March 2026, at 10:00 in New York.
STAY = stay("2026-02-26 09:00", "2026-03-02 15:00")
ADMISSION, DISCHARGE = STAY
#: A protocol whose discharges to home have two steps.
SHORT = Protocols.of(
    [
        PublishedProtocol(
            None,
            parse_protocol(
                """
                name = "short"
                zone = "America/New_York"
                duties = {}
                [kinds.home]
                dispositions = ["01"]
                steps = [
                  { code = "contact", within = "2 bd", done_by = ["contact_made"], source = "x" },
                  { code = "referrals", within = "2 bd", done_by = ["step_done"], source = "x" },
                ]
                """
            ),
        )
    ]
)


def called(when: str, anchor: Statement = DISCHARGE) -> TransitionEvent:
    return act(TransitionContactMade, anchor, when)


def tried(when: str) -> TransitionEvent:
    return act(TransitionContactAttempted, DISCHARGE, when)


def both(when: str, anchor: Statement = DISCHARGE) -> list[TransitionEvent]:
    """Return what does both steps of the short protocol."""
    return [called(when, anchor), act(TransitionStepDone, anchor, when, step="referrals")]


def two(statements: Sequence[Statement], *acts: TransitionEvent, **more: Any) -> list[Transition]:
    """Return the transitions of two discharges that hold."""
    found = [
        each for each in transitions(statements, *acts, **more) if isinstance(each, Transition)
    ]
    assert len(found) == 2
    return found


def open_codes(transition: Transition) -> list[str]:
    return [each.code for each in duties(transition) if each.done_at is None]


# --- steps ----------------------------------------------------------------------------------------


def test_a_call_does_the_step_at_its_time() -> None:
    found = only(STAY, called("2026-03-03 14:00"))
    assert step(found, "contact").done == StepDone(
        utc("2026-03-03 14:00"), "contact_made", event=step(found, "contact").done.event
    )
    assert "transition.contact" not in open_codes(found)
    assert found.state == OpenTransition()


def test_a_call_that_is_entered_late_counts_at_its_time() -> None:
    found = only(STAY, called("2026-03-04 22:00"))
    (duty,) = [each for each in duties(found) if each.done_at]
    assert not done_late(duty)
    late = only(STAY, called("2026-03-05 05:00"))
    (duty,) = [each for each in duties(late) if each.done_at]
    assert done_late(duty)


def test_a_call_before_the_discharge_does_nothing() -> None:
    assert step(only(STAY, called("2026-03-02 14:59")), "contact").done is None


def test_two_attempts_on_different_business_days_do_the_step() -> None:
    once = only(STAY, tried("2026-03-02 18:00"), tried("2026-03-02 21:00"))
    assert (step(once, "contact").done, step(once, "contact").attempts) == (None, 1)
    twice = only(STAY, tried("2026-03-02 18:00"), tried("2026-03-03 18:00"))
    done = step(twice, "contact").done
    assert (done.at, done.by) == (utc("2026-03-03 18:00"), "contact_attempted")


def test_attempts_on_the_weekend_and_the_next_monday_are_of_one_business_day() -> None:
    found = only(STAY, tried("2026-03-07 18:00"), tried("2026-03-09 18:00"))
    assert (step(found, "contact").done, step(found, "contact").attempts) == (None, 1)


def test_attempts_do_nothing_if_the_protocol_does_not_count_them() -> None:
    content = CONTENT.replace("attempts = 2, ", "")
    protocols = Protocols.of([PublishedProtocol(None, parse_protocol(content))])
    found = only(STAY, tried("2026-03-02 18:00"), tried("2026-03-03 18:00"), protocols=protocols)
    assert step(found, "contact").done is None


def test_a_step_without_an_event_of_its_own_is_done_by_name() -> None:
    done = act(TransitionStepDone, DISCHARGE, "2026-03-03 14:00", step="education")
    found = only(STAY, done)
    assert step(found, "education").done.by == "step_done"
    assert step(found, "referrals").done is None


def test_a_name_does_no_step_that_the_protocol_lets_only_an_event_do() -> None:
    done = act(TransitionStepDone, DISCHARGE, "2026-03-03 14:00", step="contact")
    assert step(only(STAY, done), "contact").done is None


def test_a_waived_step_is_not_owed() -> None:
    waived = act(
        TransitionStepWaived, DISCHARGE, "2026-03-03 14:00", step="equipment", reason="not_needed"
    )
    found = only(STAY, waived)
    assert step(found, "equipment").waived == StepWaiver(
        utc("2026-03-03 14:00"), "not_needed", step(found, "equipment").waived.event
    )
    assert "transition.equipment" not in [each.code for each in duties(found)]


def test_a_list_of_medicines_does_its_step_when_all_elements_are_there() -> None:
    snf = stay("2026-02-26 09:00", "2026-03-02 15:00", sent="03")
    first = act(TransitionInformationSent, snf[1], "2026-03-02 14:00", elements=("results",))
    found = only(snf, first)
    assert step(found, "transfer_information").done.at == utc("2026-03-02 14:00")
    assert step(found, "medication_list").done is None
    assert step(found, "medication_list").elements_missing == ("medications",)
    second = act(
        TransitionInformationReceived, snf[1], "2026-03-02 16:00", elements=("medications",)
    )
    found = only(snf, first, second)
    assert step(found, "medication_list").done.at == utc("2026-03-02 16:00")
    assert step(found, "medication_list").elements_missing == ()
    assert set(step(found, "transfer_information").elements_missing).isdisjoint(
        {"results", "medications"}
    )


def test_what_another_system_reports_does_a_step_and_is_shown_apart() -> None:
    snf = stay("2026-02-26 09:00", "2026-03-02 15:00", sent="03")

    def reported(when: str, claim: str = "arrival_confirmed") -> TransitionEvent:
        return act(TransitionReported, snf[1], when, claim=claim, partner="HARBOR")

    found = only(snf, reported("2026-03-02 17:00"))
    done = step(found, "arrival").done
    assert done is not None
    assert (done.at, done.by) == (utc("2026-03-02 17:00"), "reported")
    assert step(only(snf, reported("2026-03-02 14:00")), "arrival").done is None
    assert step(only(snf, reported("2026-03-02 17:00", "contact_made")), "arrival").done is None


def test_an_admission_elsewhere_confirms_the_arrival() -> None:
    snf = stay("2026-02-26 09:00", "2026-03-02 15:00", sent="03")
    arrival = stay("2026-03-02 17:00", None, "V2", facility="F2", pv12="N")
    found = only([*snf, *arrival])
    assert step(found, "arrival").done == StepDone(
        utc("2026-03-02 17:00"), "admission", encounter=encounter(arrival[0])
    )
    assert found.state == OpenTransition()
    told = act(TransitionArrivalConfirmed, snf[1], "2026-03-02 16:30")
    assert step(only([*snf, *arrival], told), "arrival").done.by == "arrival_confirmed"


def test_an_admission_to_a_hospital_days_later_is_no_arrival() -> None:
    snf = stay("2026-02-26 09:00", "2026-03-02 15:00", sent="03")
    again = stay("2026-03-06 17:00", None, "V2", facility="F2")
    found = only([*snf, *again])
    assert step(found, "arrival").done is None
    assert found.state == SuspendedTransition(encounter(again[0]))


def test_the_facility_owes_the_steps_until_another_party_is_named() -> None:
    assert only(STAY).responsible == Party(organisation="H1")
    nurse = Party(organisation="GENERAL", person="nurse-1")
    found = only(STAY, act(TransitionResponsibleChanged, DISCHARGE, "2026-03-02 16:00", to=nurse))
    assert {each.responsible for each in duties(found)} == {nurse}


def test_a_facility_whose_name_is_no_code_is_no_party() -> None:
    odd = stay("2026-02-26 09:00", "2026-03-02 15:00", facility="St. Mary's")
    assert (only(odd).facility, only(odd).responsible) == ("St. Mary's", Party())


# --- states ---------------------------------------------------------------------------------------


def test_a_transition_is_completed_when_every_step_is_done_or_waived() -> None:
    assert only(STAY, called("2026-03-02 16:00"), protocols=SHORT).state == OpenTransition()
    waived = act(TransitionStepWaived, DISCHARGE, "2026-03-03 14:00", step="referrals", reason="x")
    found = only(STAY, called("2026-03-02 16:00"), waived, protocols=SHORT)
    assert found.state == CompletedTransition(utc("2026-03-03 14:00"))


def test_the_window_ends_a_transition_for_the_reader_only() -> None:
    found = only(STAY)
    assert found.window_ends_at == utc("2026-04-02 00:00-04:00")
    assert state_at(found, utc("2026-04-01 23:59-04:00")) == OpenTransition()
    over = ClosedTransition("window_over", found.window_ends_at)
    assert state_at(found, found.window_ends_at) == over
    assert len(open_codes(found)) == len(found.steps)
    late = only(STAY, *both("2026-05-01 12:00"), protocols=SHORT)
    assert state_at(late, utc("2026-05-02 00:00")) == CompletedTransition(utc("2026-05-01 12:00"))


def test_a_death_closes_the_transition_and_nothing_is_owed() -> None:
    told = adt("A08", on("2026-03-03 10:00"), deceased=True, died=on("2026-03-03 09:00"))
    found = only([*STAY, told], called("2026-03-02 16:00"))
    assert found.state == ClosedTransition("deceased", utc("2026-03-03 09:00"))
    assert open_codes(found) == []


def test_work_on_a_discharge_that_turns_out_to_be_a_death_stays_in_sight() -> None:
    died = adt("A03", on("2026-03-02 18:00"), disposition_sent="20", disposition="exp")
    found = only([*STAY, died], called("2026-03-02 16:00"))
    assert (found.kind, found.steps) == ("died", ())
    assert isinstance(found.state, ClosedTransition)


def test_a_patient_who_declines_or_moves_away_ends_the_transition() -> None:
    at = "2026-03-03 14:00"
    declined = only(STAY, act(TransitionDeclined, DISCHARGE, at))
    assert declined.state == ClosedTransition("declined", utc(at))
    moved = only(STAY, act(TransitionMovedAway, DISCHARGE, at))
    assert moved.state == ClosedTransition("moved_away", utc(at))
    assert open_codes(declined) == open_codes(moved) == []


def test_a_readmission_suspends_and_its_discharge_goes_on() -> None:
    again = stay("2026-03-06 17:00", "2026-03-09 15:00", "V2")
    first, second = two([*STAY, *again], called("2026-03-03 14:00"))
    assert first.state == SuspendedTransition(second.encounter_id)
    assert [each.code for each in duties(first)] == ["transition.contact"]
    assert (second.continues, second.state) == (first.encounter_id, OpenTransition())


def test_a_readmission_that_is_cancelled_suspends_nothing() -> None:
    again = stay("2026-03-06 17:00", None, "V2")
    assert isinstance(only([*STAY, *again]).state, SuspendedTransition)
    found = only([*STAY, *again, adt("A11", on("2026-03-06 18:00"), visit="V2")])
    assert found.state == OpenTransition()


def test_a_readmission_after_the_end_of_a_transition_does_not_suspend_it() -> None:
    again = stay("2026-03-06 17:00", "2026-03-09 15:00", "V2")
    first, second = two([*STAY, *again], *both("2026-03-03 14:00"), protocols=SHORT)
    assert (first.state, second.continues) == (CompletedTransition(utc("2026-03-03 14:00")), None)
    declined = act(TransitionDeclined, DISCHARGE, "2026-03-03 14:00")
    first, second = two([*STAY, *again], declined)
    assert (first.state, second.continues) == (
        ClosedTransition("declined", utc("2026-03-03 14:00")),
        None,
    )
    later = stay("2026-04-02 12:00", "2026-04-05 15:00", "V2")
    first, second = two([*STAY, *later])
    assert (first.state, second.continues) == (OpenTransition(), None)


def test_an_emergency_visit_does_not_suspend() -> None:
    visit = stay("2026-03-06 17:00", None, "V2", pv12="E")
    assert only([*STAY, *visit]).state == OpenTransition()


def test_a_stay_that_goes_on_when_an_emergency_visit_is_closed_suspends_it() -> None:
    emergency = stay("2026-03-02 10:00", "2026-03-02 15:00", pv12="E", sent="06")
    ward = stay("2026-03-02 14:30", None, "V2")
    found = only([*emergency, *ward])
    assert found.state == SuspendedTransition(encounter(ward[0]))


def test_a_stay_that_was_never_closed_suspends_nothing() -> None:
    old = stay("2025-12-01 10:00", None, "V9")
    assert only([*old, *STAY]).state == OpenTransition()
    before = stay("2026-03-02 08:00", None, "V8")
    short = stay("2026-03-02 10:00", "2026-03-02 15:00")
    assert only([*before, *short]).state == OpenTransition()


# --- discharges that no longer hold ---------------------------------------------------------------


def test_work_on_a_discharge_that_was_cancelled_stays_in_sight() -> None:
    call = called("2026-03-02 15:30")
    cancel = adt("A13", on("2026-03-02 16:00"))
    (found,) = transitions([*STAY, cancel], call)
    assert isinstance(found, WithdrawnTransition)
    assert (found.encounter_id, found.cause) == (encounter(ADMISSION), "discharge_cancelled")
    again = adt("A03", on("2026-03-04 15:00"), disposition_sent="01")
    reopened = only([*STAY, cancel, again], call)
    assert (reopened.discharge_at, reopened.state) == (utc("2026-03-04 15:00"), OpenTransition())
    assert step(reopened, "contact").done is None  # the call was before this discharge


def test_a_withdrawn_transition_says_why() -> None:
    call = called("2026-03-02 15:30")
    (cancelled,) = transitions([*STAY, adt("A11", on("2026-03-02 16:00"))], call)
    assert isinstance(cancelled, WithdrawnTransition)
    assert cancelled.cause == "encounter_cancelled"
    outpatient = stay("2026-02-26 09:00", "2026-03-02 15:00", pv12="O")
    (changed,) = transitions(outpatient, called("2026-03-02 15:30", outpatient[1]))
    assert isinstance(changed, WithdrawnTransition)
    assert changed.cause == "class_changed"


def test_work_on_a_discharge_of_the_backlog_owes_nothing_more() -> None:
    backlog = [replace(each, flags=("backfill",)) for each in STAY]
    found = only(backlog, called("2026-03-03 14:00"))
    assert (found.flags, duties(found)) == (("backlog",), [])
    assert step(found, "contact").done is not None


def test_an_admission_that_arrives_late_keeps_the_work() -> None:
    call = called("2026-03-03 14:00")
    alone = only([DISCHARGE], call)
    whole = only(STAY, call)
    assert (alone.encounter_id, whole.encounter_id) == (
        encounter(DISCHARGE),
        encounter(ADMISSION),
    )
    assert step(alone, "contact").done == step(whole, "contact").done


# --- missed visits --------------------------------------------------------------------------------


def calls(*acts: TransitionEvent) -> list[tuple[str, bool]]:
    """Return the days on which calls after missed visits are due, and whether they were made."""
    owed = [each for each in duties(only(STAY, *acts)) if each.code == "transition.missed_visit"]
    return [(str(each.due_on), each.done_at is not None) for each in owed]


def missed(when: str) -> TransitionEvent:
    return act(TransitionFollowUpMissed, DISCHARGE, when)


def test_the_patient_is_called_on_the_next_business_day_after_a_missed_visit() -> None:
    assert calls() == []
    # A Friday, and the Monday after it.
    assert calls(missed("2026-03-06 15:00")) == [("2026-03-09", False)]
    assert calls(missed("2026-03-06 15:00"), called("2026-03-09 14:00")) == [("2026-03-09", True)]


def test_a_call_without_an_answer_does_not_settle_a_missed_visit_and_a_message_does() -> None:
    no_answer = act(TransitionContactAttempted, DISCHARGE, "2026-03-09 14:00", result="no_answer")
    message = act(TransitionContactAttempted, DISCHARGE, "2026-03-09 15:00", result="left_message")
    assert calls(missed("2026-03-06 15:00"), no_answer) == [("2026-03-09", False)]
    assert calls(missed("2026-03-06 15:00"), no_answer, message) == [("2026-03-09", True)]


@pytest.mark.parametrize("claim", ["contact_made", "follow_up_completed"])
def test_a_reported_call_or_visit_settles_a_missed_visit(claim: str) -> None:
    def reported(when: str, claim: str) -> TransitionEvent:
        return act(TransitionReported, DISCHARGE, when, claim=claim, partner="HARBOR")

    miss = missed("2026-03-06 15:00")
    assert calls(miss, reported("2026-03-09 14:00", claim)) == [("2026-03-09", True)]
    assert calls(miss, reported("2026-03-09 14:00", "service_started")) == [("2026-03-09", False)]
    assert calls(reported("2026-03-06 14:00", claim), miss) == [("2026-03-09", False)]


def test_each_missed_visit_after_a_settled_one_asks_for_a_call_again() -> None:
    again = act(TransitionFollowUpScheduled, DISCHARGE, "2026-03-09 14:00")
    story = (missed("2026-03-06 15:00"), missed("2026-03-06 16:00"), again)
    assert calls(*story, missed("2026-03-10 15:00")) == [
        ("2026-03-09", True),
        ("2026-03-11", False),
    ]


def test_a_patient_who_moved_away_is_not_called_after_a_missed_visit() -> None:
    away = act(TransitionMovedAway, DISCHARGE, "2026-03-07 15:00")
    assert calls(missed("2026-03-06 15:00"), away) == []


def test_the_call_after_a_missed_visit_has_the_payer_of_the_instant_of_the_miss() -> None:
    """The patient changes the payer after the discharge. The steps keep their times."""
    lines = """
[lines.quick]
payers = ["PLAN-A"]
[lines.quick.duties]
"transition.missed_visit" = { within = "1 h", source = "quick" }
[lines.quick.steps.home]
contact = { within = "1 h", source = "quick" }
"""
    payer = of_payer("PLAN-A", "2026-03-05 09:00")
    protocols = Protocols.of([PublishedProtocol(None, parse_protocol(CONTENT + lines))])
    found = only(STAY, missed("2026-03-06 15:00"), protocols=protocols.of_patient(payer))
    sources = {each.code: each.source for each in duties(found)}
    assert sources["transition.missed_visit"] == "quick"
    assert sources["transition.contact"] != "quick"
