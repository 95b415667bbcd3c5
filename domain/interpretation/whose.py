"""Whose: which source records are one person, and which record answers for all of them.

Source of the rules: interpretation, section 2. Records are joined as a least fixed point: joining
never undoes a join, so the order of the steps does not matter.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.continuity import Merge
from domain.flags import Flag
from domain.ids import PatientId, RecordId
from domain.interpretation.order import Said
from domain.interpretation.resends import resent
from domain.statement import IdentifierRef


@dataclass(slots=True)
class Person:
    """The records of one person and everything said of them, in sent order."""

    patient_id: PatientId
    records: tuple[RecordId, ...]
    merges: tuple[Merge, ...]
    said: list[Said]
    flags: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sets:
    """Disjoint sets of records."""

    parent: dict[str, str] = field(default_factory=dict)

    def of(self, record: str) -> str:
        parent = self.parent
        root = record
        while (above := parent.setdefault(root, root)) != root:
            root = above
        while (above := parent[record]) != root:
            parent[record], record = root, above
        return root

    def join(self, one: str, other: str) -> bool:
        one, other = self.of(one), self.of(other)
        self.parent[max(one, other)] = min(one, other)
        return one != other


def people(said: Sequence[Said]) -> list[Person]:
    """Split statements by person, in the order of their patient ids."""
    merges = [each for each in said if each.kind == "merge" and _joins(each)]
    records = {each.of.record for each in said}
    if len(records) <= 1 and not merges:
        return [Person(PatientId(record), (record,), (), list(said)) for record in records]
    counted = _counted(said)
    merges = [each for each in merges if each in counted]
    sets = _Sets()
    for merge in merges:
        assert merge.of.merged is not None  # noqa: S101  # _joins() saw to it
        sets.join(merge.of.merged, merge.of.record)
    shared = _join_by_identifiers(sets, counted, records)
    named = records | {each.of.merged for each in merges if each.of.merged is not None}
    return _collect(sets, said, merges, named, {sets.of(each) for each in shared})


def _counted(said: Sequence[Said]) -> dict[Said, None]:
    """Leave resends out (section 4): an old merge or number, sent again, is not news."""
    by_record: dict[RecordId, list[Said]] = defaultdict(list)
    for each in said:
        by_record[each.of.record].append(each)
    again = {each for of_record in by_record.values() for each in resent(of_record)}
    return dict.fromkeys(each for each in said if each not in again)


def _joins(merge: Said) -> bool:
    """A merge joins unless it names nobody, a placeholder, or the record itself (flagged)."""
    merged, record = merge.of.merged, merge.of.record
    if merged is None:
        return False
    if merged == record:
        merge.flags.append(Flag.MERGE_INTO_ITSELF)
        return False
    if any(each.placeholder and each.ref in (merged, record) for each in merge.of.identifiers):
        merge.flags.append(Flag.MERGE_OF_PLACEHOLDER)
        return False
    return True


def _join_by_identifiers(
    sets: _Sets, said: Iterable[Said], records: Collection[RecordId]
) -> set[RecordId]:
    """Join records by trusted identifiers; return those whose identifier joins nobody.

    A value that two records of one authority hold, which nothing else joins, may be a mistake: it
    joins none of its holders and is proposed to a steward. The issuer of a master index gives no
    value twice.
    """
    holders, master, authority = _trusted_values(said)
    for value, held_by in holders.items():
        if value in records:  # somebody files under the trusted identifier itself
            held_by.add(RecordId(value))
    waiting = {value: held_by for value, held_by in holders.items() if len(held_by) > 1}
    joined = True
    while joined and waiting:
        ready = [
            value
            for value, held_by in waiting.items()
            if value in master or _one_each(sets, held_by, authority)
        ]
        joined = bool(ready)
        for value in ready:
            first, *others = waiting.pop(value)
            for other in others:
                sets.join(first, other)
    return {record for held_by in waiting.values() for record in held_by}


def _trusted_values(
    said: Iterable[Said],
) -> tuple[dict[str, set[RecordId]], set[str], dict[RecordId, str]]:
    """Return who holds which value, which values are of a master index, each record's authority.

    Of each record and issuer, only the last sent statement that carries a value counts: a mistyped
    number, once corrected, joins nobody.
    """
    last: dict[tuple[RecordId, str], list[IdentifierRef]] = {}
    authority: dict[RecordId, str] = {}
    for each in said:
        record = each.of.record
        authority.setdefault(record, each.of.namespace)
        carried: dict[str, list[IdentifierRef]] = {}
        for identifier in each.of.identifiers:
            if identifier.ref == record:
                authority[record] = identifier.authority
            if identifier.trusted and not identifier.placeholder and _of_patient(identifier):
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


def _of_patient(identifier: IdentifierRef) -> bool:
    return not identifier.field.startswith("MRG")


def _one_each(sets: _Sets, held_by: Iterable[RecordId], authority: Mapping[RecordId, str]) -> bool:
    """Whether those of one authority are joined already."""
    seen: dict[str, str] = {}
    return all(
        seen.setdefault(authority[record], sets.of(record)) == sets.of(record) for record in held_by
    )


def _collect(
    sets: _Sets,
    said: Sequence[Said],
    merges: Sequence[Said],
    named: Iterable[RecordId],
    shared: set[str],
) -> list[Person]:
    records: dict[str, list[RecordId]] = defaultdict(list)
    for record in sorted(named):
        records[sets.of(record)].append(record)
    merged: dict[str, list[Said]] = defaultdict(list)
    retired: dict[RecordId, int] = {}
    for merge in merges:
        merged[sets.of(merge.of.record)].append(merge)
        if merge.of.merged is not None:
            retired.setdefault(merge.of.merged, merge.order)
    of: dict[str, list[Said]] = defaultdict(list)
    for each in said:
        of[sets.of(each.of.record)].append(each)
        if each.order > retired.get(each.of.record, each.order) and each.kind != "merge":
            each.flags.append(Flag.RECORD_RETIRED)
    persons = [
        Person(
            patient_id=_survivor(held, merged[root]),
            records=tuple(held),
            merges=tuple(
                Merge(retired=each.of.merged, survivor=each.of.record, statement=each.of.ref)
                for each in merged[root]
                if each.of.merged is not None
            ),
            said=of[root],
            flags=(Flag.IDENTIFIER_SHARED,) if root in shared else (),
        )
        for root, held in records.items()
    ]
    return sorted(persons, key=lambda person: person.patient_id)


def _survivor(records: Sequence[RecordId], merges: Sequence[Said]) -> PatientId:
    """Return the end of the merge chain, of several the smallest; in a cycle the last survivor."""
    into: dict[RecordId, set[RecordId]] = defaultdict(set)
    for merge in merges:
        if merge.of.merged is not None:
            into[merge.of.merged].add(merge.of.record)
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
        inside = [each for each in merges if each.of.record in cycle and each.of.merged in cycle]
        ends.append(inside[-1].of.record)
        leading.update(_reach(cycle, from_))
    return PatientId(min(ends))


def _reach(
    starts: Iterable[RecordId], step: Mapping[RecordId, set[RecordId]]
) -> dict[RecordId, None]:
    """Return what can be reached, the starts included, nearest first."""
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
    """Follow merges from a record that reaches no end, to a cycle that nothing leaves."""
    while True:
        ahead = _reach([record], into)
        back = _reach([record], from_)
        left = [each for each in ahead if each not in back]
        if not left:
            return set(ahead)
        record = left[-1]
