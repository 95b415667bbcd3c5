"""What happened, newest first, by day: each entry with what is odd about it, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from caretrail.reading.patient import PatientReading
from caretrail.web.between import Between
from caretrail.web.flags import in_words
from caretrail.web.words import Words, length
from domain.continuity import Encounter, Entry
from domain.ids import EncounterId, StatementRef
from domain.triggers import Trigger, trigger_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is odd about an entry; ``before`` is the index at which it was not known yet."""

    head: str
    rest: str
    was: str = ""  # a time that no longer holds, struck out
    before: int | None = None
    code: str = ""  # of what is marked, as recorded


_MARKS: Final[Mapping[str, Note]] = {
    "resend": Note(head="Repeated:", rest="says what was said before."),
    "no_effect": Note(head="No effect:", rest="it takes back nothing that stands."),
    "waits": Note(head="Waits:", rest="what it takes back was not heard of."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry as the page shows it."""

    at: datetime | None
    icon: str
    head: str
    rest: str
    notes: tuple[Note, ...]
    cancelled: bool
    facility: str
    trigger: str
    control_id: str
    anchor: str  # of the proof on the same page
    record_id: str  # that it was filed under
    event_id: str
    index: int
    recorded_at: datetime
    message_id: str
    late: str  # "20 h late", empty where it was not


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The entries of a local day."""

    at: datetime | None  # None: entries without a time
    entries: tuple[Shown, ...]


def days(entries: Sequence[Shown], words: Words) -> list[Day]:
    """Group entries, newest first; those without a time come last."""
    timed = sorted((e for e in entries if e.at), key=lambda e: (e.at, e.index), reverse=True)
    made = [
        Day(at=group[0].at, entries=tuple(group))
        for _, found in groupby(timed, key=lambda e: words.local(e.at).date() if e.at else None)
        if (group := list(found))
    ]
    rest = tuple(e for e in entries if e.at is None)
    return [*made, Day(at=None, entries=rest)] if rest else made


def shown(reading: PatientReading, related: Between, words: Words) -> list[Shown]:
    """Return every entry of a patient as the page shows it."""
    encounters = {e.encounter_id: e for e in reading.patient.encounters}
    first_of: dict[EncounterId, StatementRef] = {}
    for entry in reading.patient.entries:
        if entry.encounter_id and entry.encounter_id not in first_of and not entry.voided:
            first_of[entry.encounter_id] = entry.statement
    made: list[Shown] = []
    for entry in reading.patient.entries:
        encounter = encounters.get(entry.encounter_id) if entry.encounter_id else None
        key = entry.encounter_id
        first = key is not None and first_of.get(key) == entry.statement
        made.append(_one(reading, entry, encounter, related, words, first=first))
    return made


def _one(  # what an entry is judged by
    reading: PatientReading,
    entry: Entry,
    encounter: Encounter | None,
    related: Between,
    words: Words,
    *,
    first: bool,
) -> Shown:
    filed = reading.filed[entry.statement]
    statement = filed.statement
    said = reading.said(entry)
    late = reading.late(entry)
    at = reading.placed_at(entry)
    notes: list[Note] = []
    row = trigger_of(statement.trigger)
    icon: str = row.icon
    if entry.voided:
        icon = "x"
        notes.append(_cancelled(reading, entry, words))
    if late and not entry.voided:
        icon = "late"
        learned = words.near(reading.learned_at(entry), at or filed.recorded_at)
        learned_how = "sent" if reading.loaded_afterwards else "learned"
        notes.append(
            Note(
                head="Late:",
                rest=f"{learned_how} {length(late)} later, {learned}.",
                before=filed.index - 1,
            )
        )
    part = _part_only(reading, entry, encounter)
    if part:
        notes.append(part)
    replaced = None if part else _replaced(reading, entry, encounter, words)
    if replaced:
        icon = "fix"
        notes.append(replaced)
    if first and encounter and encounter.start is None and encounter.status != "planned":
        icon = "torn"
        notes.append(Note(head="Beginning not stated.", rest=""))
    if entry.inferred and entry.happened_at and row.is_of_course:
        notes.append(Note(head="Time not stated:", rest="taken from when it was entered or sent."))
    notes += [_marked(flag) for flag in entry.flags]
    for readmission in related.readmissions:
        same = readmission.target.encounter.encounter_id == entry.encounter_id
        if same and readmission.back == at and not entry.voided:
            left = words.day(readmission.left)
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
    return Shown(
        at=at,
        icon=icon,
        head=said.head,
        rest=_rest(said.rest, encounter, row, words),
        notes=tuple(notes),
        cancelled=entry.voided,
        facility=facility,
        trigger=statement.trigger,
        control_id=statement.control_id,
        anchor=f"event-{filed.event_id}",
        record_id=statement.record,
        event_id=filed.event_id,
        index=filed.index,
        recorded_at=filed.recorded_at,
        message_id=filed.message_id or "",
        late=f"{length(late)} late" if late else "",
    )


def _rest(rest: str, encounter: Encounter | None, row: Trigger, words: Words) -> str:
    """Add to a plan when it is planned for."""
    if row.kind != "plan" or encounter is None or encounter.planned_for is None:
        return rest
    return f"{rest}, for {words.moment(encounter.planned_for)}"


def _cancelled(reading: PatientReading, entry: Entry, words: Words) -> Note:
    """Say which cancel took an entry back, where one of its visit does."""
    statement = reading.filed[entry.statement].statement
    for other in reading.patient.entries:
        cancel = reading.filed[other.statement].statement
        same = other.encounter_id == entry.encounter_id
        later = not (cancel.sent and statement.sent) or cancel.sent.at >= statement.sent.at
        if same and later and _may_void(cancel.trigger, statement.trigger) and cancel.sent:
            at = words.moment(cancel.sent.at)
            return Note(head="Cancelled", rest=f"on {at} by the sender ({cancel.trigger}).")
    return Note(head="Cancelled", rest="by a later statement.")


def _may_void(cancel: str, trigger: str) -> bool:
    """Tell whether a cancel voids a trigger. A11 also voids what was built on the beginning."""
    row = trigger_of(cancel)
    return trigger in row.voids or row.cancels == "beginning"


def _marked(flag: str) -> Note:
    marked = in_words(flag)
    return _MARKS.get(flag) or Note(
        head="Marked:", rest=f"{marked.said}." if marked.said else "", code=flag
    )


def _part_only(reading: PatientReading, entry: Entry, encounter: Encounter | None) -> Note | None:
    """Say of an end that it closed only the part of the visit that another had replaced."""
    statement = reading.filed[entry.statement].statement
    if (
        encounter is None
        or trigger_of(statement.trigger).kind != "end"
        or "part_ended" not in encounter.flags
    ):
        return None
    standing = [stay for stay in encounter.stays if not stay.cancelled]
    earlier = {stay.place.ref for stay in standing[:-1] if stay.place}
    last = standing[-1].place if standing else None
    place = statement.place
    if place and place.ref in earlier and (last is None or place.ref != last.ref):
        return Note(head="Ended its part only:", rest="the visit went on elsewhere.")
    return None


def _replaced(
    reading: PatientReading, entry: Entry, encounter: Encounter | None, words: Words
) -> Note | None:
    """Say that another end is the one that holds, since when."""
    row = trigger_of(reading.filed[entry.statement].statement.trigger)
    if encounter is None or row.kind != "end" or entry.voided or entry.happened_at is None:
        return None
    if encounter.end is None or encounter.end == entry.happened_at:
        return None
    for other in reading.patient.entries:
        filed = reading.filed[other.statement]
        if (
            other.encounter_id == encounter.encounter_id
            and other.happened_at == encounter.end
            and trigger_of(filed.statement.trigger).discharge_time != "unused"
        ):
            since = words.moment(reading.learned_at(other))
            end = words.near(encounter.end, entry.happened_at)
            return Note(
                head="Corrected:",
                was=words.time(entry.happened_at),
                rest=f"stated at first, {end} since {since}.",
                before=filed.index - 1,
            )
    return None
