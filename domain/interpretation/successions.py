"""Encounters of one patient that follow each other on one day, if only the day is known (R7.14).

The encounters may be of different visits. Example: an A03 of V1 that names only 5 March, then an
A01 of V2 that names only 5 March. The second encounter does not begin before the first one ended.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from domain.continuity import Encounter, Entry
from domain.ids import EncounterId
from domain.interpretation.order import OrderedStatement
from domain.interpretation.readmissions import between, end_of_first, is_open, is_precise
from domain.interpretation.times import BEFORE_ALL
from domain.statement import EncounterClass, Moment, Precision
from domain.triggers import Kind

#: The end of the first encounter is at most so far before the start of the next one.
_AT_ONCE: Final = timedelta(seconds=1)
_COARSE: Final = frozenset[Precision]({"year", "month", "day", "hour"})
#: A patient is in one encounter of these classes at a time.
_IN_A_BED: Final = frozenset[EncounterClass]({"EMER", "IMP", "OBSENC", "NONAC", "SS"})


def have_coarse_times(encounters: Iterable[Encounter]) -> bool:
    """Tell whether an encounter begins or ends at a time that names no minute."""
    for each in encounters:
        if each.start_precision in _COARSE or each.end_precision in _COARSE:
            return True
    return False


def part_successive(
    encounters: Sequence[Encounter], entries: dict[OrderedStatement, Entry]
) -> tuple[list[Encounter], list[OrderedStatement]]:
    """Return the encounters of a patient, parted if they follow each other on one day.

    Entries of coarse ends and beginnings get the instants of their encounters, so that they are
    in the order in which the facts happened. Return also the statements of these entries.

    Args:
        encounters: The encounters of one patient.
        entries: Their entries. They are changed.
    """
    statements: dict[EncounterId, list[OrderedStatement]] = {}
    for each, entry in entries.items():
        if entry.encounter_id is not None and entry.voided_by is None:
            statements.setdefault(entry.encounter_id, []).append(each)

    def first(encounter: Encounter) -> tuple[str, datetime, int]:
        ours = statements.get(encounter.encounter_id, ())
        order = min((each.order for each in ours), default=0)
        return encounter.namespace, encounter.start or BEFORE_ALL, order

    found = {each.encounter_id: each for each in encounters}
    placed: list[OrderedStatement] = []
    in_turn = sorted(
        (each for each in encounters if each.class_code in _IN_A_BED and not each.cancelled),
        key=first,
    )
    for earlier, later in pairwise(in_turn):
        if earlier.namespace != later.namespace:
            continue
        one, other = found[earlier.encounter_id], found[later.encounter_id]
        ends = _of_kind(statements.get(one.encounter_id, ()), "end")
        beginnings = _of_kind(statements.get(other.encounter_id, ()), "beginning")
        if one.end is not None and other.start is not None and one.end > other.start:
            one, other = _parted(one, other, ends, beginnings)
            found[one.encounter_id], found[other.encounter_id] = one, other
        if one.end is None or other.start is None:
            continue
        if timedelta(0) <= other.start - one.end <= _AT_ONCE:
            placed += _place(entries, ends, one.end)
            placed += _place(entries, beginnings, other.start)
    return list(found.values()), placed


def _of_kind(statements: Sequence[OrderedStatement], kind: Kind) -> list[OrderedStatement]:
    return sorted((each for each in statements if each.kind == kind), key=lambda each: each.order)


def _parted(
    one: Encounter,
    other: Encounter,
    ends: Sequence[OrderedStatement],
    beginnings: Sequence[OrderedStatement],
) -> tuple[Encounter, Encounter]:
    """End the first of two encounters where the other one begins, if their coarse times agree.

    Args:
        one: An encounter.
        other: The next encounter, which begins before the end of ``one``.
        ends: The valid ends of ``one``, in sent order.
        beginnings: The valid beginnings of ``other``, in sent order.
    """
    end = next((each for each in ends if _last(each.moment) == one.end), None)
    beginning = next((each for each in beginnings if each.at == other.start), None)
    if end is None or beginning is None or end.order > beginning.order or end.moment is None:
        return one, other
    if not is_open(end.moment, beginning.moment) or (
        is_precise(end.moment) and is_precise(beginning.moment)
    ):
        return one, other
    start = max(between(end, end.moment, beginning), beginning.at)
    until = end_of_first(start, end.moment.last, one.end_precision)
    if one.end is not None:
        until = min(until, one.end)
    since = [each.start for each in one.stays if each.start and not each.cancelled]
    following = [each.start for each in other.stays if each.start and each.start > beginning.at]
    if other.end is not None:
        following.append(other.end)
    if until <= max(since, default=BEFORE_ALL) or any(start >= each for each in following):
        return one, other
    return _ended(one, until), _begun(other, start)


def _ended(encounter: Encounter, at: datetime) -> Encounter:
    stays = tuple(
        stay._replace(end=at) if stay.end == encounter.end and not stay.cancelled else stay
        for stay in encounter.stays
    )
    return encounter._replace(end=at, stays=stays)


def _begun(encounter: Encounter, at: datetime) -> Encounter:
    stays = tuple(
        stay._replace(start=at) if stay.start == encounter.start and not stay.cancelled else stay
        for stay in encounter.stays
    )
    return encounter._replace(start=at, stays=stays)


def _place(
    entries: dict[OrderedStatement, Entry], statements: Iterable[OrderedStatement], at: datetime
) -> list[OrderedStatement]:
    """Give entries of coarse times the instant at which their encounter began or ended."""
    placed = [
        each
        for each in statements
        if each.moment is not None
        and not is_precise(each.moment)
        and each.moment.at <= at <= each.moment.last
    ]
    for each in placed:
        entries[each] = entries[each]._replace(happened_at=at)
    return placed


def _last(moment: Moment | None) -> datetime | None:
    return None if moment is None else moment.last
