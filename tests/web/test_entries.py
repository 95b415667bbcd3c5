import pytest

from caretrail.web import entries
from caretrail.web.entries import EntryLine
from domain.journey import journey_of, spans_of
from tests.region import NOW, WORDS, Told

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def lines(told: Told) -> dict[tuple[str, str], EntryLine]:
    """Alder's entries by trigger and local time."""
    reading = told.reader.patient(told.alder)
    assert reading
    related = journey_of(spans_of(reading.patient, NOW), as_of=NOW, zone=WORDS.zone)
    made = entries.entry_lines(reading, related, WORDS)
    return {(e.trigger, WORDS.moment(e.at)): e for e in made if e.at}


def notes(entry: EntryLine) -> list[str]:
    return [
        f"{note.head} {note.was} {note.rest}".replace("  ", " ").strip() for note in entry.notes
    ]


def test_a_cancelled_admission_says_when_it_was_cancelled(
    lines: dict[tuple[str, str], EntryLine],
) -> None:
    entry = lines["A01", "2 Feb 15:20"]

    assert entry.cancelled
    assert notes(entry) == ["Cancelled on 4 Feb 11:05 by the sender (A11)."]


def test_a_late_entry_says_by_how_much(lines: dict[tuple[str, str], EntryLine]) -> None:
    entry = lines["A03", "16 Feb 09:30"]

    assert entry.icon == "late"
    assert notes(entry) == ["Late: sent 20 h after the event (17 Feb 06:11)."]
    assert entry.notes[0].before == entry.index - 1


def test_a_corrected_discharge_says_which_time_holds(
    lines: dict[tuple[str, str], EntryLine],
) -> None:
    entry = lines["A03", "23 Jan 11:30"]

    assert notes(entry) == ["Corrected: 11:30 was stated first; since 23 Jan 15:44 it is 10:30."]


def test_a_readmission_is_noted_at_the_entry_by_which_the_patient_became_an_inpatient(
    lines: dict[tuple[str, str], EntryLine],
) -> None:
    said = notes(lines["A06", "13 Feb 16:00"])

    assert "Readmission: inpatient again 21 days after the discharge of 23 Jan." in said


def test_the_first_entry_of_a_visit_without_a_start_says_so(
    lines: dict[tuple[str, str], EntryLine],
) -> None:
    entry = lines["A02", "4 Jan 06:20"]

    assert entry.icon == "torn"
    assert notes(entry) == ["Start not stated."]


def test_a_plan_states_the_planned_time(lines: dict[tuple[str, str], EntryLine]) -> None:
    plans = [entry for (trigger, _), entry in lines.items() if trigger == "A05"]

    assert [f"{plan.head} {plan.rest}" for plan in plans] == [
        "Planned visit, Cardiology, for 26 Feb 09:30"
    ]


def test_a_merge_names_both_numbers(lines: dict[tuple[str, str], EntryLine]) -> None:
    assert lines["A40", "12 Feb 08:40"].rest == "SBH 77-20981 into SBH 77-10342"


def test_days_are_local_and_newest_first(lines: dict[tuple[str, str], EntryLine]) -> None:
    days = entries.days(list(lines.values()), WORDS)

    assert [WORDS.weekday(day.at) for day in days if day.at][:3] == [
        "Thu 19 Feb", "Wed 18 Feb", "Mon 16 Feb",
    ]  # fmt: skip
    times = [entry.at for day in days for entry in day.entries if entry.at]
    assert times == sorted(times, reverse=True)
