"""Compare the truth of a world with its interpretation, and list the encounters that differ."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final, TypeAlias

from caretrail.generate.hospital import Spot
from caretrail.generate.profiles import profiles_toml
from caretrail.generate.truth import TrueEncounter, TruePatient, TrueRecord, TrueStay
from caretrail.generate.world import SentMessage, World
from consumers.hl7v2.profiles import parse
from consumers.hl7v2.translate import ReadingContext, read
from domain.continuity import Encounter, Patient, Stay
from domain.ids import DEVELOPMENT_KEY, IdKey, PlaceRef, RecordId
from domain.statement import Statement, may_join_records

_KEY: Final = IdKey(DEVELOPMENT_KEY)

#: Place, class, start and end of a stay, as precise as the sender states them.
_Line: TypeAlias = tuple[PlaceRef | None, str, datetime | None, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One difference between truth and interpretation."""

    patient: TruePatient | None
    expected: TrueEncounter | None  # None if the interpreted encounter has no true one
    text: str


def statements(world: World, messages: Iterable[SentMessage] | None = None) -> Iterator[Statement]:
    """Read the messages of a world as intake does: duplicates once, with the senders' profiles."""
    ids = count()
    context = ReadingContext(
        id_key=_KEY, profiles=parse(profiles_toml(world)), new_id=lambda: str(next(ids))
    )
    seen: set[bytes] = set()
    for sent in world.messages if messages is None else messages:
        received = read(sent.data, context=context)
        if received.key not in seen:
            seen.add(received.key)
            yield from (draft.core for draft in received.drafts)


def components(stated: Iterable[Statement]) -> list[list[Statement]]:
    """Split statements into sets that share no record, merge or trusted identifier."""
    parent: dict[str, str] = {}

    def find(ref: str) -> str:
        while parent.setdefault(ref, ref) != ref:
            parent[ref] = parent[parent[ref]]
            ref = parent[ref]
        return ref

    everything = list(stated)
    for each in everything:
        refs = [
            i.ref
            for i in each.identifiers
            if may_join_records(
                field=i.field, kind=i.type, trusted=i.trusted, placeholder=i.placeholder
            )
        ]
        if each.merged:
            refs.append(each.merged)
        home = find(each.record)
        for ref in refs:
            parent[find(ref)] = home
    parts: dict[str, list[Statement]] = defaultdict(list)
    for each in everything:
        parts[find(each.record)].append(each)
    return list(parts.values())


def differences(world: World, patients: Iterable[Patient]) -> list[str]:
    """Return the differences between truth and interpretation, one line each."""
    return [each.text for each in mismatches(world, patients)]


def mismatches(world: World, patients: Iterable[Patient]) -> list[Mismatch]:
    """Return the differences between truth and interpretation.

    Args:
        world: A world whose messages have all been drawn, because its truth grows with them.
        patients: The interpretation of its messages, under the development id key.
    """
    return list(_Comparison(world, patients).run())


