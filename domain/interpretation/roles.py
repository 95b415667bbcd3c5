"""What a statement counts as, if its content says more than its trigger (R7.15, R7.16, R6.17)."""

from collections.abc import Sequence
from typing import Final

from domain.flags import FieldFlag
from domain.interpretation.amendments import STEPS, amended
from domain.interpretation.attendances import RECURRING, attendances
from domain.interpretation.ties import VisitKey, visit_key
from domain.statement import Statement
from domain.triggers import TRIGGERS, Trigger

_ADMISSIONS: Final = frozenset(code for code, row in TRIGGERS.items() if row.is_admission)
_BEGINNINGS: Final = frozenset(code for code, row in TRIGGERS.items() if row.kind == "beginning")
_ENDS: Final = frozenset(code for code, row in TRIGGERS.items() if row.kind == "end")
_UPDATES: Final = frozenset(code for code, row in TRIGGERS.items() if row.kind == "update")
_CANCEL_OF_END: Final = next(row for row in TRIGGERS.values() if row.cancels == "end")
#: The sender writes "" into the field, to delete its value.
NO_DISCHARGE: Final = f"PV1-45.{FieldFlag.NULL}"


def roles(statements: Sequence[Statement]) -> dict[int, Trigger]:
    """Return the positions of statements that count as another trigger, with its row.

    Give all statements in sent order. Most sets have none.
    """
    admissions: list[int] = []
    steps: set[int] = set()
    deleting: list[int] = []
    recurring: list[int] = []
    for position, each in enumerate(statements):
        if each.trigger in _BEGINNINGS:
            if each.class_as_sent == RECURRING:
                recurring.append(position)
            step = STEPS.get(each.class_code)
            if step is not None and each.trigger in _ADMISSIONS:
                admissions.append(position)
                steps.add(step)
        elif each.flags and each.trigger in _UPDATES and NO_DISCHARGE in each.flags:
            deleting.append(position)
    found: dict[int, Trigger] = {}
    if len(steps) > 1:
        found.update(amended(statements, admissions))
    if len(recurring) > 1:
        found.update(attendances(statements, recurring))
    if deleting:
        found.update(dict.fromkeys(_reopening(statements, deleting), _CANCEL_OF_END))
    return found


def may_have_role(each: Statement) -> bool:
    """Tell whether a statement may count as another trigger, or may make an earlier one do so."""
    if each.trigger in _BEGINNINGS:
        return each.trigger in _ADMISSIONS or each.class_as_sent == RECURRING
    return bool(each.flags) and each.trigger in _UPDATES


def _reopening(statements: Sequence[Statement], deleting: Sequence[int]) -> list[int]:
    """Return the updates that take back a discharge sent before them, if the profile says so."""
    first_end: dict[VisitKey, int] = {}
    for position, each in enumerate(statements):
        if each.trigger in _ENDS:
            first_end.setdefault(visit_key(each), position)
    return [
        position
        for position in deleting
        if statements[position].settings.update_reopens
        and first_end.get(visit_key(statements[position]), position) < position
    ]
