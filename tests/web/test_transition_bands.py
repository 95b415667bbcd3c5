"""What follows a discharge, as a band of the picture."""

from datetime import datetime

from caretrail.reading.transitions import TransitionReading
from caretrail.web.scale import window
from caretrail.web.shapes import TransitionBand
from caretrail.web.transition_bands import transition_bands, uncalled_until
from domain.transition.derived import Transition
from domain.transition.events import TransitionContactMade
from tests.domain.transition.given import act, only, stay, utc
from tests.web.people import CHICAGO, WORDS

#: A stay that ends on Monday, 2 March 2026, at 10:00 in New York. The call is due on 4 March.
STAY = stay("2026-02-26 09:00", "2026-03-02 15:00")


def called(when: str) -> Transition:
    return only(STAY, act(TransitionContactMade, STAY[1], when))


def band(transition: Transition, at: datetime) -> TransitionBand:
    scale = window(utc("2026-02-26 09:00"), at, None, CHICAGO)
    (made,) = transition_bands([TransitionReading(transition, at)], scale, 200.0, WORDS, "0190-p")
    return made


def test_until_the_call_is_overdue_there_is_no_gap() -> None:
    assert uncalled_until(only(STAY), utc("2026-03-04 20:00")) is None
    assert band(only(STAY), utc("2026-03-04 20:00")).uncalled == ""


def test_a_patient_who_was_discharged_and_not_called_has_a_hatched_gap_until_as_of() -> None:
    at = utc("2026-03-06 20:00")
    assert uncalled_until(only(STAY), at) == at

    made = band(only(STAY), at)

    assert made.uncalled.startswith("M")
    assert made.link_text.endswith("discharged and not called")
    assert made.text is not None
    assert (made.text.text, made.text.css) == ("discharged and not called", "late-t halo")
    assert [each.css for each in made.marks if each.title.startswith("Contact")] == ["over"]


def test_the_gap_ends_with_a_late_call_and_a_call_in_time_leaves_none() -> None:
    at = utc("2026-03-08 20:00")
    late = called("2026-03-05 15:00")
    assert uncalled_until(late, at) == utc("2026-03-05 15:00")
    in_time = called("2026-03-03 15:00")
    assert uncalled_until(in_time, at) is None

    made = band(in_time, at)

    (mark,) = [each for each in made.marks if each.title.startswith("Contact")]
    assert (mark.css, mark.title) == ("full", "Contact: done 3 Mar 09:00")


def test_the_gap_ends_when_the_patient_is_in_a_facility_again() -> None:
    at, again = utc("2026-03-08 20:00"), utc("2026-03-06 09:00")
    before = utc("2026-02-26 09:00")  # the stay of the discharge itself
    assert uncalled_until(only(STAY), at, [before, again]) == again
    in_time = utc("2026-03-03 09:00")
    assert uncalled_until(only(STAY), at, [before, in_time]) is None


def test_a_transition_outside_of_the_window_has_no_band() -> None:
    at = utc("2026-12-01 12:00")
    scale = window(utc("2026-11-20 12:00"), at, None, CHICAGO)
    found = transition_bands([TransitionReading(only(STAY), at)], scale, 0.0, WORDS, "p")
    assert found == ()
