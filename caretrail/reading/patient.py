"""Read one patient: interpreted as of and as known at two instants, with its segments opened."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Final

from typing_extensions import override

from caretrail.reading.activities import Activities
from caretrail.reading.opening import PersonDetails, SegmentOpener, person, pieces_of
from caretrail.reading.places import (
    LookAlikes,
    PlaceParts,
    look_alikes,
    parts_of,
    sealed_places,
)
from caretrail.reading.transitions import TransitionReading
from caretrail.reading.wording import EntryWords, entry_words
from domain.continuity import Entry, Patient
from domain.ids import PatientId, PlaceRef, RecordId, StatementRef, VisitRef, drawn_at
from domain.interpretation import interpret, interpret_as_of, trusted_numbers
from domain.precision import last_of
from domain.statement import Place, Precision, Statement
from projections.audit_trail import LogPosition
from projections.engine.component import by_ref
from projections.engine.events import FiledStatement
from projections.engine.readings import joined_groups, latest_readings

#: A statement that is sent or recorded this long after the event is late.
LATE: Final = timedelta(hours=1)

_SHOWN_FIELDS: Final = ("PID-3", "PID-2", "PID-4", "MRG-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientNumber:
    """An identifier of a patient, as sent."""

    ref: str
    value: str
    authority: str
    type: str
    field: str
    trusted: bool = False
    retired: bool = False  # its record was merged into another
    replaced: bool = False  # its sender replaced it, so it no longer joins records
    merged_by: StatementRef | None = None  # the statement that merged its record


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientReading:
    """A patient as of one instant, as known at another."""

    patient: Patient
    filed: Mapping[StatementRef, FiledStatement]  # of equal refs, the first one recorded
    person: PersonDetails
    numbers: tuple[PatientNumber, ...]
    visits: Mapping[VisitRef, str]  # visit numbers as sent
    places: Mapping[str, PlaceParts]  # places with opened parts, by place ref
    known: LogPosition
    as_of: datetime | None  # None: now
    twin: PatientId | None = None  # a patient with the same number in another processing mode
    twin_mode: str = ""
    shared: Mapping[str, PatientId] = field(
        default_factory=dict
    )  # ref of a number: another patient
    loaded_afterwards: bool = False  # most statements were recorded a day or more after sending
    by_record: Mapping[str, PatientNumber] = field(default_factory=dict)
    activities: Activities = field(default_factory=Activities)
    transitions: tuple[TransitionReading, ...] = ()  # by discharge
    alike: LookAlikes = frozenset()  # wards that need building and floor to be told apart
    behind: int = 0  # recorded events that the read models may not hold yet

    def shared_numbers(self) -> list[tuple[PatientNumber, PatientId]]:
        """Return each number that another patient has too, and that patient."""
        return [(each, self.shared[each.ref]) for each in self.numbers if each.ref in self.shared]

    def label(self, place: Place | None) -> str:
        """Return the stated parts of a place as text, without its facility."""
        return self.parts(place).label(place.facility, self.alike) if place else ""

    def parts(self, place: Place | None) -> PlaceParts:
        """Return the parts of a place; None for a part that is not stated or does not open."""
        if place is None:
            return PlaceParts()
        return self.places.get(place.ref) or parts_of(place, None)

    def number(self, record: RecordId) -> str:
        """Return ``SBH 77-10342`` for a source record, or an empty string."""
        found = self.by_record.get(record)
        return f"{found.authority} {found.value}".strip() if found else ""

    def words(self, entry: Entry) -> EntryWords:
        """Return the words of an entry."""
        statement = self.filed[entry.statement].statement
        return entry_words(statement, label=self.label, number=self.number)

    def placed_at(self, entry: Entry) -> tuple[datetime | None, Precision]:
        """Return when an entry happened, and how precisely that is stated.

        For a move, it is when the patient came to the place.

        A second admission of a visit may restate the time of the first. Its move has its own time.
        """
        for encounter in self.patient.encounters:
            if encounter.encounter_id == entry.encounter_id:
                for stay in encounter.stays[1:]:
                    moved = stay.statement == entry.statement and not stay.cancelled
                    if moved and stay.start is not None:
                        return stay.start, stay.start_precision
        return entry.happened_at, entry.precision

    def late(self, entry: Entry) -> timedelta | None:
        """Return by how much the entry was learned late; None if it was not late.

        The time of recording decides. If the whole history was loaded long after it was sent, the
        time of sending decides instead; without one, nothing is known to be late. A time without an
        hour may be the end of its day, so lateness is counted from there.
        """
        filed = self.filed[entry.statement]
        happened, precision = self.placed_at(entry)
        if happened is None or entry.inferred:
            return None
        sent = filed.statement.sent
        if self.loaded_afterwards and sent is None:
            return None
        learned_at, _ = self.learned_at(entry.statement)
        late = learned_at - last_of(happened, precision)
        return late if late >= LATE else None

    def has_died(self, at: datetime) -> bool:
        """Tell whether the patient is known to have died up to an instant."""
        return self.patient.death is not None and self.patient.death.at <= at

    def learned_at(self, ref: StatementRef) -> tuple[datetime, Precision]:
        """Return when a statement was learned, or sent if the history was loaded afterwards."""
        filed = self.filed[ref]
        sent = filed.statement.sent
        if sent and self.loaded_afterwards:
            return sent.at, sent.precision
        return _learned_at(filed), "second"

    @property
    def former_refs(self) -> dict[StatementRef, StatementRef]:
        """Refs that earlier readings of a message gave a statement, with its ref now."""
        return {
            former: ref for ref, one in self.filed.items() for former in one.statement.former_refs
        }


def read(
    filed: Sequence[FiledStatement],
    record: str,
    opening: SegmentOpener,
    *,
    as_of: datetime | None,
    known: LogPosition,
    alias_records: Collection[RecordId] = (),
) -> PatientReading | None:
    """Return the patient of ``record``; None if no statement is filed under it.

    ``filed`` are all statements of the component, of superseded readings too. ``alias_records`` are
    records of the same patient. They are used if ``record`` is unknown.
    """
    filed = latest_readings(filed)
    patient = _choose(interpreted(filed, as_of), record, alias_records)
    return None if patient is None else reading_of(patient, filed, opening, as_of, known)


def interpreted(filed: Sequence[FiledStatement], as_of: datetime | None) -> tuple[Patient, ...]:
    """Return the patients of filed statements, as of an instant or, if it is None, of now.

    All statements count, and only those that may concern each other are interpreted together. The
    answer depends on nothing else, so the last ones are kept: one page may ask for the same
    several times.
    """
    return _interpreted_together(_FiledStatements(filed), as_of)


class _FiledStatements:
    """Filed statements. They equal others of the same events that say the same."""

    __slots__ = ("_events", "filed")

    def __init__(self, filed: Sequence[FiledStatement]) -> None:
        self.filed = filed
        self._events = tuple((one.index, one.event_id) for one in filed)

    @override
    def __eq__(self, other: object) -> bool:
        # Another home of this process may have the same events with other content.
        return (
            isinstance(other, _FiledStatements)
            and self._events == other._events
            and all(
                one.statement == its.statement
                for one, its in zip(self.filed, other.filed, strict=True)
            )
        )

    @override
    def __hash__(self) -> int:
        return hash(self._events)


@lru_cache(maxsize=4)
def _interpreted_together(
    statements: _FiledStatements, as_of: datetime | None
) -> tuple[Patient, ...]:
    return tuple(
        patient
        for group in joined_groups(statements.filed)
        for patient in _interpreted([one.statement for one in group], as_of)
    )


def _interpreted(statements: Sequence[Statement], as_of: datetime | None) -> tuple[Patient, ...]:
    return interpret(statements) if as_of is None else interpret_as_of(statements, as_of)


def reading_of(
    patient: Patient,
    filed: Iterable[FiledStatement],
    opening: SegmentOpener,
    as_of: datetime | None,
    known: LogPosition,
) -> PatientReading:
    """Return a patient who was interpreted from filed statements, with segments opened."""
    own = {entry.statement for entry in patient.entries}
    own |= {merge.statement for merge in patient.merges}
    own |= {ref for encounter in patient.encounters for ref in encounter.statements}
    records = set(patient.records)
    mine = {
        ref: one
        for ref, one in by_ref(filed).items()
        if ref in own or one.statement.record in records
    }
    latest = sorted(mine.values(), key=_sent, reverse=True)
    numbers, visits = _numbers(latest, patient, opening)
    places = _places(latest, opening)
    return PatientReading(
        patient=patient,
        filed=mine,
        person=_person(latest, patient, opening),
        numbers=tuple(n for n in numbers.values() if n.trusted or n.field in _SHOWN_FIELDS),
        visits=visits,
        places=places,
        alike=_look_alikes(latest, places),
        known=known,
        as_of=as_of,
        loaded_afterwards=_loaded_afterwards(mine.values()),
        by_record=numbers,
    )


def _loaded_afterwards(filed: Iterable[FiledStatement]) -> bool:
    """Tell whether most statements were recorded a day or more after they were sent or entered.

    If no statement has such a time, nothing shows that the history came live.
    """
    stated = [(one, one.statement.sent or one.statement.entered) for one in filed]
    behind = [_learned_at(one) - moment.at for one, moment in stated if moment]
    return sum(each >= timedelta(days=1) for each in behind) * 2 > len(behind) or not behind


def _learned_at(filed: FiledStatement) -> datetime:
    """Return when a statement was recorded; of a message that was read again, when it arrived."""
    if filed.statement.reading == 1 or filed.message_id is None:
        return filed.recorded_at
    return drawn_at(filed.message_id)


def _choose(
    patients: Sequence[Patient], record: str, alias_records: Collection[RecordId]
) -> Patient | None:
    """Return the patient of ``record``, else the patient with most entries of ``alias_records``."""
    of_it = (p for p in patients if record == p.patient_id or record in p.records)
    same = [p for p in patients if set(alias_records) & set(p.records)]
    most = max(same, key=lambda p: (len(p.entries), p.patient_id), default=None)
    return next(of_it, most)


def _sent(filed: FiledStatement) -> tuple[float, int]:
    sent = filed.statement.sent or filed.statement.entered
    return (sent.at.timestamp() if sent else float("-inf"), filed.index)


def _person(
    latest: Sequence[FiledStatement], patient: Patient, opening: SegmentOpener
) -> PersonDetails:
    """Return the person's details: from the surviving record, else from the other records."""
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
    """Return patient numbers and visit numbers by ref; open only segments with unknown refs."""
    retired: dict[str, StatementRef] = {
        merge.retired: merge.statement
        for merge in patient.merges
        if str(merge.retired) != patient.patient_id
    }
    found: dict[str, PatientNumber] = {}
    visits: dict[VisitRef, str] = {}
    # A record that is filed under a trusted number keeps it, whatever other numbers change.
    held = trusted_numbers(one.statement for one in latest) | set(patient.records)
    for one in latest:
        statement = one.statement
        marks = {each.ref: each for each in statement.identifiers}
        wanted = set(marks) | ({statement.visit} if statement.visit else set())
        if wanted <= found.keys() | visits.keys():
            continue
        for identifiers in opening.identifiers(pieces_of(one, "identifiers")):
            for each in identifiers.numbers:
                mark = marks.get(each.ref)
                if each.ref in {statement.visit, statement.visit_other_form}:
                    visits.setdefault(VisitRef(each.ref), each.value)
                elif mark is None or not mark.placeholder:
                    found.setdefault(
                        each.ref,
                        PatientNumber(
                            ref=each.ref,
                            value=each.value,
                            authority=each.authority or (mark.authority if mark else ""),
                            type=each.type,
                            field=each.field,
                            trusted=bool(mark and mark.trusted),
                            replaced=bool(mark and mark.trusted) and each.ref not in held,
                            retired=each.ref in retired,
                            merged_by=retired.get(each.ref),
                        ),
                    )
    order = sorted(found.values(), key=lambda n: (n.retired, not n.trusted, n.authority))
    return {n.ref: n for n in order}, visits


def _places(latest: Sequence[FiledStatement], opening: SegmentOpener) -> dict[str, PlaceParts]:
    """Return the places with sealed parts, by ref; open only segments with unknown refs."""
    found: dict[str, PlaceParts] = {}
    for one in latest:
        places = {
            place.ref: place
            for place in (one.statement.place, one.statement.prior_place)
            if place is not None and (place.part2 or place.as_text)
        }
        if places.keys() <= found.keys():
            continue
        for each in sealed_places(partial(pieces_of, one), opening):
            place = places.get(PlaceRef(each.ref))
            if place is not None:
                found.setdefault(each.ref, parts_of(place, each))
    return found


def _look_alikes(latest: Sequence[FiledStatement], opened: Mapping[str, PlaceParts]) -> LookAlikes:
    places = {
        place.ref: place
        for one in latest
        for place in (one.statement.place, one.statement.prior_place)
        if place is not None
    }
    return look_alikes(
        (each.facility, opened.get(each.ref) or parts_of(each, None)) for each in places.values()
    )
