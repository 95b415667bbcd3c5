"""Load a roster: attribute the patients that it names, and account for every row.

A row that cannot be recorded does not stop the others. A file that is loaded again records nothing.
Memory does not grow with the content of the file, but with the number of its rows: about 200 bytes
for each that is not refused.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

from psycopg import Connection

from caretrail.rosters.roster_file import ReadRow, RefusedRow, RosterRow
from commands.attribution import EndRosterRow, RecordRosterRow, is_organisation
from commands.decisions import Caller, Decisions, GivenCommand
from commands.ports.streams import CommandOutcome
from domain.attribution import KIND, AttributionEnded
from domain.errors import (
    DomainError,
    NotAttributed,
    PatientDeceased,
    UnknownOrganisation,
    UnknownPerson,
)
from domain.ids import IdKey, Mode, PatientId, RecordId
from domain.statement import Moment
from projections import patient_identifiers, patients
from projections.attribution import AttributionRow, attributions, of_roster

_AT_ONCE: Final = 200
#: How many refused rows of each code an account keeps.
FIRST: Final = 5
#: Refusals after which it is certain that the row names no attribution that goes on.
_HARMLESS: Final = frozenset({UnknownPerson.code, PatientDeceased.code})


@dataclass(slots=True, kw_only=True)
class RosterAccount:
    """What became of the rows of a roster: recorded, unchanged or refused."""

    recorded: int = 0
    unchanged: int = 0
    ended: int = 0  # attributions that the roster no longer names
    not_ended: bool = False  # nothing was ended, because rows were refused
    by_code: Counter[str] = field(default_factory=Counter)  # the number of refused rows
    refusals: list[RefusedRow] = field(default_factory=list)  # the first ones of each code

    @property
    def refused(self) -> int:
        """The number of refused rows."""
        return self.by_code.total()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.recorded + self.unchanged + self.refused

    def refuse(self, row: RefusedRow) -> None:
        """Count a refused row, and keep it if it is one of the first with its code."""
        self.by_code[row.code] += 1
        if self.by_code[row.code] <= FIRST:
            self.refusals.append(row)


def _not_told(_row: RefusedRow) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLoad:
    """One load of a roster: its id, who loads it, and what it needs."""

    roster: str
    mode: Mode
    caller: Caller
    decisions: Decisions
    id_key: IdKey
    connection: Connection[Any]
    #: Is called with each refused row, in the order of the file.
    refused: Callable[[RefusedRow], None] = _not_told

    def rows(
        self, rows: Iterable[ReadRow], done: Callable[[int], None]
    ) -> tuple[RosterAccount, "NamedPeriods"]:
        """Record the rows, and return what became of them and the periods that they name."""
        account, named = RosterAccount(), NamedPeriods()
        for some in _parts(rows):
            self._part(some, account, named)
            done(account.rows)
        return account, named

    def _part(self, rows: Sequence[ReadRow], account: RosterAccount, named: "NamedPeriods") -> None:
        """Record some rows in one transaction, and account for each."""
        known = self._known([each for each in rows if isinstance(each, RosterRow)])
        new = list[tuple[RosterRow, RecordId]]()
        refusals = list[RefusedRow]()
        for row in rows:
            read = row if isinstance(row, RefusedRow) else self._with_code(row)
            found = self._new_to(read, known, named)
            if isinstance(found, RefusedRow):
                refusals.append(found)
            elif found is None:
                account.unchanged += 1
            elif isinstance(read, RosterRow):
                new.append((read, found))
        outcomes = self.decisions.record_all(
            [GivenCommand(self._command(record, row), self.caller) for row, record in new]
        )
        for (row, _), outcome in zip(new, outcomes, strict=True):
            if isinstance(outcome, DomainError):
                reason = _WORDS.get(outcome.code, str(outcome))
                refusals.append(_refused(row, outcome.code, reason))
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                account.recorded += bool(outcome.events)
                account.unchanged += not outcome.events
                account.ended += _ended(outcome)
        for each in sorted(refusals, key=lambda one: one.line):
            account.refuse(each)
            self.refused(each)

    def end_others(self, account: RosterAccount, named: "NamedPeriods", *, now: datetime) -> None:
        """End the attributions by the roster that the file does not name.

        If a row was refused that may name one of them, nothing is ended.
        """
        if set(account.by_code) - _HARMLESS:
            account.not_ended = True
            return
        for each in of_roster(self.connection, self.roster, after=now):
            if each.mode == self.mode and not named.holds(each):
                account.ended += self._end(each, now)

    def _new_to(
        self, row: ReadRow, known: "KnownPeople", named: "NamedPeriods"
    ) -> RecordId | RefusedRow | None:
        """Return the record that a row is to be recorded under; None if it says nothing new."""
        if isinstance(row, RefusedRow):
            return row
        person = known.named(self.id_key.record(row.authority, row.identifier, self.mode))
        if isinstance(person, str):
            return _refused(row, person, _WORDS[person])
        if not named.add(person.patient_id, row):
            return _refused(row, "listed_twice", _WORDS["listed_twice"])
        if any(self._says_the_same(each, row) for each in person.attributions):
            return None
        return person.record

    def _with_code(self, row: RosterRow) -> RosterRow:
        """Return a row whose target is the code of its organisation, if it names an alias."""
        if not is_organisation(row.target_kind):
            return row
        return replace(row, target=self.decisions.organisations().code_of(row.target))

    def _says_the_same(self, each: AttributionRow, row: RosterRow) -> bool:
        return (
            (each.source, each.roster) == ("roster", self.roster)
            and (each.target_kind, each.target) == (row.target_kind, row.target)
            and each.since == row.since.at
            and each.until == (row.until.at if row.until else None)
        )

    def _command(self, record: RecordId, row: RosterRow) -> RecordRosterRow:
        return RecordRosterRow(
            stream=self.id_key.stream(KIND.name, record),
            record=record,
            mode=self.mode,
            target_kind=row.target_kind,
            target=row.target,
            roster=self.roster,
            row=row.line,
            since=row.since,
            until=row.until,
        )

    def _end(self, each: AttributionRow, now: datetime) -> int:
        """End an attribution now, or when it would begin. Return how many were ended."""
        try:
            outcome = self.decisions.record(
                EndRosterRow(
                    stream=self.id_key.stream(KIND.name, each.record_id),
                    record=each.record_id,
                    mode=each.mode,
                    target_kind=each.target_kind,
                    target=each.target,
                    roster=self.roster,
                    until=Moment(at=max(now, each.since)),
                ),
                self.caller,
            )
        except NotAttributed:  # another load ended it meanwhile
            return 0
        return _ended(outcome)

    def _known(self, rows: Sequence[RosterRow]) -> "KnownPeople":
        refs = [self.id_key.record(each.authority, each.identifier, self.mode) for each in rows]
        holders: dict[str, list[PatientId]] = {}
        for ref, mode, patient in patient_identifiers.of_refs(self.connection, refs):
            if mode == self.mode:
                holders.setdefault(ref, []).append(patient)
        ids = sorted({each for some in holders.values() for each in some})
        records = {row.patient_id: row.record_ids for row in patients.by_id(self.connection, ids)}
        told: dict[PatientId, list[AttributionRow]] = {}
        for each in attributions(self.connection, ids):
            told.setdefault(each.patient_id, []).append(each)
        return KnownPeople(holders, records, told)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person that a row names."""

    patient_id: PatientId
    record: RecordId
    attributions: Sequence[AttributionRow]


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """The persons that some rows name, with their attributions."""

    holders: Mapping[str, Sequence[PatientId]]
    records: Mapping[PatientId, Sequence[RecordId]]
    told: Mapping[PatientId, Sequence[AttributionRow]]

    def named(self, ref: RecordId) -> KnownPerson | str:
        """Return the person with a number, or the code of the refusal.

        If several patients have the number, the patient whose record is filed under it is meant.
        """
        holders = self.holders.get(ref, ())
        own = [each for each in holders if ref in self.records.get(each, ())]
        found = own or holders
        if not found:
            return UnknownPerson.code
        if len(found) > 1:
            return "number_shared"
        (patient,) = found
        return KnownPerson(
            patient_id=patient,
            record=ref if own else RecordId(patient),
            attributions=self.told.get(patient, ()),
        )