class _Comparison:
    def __init__(self, world: World, patients: Iterable[Patient]) -> None:
        self.world = world
        self.by_record: dict[RecordId, Patient] = {
            record: patient
            for patient in patients
            if patient.mode == "P"
            for record in patient.records
        }
        self.codes = {
            (facility.code, campus): facility.code
            for facility in world.facilities
            for campus in facility.mapped_campuses
        }

    def run(self) -> Iterator[Mismatch]:
        compared: set[str] = set()
        for patient in self.world.truth.patients:
            refs = [_record(record) for record in patient.records]
            found = self.by_record.get(refs[0])
            if found is None:
                yield Mismatch(patient=patient, expected=None, text=f"{_who(patient)}: not found")
                continue
            compared.add(found.patient_id)
            if sorted(refs) != sorted(found.records):
                yield Mismatch(
                    patient=patient,
                    expected=None,
                    text=f"{_who(patient)}: {len(refs)} records, found {len(found.records)}",
                )
                continue
            yield from self._encounters(patient, found)
        for record, found in self.by_record.items():
            if found.patient_id not in compared:
                compared.add(found.patient_id)
                yield Mismatch(patient=None, expected=None, text=f"no person has record {record}")

    def _encounters(self, patient: TruePatient, found: Patient) -> Iterator[Mismatch]:
        left = list(found.encounters)
        missed = []
        for expected in patient.encounters:
            fitting = next((each for each in left if not self._unlike(expected, each)), None)
            if fitting is None:
                missed.append(expected)
            else:
                left.remove(fitting)
        for expected in missed:
            near = [each for each in left if each.namespace == expected.facility]
            nearest = min(near, key=lambda each: self._distance(expected, each), default=None)
            if nearest is not None:
                left.remove(nearest)
            why = self._unlike(expected, nearest) if nearest else "no such encounter"
            yield Mismatch(
                patient=patient,
                expected=expected,
                text=f"{_who(patient)} {expected.facility} {expected.visit_number} "
                f"{list(expected.troubles)}: {why}",
            )
        for each in left:
            yield Mismatch(
                patient=patient,
                expected=None,
                text=f"{_who(patient)}: not true: {each.namespace} {each.status} {each.class_code} "
                f"{each.start} to {each.end}",
            )

    def _distance(self, expected: TrueEncounter, each: Encounter) -> float:
        if expected.start is None or each.start is None:
            return 0.0
        return abs((expected.start - each.start).total_seconds())

    def _unlike(self, expected: TrueEncounter, found: Encounter) -> str:
        """Return how the encounters differ; empty if they agree."""
        minutes = expected.minutes
        pairs: list[tuple[str, object, object]] = [
            ("namespace", expected.facility, found.namespace),
            ("status", expected.status, found.status),
            ("class", expected.class_code, found.class_code),
        ]
        if expected.status not in {"planned", "cancelled"}:
            start = expected.start
            if expected.begun_before_feed and found.start == expected.begun:
                start = expected.begun  # the interpretation found out more than it had to
            pairs += [
                (
                    "start",
                    _cut(start, minutes=minutes),
                    _cut(found.start, minutes=minutes),
                ),
                ("end", _cut(expected.end, minutes=minutes), _cut(found.end, minutes=minutes)),
            ]
        for name, one, other in pairs:
            if one != other:
                return f"{name} {one}, found {other}"
        if expected.status in {"planned", "cancelled"}:
            return ""
        return self._unlike_stays(expected, found, minutes=minutes)

    def _unlike_stays(self, expected: TrueEncounter, found: Encounter, *, minutes: bool) -> str:
        standing = [
            self._found(stay, minutes=minutes) for stay in found.stays if not stay.cancelled
        ]
        wanted = [self._wanted(stay, expected.facility, minutes=minutes) for stay in expected.stays]
        if expected.begun_before_feed:
            if not wanted:
                return ""
            wanted[0] = (*wanted[0][:2], None, wanted[0][3])
            standing = standing[-len(wanted) :]
            standing[:1] = [(*stay[:2], None, stay[3]) for stay in standing[:1]]
        if wanted != standing:
            return f"stays {_show(wanted)}, found {_show(standing)}"
        ghosts = {stay.place.ref for stay in found.stays if stay.cancelled and stay.place}
        mistaken = {self._place(spot, expected.facility) for spot in expected.mistaken}
        if ghosts != mistaken:
            return f"{len(mistaken)} cancelled places, found {len(ghosts)}"
        return ""

    def _wanted(self, stay: TrueStay, facility: str, *, minutes: bool) -> _Line:
        return (
            self._place(stay.spot, facility),
            stay.class_code,
            _cut(stay.start, minutes=minutes),
            _cut(stay.end, minutes=minutes),
        )

    def _found(self, stay: Stay, *, minutes: bool) -> _Line:
        return (
            stay.place.ref if stay.place else None,
            stay.class_code,
            _cut(stay.start, minutes=minutes),
            _cut(stay.end, minutes=minutes),
        )

    def _place(self, spot: Spot, facility: str) -> PlaceRef:
        code = self.codes.get((facility, spot.campus), spot.campus)
        return _KEY.place(code, spot.unit, spot.room, spot.bed)


def _cut(at: datetime | None, *, minutes: bool) -> datetime | None:
    """Cut a time to the precision of its sender."""
    if at is None:
        return None
    return at.replace(second=0 if minutes else at.second, microsecond=0)


def _record(record: TrueRecord) -> RecordId:
    return _KEY.record(record.authority, record.identifier, "P")


def _who(patient: TruePatient) -> str:
    return f"{patient.records[0].authority}|{patient.records[0].identifier}"


def _show(lines: Sequence[_Line]) -> str:
    return "; ".join(
        f"{(place or '-')[:6]} {class_code} {start and f'{start:%d %H:%M:%S}'}"
        f" to {end and f'{end:%d %H:%M:%S}'}"
        for place, class_code, start, end in lines
    )
