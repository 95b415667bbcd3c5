"""The page of one patient: who, where now, the picture, what happened, the proof."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from caretrail.reading.evidence import Evidence
from caretrail.reading.patient import Number, PatientReading
from caretrail.web import entries as entries_of
from caretrail.web.between import Between, Span, between, spans
from caretrail.web.entries import Shown
from caretrail.web.lane_bars import class_path
from caretrail.web.picture import RECENT, Scene, draw
from caretrail.web.render import render
from caretrail.web.words import CLASS_WORDS, SEX_WORDS, Words, age, birth_date, length, plural
from domain.continuity import Encounter
from domain.ids import EncounterId, StatementRef
from domain.interpretation import happened
from domain.statement import Place, Statement

#: Messages shown within the page; the others are a link away.
INLINE: Final = 24
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
class Asked:
    """What the reader of the page asked for."""

    now: datetime
    known_at: str = ""  # as typed
    as_of: str = ""  # as typed
    whole: bool = False  # all encounters, however old


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where the patient is."""

    css: str
    head: str
    where: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of "Encounters as a table"; ``between``: what lies before the row instead of cells."""

    facility: str = ""
    class_said: str = ""
    place: str = ""
    start: str = ""
    end: str = ""
    long: str = ""
    status: str = ""
    between: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and what it is."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The events behind a bar."""

    anchor: str
    title: str
    state: str
    css: str
    classes: str
    day: str
    facts: tuple[Fact, ...]
    events: tuple[tuple[Shown, Evidence | None], ...]
    open: bool


def patient_page(
    reading: PatientReading,
    *,
    asked: Asked,
    words: Words,
    message: Callable[[str, Statement], Evidence],
    frame: Mapping[str, object],
) -> str:
    """Return the page; ``message`` opens what is shown as proof, ``frame`` is what all pages share.

    Nothing in it but text of the reading depends on who the patient is: no name in the title.
    """
    as_of = reading.as_of or asked.now
    everything = spans(reading.patient, as_of)
    related = between(everything, as_of=as_of, words=words)
    entries = entries_of.shown(reading, related, words)
    picture = draw(reading.patient, _scene(reading, entries, as_of, asked, words))
    visible = _visible(reading, everything, as_of, asked)
    chosen = [
        shown
        for shown, entry in zip(entries, reading.patient.entries, strict=True)
        if entry.encounter_id is None or entry.encounter_id in visible
    ]
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
        here=_here(everything, related, reading, as_of, words),
        picture=picture,
        legend=_legend(picture.hatches if picture else ()),
        lines=_lines(reading, everything, related, visible, as_of, words),
        days=entries_of.days(chosen, words),
        count=len(chosen),
        proofs=_proofs(reading, everything, entries, visible, as_of, words, message),
        identity=_identity(reading, entries),
    )


def _scene(
    reading: PatientReading, entries: Sequence[Shown], as_of: datetime, asked: Asked, words: Words
) -> Scene:
    late = frozenset[StatementRef](
        entry.statement
        for entry, shown in zip(reading.patient.entries, entries, strict=True)
        if shown.late
    )
    notes = {n.authority: f"{n.authority} {n.value}" for n in reversed(reading.numbers)
             if not n.retired}  # fmt: skip
    return Scene(
        as_of=as_of,
        now=reading.as_of is None,
        words=words,
        late=late,
        lane_notes=notes,
        since=_ALL if asked.whole else None,
        label=reading.label,
        places=_places(reading),
        earlier_href="?" + "&".join(filter(None, (_clocks(asked), "since=all"))),
    )


def _places(reading: PatientReading) -> dict[EncounterId, Place]:
    """Return the place last stated of each encounter that has no stay, as a plan has none."""
    found: dict[EncounterId, Place] = {}
    for encounter in reading.patient.encounters:
        for ref in () if encounter.stays else encounter.statements:
            place = reading.filed[ref].statement.place
            if place is not None:
                found[encounter.encounter_id] = place
    return found


def _clocks(asked: Asked) -> str:
    given = {"as_of": asked.as_of, "known_at": asked.known_at}
    return urlencode({key: value for key, value in given.items() if value})


def _visible(
    reading: PatientReading, everything: Sequence[Span], as_of: datetime, asked: Asked
) -> set[str]:
    """Return the encounters in the window, and those that have no time at all."""
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


def _chips(reading: PatientReading) -> tuple[Number, ...]:
    return tuple(sorted(reading.numbers, key=lambda n: (n.retired, not n.trusted)))


def _merges(reading: PatientReading, words: Words) -> list[tuple[str, str]]:
    """Return anchor and time of every merge."""
    made: list[tuple[str, str]] = []
    for merge in reading.patient.merges:
        filed = reading.filed.get(merge.statement)
        if filed is None or any(a == f"event-{filed.event_id}" for a, _ in made):
            continue
        at, _ = happened(filed.statement)
        made.append((f"event-{filed.event_id}", words.moment(at or filed.recorded_at)))
    return made


