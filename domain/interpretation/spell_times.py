"""The times of one encounter: start, change of class and end (R5.3, R5.8, R5.9, R7.1)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.interpretation.order import OrderedStatement
from domain.interpretation.placing import own_time
from domain.interpretation.spell import Spell, TimeValue
from domain.interpretation.times import BEFORE_ALL


def set_times(spell: Spell, corrections: Sequence[OrderedStatement]) -> None:
    """Set the times of a spell from its statements.

    Args:
        spell: The spell, as the walk made it.
        corrections: The statements whose PV1-44 corrects its beginning, in sent order.
    """
    starts, changes = _start_and_change_values(spell, corrections)
    start = decide(starts)
    if start is not None and start[1] != BEFORE_ALL:
        _, spell.start, stated = start
        spell.start_inferred = not stated
    if spell.changes:
        own = [_change_value(each, spell.start) for each in spell.changes]
        change = decide([*own, *changes])
        spell.change_at = None if change is None else change[1]
    if spell.ends:
        _set_end(spell)


def decide(values: Iterable[TimeValue]) -> TimeValue | None:
    """Return the stated value that was sent last. If there is none, return the earliest (R5.3).

    Example: of an A03 that states 13:20 and a later A03 without a time, 13:20 holds.
    """
    best: TimeValue | None = None
    for value in values:
        if best is None or _wins(value, best):
            best = value
    return best


def _wins(value: TimeValue, best: TimeValue) -> bool:
    order, at, stated = value
    best_order, best_at, best_stated = best
    if stated != best_stated:
        return stated
    return order > best_order if stated else at < best_at


def _start_and_change_values(
    spell: Spell, corrections: Sequence[OrderedStatement]
) -> tuple[list[TimeValue], list[TimeValue]]:
    """Return the values of the start, and the corrections of the change of class (R5.8).

    A correction means the change of class if it is later than the beginning and was sent after the
    change.
    """
    values = [
        (each.order, each.statement.admitted.at, True)
        for each in corrections
        if each.statement.admitted is not None
    ]
    if not values:
        return spell.start_values, []
    if not spell.changes:
        return spell.start_values + values, []
    earliest = min((at for _, at, _ in spell.start_values), default=spell.changes[0].at)
    since = spell.changes[0].order
    changes = [each for each in values if each[1] > earliest and each[0] > since]
    return spell.start_values + [each for each in values if each not in changes], changes


def _change_value(each: OrderedStatement, start: datetime | None) -> TimeValue:
    """Return the time of a change of class (R7.1).

    It is PV1-44 if that is later than the start, else EVN-6, else EVN-2, else MSH-7.
    """
    admitted = each.statement.admitted
    if admitted is not None and (start is None or admitted.at > start):
        return each.order, admitted.at, True
    own = own_time(each)
    return each.order, own.at if own else each.at, each.statement.occurred is not None


def _set_end(spell: Spell) -> None:
    """Set the end from the discharges and from the updates that correct one (R5.9).

    An update corrects nothing if it was sent before every discharge, or if its PV1-45 is before the
    start. Example: A03 13:20 and an A08 with PV1-45 12:30; the encounter ended at 12:30.
    """
    spell.ended = True
    first_sent = min(each.order for each in spell.ends)
    values = [(each.order, each.at, each.stated) for each in spell.ends]
    values += [
        (each.order, each.statement.discharged.last, True)
        for each in spell.end_corrections
        if each.statement.discharged is not None
        and each.order > first_sent
        and each.statement.discharged.last >= (spell.start or BEFORE_ALL)
    ]
    end = decide(values)
    if end is not None and end[1] != BEFORE_ALL:
        order, spell.end, stated = end
        spell.end_inferred = not stated
        spell.end_stated_by = next(
            each for each in (*spell.ends, *spell.end_corrections) if each.order == order
        )
