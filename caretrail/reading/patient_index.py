"""Find patients in the read models by number, by id, by name and by birth date."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeAlias

from psycopg import Connection

from caretrail.reading.listing import (
    NumberShared,
    PatientList,
    PatientSearch,
    PatientSummary,
    dates_in_iso,
    matches,
    refs_of_number,
    row_as_listed,
    token_sets,
)
from caretrail.reading.opening import SegmentOpener
from domain.ids import IdKey, PatientId, RecordId
from domain.statement import Statement
from projections import patient_identifiers, patient_tokens, patients
from projections.engine.readings import latest_readings
from projections.engine.substrate import filed_of
from projections.patient_identifiers import IdentifierRow
from projections.patients import PatientRow

#: A connection to the read models.
Database: TypeAlias = Connection[Any]

#: Candidates that a search by name looks at, and patients that it shows. If there are more, the
#: page says so.
SEARCHED: Final = 200
SHOWN: Final = 50


class PatientIndex:
    """Finds patients. Each method works on the connection of its caller."""

    def __init__(
        self, id_key: IdKey, opening: SegmentOpener, *, token: Callable[[str], str]
    ) -> None:
        """Take the keys.

        Args:
            id_key: The key from which the ids of this installation are derived.
            opening: Opens the sealed names and numbers.
            token: The keyed hash with which the projector makes name tokens.
        """
        self._id_key = id_key
        self._opening = opening
        self._token = token

    def named(
        self, connection: Database, text: str, upto: int | None = None
    ) -> tuple[str, PatientId] | None:
        """Return (ref, patient) that a number or an opaque id names; production first.

        Raises:
            NumberShared: Several patients have the number, and no record is filed under it.
        """
        if "|" not in text:
            named = patient_identifiers.of_opaque_id(connection, text)
            if named:
                return text, self._holder(connection, text, named, upto)
            return self._as_read_then(connection, [text], upto)
        refs = refs_of_number(text, (), self._id_key)
        found = patient_identifiers.of_refs(connection, refs)
        for ref in refs:
            holders = [patient for other, _, patient in found if other == ref]
            if holders:
                return ref, self._holder(connection, ref, holders, upto)
        return self._as_read_then(connection, refs, upto)

    def numbered(
        self, connection: Database, texts: Collection[str]
    ) -> dict[str, tuple[str, PatientId] | None]:
        """Return what ``named`` returns for several ``AUTHORITY|IDENTIFIER``, in one query.

        A number that several patients have is left out, and so is an opaque id.
        """
        refs = {text: refs_of_number(text, (), self._id_key) for text in texts if "|" in text}
        holders = defaultdict[str, list[PatientId]](list)
        wanted = [ref for some in refs.values() for ref in some]
        for ref, _, patient in patient_identifiers.of_refs(connection, wanted) if wanted else ():
            holders[ref].append(patient)
        found: dict[str, tuple[str, PatientId] | None] = {}
        for text, some in refs.items():
            known = [each for each in some if each in holders][:1]
            if not known:
                found[text] = None
            elif len(holders[known[0]]) == 1:
                found[text] = known[0], holders[known[0]][0]
        return found

    def _as_read_then(
        self, connection: Database, refs: Sequence[str], upto: int | None
    ) -> tuple[str, PatientId] | None:
        """Return the first record that had statements by ``upto``, if no patient has it now.

        A later reading of messages may have filed its statements under another record.
        """
        if upto is not None:
            for ref in refs:
                if filed_of(connection, [RecordId(ref)], upto=upto):
                    return ref, PatientId(ref)
        return None

    def listed(self, connection: Database, rows: Sequence[PatientRow]) -> list[PatientSummary]:
        """Return patients as lists show them: with their names, numbers and open stays."""
        marks: dict[str, list[IdentifierRow]] = defaultdict(list)
        for row in patient_identifiers.of_patients(connection, [row.patient_id for row in rows]):
            marks[row.patient_id].append(row)
        self._opening.warm(each for row in rows for each in row.record_ids)
        retired = patients.retired_into(connection, [row.patient_id for row in rows])
        return [
            row_as_listed(row, marks[row.patient_id], self._opening, retired=retired)
            for row in rows
        ]

    def search(self, connection: Database, query: PatientSearch) -> PatientList:
        """Return the patients with a number or, if no patient has it, with a name or birth date."""
        words = query.words.strip()
        names = () if "|" in words else patient_identifiers.authorities(connection)
        refs = refs_of_number(words, names, self._id_key)
        ids = {patient for _, _, patient in patient_identifiers.of_refs(connection, refs)}
        if ids or "|" in words:
            rows = patients.by_id(connection, sorted(ids))
            # The patient whose record is filed under the number comes first.
            rows.sort(key=lambda row: set(refs).isdisjoint(row.record_ids))
            listed = self.listed(connection, [row for row in rows if query.admits(row)])
            return PatientList(listed=tuple(listed), by_number=True)
        found, cut = self._by_name(connection, query, dates_in_iso(words))
        return PatientList(listed=tuple(found), cut=cut)

    def _by_name(
        self, connection: Database, query: PatientSearch, words: str
    ) -> tuple[list[PatientSummary], bool]:
        """Return the patients whose names and birth date fit, and whether there may be more.

        Patients with the whole name come before those whose name only begins so.
        """
        found: dict[PatientId, PatientSummary] = {}
        for tokens in token_sets(words, self._token):
            ids = patient_tokens.patients_with(connection, tokens, limit=SEARCHED + 1)
            for start in range(0, len(ids), SHOWN):
                if start >= SEARCHED or len(found) >= SHOWN:
                    return list(found.values())[:SHOWN], True
                some = [each for each in ids[start : start + SHOWN] if each not in found]
                rows = [row for row in patients.by_id(connection, some) if query.admits(row)]
                for each in self.listed(connection, rows):
                    if matches(each, words):
                        found[each.patient_id] = each
        return list(found.values())[:SHOWN], len(found) > SHOWN

    def _holder(
        self, connection: Database, ref: str, holders: Sequence[PatientId], upto: int | None
    ) -> PatientId:
        """Return the patient that answers for a number: the one whose record is filed under it.

        Args:
            connection: The connection of the caller.
            ref: The ref of the number.
            holders: The patients that have it now; at least one.
            upto: If given, only patients that had the number by this index count.

        Raises:
            NumberShared: No record is filed under it, and there are several patients.
        """
        if len(holders) == 1:
            return holders[0]
        rows = patients.by_id(connection, holders)
        filed = {row.patient_id: ref in row.record_ids for row in rows}
        if upto is not None:
            known = {
                each: latest_readings(filed_of(connection, [RecordId(each)], upto=upto))
                for each in holders
            }
            had = {
                each: [one.statement for one in found if ref in _refs(one.statement)]
                for each, found in known.items()
            }
            holders = [each for each in holders if had[each]] or holders[:1]
            filed = {each: any(one.record == ref for one in had[each]) for each in holders}
        own = [each for each in holders if filed[each]]
        if own or len(holders) == 1:
            return (own or holders)[0]
        shown = [row for row in rows if row.patient_id in holders][:SHOWN]
        raise NumberShared(len(holders), self.listed(connection, shown))


def _refs(statement: Statement) -> set[str]:
    return {statement.record, *(each.ref for each in statement.identifiers)}
