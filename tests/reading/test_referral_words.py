"""The entries of referrals: each event has words, and none shows a code where it has a word."""

import pytest
from hypothesis import given

from caretrail.reading.referral_words import referral_organisation, referral_words
from domain import referral
from domain.referral import ReferralEvent
from tests.domain.referral_facts import MEMBERS, fact
from tests.domain.scenario import NOW
from tests.domain.stream_properties import any_event


@given(any_event(referral.KIND))
def test_every_event_has_words(event: ReferralEvent) -> None:
    words = referral_words(event, lambda _: None)
    assert words.kind == event.move()
    assert words.head
    assert ", ," not in words.rest
    assert not words.rest.endswith(", ")


def test_no_two_steps_have_the_same_head() -> None:
    heads = {move: referral_words(fact(move), lambda _: None).head for move in MEMBERS}
    assert len(set(heads.values())) == len(MEMBERS)


@pytest.mark.parametrize(
    ("move", "head", "rest"),
    [
        ("returned_for_information", "Information asked for",
         "by HEART, triage, missing: medication list"),
        ("sent", "Referral sent", "electronically"),
        ("declined", "Referral declined", "by HEART, triage, no capacity"),
        ("authorised", "Referral authorised", "by PLAN, 2 units, until 2026-06-01"),
        ("missed", "Visit missed", "as recorded by HEART, triage, transport"),
        ("contact_attempted", "Patient contact attempted",
         "by GENERAL, dr-ward, telephone, reached"),
        ("appointment_cancelled", "Appointment cancelled",
         "as recorded by HEART, triage, wished by the target"),
        ("outcome_sent", "Referral outcome sent", "by HEART, triage"),
        ("interim_note_sent", "Interim note sent", "by HEART, triage, recommends follow up"),
        ("closed", "Referral closed", "by GENERAL, dr-ward, need met: yes, patient not told yet"),
        ("reported", "Referral reported", "by HEART as accepted"),
    ],
)  # fmt: skip
def test_the_words_say_who_and_why(move: str, head: str, rest: str) -> None:
    words = referral_words(fact(move), lambda _: None)
    assert (words.head, words.rest) == (head, rest)


def test_the_time_of_an_appointment_is_apart_so_that_a_page_shows_it_in_its_zone() -> None:
    made, moved = (
        referral_words(fact(each), lambda _: None) for each in ("scheduled", "rescheduled")
    )
    assert (made.stated, moved.stated) == (("for", NOW), ("to", NOW))
    assert made.summary == f"Appointment made by HEART, triage, for {NOW:%Y-%m-%d %H:%M} UTC."
    assert referral_words(fact("missed"), lambda _: None).stated is None


def test_the_organisation_is_the_one_that_acted() -> None:
    assert referral_organisation(fact("accepted")) == "HEART"
    assert referral_organisation(fact("requested")) == "GENERAL"
    assert referral_organisation(fact("reported")) == "HEART"
    assert referral_organisation(fact("sent")) == ""
