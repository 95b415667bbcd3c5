"""Which statements correct the beginning of an encounter by their PV1-44 (R5.4 to R5.7)."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from domain.interpretation.order import OrderedStatement
from domain.interpretation.spell import Spell
from domain.interpretation.times import refines, same
from domain.statement import Moment

#: Before the order of every statement: a time that counts whenever it was sent.
_ALWAYS: Final = -1


class _StartTime(NamedTuple):
    """A time that a beginning or a change of class states, so that it corrects nothing."""

    moment: Moment
    known_from: int  # statements of a later order may be copies of it
    beginning: OrderedStatement | None  # None: an A06 or A07 states it


#: By trigger code and first instant. The code is empty for the own time of an A06 or A07.
_StartTimes: TypeAlias = dict[tuple[str, datetime], _StartTime]


def corrections_of(
    valid: Sequence[OrderedStatement], spells: Sequence[Spell]
) -> dict[Spell, list[OrderedStatement]]:
    """Return the statements whose PV1-44 corrects a beginning, in sent order, by spell.

    A PV1-44 in A02, A03 or A08 corrects the beginning that was sent last before it. If there is
    none, it corrects the encounter that the statement made, else the first one (R5.4). Example: an
    A01 at 10:00 and an A08 with PV1-44 9:00; the encounter began at 9:00.

    Args:
        valid: The valid statements of one visit, in sent order.
        spells: The encounters that they make.
    """
    candidates = [
        each
        for each in valid
        if each.statement.admitted is not None and each.trigger.admit_time == "corrects"
    ]
    if not candidates:
        return {}
    start_times: _StartTimes | None = None
    spell_of: dict[OrderedStatement, Spell] = {}
    corrections: dict[Spell, list[OrderedStatement]] = {}
    beginnings = [each for each in valid if each.kind == "beginning"]
    orders = [each.order for each in beginnings]
    for each in candidates:
        admitted = each.statement.admitted
        position = bisect_left(orders, each.order)
        last = beginnings[position - 1] if position else None
        if admitted is None or (last is not None and _is_its_time(admitted, last)):
            continue
        if start_times is None:
            start_times = _start_times(valid)
        if _corrects_nothing(admitted, each, last, start_times):
            continue
        if not spell_of:
            spell_of = {member: spell for spell in spells for member in spell.members()}
        spell = spell_of[last] if last else spell_of.get(each) or spells[0]
        corrections.setdefault(spell, []).append(each)
    return corrections


def _is_its_time(admitted: Moment, beginning: OrderedStatement) -> bool:
    """Tell whether a PV1-44 is the stated time of a beginning. In most feeds it is."""
    return beginning.stated and beginning.at == admitted.at


def _start_times(valid: Sequence[OrderedStatement]) -> _StartTimes:
    """Return the times of R5.5, which correct nothing."""
    times: _StartTimes = {}
    for each in valid:
        if each.kind == "beginning":
            if each.trigger.admit_time == "unused" and each.statement.admitted is not None:
                # It repeats the beginning of a recurring visit (R7.15).
                series = each.statement.admitted
                known = _StartTime(series, each.order, None)
                times.setdefault((each.trigger.code, series.at), known)
            if each.stated and each.moment is not None:
                # If its EVN-6 is its time, it states its own time and copies none (R5.6).
                occurred = each.statement.occurred
                own = occurred is not None and same(occurred, each.moment)
                times.setdefault(
                    (each.trigger.code, each.moment.at),
                    _StartTime(each.moment, _ALWAYS if own else each.order, each),
                )
        elif each.trigger.changes_class:
            if each.moment is not None:
                times.setdefault(("", each.moment.at), _StartTime(each.moment, _ALWAYS, None))
            if (admitted := each.statement.admitted) is not None:
                times.setdefault(
                    (each.trigger.code, admitted.at), _StartTime(admitted, each.order, None)
                )
    return times


def _corrects_nothing(
    admitted: Moment,
    each: OrderedStatement,
    last: OrderedStatement | None,
    start_times: _StartTimes,
) -> bool:
    """Tell whether a PV1-44 only repeats a time that is known (R5.5).

    It does not repeat a coarse time that it refines (R5.12). Example: an A01 that names only its
    day, and an A08 with PV1-44 9:15 of that day; the encounter began at 9:15.

    Args:
        admitted: The PV1-44.
        each: The statement that has it.
        last: The beginning that it would correct, if one was sent before it.
        start_times: The times that may be repeated.
    """
    last_code = None if last is None else last.trigger.code
    if last_code is not None and (last_code, admitted.at) in start_times:
        return True
    return any(
        same(admitted, known.moment)
        and not (known.moment.until is not None and refines(admitted, known.moment))
        and (
            known.known_from < each.order
            or code == last_code
            or (last is None and known.beginning is None and code != "")
            or (last is not None and _states_own_time(known.beginning, each, last))
        )
        for (code, _), known in start_times.items()
    )


def _states_own_time(
    beginning: OrderedStatement | None, each: OrderedStatement, last: OrderedStatement
) -> bool:
    """Tell whether a beginning that was sent late states its own time, not a copy (R5.6).

    It is later than the beginning to be corrected. And its EVN-2 is nearer to its time than that
    beginning is, or the statement with the PV1-44 has its class already. Example: an A04 at 10:00,
    an A08 on the ward with PV1-44 13:00, an A01 sent at 15:00 with PV1-44 and EVN-2 13:00. The A08
    does not move the beginning to 13:00.
    """
    if beginning is None or last.moment is None:
        return False
    since = beginning.at - last.at
    if since <= timedelta(0):
        return False
    entered = beginning.statement.entered
    if entered is not None and abs(entered.at - beginning.at) < since:
        return True
    class_code = beginning.statement.class_code
    return each.statement.class_code == class_code != last.statement.class_code