def _here(
    everything: Sequence[Span],
    related: Between,
    reading: PatientReading,
    as_of: datetime,
    words: Words,
) -> Here | None:
    """Say where the patient is: the question that the page answers first."""
    open_now = [s for s in everything if s.open and s.standing]
    if open_now:
        span = max(open_now, key=lambda s: (s.residential, s.begin))
        encounter = span.encounter
        last = next((s for s in reversed(encounter.stays) if not s.cancelled), None)
        place = reading.label(last.place) if last else ""
        head = _STATUS_NOW.get(encounter.class_code, "In care, class not stated")
        if len([s for s in open_now if s.residential]) > 1:
            head += "; another stay is open too"
        known = (
            f"since {words.near(span.begin, as_of)}"
            if span.begin_known
            else (f"since before {words.near(span.begin, as_of)}")
        )
        return Here(
            css=encounter.class_code.lower(),
            head=head,
            where=", ".join(filter(None, (words.facility(encounter.facility), place))),
            since=f"{known}, {length(as_of - span.begin)}",
        )
    stayed = [s for s in everything if s.residential]
    if not stayed:
        return None
    last_span = max(stayed, key=lambda s: s.end or s.begin)
    name = words.facility(last_span.encounter.facility)
    if last_span.end is None:
        return Here(css="unknown", head="Not known where", where=f"Last seen at {name}",
                    since=f"on {words.near(last_span.begin, as_of)}; end not stated")  # fmt: skip
    left = words.near(last_span.end, as_of)
    if last_span.encounter.disposition_code == "exp":
        return Here(css="unknown", head=name, where="Died in care", since=left)
    gap = related.gaps[-1] if related.gaps and related.gaps[-1].end is None else None
    where = gap.said if gap else f"{length(as_of - last_span.end)} since discharge"
    return Here(css="unknown", head="In no facility", where=where[:1].upper() + where[1:],
                since=f"left {name} {left}")  # fmt: skip


