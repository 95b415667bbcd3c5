"""Merges: which number retires into which, and whose second number it was (R2.14, R2.15).

A merge message may state several numbers of the patient, of several types and authorities. The
record under which the message is filed need not be of the type that is merged.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from domain.ids import RecordId
from domain.interpretation.order import OrderedStatement
from domain.statement import IdentifierRef, may_join_records

#: The field with the numbers of the patient, and the field with those that retire.
_OWN: Final = "PID-3"
_RETIRED: Final = "MRG-1"

#: Authority and type: a record has one number of each.
_Sort: TypeAlias = tuple[str, str]
#: Order of a statement, and the numbers of one sort that it states.
_Stated: TypeAlias = tuple[int, set[str]]
#: A record, and the authority and type of some of its numbers.
_RecordSort: TypeAlias = tuple[RecordId, _Sort]


class MergePair(NamedTuple):
    """A record that retires into another one."""

    merge: OrderedStatement
    retired: RecordId
    survivor: RecordId


class MergedNumbers(NamedTuple):
    """What merges say about source records."""

    pairs: list[MergePair]
    joined: list[tuple[str, str]]  # further records that are one patient


def merged_numbers(
    merges: Sequence[OrderedStatement],
    statements: Iterable[OrderedStatement],
    records: Collection[RecordId],
) -> MergedNumbers:
    """Return which records are one patient by merges.

    R2.14: a number of MRG-1 retires into the number of PID-3 that has its type and authority. The
    numbers of PID-3 into which one retires are those of one patient. R2.15: a record whose second
    number retires is of that patient too.

    Args:
        merges: The merges that have an effect, in sent order, without resends.
        statements: All statements, in sent order, without resends.
        records: The records under which statements are filed.
    """
    found = MergedNumbers([], [])
    retired: dict[str, list[tuple[OrderedStatement, IdentifierRef]]] = defaultdict(list)
    for merge in merges:
        statement = merge.statement
        merged, record = statement.merged, statement.record
        if merged is None:
            continue
        main = record
        own = _by_sort(_numbers(merge, _OWN))
        for number in _numbers(merge, _RETIRED):
            partner = _partner(number, record, own)
            if partner is None:
                continue
            if number.ref != merged:
                if number.ref in records and number.ref != partner:
                    survivor = partner if partner in records else record
                    found.pairs.append(MergePair(merge, RecordId(number.ref), survivor))
            elif partner in records and partner != merged:
                main = partner
            found.joined.append((record, partner))
            retired[number.ref].append((merge, number))
        found.pairs.append(MergePair(merge, merged, main))
        found.joined.append((record, main))
    if retired:
        found.joined.extend(_holders(retired, statements))
    return found


def _numbers(each: OrderedStatement, field: str) -> list[IdentifierRef]:
    """Return the numbers of a field that may join records."""
    return [
        number
        for number in each.statement.identifiers
        if number.field == field
        and may_join_records(
            field=field,
            kind=number.type,
            trusted=number.trusted,
            placeholder=number.placeholder,
        )
    ]


def _by_sort(numbers: Iterable[IdentifierRef]) -> dict[_Sort, list[str]]:
    """Return the refs of numbers by authority and type, sorted."""
    found: dict[_Sort, set[str]] = defaultdict(set)
    for number in numbers:
        found[_sort(number)].add(number.ref)
    return {sort: sorted(refs) for sort, refs in found.items()}


def _partner(
    number: IdentifierRef, record: RecordId, own: Mapping[_Sort, Sequence[str]]
) -> RecordId | None:
    """Return the number of PID-3 with type and authority of a number that retires.

    It is the record under which the merge is filed, if that fits. If several others fit, it is the
    smallest, so that the order of the repetitions does not matter.

    Args:
        number: The number that retires.
        record: The record under which the merge is filed.
        own: The numbers of PID-3 by authority and type, sorted.
    """
    fitting = own.get(_sort(number), ())
    if record != number.ref and record in fitting:
        return record
    return next((RecordId(ref) for ref in fitting if ref != number.ref), None)


def _holders(
    retired: dict[str, list[tuple[OrderedStatement, IdentifierRef]]],
    statements: Iterable[OrderedStatement],
) -> Iterator[tuple[str, str]]:
    """Yield each record that held a number when it retired, or holds it still, and its survivor.

    A record holds a number if its last statement with a number of that type and authority states
    it. So a mistyped number that was corrected before the merge joins no records.
    """
    sorts = {_sort(number) for some in retired.values() for _, number in some}
    stated: dict[_RecordSort, list[_Stated]] = defaultdict(list)
    stated_by: dict[tuple[str, _Sort], set[RecordId]] = defaultdict(set)
    for each in statements:
        record = each.statement.record
        carried: dict[_Sort, set[str]] = {}
        for number in _numbers(each, _OWN):
            sort = _sort(number)
            if sort in sorts:
                carried.setdefault(sort, set()).add(number.ref)
                if number.ref in retired:
                    stated_by[number.ref, sort].add(record)
        for sort, refs in carried.items():
            stated[record, sort].append((each.order, refs))
    for ref, some in retired.items():
        for merge, number in some:
            sort = _sort(number)
            for record in stated_by.get((ref, sort), ()):
                history = stated[record, sort]
                before = bisect_left(history, merge.order, key=_order)
                if ref in history[-1][1] or (before and ref in history[before - 1][1]):
                    yield record, merge.statement.record


def _sort(number: IdentifierRef) -> _Sort:
    return number.authority, number.type


def _order(stated: _Stated) -> int:
    return stated[0]
