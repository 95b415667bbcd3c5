"""Merges: which number retires into which, and which records have them (R2.14, R2.15).

A merge message may state several numbers of the patient, of several types and authorities. The
record under which the message is filed need not be of the type that is merged.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from domain.ids import RecordId
from domain.interpretation.order import OrderedStatement
from domain.statement import IdentifierRef, may_join_records

#: The field with the numbers of the patient, and the field with those that retire.
_OWN: Final = "PID-3"
_RETIRED: Final = "MRG-1"

#: Order of a statement, and the numbers of one authority that it states.
_Stated: TypeAlias = tuple[int, list[IdentifierRef]]
#: A record, and an authority of its numbers.
_Key: TypeAlias = tuple[RecordId, str]
#: Numbers that a merge names, by ref, each with the merge.
_Named: TypeAlias = dict[str, list[tuple[OrderedStatement, IdentifierRef]]]


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
    numbers of PID-3 into which one retires are those of one patient. R2.15: a record that has one
    of these numbers as a second number is of that patient too.

    Args:
        merges: The merges that have an effect, in sent order, without resends.
        statements: All statements, in sent order, without resends.
        records: The records under which statements are filed.
    """
    found = MergedNumbers([], [])
    named: _Named = defaultdict(list)
    for merge in merges:
        statement = merge.statement
        merged, record = statement.merged, statement.record
        if merged is None:
            continue
        main = record
        own = _numbers(merge, _OWN)
        for number in _numbers(merge, _RETIRED):
            partner = _partner(number, record, own)
            if partner is None and number.ref == merged:
                partner = next((each for each in own if each.ref == record), None)
            if partner is None:
                continue
            into = RecordId(partner.ref)
            if number.ref != merged:
                if number.ref in records:
                    survivor = into if into in records else record
                    found.pairs.append(MergePair(merge, RecordId(number.ref), survivor))
            elif into in records and into != merged:
                main = into
            found.joined.append((record, into))
            named[number.ref].append((merge, number))
            named[into].append((merge, partner))
        found.pairs.append(MergePair(merge, merged, main))
        found.joined.append((record, main))
    if named:
        found.joined.extend(_holders(named, statements))
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


def _partner(
    number: IdentifierRef, record: RecordId, own: Iterable[IdentifierRef]
) -> IdentifierRef | None:
    """Return the number of PID-3 with type and authority of a number that retires.

    If no number has its type, a number of its authority fits if one of the two states no type.
    Example: 901^^^ENT retires into 900^^^ENT^PI. The record under which the merge is filed comes
    first. If several others fit, the smallest is taken, so that the order of the repetitions does
    not matter.

    Args:
        number: The number that retires.
        record: The record under which the merge is filed.
        own: The numbers of PID-3.
    """
    others = [
        each
        for each in own
        if each.authority == number.authority
        and each.ref != number.ref
        and _fit(each.type, number.type)
    ]
    fitting = [each for each in others if each.type == number.type] or others
    return min(fitting, key=lambda each: (each.ref != record, each.ref, each.type), default=None)


def _fit(one: str, other: str) -> bool:
    """Tell whether two types may be one type: they are equal, or one of them is not stated."""
    return one == other or not one or not other


def _holders(
    named: _Named, statements: Iterable[OrderedStatement]
) -> Iterator[tuple[RecordId, RecordId]]:
    """Yield each record that held a number of a merge then, or holds it still, and the survivor.

    A record holds a number if its last statement with a number of that type and authority states
    it. So a mistyped number that was corrected before the merge joins no records. The type is that
    which the record states, else that of the merge. A number without a type counts for each type.
    """
    authorities = {number.authority for some in named.values() for _, number in some}
    stated: dict[_Key, list[_Stated]] = defaultdict(list)
    stated_by: dict[tuple[str, str], set[tuple[RecordId, str]]] = defaultdict(set)
    for each in statements:
        record = each.statement.record
        carried: dict[str, list[IdentifierRef]] = {}
        for number in _numbers(each, _OWN):
            authority = number.authority
            if authority in authorities:
                carried.setdefault(authority, []).append(number)
                if number.ref in named:
                    stated_by[number.ref, authority].add((record, number.type))
        for authority, numbers in carried.items():
            stated[record, authority].append((each.order, numbers))
    held = _HeldNumbers(stated)
    for ref, some in named.items():
        for merge, number in some:
            for record, kind in stated_by.get((ref, number.authority), ()):
                if _fit(kind, number.type) and held.holds(
                    record, number, kind or number.type, merge.order
                ):
                    yield record, merge.statement.record


class _HeldNumbers:
    """Which numbers a record held at a merge."""

    def __init__(self, stated: Mapping[_Key, Sequence[_Stated]]) -> None:
        self._stated = stated
        self._of_type: dict[tuple[RecordId, str, str], list[tuple[int, set[str]]]] = {}

    def holds(self, record: RecordId, number: IdentifierRef, kind: str, order: int) -> bool:
        """Tell whether a record held a number of a type before ``order``, or holds it still."""
        key = record, number.authority, kind
        history = self._of_type.get(key)
        if history is None:
            history = self._of_type[key] = _of_type(self._stated[key[:2]], kind)
        before = bisect_left(history, order, key=itemgetter(0))
        return number.ref in history[-1][1] or (before > 0 and number.ref in history[before - 1][1])


def _of_type(stated: Iterable[_Stated], kind: str) -> list[tuple[int, set[str]]]:
    """Return the refs of the numbers of a type, of each statement that states one, with its order.

    The statements are in sent order.
    """
    found = []
    for order, numbers in stated:
        refs = {each.ref for each in numbers if _fit(each.type, kind)}
        if refs:
            found.append((order, refs))
    return found