def _legend(classes: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (css, code, words) of the classes in the picture, in the order of the standard."""
    return [
        (code.lower(), code if code != "unknown" else "", said)
        for code, said in CLASS_WORDS.items()
        if code.lower() in classes
    ]


def _lines(  # the table says all that the picture says
    reading: PatientReading,
    everything: Sequence[Span],
    related: Between,
    visible: set[str],
    as_of: datetime,
    words: Words,
) -> list[Line]:
    made: list[tuple[datetime, int, Line]] = []
    for span in everything:
        if span.encounter.encounter_id in visible:
            made += [
                (span.begin, 1, line) for line in _encounter_lines(reading, span, as_of, words)
            ]
    first = min((at for at, _, _ in made), default=as_of)
    for gap in related.gaps:
        if gap.until > first:
            visits = plural(gap.visits, "outpatient visit")
            with_visits = f", with {visits}" if gap.visits else ""
            so_far = "" if gap.end else ", so far"
            said = f"Between stays: {gap.said}{with_visits}{so_far}"
            made.append((gap.start, 2, Line(between=said)))
    for transfer in related.transfers:
        if transfer.target.encounter.encounter_id in visible:
            source = words.facility(transfer.source.encounter.facility)
            target = words.facility(transfer.target.encounter.facility)
            made.append(
                (transfer.target.begin, 0, Line(between=f"Transfer from {source} to {target}"))
            )
    for back in related.readmissions:
        if back.target.encounter.encounter_id in visible:
            said = (
                f"Readmission as inpatient on day {back.day} of 30 after the discharge of "
                f"{words.day(back.left)}"
            )
            made.append((back.target.begin, 0, Line(between=said)))
    made.sort(key=lambda row: row[:2])
    untimed = [
        Line(
            facility=words.facility(e.facility),
            class_said=CLASS_WORDS[e.class_code],
            place=reading.label(e.stays[-1].place) if e.stays else "",
            start="not stated",
            end="not stated",
            status=e.status,
        )
        for e in reading.patient.encounters
        if e.encounter_id not in {s.encounter.encounter_id for s in everything}
    ]
    return [*untimed, *(line for _, _, line in made)]


def _encounter_lines(
    reading: PatientReading, span: Span, as_of: datetime, words: Words
) -> list[Line]:
    encounter = span.encounter
    name = words.facility(encounter.facility)
    heard = f"not stated (first heard {words.moment(span.begin)})"
    made: list[Line] = []
    for number, stay in enumerate(encounter.stays):
        # Where nobody stated the beginning, the first place is where the patient was met.
        start = stay.start if number else span.begin if span.begin_known else None
        end = stay.end or (span.end if stay is encounter.stays[-1] else None)
        still = end is None and span.open and not stay.cancelled
        until = "open" if still else words.moment(end) if end else ""
        planned = encounter.status == "planned"
        if not until and not planned:
            until = "not stated"
        begin = start or span.begin
        upto = end or (as_of if still else None)
        made.append(
            Line(
                facility=name,
                class_said=CLASS_WORDS[stay.class_code],
                place=reading.label(stay.place),
                start=words.moment(start) if start else heard,
                end=until,
                long=length(upto - begin) if upto and not planned else "",
                status="cancelled" if stay.cancelled else encounter.status,
            )
        )
    if not made:
        made.append(
            Line(
                facility=name,
                class_said=CLASS_WORDS[encounter.class_code],
                place=reading.label(_places(reading).get(encounter.encounter_id)),
                start=words.moment(span.begin) if span.begin_known else heard,
                end=words.moment(span.end) if span.end else ("open" if span.open else ""),
                long=length(span.end - span.begin) if span.end else "",
                status=encounter.status,
            )
        )
    return made


def _proofs(  # what stands behind every bar
    reading: PatientReading,
    everything: Sequence[Span],
    entries: Sequence[Shown],
    visible: set[str],
    as_of: datetime,
    words: Words,
    message: Callable[[str, Statement], Evidence],
) -> list[Proof]:
    by_encounter: dict[str, list[Shown]] = {}
    for entry, shown in zip(reading.patient.entries, entries, strict=True):
        by_encounter.setdefault(entry.encounter_id or "", []).append(shown)
    spans_of = {s.encounter.encounter_id: s for s in everything}
    chosen = [e for e in reading.patient.encounters if e.encounter_id in visible]
    chosen.sort(
        key=lambda e: spans_of[e.encounter_id].begin if e.encounter_id in spans_of
        else as_of - timedelta(days=36500),
        reverse=True,
    )  # fmt: skip
    statements = {f"event-{f.event_id}": f.statement for f in reading.filed.values()}
    left = INLINE
    current = next((e.encounter_id for e in chosen if e.status == "in-progress"), None)
    current = current or (chosen[0].encounter_id if chosen else None)
    made: list[Proof] = []
    for encounter in chosen:
        events: list[tuple[Shown, Evidence | None]] = []
        for shown in by_encounter.get(encounter.encounter_id, []):
            opened = None
            if left > 0 and shown.message_id:
                opened = message(shown.message_id, statements[shown.anchor])
                left -= 1
            events.append((shown, opened))
        made.append(
            _proof(
                reading, encounter, spans_of.get(encounter.encounter_id), tuple(events), as_of,
                words, opened=encounter.encounter_id == current,
            )
        )  # fmt: skip
    return made


def _proof(  # one bar in words
    reading: PatientReading,
    encounter: Encounter,
    span: Span | None,
    events: tuple[tuple[Shown, Evidence | None], ...],
    as_of: datetime,
    words: Words,
    *,
    opened: bool,
) -> Proof:
    path = class_path(span) if span else (encounter.class_code,)
    planned = encounter.status == "planned"
    facts = [Fact(name="Period", value=_period(span, as_of, words))]
    facts.append(Fact(name="Status", value=encounter.status))
    number = reading.visits.get(encounter.visit, "") if encounter.visit else ""
    facts.append(
        Fact(name="Visit", value=f"{encounter.namespace} {number}" if number else "no number")
    )
    filed_under = reading.number(encounter.record)
    if filed_under:
        facts.append(Fact(name="Filed under", value=filed_under))
    if encounter.class_as_sent:
        facts.append(Fact(name="Class as sent", value=encounter.class_as_sent))
    if encounter.disposition_code:
        facts.append(Fact(name="Discharged to", value=encounter.disposition_code))
    if encounter.flags:
        facts.append(Fact(name="Marked", value=", ".join(encounter.flags)))
    return Proof(
        anchor=f"evidence-{encounter.encounter_id}",
        title=words.facility(encounter.facility),
        state=encounter.status if planned or encounter.cancelled else "",
        css="prenc" if planned else path[0].lower(),
        classes=" → ".join(path),
        day=words.day(span.begin) if span else "no time",
        facts=tuple(facts),
        events=events,
        open=opened,
    )


def _period(span: Span | None, as_of: datetime, words: Words) -> str:
    if span is None:
        return "not stated"
    begin = words.moment(span.begin)
    if not span.begin_known:
        begin = f"before {begin}"
    if span.encounter.status == "planned":
        return begin if span.end is None else f"{begin} to {words.moment(span.end)}"
    if span.end:
        return f"{begin} to {words.moment(span.end)} ({length(span.end - span.begin)})"
    if span.open:
        return f"{begin} to now ({length(as_of - span.begin)})"
    return f"{begin}, end not stated"


def _identity(
    reading: PatientReading, entries: Sequence[Shown]
) -> list[tuple[Shown, Evidence | None]]:
    """Return what was said about the person and belongs to no encounter: merges, updates."""
    return [
        (shown, None)
        for shown, entry in zip(entries, reading.patient.entries, strict=True)
        if entry.encounter_id is None
    ]
