"""One patient, read: interpreted as of and as known at, with what is sealed opened."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from caretrail.reading.opening import PersonDetails, SegmentOpener, person, pieces_of
from caretrail.reading.wording import Said, say
from domain.continuity import Encounter, Entry, Patient
from domain.ids import PatientId, RecordId, StatementRef, VisitRef
from domain.interpretation import stated_by
from domain.segments import Part2Place
from domain.statement import IdentifierRef, Place, Statement
from projections.audit_trail import LogPosition
from projections.engine.events import FiledStatement

#: A statement told or recorded this long after what it says counts as late.
LATE: Final = timedelta(hours=1)

Interpret = Callable[[Iterable[Statement]], tuple[Patient, ...]]
_SHOWN_FIELDS: Final = ("PID-3", "PID-2", "PID-4", "MRG-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientNumber:
    """An identifier as sent. ``merged_by``: the statement by which its record retired."""

    ref: str
    value: str
    authority: str
    type: str
    field: str
    trusted: bool = False
    retired: bool = False
    replaced: bool = False  # its sender corrected it: no longer stated, joins nobody
    merged_by: StatementRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientReading:
    """A patient as it was at one instant, as known at another."""

    patient: Patient
    filed: Mapping[StatementRef, FiledStatement]  # one a ref: the one recorded first
    person: PersonDetails
    numbers: tuple[PatientNumber, ...]
    visits: Mapping[VisitRef, str]  # visit numbers as sent
    places: Mapping[str, Part2Place]  # by place ref: those of part2 units
    known: LogPosition
    as_of: datetime | None  # None: now
    twin: PatientId | None = None  # the same number in another processing mode
    twin_mode: str = ""
    loaded_afterwards: bool = False  # most of it was recorded a day or more after it was sent
    by_record: Mapping[str, PatientNumber] = field(default_factory=dict)

    def label(self, place: Place | None) -> str:
        """Return unit, room and bed as far as stated; those of part2 units opened."""
        return place_text(*self.codes(place))

    def codes(self, place: Place | None) -> tuple[str | None, str | None, str | None]:
        """Return unit, room and bed; None what is not stated, or does not open."""
        if place is None:
            return None, None, None
        if place.part2:
            found = self.places.get(place.ref)
            if found is None:
                return None, None, None
            return found.unit or None, found.room or None, found.bed or None
        return place.unit, place.room, place.bed

    def number(self, record: RecordId) -> str:
        """Return ``SBH 77-10342`` for a source record, or an empty string."""
        found = self.by_record.get(record)
        return f"{found.authority} {found.value}".strip() if found else ""

    def said(self, entry: Entry) -> Said:
        """Return what an entry says."""
        statement = self.filed[entry.statement].statement
        return say(statement, label=self.label, number=self.number)

    def placed_at(self, entry: Entry) -> datetime | None:
        """Return when an entry happened: of one that moved the patient, since when they are there.

        A second beginning of a visit restates the first one's time, and yet is a change at its own.
        """
        for encounter in self.patient.encounters:
            if encounter.encounter_id == entry.encounter_id:
                for stay in encounter.stays[1:]:
                    if stay.statement == entry.statement and not stay.cancelled:
                        return stay.start or entry.happened_at
        return entry.happened_at

    def late(self, entry: Entry) -> timedelta | None:
        """Return by how much the entry was learned late; None: it was not.

        Late is what its sender told late. What came late although it was told in time counts only
        where the history was not loaded as a whole long afterwards.
        """
        filed = self.filed[entry.statement]
        happened = self.placed_at(entry)
        if happened is None or entry.inferred:
            return None
        sent = filed.statement.sent.at if filed.statement.sent else None
        learned = filed.recorded_at if sent is None or not self.loaded_afterwards else sent
        late = learned - happened
        return late if late >= LATE else None

    def learned_at(self, entry: Entry) -> datetime:
        """Return when the entry was learned: told, where the history was loaded afterwards."""
        filed = self.filed[entry.statement]
        sent = filed.statement.sent
        return sent.at if sent and self.loaded_afterwards else filed.recorded_at


def place_text(unit: str | None, room: str | None, bed: str | None) -> str:
    """Return ``4W-10``: what is stated of unit, room and bed; a bed that repeats its room once."""
    parts = (unit, room, bed if bed != room else None)
    return "-".join(part for part in parts if part)


def read(  # what a reading is made of
    filed: Sequence[FiledStatement],
    record: str,
    interpret: Interpret,
    opening: SegmentOpener,
    *,
    as_of: datetime | None,
    known: LogPosition,
    akin: Collection[RecordId] = (),
) -> PatientReading | None:
    """Return the patient to whom ``record`` belongs; None where nothing is filed of it.

    ``akin``: records that stand for it where it was not heard of yet.
    """
    by_ref: dict[StatementRef, FiledStatement] = {}
    for one in filed:
        by_ref.setdefault(one.statement.ref, one)
    statements = [one.statement for one in by_ref.values()]
    patient = _choose(interpret(statements), record, akin)
    if patient is None:
        return None
    if as_of is not None:
        behind = {ref: one.statement for ref, one in by_ref.items()}
        patient = _then(patient, interpret(stated_by(statements, as_of)), as_of, behind)
    own = {entry.statement for entry in patient.entries}
    own |= {merge.statement for merge in patient.merges}
    own |= {ref for encounter in patient.encounters for ref in encounter.statements}
    records = set(patient.records)
    mine = {
        ref: one for ref, one in by_ref.items() if ref in own or one.statement.record in records
    }
    latest = sorted(mine.values(), key=_sent, reverse=True)
    numbers, visits = _numbers(latest, patient, opening)
    return PatientReading(
        patient=patient,
        filed=mine,
        person=_person(latest, patient, opening),
        numbers=tuple(n for n in numbers.values() if n.trusted or n.field in _SHOWN_FIELDS),
        visits=visits,
        places=_places(latest, opening),
        known=known,
        as_of=as_of,
        loaded_afterwards=_loaded_afterwards(mine.values()),
        by_record=numbers,
    )


def _then(
    patient: Patient,
    stated: Iterable[Patient],
    as_of: datetime,
    statements: Mapping[StatementRef, Statement],
) -> Patient:
    """Return ``patient`` with what had been stated of its records.

    Who is who is a matter of what is known: records that are one person today were it then.
    """
    records = set(patient.records)
    same = [each for each in stated if records & set(each.records)]
    encounters: list[Encounter] = []
    later: set[StatementRef] = set()
    for encounter in (one for each in same for one in each.encounters):
        kept = _by_then(encounter, as_of, statements)
        encounters.append(kept)
        later |= {stay.statement for stay in encounter.stays}
        later -= {stay.statement for stay in kept.stays}
    entries = [one for each in same for one in each.entries if one.statement not in later]
    return patient._replace(
        encounters=tuple(sorted(encounters, key=lambda e: (*_time(e.start), e.encounter_id))),
        # Each of them is in order of its own; sorting by time alone keeps that order.
        entries=tuple(sorted(entries, key=lambda e: _time(e.happened_at))),
        flags=tuple(dict.fromkeys(flag for each in same for flag in each.flags)),
    )


def _by_then(
    encounter: Encounter, as_of: datetime, statements: Mapping[StatementRef, Statement]
) -> Encounter:
    """Leave out stays that begin after ``as_of``.

    A second beginning of a visit states the time of the first, and yet changes place and class
    from its own time on: it is stated in time and had not happened.
    """
    stays = [stay for stay in encounter.stays if stay.start is None or stay.start <= as_of]
    if len(stays) in (0, len(encounter.stays)):
        return encounter
    # What was taken back is nowhere to be; where nothing else is left, it says the class.
    place = max((at for at, stay in enumerate(stays) if not stay.cancelled), default=-1)
    last = stays[place]
    if last.end and last.end > as_of:
        stays[place] = last = last._replace(end=None)
    return encounter._replace(
        stays=tuple(stays),
        class_code=last.class_code,
        class_as_sent=statements[last.statement].class_as_sent,
    )


def _time(at: datetime | None) -> tuple[bool, float]:
    return (at is not None, at.timestamp() if at else 0.0)


def _loaded_afterwards(filed: Iterable[FiledStatement]) -> bool:
    behind = [one.recorded_at - one.statement.sent.at for one in filed if one.statement.sent]
    return sum(each >= timedelta(days=1) for each in behind) * 2 > len(behind)


def _choose(patients: Sequence[Patient], record: str, akin: Collection[RecordId]) -> Patient | None:
    """Return the patient of ``record``, else the one of whom most is said among those akin."""
    of_it = (p for p in patients if record == p.patient_id or record in p.records)
    same = [p for p in patients if set(akin) & set(p.records)]
    most = max(same, key=lambda p: (len(p.entries), p.patient_id), default=None)
    return next(of_it, most)


def _sent(filed: FiledStatement) -> tuple[float, int]:
    sent = filed.statement.sent or filed.statement.entered
    return (sent.at.timestamp() if sent else float("-inf"), filed.index)


def _person(
    latest: Sequence[FiledStatement], patient: Patient, opening: SegmentOpener
) -> PersonDetails:
    """Return who this is, from what the surviving record says, else from the others."""
    found = PersonDetails()
    own = [one for one in latest if str(one.statement.record) == patient.patient_id]
    for one in (*own, *latest):
        if found.name and found.birth_date and found.sex:
            break
        pieces = pieces_of(one, "demographics", one.statement.record)
        more = person(opening.demographics(pieces))
        found = PersonDetails(
            name=found.name or more.name,
            birth_date=found.birth_date or more.birth_date,
            sex=found.sex or more.sex,
        )
    return found


def _numbers(
    latest: Sequence[FiledStatement], patient: Patient, opening: SegmentOpener
) -> tuple[dict[str, PatientNumber], dict[VisitRef, str]]:
    """Open only what names a number not yet known: by ref, and visit numbers by their ref."""
    retired: dict[str, StatementRef] = {
        merge.retired: merge.statement
        for merge in patient.merges
        if str(merge.retired) != patient.patient_id
    }
    found: dict[str, PatientNumber] = {}
    visits: dict[VisitRef, str] = {}
    held = _held(latest, patient)
    for one in latest:
        statement = one.statement
        marks = {each.ref: each for each in statement.identifiers}
        wanted = set(marks) | ({statement.visit} if statement.visit else set())
        if wanted <= found.keys() | visits.keys():
            continue
        for identifiers in opening.identifiers(pieces_of(one, "identifiers")):
            for each in identifiers.numbers:
                mark = marks.get(each.ref)
                if each.ref == statement.visit:
                    visits.setdefault(statement.visit, each.value)
                elif mark is None or not mark.placeholder:
                    found.setdefault(
                        each.ref,
                        PatientNumber(
                            ref=each.ref,
                            value=each.value,
                            authority=each.authority or (mark.authority if mark else ""),
                            type=each.type,
                            field=each.field,
                            trusted=bool(mark and _joins(mark)),
                            replaced=bool(mark and _joins(mark)) and each.ref not in held,
                            retired=each.ref in retired,
                            merged_by=retired.get(each.ref),
                        ),
                    )
    order = sorted(found.values(), key=lambda n: (n.retired, not n.trusted, n.authority))
    return {n.ref: n for n in order}, visits


def _joins(identifier: IdentifierRef) -> bool:
    return identifier.trusted or identifier.master_index


def _held(latest: Sequence[FiledStatement], patient: Patient) -> set[str]:
    """Return the trusted numbers that hold: of each record and issuer, those stated last.

    A number that its sender corrected joins nobody, and is not to be shown as if it did.
    """
    again = {entry.statement for entry in patient.entries if "resend" in entry.flags}
    last: dict[tuple[str, str], set[str]] = {}
    for one in latest:
        if one.statement.ref in again:
            continue
        stated: dict[str, set[str]] = {}
        for each in one.statement.identifiers:
            if _joins(each) and not each.placeholder and not each.field.startswith("MRG"):
                stated.setdefault(each.authority, set()).add(each.ref)
        for issuer, refs in stated.items():
            last.setdefault((one.statement.record, issuer), refs)
    # Filed under a trusted number, a record holds it however often it changes the others.
    return {ref for refs in last.values() for ref in refs} | set(patient.records)


def _places(latest: Sequence[FiledStatement], opening: SegmentOpener) -> dict[str, Part2Place]:
    found: dict[str, Part2Place] = {}
    for one in latest:
        places = (one.statement.place, one.statement.prior_place)
        if not any(p is not None and p.part2 and p.ref not in found for p in places):
            continue
        for part2 in opening.part2(pieces_of(one, "part2")):
            for each in part2.places:
                found.setdefault(each.ref, each)
    return found
