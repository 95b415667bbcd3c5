"""The page of one patient: who, where now, the picture, the entries, the evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlencode

from caretrail.reading.care import CareReading
from caretrail.reading.evidence import Evidence
from caretrail.reading.patient import PatientNumber, PatientReading
from caretrail.web import entries as entries_of
from caretrail.web.activity_lines import activity_lines
from caretrail.web.care_sections import care_sections, drawn_referrals
from caretrail.web.deeds import is_offered
from caretrail.web.entries import EntryLine
from caretrail.web.flags import meanings_of
from caretrail.web.picture import RECENT, Scene, draw, legend_of
from caretrail.web.plan_section import drawn_revisions
from caretrail.web.proofs import INLINE, proofs_of
from caretrail.web.recorded import Confirmation, confirmation
from caretrail.web.render import render
from caretrail.web.table import places_without_stay, rows_of
from caretrail.web.words import (
    SEX_WORDS,
    Words,
    age,
    birth_date,
    gap_words,
    span_length,
)
from domain.ids import StatementRef
from domain.journey import EncounterSpan, Journey, journey_of, spans_of, was_left_open
from domain.statement import Statement
from domain.transition.derived import OpenTransition, Transition, state_at

_ALL: Final = datetime(1, 1, 1, tzinfo=UTC)

_STATUS_NOW: Final[Mapping[str, str]] = {
    "EMER": "In the emergency department",
    "IMP": "In hospital, inpatient",
    "OBSENC": "In hospital, under observation",
    "NONAC": "In post-acute care",
    "SS": "In hospital, short stay",
    "AMB": "At an outpatient visit",
    "HH": "Home health visit",
    "VR": "At a virtual visit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineForm:
    """The instants of the patient page, as typed."""

    now: datetime
    known_at: str = ""  # as typed
    as_of: str = ""  # as typed
    whole: bool = False  # show all encounters, also old ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where the patient is."""

    css: str
    head: str
    where: str
    since: str
    doubt: str = ""  # why this may be wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLine:
    """A merge: the number of the retired record, when, and where its evidence is on the page."""

    anchor: str
    retired: str
    at: str


def patient_page(
    reading: PatientReading,
    *,
    asked: TimelineForm,
    words: Words,
    message: Callable[[str, Statement], Evidence],
    frame: Mapping[str, object],
    care: CareReading | None = None,
    recorded: int | None = None,
) -> str:
    """Return the page. Its title and its addresses hold no name and no number of the patient.

    Args:
        reading: The patient as of and as known at the instants asked for.
        asked: The instants as typed.
        words: The time zone and the names of facilities.
        message: Opens a received message and marks the fields of a statement.
        frame: The values that all pages share.
        care: What is owed, who takes care, what the plans say; None: it is not shown.
        recorded: Index of the event that a form has just recorded; None: none.
    """
    as_of = reading.as_of or asked.now
    is_past = bool(asked.as_of or asked.known_at)
    everything = spans_of(reading.patient, as_of)
    related = journey_of(everything, as_of=as_of, zone=words.zone, death=reading.patient.death)
    entries = entries_of.entry_lines(reading, related, words)
    picture = draw(reading.patient, _scene(reading, entries, as_of, asked, words, care))
    visible = _visible(reading, everything, as_of, asked)
    chosen = [
        shown
        for shown, entry in zip(entries, reading.patient.entries, strict=True)
        if entry.encounter_id is None or entry.encounter_id in visible
    ]
    chosen += activity_lines(reading, visible, words, is_past=is_past)
    return render(
        "patient.html",
        **frame,
        words=words,
        reading=reading,
        asked=asked,
        as_of=as_of,
        who=_who(reading, as_of, words),
        chips=_chips(reading),
        merges=_merges(reading, words),
        here=_whereabouts(everything, related, reading, as_of, words),
        picture=picture,
        legend=legend_of(picture),
        lines=rows_of(reading, everything, related, visible, as_of, words),
        days=entries_of.days(chosen, words),
        count=len(chosen),
        proofs=proofs_of(reading, everything, entries, visible, as_of, words, message),
        identity=_identity(reading, entries, message),
        flags=meanings_of(reading.patient.flags),
        care=care_sections(reading, care, words, is_past=is_past) if care else None,
        confirmed=_confirmed(reading, recorded),
        open_transition=_open_transition(reading),
        offers=partial(is_offered, has_died=reading.has_died(as_of)),
    )


def _confirmed(reading: PatientReading, recorded: int | None) -> Confirmation | None:
    """Return what was just recorded, if it is of this patient."""
    found = [each for each in reading.activities.entries if each.index == recorded]
    return confirmation(found[0] if found else None, recorded, complete=reading.known.index)


def _open_transition(reading: PatientReading) -> str:
    """Return the encounter whose discharge is followed up now; empty: none is."""
    for each in reversed(reading.transitions):
        one = each.transition
        if isinstance(one, Transition) and isinstance(state_at(one, each.at), OpenTransition):
            return one.encounter_id
    return ""


def _scene(
    reading: PatientReading,
    entries: Sequence[EntryLine],
    as_of: datetime,
    asked: TimelineForm,
    words: Words,
    care: CareReading | None,
) -> Scene:
    late = frozenset[StatementRef](
        entry.statement
        for entry, shown in zip(reading.patient.entries, entries, strict=True)
        if shown.late
    )
    notes = {n.authority: f"{n.authority} {n.value}" for n in reversed(reading.numbers)
             if not (n.retired or n.replaced)}  # fmt: skip
    return Scene(
        as_of=as_of,
        now=reading.as_of is None,
        words=words,
        late=late,
        lane_notes=notes,
        since=_ALL if asked.whole else None,
        label=reading.label,
        places=places_without_stay(reading),
        referrals=drawn_referrals(reading, care, words) if care else (),
        revisions=drawn_revisions(reading),
        transitions=reading.transitions,
        earlier_href="?" + "&".join(filter(None, (_clocks(asked), "since=all"))),
    )


