"""The entries of a patient, newest first, by day, each with notes about what is unusual."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from caretrail.reading.patient import PatientReading
from caretrail.web.flags import meaning_of
from caretrail.web.words import Words
from domain.continuity import Encounter, Entry
from domain.flags import Flag
from domain.ids import EncounterId, StatementRef
from domain.journey import Journey
from domain.statement import Precision
from domain.triggers import Trigger, trigger_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note about what is unusual in an entry."""

    head: str
    rest: str
    was: str = ""  # a time that no longer holds; shown struck out
    before: int | None = None  # index of the last event at which this was not yet known
    code: str = ""  # the code of the flag


#: The first words of a note about a flag; notes about other flags begin with "Note:".
_HEADS: Final[Mapping[str, str]] = {
    Flag.RESEND: "Repeated:",
    Flag.NO_EFFECT: "No effect:",
    Flag.WAITS: "Waits:",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """One entry as the page shows it."""

    at: datetime | None
    precision: Precision
    icon: str
    head: str
    rest: str
    notes: tuple[Note, ...]
    cancelled: bool
    facility: str
    trigger: str
    control_id: str
    anchor: str  # of its evidence on the same page; empty: the link goes to the page of its event
    record_id: str  # the source record under which it is filed
    event_id: str
    index: int
    recorded_at: datetime
    message_id: str
    late: str  # "20 h late"; empty: not late
    wrong: str = ""  # address of the form that marks it as entered in error; empty: none does


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The entries of a local day, or those of a month or a year without a day."""

    at: datetime | None  # None: entries without a time
    precision: Precision = "second"
    entries: tuple[EntryLine, ...]


def days(entries: Sequence[EntryLine], words: Words) -> list[Day]:
    """Group entries, newest first; those without a time come last."""
    timed = sorted((e for e in entries if e.at), key=lambda e: (e.at, e.index), reverse=True)
    made = [
        Day(at=group[0].at, precision=group[0].precision, entries=tuple(group))
        for _, found in groupby(
            timed, key=lambda e: words.day(e.at, e.precision, year=True) if e.at else None
        )
        if (group := list(found))
    ]
    rest = tuple(e for e in entries if e.at is None)
    return [*made, Day(at=None, entries=rest)] if rest else made


def entry_lines(reading: PatientReading, related: Journey, words: Words) -> list[EntryLine]:
    """Return every entry of a patient as the page shows it."""
    encounters = {e.encounter_id: e for e in reading.patient.encounters}
    first_of: dict[EncounterId, StatementRef] = {}
    for entry in reading.patient.entries:
        if entry.encounter_id and entry.encounter_id not in first_of and entry.voided_by is None:
            first_of[entry.encounter_id] = entry.statement
    made: list[EntryLine] = []
    for entry in reading.patient.entries:
        encounter = encounters.get(entry.encounter_id) if entry.encounter_id else None
        key = entry.encounter_id
        first = key is not None and first_of.get(key) == entry.statement
        made.append(_line(reading, entry, encounter, related, words, first=first))
    return made


def _line(
    reading: PatientReading,
    entry: Entry,
    encounter: Encounter | None,
    related: Journey,
    words: Words,
    *,
    first: bool,
) -> EntryLine:
    filed = reading.filed[entry.statement]
    statement = filed.statement
    entry_words = reading.words(entry)
    at, precision = reading.placed_at(entry)
    learned_at, learned = reading.learned_at(entry.statement)
    is_late = reading.late(entry) is not None
    late = words.length(at, learned_at, precision, learned) if at and is_late else ""
    notes: list[Note] = []
    row = trigger_of(statement.trigger)
    icon: str = row.icon
    if entry.voided_by is not None:
        icon = "x"
        notes.append(_cancelled(reading, entry.voided_by, words))
    elif late:
        icon = "late"
        when = words.near(learned_at, at or filed.recorded_at, learned)
        how = "sent" if reading.loaded_afterwards else "received"
        notes.append(
            Note(
                head="Late:",
                rest=f"{how} {late} after the event ({when}).",
                before=filed.index - 1,
            )
        )
    if entry.ends_part:
        notes.append(Note(head="Ended one department only:", rest="the visit went on elsewhere."))
    corrected = _corrected(reading, entry, encounter, words)
    if corrected:
        icon = "fix"
        notes.append(corrected)
    if first and encounter and encounter.start is None and encounter.status != "planned":
        icon = "torn"
        notes.append(Note(head="Start not stated.", rest=""))
    if entry.inferred and entry.happened_at and row.is_of_course:
        notes.append(Note(head="Time not stated:", rest="the time of entry or sending is shown."))
    notes += [_flag(flag) for flag in entry.flags]
    for readmission in related.readmissions:
        same = readmission.target.encounter.encounter_id == entry.encounter_id
        if same and readmission.admitted_at == at and entry.voided_by is None:
            left = words.day(readmission.discharged_at, readmission.discharge_precision)
            notes.append(
                Note(
                    head="Readmission:",
                    rest=f"inpatient again {readmission.day} days after the discharge of {left}.",
                )
            )
    if encounter:
        facility = encounter.facility
    else:
        facility = statement.place.facility if statement.place else statement.sender
    return EntryLine(
        at=at,
        precision=precision,
        icon=icon,
        head=entry_words.head,
        rest=_rest(entry_words.rest, encounter, row, words),
        notes=tuple(notes),
        cancelled=entry.voided_by is not None,
        facility=facility,
        trigger=statement.trigger,
        control_id=statement.control_id,
        anchor=f"event-{filed.event_id}",
        record_id=statement.record,
        event_id=filed.event_id,
        index=filed.index,
        recorded_at=filed.recorded_at,
        message_id=filed.message_id or "",
        late=f"{late} late" if late else "",
    )


def _rest(rest: str, encounter: Encounter | None, row: Trigger, words: Words) -> str:
    """Return ``rest``; for a plan, with the planned time."""
    if row.kind != "plan" or encounter is None or encounter.planned_for is None:
        return rest
    return f"{rest}, for {words.moment(encounter.planned_for, encounter.planned_precision)}"


def _cancelled(reading: PatientReading, cancel: StatementRef, words: Words) -> Note:
    """Return the note that names the cancel of an entry."""
    statement = reading.filed[cancel].statement
    sent = statement.sent
    on = f"on {words.moment(sent.at, sent.precision)} " if sent else ""
    return Note(head="Cancelled", rest=f"{on}by the sender ({statement.trigger}).")


def _flag(flag: str) -> Note:
    words = meaning_of(flag).words
    if flag in _HEADS:
        return Note(head=_HEADS[flag], rest=words)
    return Note(head="Note:", rest=words, code=flag)


def _corrected(
    reading: PatientReading, entry: Entry, encounter: Encounter | None, words: Words
) -> Note | None:
    """Return the note with the time that now counts as the end, for a discharge it corrects."""
    if entry.superseded_by is None or Flag.RESEND in entry.flags:
        return None
    if encounter is None or encounter.end is None or entry.happened_at is None:
        return None
    since = words.moment(*reading.learned_at(entry.superseded_by))
    was = words.time(entry.happened_at, entry.precision)
    end = words.near(encounter.end, entry.happened_at, encounter.end_precision)
    return Note(
        head="Corrected:",
        was=was or words.day(entry.happened_at, entry.precision),
        rest=f"was stated first; since {since} it is {end}.",
        before=reading.filed[entry.superseded_by].index - 1,
    )
