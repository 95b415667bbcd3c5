"""The times of one encounter: start, change of class and end (R5.3, R5.8, R5.9, R7.1)."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

from domain.interpretation.order import OrderedStatement
from domain.interpretation.placing import own_time
from domain.interpretation.spell import Spell, TimeValue
from domain.interpretation.times import BEFORE_ALL, refines


def set_times(spell: Spell, corrections: Sequence[OrderedStatement]) -> None:
    """Set the times of a spell from its statements.

    Args:
        spell: The spell, as the walk made it.
        corrections: The statements whose PV1-44 corrects its beginning, in sent order.
    """
    starts, changes = _start_and_change_values(spell, corrections)
    start = decide(starts)
    if start is not None and start[1] != BEFORE_ALL:
        _, spell.start, stated, moment = start
        spell.start_inferred = not stated
        if moment is not None:
            spell.start_precision = moment.precision
    if spell.changes:
        own = [_change_value(each, spell.start) for each in spell.changes]
        change = decide([*own, *changes])
        if change is not None:
            spell.change_at = change[1]
            if change[3] is not None:
                spell.change_precision = change[3].precision
    if spell.ends:
        set_end(spell)


def decide(values: Sequence[TimeValue]) -> TimeValue | None:
    """Return the stated value that was sent last. If there is none, return the earliest (R5.3).

    Example: of an A03 that states 13:20 and a later A03 without a time, 13:20 holds. A coarse value
    does not hold against a finer one that agrees with it (R5.12): 13:20 holds also against a later
    A03 that names only the day.
    """
    if len(values) == 1:
        return values[0]
    best: TimeValue | None = None
    for value in values:
        if best is None or _wins(value, best):
            best = value
    if best is not None and best[2] and best[3] is not None and best[3].until is not None:
        return _finest(best, values)
    return best


def _finest(best: TimeValue, values: Sequence[TimeValue]) -> TimeValue:
    """Return the finest stated value that agrees with a coarse one; of several the last sent."""
    while (coarse := best[3]) is not None:
        finer = [
            value
            for value in values
            if value[2] and value[3] is not None and refines(value[3], coarse)
        ]
        if not finer:
            break
        best = max(finer, key=itemgetter(0))
    return best


def _wins(value: TimeValue, best: TimeValue) -> bool:
    order, at, stated, _ = value
    best_order, best_at, best_stated, _ = best
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
    values: list[TimeValue] = [
        (each.order, each.statement.admitted.at, True, each.statement.admitted)
        for each in corrections
        if each.statement.admitted is not None
    ]
    if not values:
        return spell.start_values, []
    if not spell.changes:
        return spell.start_values + values, []
    earliest = min((at for _, at, _, _ in spell.start_values), default=spell.changes[0].at)
    since = spell.changes[0].order
    changes = [each for each in values if each[1] > earliest and each[0] > since]
    return spell.start_values + [each for each in values if each not in changes], changes


def _change_value(each: OrderedStatement, start: datetime | None) -> TimeValue:
    """Return the time of a change of class (R7.1).

    It is PV1-44 if that is later than the start, else EVN-6, else EVN-2, else MSH-7.
    """
    if each.statement.admitted is not None and (start is None or each.at > start):
        return each.order, each.at, True, each.moment
    own = own_time(each)
    return each.order, own.at if own else each.at, each.statement.occurred is not None, own


def set_end(spell: Spell) -> None:
    """Set the end from the discharges and from the updates that correct one (R5.9).

    An update corrects nothing if it was sent before every discharge, or if its PV1-45 is before the
    start. Example: A03 13:20 and an A08 with PV1-45 12:30; the encounter ended at 12:30.
    """
    spell.ended = True
    values = [_end_value(each) for each in spell.ends]
    if spell.end_corrections:
        first_sent = min(order for order, _, _, _ in values)
        values += [
            _end_value(each)
            for each in spell.end_corrections
            if each.statement.discharged is not None
            and each.order > first_sent
            and each.statement.discharged.last >= (spell.start or BEFORE_ALL)
        ]
    end = decide(values)
    if end is not None and end[1] != BEFORE_ALL:
        order, spell.end, stated, moment = end
        spell.end_inferred = not stated
        if moment is not None:
            spell.end_precision = moment.precision
        for each in (*spell.ends, *spell.end_corrections):
            if each.order == order:
                spell.end_stated_by = each
                break


def _end_value(each: OrderedStatement) -> TimeValue:
    """Return the end that a discharge states, or an update by its PV1-45."""
    discharged = each.statement.discharged
    if each.kind == "update" and discharged is not None:
        return each.order, discharged.last, True, discharged
    return each.order, each.at, each.stated, each.moment