def _clocks(asked: TimelineForm) -> str:
    given = {"as_of": asked.as_of, "known_at": asked.known_at}
    return urlencode({key: value for key, value in given.items() if value})


def _visible(
    reading: PatientReading,
    everything: Sequence[EncounterSpan],
    as_of: datetime,
    asked: TimelineForm,
) -> set[str]:
    """Return the encounters in the window, and those without any time."""
    timed = {s.encounter.encounter_id for s in everything}
    without = {e.encounter_id for e in reading.patient.encounters} - timed
    if asked.whole:
        return {*timed, *without}
    since = as_of - RECENT
    near = {s.encounter.encounter_id for s in everything if s.open or (s.end or s.begin) >= since}
    if not near and everything:
        since = max(s.end or s.begin for s in everything) - RECENT
        near = {s.encounter.encounter_id for s in everything if (s.end or s.begin) >= since}
    return {*near, *without}


def _who(reading: PatientReading, as_of: datetime, words: Words) -> Mapping[str, str]:
    person = reading.person
    years = age(person.birth_date, words.local(as_of).date())
    parts = [f"{years} years" if years is not None else "", SEX_WORDS.get(person.sex, person.sex)]
    return {
        "name": person.name or "Name not stated",
        "born": birth_date(person.birth_date),
        "born_iso": person.birth_date,
        "rest": ", ".join(filter(None, parts)),
    }


def _chips(reading: PatientReading) -> tuple[PatientNumber, ...]:
    return tuple(sorted(reading.numbers, key=lambda n: (n.retired or n.replaced, not n.trusted)))


def _merges(reading: PatientReading, words: Words) -> list[MergeLine]:
    made: dict[str, MergeLine] = {}
    times = {each.statement: (each.happened_at, each.precision) for each in reading.patient.entries}
    for merge in reading.patient.merges:
        filed = reading.filed.get(merge.statement)
        if filed is None:
            continue
        at, precision = times.get(merge.statement, (None, "second"))
        line = MergeLine(
            anchor=f"event-{filed.event_id}",
            retired=reading.number(merge.retired) or "a record",
            at=words.moment(at, precision) if at else words.moment(filed.recorded_at),
        )
        made.setdefault(line.anchor, line)
    return list(made.values())


def _whereabouts(
    everything: Sequence[EncounterSpan],
    related: Journey,
    reading: PatientReading,
    as_of: datetime,
    words: Words,
) -> Whereabouts | None:
    """Say where the patient is, or was last."""
    open_now = [s for s in everything if s.open and s.valid]
    if open_now:
        span = max(open_now, key=lambda s: (s.residential, s.begin))
        encounter = span.encounter
        last = next((s for s in reversed(encounter.stays) if not s.cancelled), None)
        place = reading.label(last.place) if last else ""
        head = _STATUS_NOW.get(encounter.class_code, "In care, class not stated")
        if len([s for s in open_now if s.residential]) > 1:
            head += "; another stay is open too"
        since = "since" if span.begin_known else "since before"
        known = f"{since} {words.near(span.begin, as_of, span.begin_precision)}"
        return Whereabouts(
            css=encounter.class_code.lower(),
            head=head,
            where=", ".join(filter(None, (words.facility(encounter.facility), place))),
            since=f"{known}, {span_length(span, as_of, words)}",
            doubt="No discharge was received. The visit was probably never closed."
            if was_left_open(encounter.class_code, span.begin, as_of, span.begin_precision)
            else "",
        )
    stayed = [s for s in everything if s.residential]
    if not stayed:
        return None
    last_span = max(stayed, key=lambda s: s.end or s.begin)
    name = words.facility(last_span.encounter.facility)
    if last_span.end is None:
        return Whereabouts(
            css="unknown",
            head="Location not known",
            where=f"Last seen at {name}",
            since=f"on {words.near(last_span.begin, as_of, last_span.begin_precision)};"
            " end not stated",
        )
    left = words.near(last_span.end, as_of, last_span.end_precision)
    if last_span.encounter.disposition_code == "exp":
        return Whereabouts(css="unknown", head=name, where="Died in care", since=left)
    death = reading.patient.death
    if death is not None and reading.has_died(as_of):
        died = words.near(death.at, as_of, death.precision)
        return Whereabouts(
            css="unknown",
            head="Died after the discharge",
            where=f"about {died}" if death.inferred else died,
            since=f"left {name} {left}",
        )
    gap = related.gaps[-1] if related.gaps and related.gaps[-1].end is None else None
    since_end = words.length(last_span.end, as_of, last_span.end_precision)
    where = gap_words(gap) if gap else f"{since_end} since discharge"
    return Whereabouts(
        css="unknown",
        head="Not in a facility",
        where=where[:1].upper() + where[1:],
        since=f"left {name} {left}",
    )


def _identity(
    reading: PatientReading,
    entries: Sequence[EntryLine],
    message: Callable[[str, Statement], Evidence],
) -> list[tuple[EntryLine, Evidence | None]]:
    """Return the entries about the person, such as merges, that belong to no encounter.

    The newest are shown with their message. The others link to it.
    """
    found = [
        (shown, reading.filed[entry.statement].statement)
        for shown, entry in zip(entries, reading.patient.entries, strict=True)
        if entry.encounter_id is None
    ]
    linked = len(found) - INLINE
    return [
        (shown, message(shown.message_id, said) if number >= linked and shown.message_id else None)
        for number, (shown, said) in enumerate(found)
    ]