class NamedPeriods:
    """The periods that a file names, as short hashes."""

    def __init__(self) -> None:
        self._periods: dict[bytes, tuple[tuple[datetime, datetime | None, bytes], ...]] = {}

    def add(self, patient: PatientId, row: RosterRow) -> bool:
        """Add the period of a row.

        Return False if an earlier row says otherwise: it names another target or another period,
        and the two periods overlap.
        """
        key = _hash(patient, row.target_kind)
        period = (row.since.at, row.until.at if row.until else None, _hash(row.target))
        earlier = self._periods.get(key, ())
        if period in earlier:
            return True
        if any(_overlap(period, each) for each in earlier):
            return False
        self._periods[key] = (*earlier, period)
        return True

    def holds(self, each: AttributionRow) -> bool:
        """Tell whether a row of the file says what an attribution says."""
        key = _hash(each.patient_id, each.target_kind)
        return (each.since, each.until, _hash(each.target)) in self._periods.get(key, ())


def _overlap(
    one: tuple[datetime, datetime | None, bytes], other: tuple[datetime, datetime | None, bytes]
) -> bool:
    return (other[1] is None or one[0] < other[1]) and (one[1] is None or other[0] < one[1])


def _hash(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode(), digest_size=12).digest()


_WORDS: Final[Mapping[str, str]] = {
    UnknownPerson.code: "no message named a patient with this number",
    UnknownOrganisation.code: "target: the installation does not know this organisation",
    "number_shared": "several patients have this number",
    "listed_twice": "an earlier row names another target or period for this patient, and the two"
    " periods overlap",
}


def _ended(outcome: CommandOutcome) -> int:
    """Return how many attributions a command ended."""
    return sum(each.topic == AttributionEnded.TOPIC for each in outcome.events)


def _refused(row: RosterRow, code: str, reason: str) -> RefusedRow:
    return RefusedRow(line=row.line, code=code, reason=reason)


def _parts(rows: Iterable[ReadRow]) -> Iterator[list[ReadRow]]:
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield some
