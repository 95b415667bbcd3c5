"""The evidence for each bar: the facts of the encounter, its events and its messages."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from caretrail.reading.evidence import Evidence
from caretrail.reading.patient import PatientReading
from caretrail.reading.wording import WHERE_TO
from caretrail.web.entries import EntryLine
from caretrail.web.flags import meanings_of
from caretrail.web.lane_bars import class_path
from caretrail.web.words import Words, span_length
from domain.continuity import Encounter
from domain.journey import EncounterSpan
from domain.statement import Statement

#: Messages that the page shows. It links to the others.
INLINE: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFact:
    """A fact in words, with its name."""

    name: str
    value: str
    code: str = ""  # the recorded code, if ``value`` is its meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The evidence for one encounter."""

    anchor: str
    title: str
    state: str
    css: str
    classes: str
    day: str
    facts: tuple[NamedFact, ...]
    events: tuple[tuple[EntryLine, Evidence | None], ...]
    open: bool


def proofs_of(
    reading: PatientReading,
    everything: Sequence[EncounterSpan],
    entries: Sequence[EntryLine],
    visible: AbstractSet[str],
    as_of: datetime,
    words: Words,
    message: Callable[[str, Statement], Evidence],
) -> list[Proof]:
    """Return the evidence for every visible encounter, the latest first."""
    by_encounter: dict[str, list[EntryLine]] = {}
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
        events: list[tuple[EntryLine, Evidence | None]] = []
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


def _proof(
    reading: PatientReading,
    encounter: Encounter,
    span: EncounterSpan | None,
    events: tuple[tuple[EntryLine, Evidence | None], ...],
    as_of: datetime,
    words: Words,
    *,
    opened: bool,
) -> Proof:
    path = class_path(span) if span else (encounter.class_code,)
    planned = encounter.status == "planned"
    facts = [NamedFact(name="Period", value=_period(span, as_of, words))]
    facts.append(NamedFact(name="Status", value=encounter.status.replace("-", " ")))
    number = reading.visits.get(encounter.visit, "") if encounter.visit else ""
    facts.append(
        NamedFact(
            name="Visit", value=f"{encounter.namespace} {number}" if number else "not numbered"
        )
    )
    filed_under = reading.number(encounter.record)
    if filed_under:
        facts.append(NamedFact(name="Filed under", value=filed_under))
    if encounter.class_as_sent:
        facts.append(NamedFact(name="Class as sent", value=encounter.class_as_sent))
    if encounter.disposition_code:
        code = encounter.disposition_code
        where_to = WHERE_TO.get(code, "")
        facts.append(
            NamedFact(name="Discharged", value=where_to, code="" if where_to == code else code)
        )
    facts += [
        NamedFact(name="Note", value=m.words, code=m.code) for m in meanings_of(encounter.flags)
    ]
    return Proof(
        anchor=f"evidence-{encounter.encounter_id}",
        title=words.facility(encounter.facility),
        state=encounter.status if planned or encounter.cancelled else "",
        css="prenc" if planned else path[0].lower(),
        classes=" → ".join(path),
        day=words.day(span.begin, span.begin_precision) if span else "time not stated",
        facts=tuple(facts),
        events=events,
        open=opened,
    )


def _period(span: EncounterSpan | None, as_of: datetime, words: Words) -> str:
    if span is None:
        return "not stated"
    begin = words.moment(span.begin, span.begin_precision)
    end = words.moment(span.end, span.end_precision) if span.end else ""
    if not span.begin_known:
        begin = f"before {begin}"
    if span.encounter.status == "planned":
        return f"{begin} to {end}" if end else begin
    if span.end:
        return f"{begin} to {end} ({span_length(span, span.end, words)})"
    if span.open:
        return f"{begin} to now ({span_length(span, as_of, words)})"
    return f"{begin}, end not stated"
