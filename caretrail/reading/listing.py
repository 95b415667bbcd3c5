"""List patients; find one by number, name or birth date."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from caretrail.reading.opening import PersonDetails, SegmentOpener, person, pieces_copied
from caretrail.reading.patient import PatientNumber
from caretrail.reading.places import PlaceParts, opened, sealed_places
from domain.ids import MODES, IdKey, PatientId
from domain.statement import EncounterClass, Precision
from projections.patient_identifiers import IdentifierRow
from projections.patient_tokens import normal_name
from projections.patients import PatientRow

_DATE: Final = re.compile(r"\d{4}(-\d{2}){0,2}")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
#: A birth date as the pages write it: 2 Jun 1951.
_DATE_IN_WORDS: Final = re.compile(
    rf"\b(\d{{1,2}})\s+({'|'.join(_MONTHS)})[a-z]*\.?\s+(\d{{4}})\b", re.IGNORECASE
)
#: A birth date as HL7 writes it: 19510602.
_DATE_IN_HL7: Final = re.compile(r"\b((?:18|19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)\b")
_BEGINNING: Final = 3
_WHOLE_DATE: Final = len("1951-06-02")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSummary:
    """One patient in the list of patients."""

    patient_id: PatientId
    mode: str
    person: PersonDetails = field(default_factory=PersonDetails)
    numbers: tuple[PatientNumber, ...] = ()
    merged_into: PatientId | None = None
    open_class: EncounterClass | None = None  # None: no open stay
    open_facility: str = ""
    open_place: PlaceParts = field(default_factory=PlaceParts)
    open_since: datetime | None = None
    open_since_precision: Precision | None = None
    died_at: datetime | None = None  # None: no death is known
    died_precision: Precision | None = None
    last_kind: str = ""  # topic of the last event, without its version
    last_at: datetime | None = None
    last_precision: Precision | None = None
    last_facility: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientList:
    """One page of the list of patients."""

    listed: tuple[PatientSummary, ...]
    older: str = ""  # cursor of the next page; empty: this is the last one
    people: int = 0  # patients in all; above COUNTED: not all were counted
    records: int = 0  # source records of the patients that were counted
    cut: bool = False  # the search found more patients than are shown
    by_number: bool = False  # the search found them by a number


class NumberShared(Exception):
    """Several patients have a number, and no record of any of them is filed under it."""

    def __init__(self, count: int, patients: Sequence[PatientSummary]) -> None:
        self.count = count
        self.patients = tuple(patients)  # the first ones, if there are many
        super().__init__(
            f"{count} patients have this number: name one of them by its patient id,"
            " or by a number that no other patient has"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSearch:
    """A search for patients. It never goes into an address or a log."""

    words: str = field(default="", repr=False)
    open_stay: bool | None = None
    modes: tuple[str, ...] = MODES

    @property
    def is_limited(self) -> bool:
        """Tell whether the search limits the list in any way."""
        return bool(self.words.strip()) or self.open_stay is not None or self.modes != MODES

    def admits(self, row: PatientRow) -> bool:
        """Tell whether a patient is of the modes and has or lacks an open stay, as asked."""
        open_stay = row.open_encounter_id is not None
        return row.mode in self.modes and self.open_stay in (None, open_stay)


def row_as_listed(
    row: PatientRow,
    identifiers: Iterable[IdentifierRow],
    opening: SegmentOpener,
    *,
    retired: Container[str] = (),
) -> PatientSummary:
    """Return a row of the read model with its segments opened; ``retired`` are merged records."""
    marks = {each.ref: each for each in identifiers}
    numbers: dict[str, PatientNumber] = {}
    records = set(row.record_ids)
    for found in opening.identifiers(pieces_copied(row.sealed, "identifiers")):
        for each in found.numbers:
            mark = marks.get(each.ref)
            if each.ref not in records and not (mark and mark.is_trusted):
                continue
            numbers.setdefault(
                each.ref,
                PatientNumber(
                    ref=each.ref,
                    value=each.value,
                    authority=each.authority or (mark.authority if mark else ""),
                    type=each.type,
                    field=each.field,
                    trusted=bool(mark and mark.is_trusted),
                    retired=each.ref in retired,
                ),
            )
    place = PlaceParts(row.unit, row.room, row.bed, row.building, row.floor)
    for sealed in sealed_places(partial(pieces_copied, row.sealed), opening):
        if sealed.field == "PV1-3":
            place = opened(place, sealed)
    return PatientSummary(
        patient_id=row.patient_id,
        mode=row.mode,
        person=person(opening.demographics(pieces_copied(row.sealed, "demographics"))),
        numbers=tuple(
            sorted(numbers.values(), key=lambda n: (not n.trusted, n.authority, n.value))
        ),
        open_class=row.open_class_code if row.open_encounter_id else None,
        open_facility=row.facility or "",
        open_place=place,
        open_since=row.open_since_at,
        open_since_precision=row.open_since_precision,
        died_at=row.died_at,
        died_precision=row.died_precision,
        last_kind=row.last_kind or "",
        last_at=row.last_happened_at,
        last_precision=row.last_happened_precision,
        last_facility=row.last_facility or "",
    )


def _rank(number: PatientNumber) -> tuple[bool, bool, str, str]:
    return (number.retired, not number.trusted, number.authority, number.value)


def refs_of_number(text: str, authorities: Sequence[str], id_key: IdKey) -> list[str]:
    """Return the refs that a number may have.

    ``SBH|77-10342`` names its authority. So does ``SBH 77-10342``, as the pages write it, if an
    authority has that name. Any other text may be a number of any authority.
    """
    authority, bar, identifier = text.partition("|")
    if bar:
        return [id_key.record(authority, identifier, mode) for mode in MODES]
    first, _, rest = text.partition(" ")
    pairs = [(name, text) for name in (*authorities, "")]
    if rest.strip():
        pairs += [(n, rest.strip()) for n in authorities if n.casefold() == first.casefold()]
    return [id_key.record(name, number, mode) for name, number in pairs for mode in MODES]


def dates_in_iso(words: str) -> str:
    """Return the words with each birth date written as ``1951-06-02``.

    >>> dates_in_iso("Alder, 2 Jun 1951"), dates_in_iso("19510602")
    ('Alder, 1951-06-02', '1951-06-02')
    """
    dated = _DATE_IN_WORDS.sub(
        lambda m: f"{m[3]}-{_MONTHS.index(m[2].lower()) + 1:02d}-{int(m[1]):02d}", words
    )
    return _DATE_IN_HL7.sub(r"\1-\2-\3", dated)


def token_sets(words: str, token: Callable[[str], str]) -> list[list[str]]:
    """Return the tokens of whole names and dates, then those of beginnings of names.

    A patient is a candidate if it has all tokens of a set. In each set the tokens that few patients
    have come first: the birth date, then the longest name. There is no set if no token can find a
    word.
    """
    exact: list[str] = []
    beginning: list[str] = []
    for word in sorted(_words(words), key=_rareness, reverse=True):
        if _DATE.fullmatch(word):
            if len(word) == _WHOLE_DATE:
                exact.append(f"born:{word}")
                beginning.append(f"born:{word}")
        elif folded := normal_name(word):
            exact.append(f"name:{folded}")
            short = len(folded) < _BEGINNING
            beginning.append(f"name:{folded}" if short else f"begin:{folded[:_BEGINNING]}")
    sets = [exact] if exact == beginning else [exact, beginning]
    return [[token(text) for text in each] for each in sets if each]


def _rareness(word: str) -> tuple[bool, int]:
    return len(word) == _WHOLE_DATE and _DATE.fullmatch(word) is not None, len(word)


def matches(listed: PatientSummary, words: str) -> bool:
    """Tell whether every word begins a name or the birth date. Tokens alone find too much."""
    names = [normal_name(part) for part in listed.person.name.replace("-", " ").split()]
    names.append(normal_name(listed.person.name.partition(",")[0]))
    for word in _words(words):
        if _DATE.fullmatch(word):
            if not listed.person.birth_date.startswith(word):
                return False
        elif not any(name.startswith(normal_name(word)) for name in names):
            return False
    return True


def write_cursor(row: PatientRow) -> str:
    """Return the cursor of the page after ``row``; it holds no name and no number."""
    at = row.last_happened_at.isoformat() if row.last_happened_at else ""
    text = f"{at} {row.patient_id}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime | None, str] | None:
    """Return the time and patient id in a cursor; None if it is not a cursor."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, patient_id = text.partition(" ")
        return datetime.fromisoformat(at) if at else None, patient_id
    except ValueError:
        return None


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", text.strip()) if word]
