"""Whose: which source records are one patient, and which record names the patient (section 2).

A join never undoes another join, so the order of the steps does not matter.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.continuity import Merge
from domain.flags import Flag
from domain.ids import Mode, PatientId, RecordId
from domain.interpretation.merges import MergePair, merged_numbers
from domain.interpretation.order import Mark, OrderedStatement, in_sent_order
from domain.interpretation.resends import resent
from domain.statement import IdentifierRef, Statement


@dataclass(slots=True)
class Person:
    """The source records of one patient and all of their statements, in sent order."""

    patient_id: PatientId
    records: tuple[RecordId, ...]
    merges: tuple[Merge, ...]
    statements: list[OrderedStatement]
    flags: tuple[Flag, ...] = ()
    marks: list[Mark] = field(default_factory=list)

    @property
    def mode(self) -> Mode:
        """The processing mode, in which all of the records are filed."""
        return self.statements[0].statement.mode


@dataclass(slots=True)
class _JoinedRecords:
    """Sets of records that are joined. Each set is named by its smallest record."""

    parent: dict[str, str] = field(default_factory=dict)

    def root(self, record: str) -> str:
        """Return the name of the set of a record."""
        parent = self.parent
        root = record
        while (above := parent.setdefault(root, root)) != root:
            root = above
        while (above := parent[record]) != root:
            parent[record], record = root, above
        return root

    def join(self, one: str, other: str) -> None:
        """Join the sets of two records."""
        one, other = self.root(one), self.root(other)
        self.parent[max(one, other)] = min(one, other)


def people(statements: Sequence[OrderedStatement]) -> list[Person]:
    """Split statements by patient, in the order of the patient ids (R2.2).

    Example: an A40 merges p1 into p2. The statements of both records are those of patient p2.
    """
    merges: list[OrderedStatement] = []
    marks: list[Mark] = []
    for each in statements:
        if each.kind != "merge":
            continue
        flag = _why_without_effect(each)
        if flag is not None:
            marks.append((each, flag))
        elif each.statement.merged is not None:
            merges.append(each)
    records = {each.statement.record for each in statements}
    if len(records) <= 1 and not merges:
        return [
            Person(PatientId(record), (record,), (), list(statements), marks=marks)
            for record in records
        ]
    counted = _without_resends(statements)
    merges = [each for each in merges if each in counted]
    joined = _JoinedRecords()
    merged = merged_numbers(merges, counted, records)
    for pair in merged.pairs:
        joined.join(pair.retired, pair.survivor)
    for one, other in merged.joined:
        joined.join(one, other)
    shared = _join_by_identifiers(joined, counted, records)
    shared_by = {joined.root(each) for each in shared}
    return _persons(joined, statements, merged.pairs, marks, shared_by)


def trusted_numbers(statements: Iterable[Statement]) -> set[str]:
    """Return the refs of the trusted identifiers that join records, or would join them (R2.3).

    A number that its sender replaced is not among them. Example: A31 corrects PID-2 from 900 to
    901. Then 900 joins no records.
    """
    holders, _, _ = _trusted_values(_without_resends(in_sent_order(statements)))
    return set(holders)


def _why_without_effect(merge: OrderedStatement) -> Flag | None:
    """Return the flag of a merge into itself or of a placeholder; None if it is neither (R2.9)."""
    merged, record = merge.statement.merged, merge.statement.record
    if merged is None:
        return None
    if merged == record:
        return Flag.MERGE_INTO_ITSELF
    identifiers = merge.statement.identifiers
    if any(each.placeholder and each.ref in (merged, record) for each in identifiers):
        return Flag.MERGE_OF_PLACEHOLDER
    return None


def _without_resends(statements: Sequence[OrderedStatement]) -> dict[OrderedStatement, None]:
    """Leave out the resends: a merge or a number that is sent again is not new (R2.10)."""
    by_record: dict[RecordId, list[OrderedStatement]] = defaultdict(list)
    for each in statements:
        by_record[each.statement.record].append(each)
    resends = {each for of_record in by_record.values() for each in resent(of_record)}
    return dict.fromkeys(each for each in statements if each not in resends)


def _join_by_identifiers(
    joined: _JoinedRecords, statements: Iterable[OrderedStatement], records: Collection[RecordId]
) -> set[RecordId]:
    """Join records by trusted identifiers; return records whose identifier joins none (R2.6).

    If two records of one authority hold one value, and nothing else joins them, the value may be a
    mistake. It joins none of its holders. The issuer of a master index never gives a value twice.
    """
    holders, master, authority = _trusted_values(statements)
    for value, held_by in holders.items():
        if value in records:  # R2.4: a record is filed under the trusted value itself
            held_by.add(RecordId(value))
    waiting = {value: held_by for value, held_by in holders.items() if len(held_by) > 1}
    progress = True
    while progress and waiting:
        ready = [
            value
            for value, held_by in waiting.items()
            if value in master or _are_one_per_authority(joined, held_by, authority)
        ]
        progress = bool(ready)
        for value in ready:
            first, *others = waiting.pop(value)
            for other in others:
                joined.join(first, other)
    return {record for held_by in waiting.values() for record in held_by}


def _trusted_values(
    statements: Iterable[OrderedStatement],
) -> tuple[dict[str, set[RecordId]], set[str], dict[RecordId, str]]:
    """Return the holders of each trusted value, the values of a master index, and authorities.

    Of each record and issuer, only the last sent statement that carries a value counts, so that a
    mistyped number joins no records once it is corrected (R2.3). The authorities are by record.
    """
    last: dict[tuple[RecordId, str], list[IdentifierRef]] = {}
    authority: dict[RecordId, str] = {}
    for each in statements:
        record = each.statement.record
        authority.setdefault(record, each.statement.namespace)
        carried: dict[str, list[IdentifierRef]] = {}
        for identifier in each.statement.identifiers:
            if identifier.ref == record:
                authority[record] = identifier.authority
            if identifier.trusted and not identifier.placeholder and _is_of_patient(identifier):
                carried.setdefault(identifier.authority, []).append(identifier)
        for issuer, identifiers in carried.items():
            last[record, issuer] = identifiers
    holders: dict[str, set[RecordId]] = defaultdict(set)
    master: set[str] = set()
    for (record, _), identifiers in last.items():
        for identifier in identifiers:
            holders[identifier.ref].add(record)
            if identifier.master_index:
                master.add(identifier.ref)
    return holders, master, authority


def _is_of_patient(identifier: IdentifierRef) -> bool:
    return not identifier.field.startswith("MRG")


def _are_one_per_authority(
    joined: _JoinedRecords, held_by: Iterable[RecordId], authority: Mapping[RecordId, str]
) -> bool:
    """Tell whether all records of one authority among these are joined already."""
    seen: dict[str, str] = {}
    return all(
        seen.setdefault(authority[record], joined.root(record)) == joined.root(record)
        for record in held_by
    )


def _persons(
    joined: _JoinedRecords,
    statements: Sequence[OrderedStatement],
    merges: Sequence[MergePair],
    marks: Iterable[Mark],
    shared_by: Collection[str],
) -> list[Person]:
    """Make the persons.

    Args:
        joined: The joined records.
        statements: All statements, in sent order.
        merges: The merges that join records, in sent order.
        marks: The marks of the other merges.
        shared_by: The names of the sets with an identifier that joins none of its holders.
    """
    named = {each.statement.record for each in statements}
    named |= {pair.retired for pair in merges}
    records: dict[str, list[RecordId]] = defaultdict(list)
    for record in sorted(named):
        records[joined.root(record)].append(record)
    merges_of: dict[str, list[MergePair]] = defaultdict(list)
    retired: dict[RecordId, int] = {}  # since which order
    for pair in merges:
        merges_of[joined.root(pair.survivor)].append(pair)
        retired.setdefault(pair.retired, pair.merge.order)
    marks_of: dict[str, list[Mark]] = defaultdict(list)
    for each, flag in marks:
        marks_of[joined.root(each.statement.record)].append((each, flag))
    statements_of: dict[str, list[OrderedStatement]] = defaultdict(list)
    for each in statements:
        record = each.statement.record
        root = joined.root(record)
        statements_of[root].append(each)
        if each.order > retired.get(record, each.order) and each.kind != "merge":
            marks_of[root].append((each, Flag.RECORD_RETIRED))  # R2.13
    persons = [
        Person(
            patient_id=_survivor(held, merges_of[root]),
            records=tuple(held),
            merges=tuple(
                Merge(
                    retired=pair.retired,
                    survivor=pair.survivor,
                    statement=pair.merge.statement.ref,
                )
                for pair in merges_of[root]
            ),
            statements=statements_of[root],
            flags=(Flag.IDENTIFIER_SHARED,) if root in shared_by else (),
            marks=marks_of[root],
        )
        for root, held in records.items()
    ]
    return sorted(persons, key=lambda person: person.patient_id)


def _survivor(records: Sequence[RecordId], merges: Sequence[MergePair]) -> PatientId:
    """Return the end of the chain of merges; of several ends the smallest (R2.8, R3.22).

    If the chain is a cycle, it is the survivor of the merge in it that was sent last. Example: A40
    p1 into p2, then A40 p2 into p1; the survivor is p1.
    """
    into: dict[RecordId, set[RecordId]] = defaultdict(set)
    for pair in merges:
        into[pair.retired].add(pair.survivor)
    ends = [record for record in records if not into.get(record)]
    from_: dict[RecordId, set[RecordId]] = defaultdict(set)
    for record, survivors in into.items():
        for survivor in survivors:
            from_[survivor].add(record)
    leading = set(_reach(ends, from_))
    for record in records:
        if record in leading:
            continue
        cycle = _last_cycle(record, into, from_)
        inside = [
            pair.survivor for pair in merges if pair.survivor in cycle and pair.retired in cycle
        ]
        ends.append(inside[-1])
        leading.update(_reach(cycle, from_))
    return PatientId(min(ends))


def _reach(
    starts: Iterable[RecordId], step: Mapping[RecordId, set[RecordId]]
) -> dict[RecordId, None]:
    """Return the records that can be reached, the starts included, nearest first."""
    seen = dict.fromkeys(starts)
    ahead = deque(seen)
    while ahead:
        for record in sorted(step.get(ahead.popleft(), ())):
            if record not in seen:
                seen[record] = None
                ahead.append(record)
    return seen


def _last_cycle(
    record: RecordId,
    into: Mapping[RecordId, set[RecordId]],
    from_: Mapping[RecordId, set[RecordId]],
) -> set[RecordId]:
    """Follow the merges from a record whose chain has no end, to a cycle without a way out."""
    while True:
        ahead = _reach([record], into)
        back = _reach([record], from_)
        left = [each for each in ahead if each not in back]
        if not left:
            return set(ahead)
        record = left[-1]
