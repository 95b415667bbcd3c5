"""Discharges that other messages than a discharge state or delete (R5.14, R6.17)."""

from collections.abc import Sequence

from domain.flags import Flag
from domain.interpretation.order import Mark, OrderedStatement
from domain.interpretation.roles import NO_DISCHARGE
from domain.interpretation.spell import Spell
from domain.interpretation.times import BEFORE_ALL
from domain.triggers import Kind

#: Statements of these kinds may state a discharge that no A03 reports.
_STATING: frozenset[Kind] = frozenset({"beginning", "move", "update"})


def states_discharge(each: OrderedStatement) -> bool:
    """Tell whether a statement has a PV1-45, but is no discharge and no cancel (R5.14).

    A beginning or a move states none that is later than its message: that is a plan.
    """
    discharged = each.statement.discharged
    if discharged is None or each.kind not in _STATING:
        return False
    return each.kind == "update" or discharged.at <= each.sent


def taken_back(valid: Sequence[OrderedStatement]) -> set[OrderedStatement]:
    """Return the statements whose PV1-45 a later statement takes back (R5.14).

    An A13, or an A08 with "" in PV1-45, takes back what was stated before it, up to the last
    beginning. Example: A01, A08 with PV1-45 14:00, A08 with "". No discharge is stated any more.

    Args:
        valid: Valid statements of one visit, in sent order.
    """
    found: set[OrderedStatement] = set()
    deleted = False
    for each in reversed(valid):
        if deletes_discharge(each):
            deleted = True
        elif deleted and states_discharge(each):
            found.add(each)
        if each.kind == "beginning":
            deleted = False
    return found


def deletes_discharge(each: OrderedStatement) -> bool:
    """Tell whether a statement is an A13, or an update that deletes PV1-45."""
    if each.kind == "update":
        return bool(each.flags) and NO_DISCHARGE in each.flags
    return each.trigger.cancels == "end"


def discharge_marks(spell: Spell, valid: Sequence[OrderedStatement]) -> list[Mark]:
    """Return the marks of statements that state a discharge, or delete it, without effect.

    - R5.14: a statement states a PV1-45, and no A03 ended the encounter.
    - R6.17: an update sent after the last discharge deletes PV1-45.

    Args:
        spell: A valid encounter.
        valid: Its valid statements, in sent order.
    """
    if not spell.ended or spell.opened_by is not None:
        if not (spell.end_corrections or spell.states_end or spell.ends):
            return []
        start = spell.start or BEFORE_ALL
        without_effect = taken_back(valid)
        return [
            (each, Flag.DISCHARGE_STATED_BY_UPDATE)
            for each in valid
            if states_discharge(each)
            and each.statement.discharged is not None
            and each.statement.discharged.last >= start
            and each not in without_effect
            and not (each in spell.ends and each.statement.settings.update_discharges)
        ]
    last = max((each.order for each in spell.ends), default=-1)
    return [
        (each, Flag.DISCHARGE_DELETED_BY_UPDATE)
        for each in valid
        if each.flags and each.kind == "update" and each.order > last and NO_DISCHARGE in each.flags
    ]
