"""The encounters as a table: the facts of the picture, for readers who do not see it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.patient import PatientReading
from caretrail.web.words import CLASS_WORDS, Words, gap_words, plural, span_length
from domain.ids import EncounterId
from domain.journey import EncounterSpan, Journey
from domain.statement import Place, Precision

#: The precision of an instant that a reader asks for.
_PRECISE: Final[Precision] = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row of "Encounters as a table". A row with ``between`` is one sentence across all cells."""

    facility: str = ""
    class_words: str = ""
    place: str = ""
    start: str = ""
    end: str = ""
    duration: str = ""
    status: str = ""
    between: str = ""


def rows_of(
    reading: PatientReading,
    everything: Sequence[EncounterSpan],
    related: Journey,
    visible: AbstractSet[str],
    as_of: datetime,
    words: Words,
) -> list[TableRow]:
    """Return the rows of the table, by time: stays, gaps, transfers, readmissions."""
    made: list[tuple[datetime, int, TableRow]] = []  # time, rank at equal times, row
    for span in everything:
        if span.encounter.encounter_id in visible:
            made += [
                (span.begin, 1, line) for line in _encounter_lines(reading, span, as_of, words)
            ]
    first = min((at for at, _, _ in made), default=as_of)
    for gap in related.gaps:
        if gap.until > first:
            visits = plural(gap.outpatient_visits, "outpatient visit")
            with_visits = f", with {visits}" if gap.outpatient_visits else ""
            so_far = "" if gap.end else ", so far"
            text = f"Between stays: {gap_words(gap)}{with_visits}{so_far}"
            made.append((gap.start, 2, TableRow(between=text)))
    for transfer in related.transfers:
        if transfer.target.encounter.encounter_id in visible:
            source = words.facility(transfer.source.encounter.facility)
            target = words.facility(transfer.target.encounter.facility)
            made.append(
                (transfer.target.begin, 0, TableRow(between=f"Transfer from {source} to {target}"))
            )
    for back in related.readmissions:
        if back.target.encounter.encounter_id in visible:
            text = (
                f"Readmission as inpatient on day {back.day} of 30 after the discharge of "
                f"{words.day(back.discharged_at, back.discharge_precision)}"
            )
            made.append((back.target.begin, 0, TableRow(between=text)))
    made.sort(key=lambda row: row[:2])
    untimed = [
        TableRow(
            facility=words.facility(e.facility),
            class_words=CLASS_WORDS[e.class_code],
            place=reading.label(e.stays[-1].place) if e.stays else "",
            start="not stated",
            end="not stated",
            status=e.status,
        )
        for e in reading.patient.encounters
        if e.encounter_id not in {s.encounter.encounter_id for s in everything}
    ]
    return [*untimed, *(line for _, _, line in made)]


def places_without_stay(reading: PatientReading) -> dict[EncounterId, Place]:
    """Return the last stated place of each encounter without stays, such as a planned one."""
    found: dict[EncounterId, Place] = {}
    for encounter in reading.patient.encounters:
        for ref in () if encounter.stays else encounter.statements:
            place = reading.filed[ref].statement.place
            if place is not None:
                found[encounter.encounter_id] = place
    return found


def _encounter_lines(
    reading: PatientReading, span: EncounterSpan, as_of: datetime, words: Words
) -> list[TableRow]:
    encounter = span.encounter
    name = words.facility(encounter.facility)
    first = words.moment(span.begin, span.begin_precision)
    not_stated = f"not stated (first message {first})"
    made: list[TableRow] = []
    for number, stay in enumerate(encounter.stays):
        # If the start of the encounter is not stated, neither is the start of its first stay.
        start, precision = stay.start, stay.start_precision
        if not number:
            start, precision = (span.begin if span.begin_known else None), span.begin_precision
        end, end_precision = stay.end, stay.end_precision
        if end is None and stay is encounter.stays[-1]:
            end, end_precision = span.end, span.end_precision
        still = end is None and span.open and not stay.cancelled
        until = "open" if still else words.moment(end, end_precision) if end else ""
        planned = encounter.status == "planned"
        if not until and not planned:
            until = "not stated"
        begin = (start, precision) if start else (span.begin, span.begin_precision)
        upto = (end, end_precision) if end else (as_of, _PRECISE) if still else None
        made.append(
            TableRow(
                facility=name,
                class_words=CLASS_WORDS[stay.class_code],
                place=reading.label(stay.place),
                start=words.moment(start, precision) if start else not_stated,
                end=until,
                duration=words.length(begin[0], upto[0], begin[1], upto[1])
                if upto and not planned
                else "",
                status="cancelled" if stay.cancelled else encounter.status,
            )
        )
    if not made:
        made.append(
            TableRow(
                facility=name,
                class_words=CLASS_WORDS[encounter.class_code],
                place=reading.label(places_without_stay(reading).get(encounter.encounter_id)),
                start=first if span.begin_known else not_stated,
                end=words.moment(span.end, span.end_precision)
                if span.end
                else ("open" if span.open else ""),
                duration=span_length(span, span.end, words) if span.end else "",
                status=encounter.status,
            )
        )
    return made
