"""Entries of own activities on the page of a patient: icon, words and notes."""

from dataclasses import replace
from datetime import timedelta

from caretrail.reading.activities import Activities, ActivityEntry
from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.opening import PersonDetails
from caretrail.reading.patient import PatientReading
from caretrail.reading.wording import EntryWords
from caretrail.web.activity_lines import activity_lines
from caretrail.web.entries import EntryLine
from domain.catalogue import OWN_EVENTS
from domain.ids import EncounterId, EventId, StreamId
from projections.audit_trail import LogPosition
from tests.web.people import WORDS, alder, at

ENTRY = ActivityEntry(
    stream="referral",
    stream_id=StreamId("01990000-0000-7000-8000-00000000000a"),
    index=51_602,
    event_id=EventId("01990000-0000-7000-8000-000000000001"),
    happened_at=at("02-18 11:30"),
    recorded_at=at("02-18 11:31"),
    words=EntryWords(kind="requested", head="Referral requested", rest="from NGH to CSC"),
    facility="NGH",
    encounter_id=None,
    voided_by=None,
    flags=(),
    late=None,
)


def lines(*entries: ActivityEntry, visible: frozenset[str] = frozenset()) -> list[EntryLine]:
    reading = PatientReading(
        patient=alder(),
        filed={},
        person=PersonDetails(),
        numbers=(),
        visits={},
        places={},
        known=LogPosition(index=60_000, recorded_at=None),
        as_of=None,
        activities=Activities(entries=entries),
    )
    return activity_lines(reading, set(visible), WORDS)


def notes(line: EntryLine) -> list[str]:
    return [f"{note.head} {note.rest}" for note in line.notes]


def test_every_kind_of_own_stream_is_shown() -> None:
    assert set(OWN_STREAMS) == {topic.partition(".")[0] for topic in OWN_EVENTS}


def test_an_entry_has_its_icon_its_words_and_the_link_to_its_event() -> None:
    (line,) = lines(ENTRY)
    assert (line.icon, line.head, line.rest) == ("ref", "Referral requested", "from NGH to CSC")
    assert (line.event_id, line.index, line.anchor) == (ENTRY.event_id, 51_602, "")
    assert (line.facility, line.cancelled, line.late, notes(line)) == ("NGH", False, "", [])


def test_a_late_entry_says_by_how_much_and_links_to_what_was_known_before() -> None:
    late = replace(ENTRY, recorded_at=at("02-19 07:30"), late=timedelta(hours=20))
    (line,) = lines(late)
    assert (line.icon, line.late) == ("late", "20 h late")
    assert notes(line) == ["Late: recorded 20 h after the event (19 Feb 07:30)."]
    assert line.notes[0].before == 51_601


def test_an_entry_in_error_is_struck_out() -> None:
    void = replace(ENTRY, voided_by=EventId("mark"), late=timedelta(hours=20))
    (line,) = lines(void)
    assert (line.icon, line.cancelled) == ("x", True)
    assert notes(line) == ["Entered in error: this entry does not count."]


def test_an_entry_that_rests_on_one_in_error_says_so() -> None:
    (line,) = lines(replace(ENTRY, flags=("rests_on_void",)))
    assert notes(line) == ["Does not count: the entry that it rests on was entered in error."]


def test_an_entry_of_an_encounter_outside_the_window_is_left_out() -> None:
    of_old_stay = replace(ENTRY, encounter_id=EncounterId("e3"))
    assert lines(of_old_stay) == []
    assert len(lines(of_old_stay, visible=frozenset({"e3"}))) == 1


def test_an_instant_that_an_entry_states_is_in_the_zone_of_the_page() -> None:
    words = EntryWords(
        kind="claimed", head="Work claimed", rest="by CSC", stated=("until", at("02-18 12:00"))
    )
    later = replace(words, stated=("until", at("02-19 08:00")))
    today, tomorrow = lines(replace(ENTRY, words=words), replace(ENTRY, words=later))

    assert (today.rest, tomorrow.rest) == ("by CSC, until 12:00", "by CSC, until 19 Feb 08:00")
    assert words.summary == "Work claimed by CSC, until 2026-02-18 18:00 UTC."
