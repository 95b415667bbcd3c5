"""Whether a visit with a number and a visit without one are the same (R3.16)."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from domain.interpretation.growing_visit import GrowingVisit
from domain.interpretation.same_beginning import restates, was_planned
from domain.interpretation.spell import Spell
from domain.interpretation.times import BEFORE_ALL
from domain.triggers import Kind

#: Statements of these kinds may come after the end of their visit (R3.14, R3.16).
MAY_COME_LATE: frozenset[Kind] = frozenset({"update", "end"})


def adopting_visit(
    unnumbered: GrowingVisit,
    numbered: Sequence[GrowingVisit],
    starts: Sequence[tuple[datetime, int]],
) -> GrowingVisit | None:
    """Return the numbered visit that adopts a visit without a number; None if there is none.

    Example: A01 and A02 without a number, then an A03 with the number V9. The visit is V9.

    Args:
        unnumbered: The visit without a number.
        numbered: The visits with a number of the same patient and namespace.
        starts: ``start_of`` of all visits, sorted.
    """
    spells = unnumbered.valid_spells
    for visit in sorted(numbered, key=start_of):
        if (
            _falls_inside(visit, spells)
            or _is_a_late_update_of(visit, unnumbered, starts)
            or _has_same_beginning(visit, spells)
            or _begins_what_was_planned(visit, unnumbered)
        ):
            return visit
    return None


def start_of(visit: GrowingVisit) -> tuple[datetime, int]:
    """Return a key that sorts visits by their start, an unknown one first, then by sent order."""
    return visit.outline.start or BEFORE_ALL, first_sent(visit)


def first_sent(visit: GrowingVisit) -> int:
    """Return the order of the statement of a visit that was sent first."""
    return visit.visit.statements[0].order


def ended_before(visit: GrowingVisit, at: datetime) -> bool:
    """Tell whether the last encounter of a visit ended before an instant."""
    spells = visit.valid_spells
    return bool(spells) and (end := spells[-1].end) is not None and end < at


def _falls_inside(numbered: GrowingVisit, spells: Sequence[Spell]) -> bool:
    """Tell whether a numbered visit without a beginning falls inside one of these encounters.

    Its updates and ends may be later.
    """
    cancels = numbered.history.cancels
    valid = [
        each
        for each in numbered.visit.statements
        if each not in cancels.voided_by and each not in cancels.target and each.kind != "plan"
    ]
    if not valid or any(each.kind == "beginning" for each in valid):
        return False
    first = min(each.at for each in valid)
    last = max((each.at for each in valid if each.kind not in MAY_COME_LATE), default=first)
    return any(
        (spell.start is None or spell.start <= first)
        and (spell.end is None or max(first, last) <= spell.end)
        for spell in spells
    )


def _is_a_late_update_of(
    numbered: GrowingVisit, unnumbered: GrowingVisit, starts: Sequence[tuple[datetime, int]]
) -> bool:
    """Tell whether only updates carry the number, all after the end of the unnumbered visit.

    No further visit may have begun between the start of that visit and the first update, and no
    update may state a later PV1-44 than that end: it would be about a later stay.
    """
    updates = numbered.visit.statements
    if not updates or any(each.kind != "update" for each in updates):
        return False
    first = min(each.at for each in updates)
    if not ended_before(unnumbered, first):
        return False
    end = unnumbered.valid_spells[-1].end
    if any((admitted := each.statement.admitted) and end and admitted.at > end for each in updates):
        return False
    behind = bisect_right(starts, start_of(unnumbered))
    next_two = starts[behind : behind + 2]  # one of them may be the numbered visit itself
    return all(at > first for at, order in next_two if order != first_sent(numbered))


def _has_same_beginning(numbered: GrowingVisit, spells: Sequence[Spell]) -> bool:
    """Tell whether a beginning of one visit restates a beginning of the other (R3.10, R3.11)."""
    others = [spell for spell in numbered.valid_spells if spell.beginnings]
    return any(
        spell.start == other.start
        or any(restates(each, spell) for each in other.beginnings)
        or any(restates(each, other) for each in spell.beginnings)
        for spell in spells
        if spell.beginnings
        for other in others
    )


def _begins_what_was_planned(numbered: GrowingVisit, unnumbered: GrowingVisit) -> bool:
    """Tell whether a numbered visit begins what a visit without a number planned (R3.12)."""
    return any(
        was_planned(each, unnumbered)
        for spell in numbered.valid_spells
        for each in spell.beginnings
    )
