"""What a statement counts as, if its content says more than its trigger (R7.16, R6.17)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from domain.flags import FieldFlag
from domain.ids import PlaceRef
from domain.interpretation.ties import VisitKey, visit_key
from domain.interpretation.times import BEFORE_ALL, happened
from domain.statement import INPATIENT, EncounterClass, Statement
from domain.triggers import TRIGGERS, Trigger

#: An admission of one of these classes may be amended by an admission of an inpatient class.
_BEFORE_ADMISSION: Final[frozenset[EncounterClass]] = frozenset({"EMER", "AMB", "OBSENC"})
_ADMISSIONS: Final = frozenset(code for code, row in TRIGGERS.items() if row.is_admission)
_ENDS: Final = frozenset(code for code, row in TRIGGERS.items() if row.kind == "end")
_UPDATES: Final = frozenset(code for code, row in TRIGGERS.items() if row.kind == "update")
_REGISTRATION: Final = next(row for row in TRIGGERS.values() if row.is_registration)
_CANCEL_OF_END: Final = next(row for row in TRIGGERS.values() if row.cancels == "end")
#: The sender writes "" into the field, to delete its value.
NO_DISCHARGE: Final = f"PV1-45.{FieldFlag.NULL}"
#: Without a visit number, two admissions further apart than this are two visits (R3.11).
_NEAR: Final = timedelta(hours=48)


def roles(statements: Sequence[Statement]) -> dict[int, Trigger]:
    """Return the positions of statements that count as another trigger, with its row.

    Give all statements in sent order. Most sets have none.
    """
    early: list[int] = []
    admitted = False
    deleting: list[int] = []
    for position, each in enumerate(statements):
        if each.trigger in _ADMISSIONS:
            if each.class_code in _BEFORE_ADMISSION:
                early.append(position)
            elif each.class_code in INPATIENT:
                admitted = True
        elif each.flags and each.trigger in _UPDATES and NO_DISCHARGE in each.flags:
            deleting.append(position)
    found: dict[int, Trigger] = {}
    if early and admitted:
        found.update(dict.fromkeys(_amended(statements, early), _REGISTRATION))
    if deleting:
        found.update(dict.fromkeys(_reopening(statements, deleting), _CANCEL_OF_END))
    return found


def may_have_role(each: Statement) -> bool:
    """Tell whether a statement may count as another trigger, or may make an earlier one do so."""
    return each.trigger in _ADMISSIONS or (bool(each.flags) and each.trigger in _UPDATES)


def _amended(statements: Sequence[Statement], early: Sequence[int]) -> list[int]:
    """Return the admissions that a later admission of an inpatient class amends (R7.16).

    Example: an A01 of class E at 8:00 in the emergency department, and under the same number an A01
    of class I at 15:00 on a ward. The first one counts as a registration.
    """
    visits = {visit_key(statements[position]) for position in early}
    # By visit and place: the last position of an inpatient admission.
    admitted: dict[VisitKey, dict[PlaceRef, int]] = {}
    seen: set[str] = set()
    for position, each in enumerate(statements):
        if (
            each.trigger in _ADMISSIONS
            and each.class_code in INPATIENT
            and each.place is not None
            and visit_key(each) in visits
            and each.content not in seen
        ):
            if each.content:  # a resend does not count
                seen.add(each.content)
            admitted.setdefault(visit_key(each), {})[each.place.ref] = position
    return [
        position
        for position in early
        if any(
            _amends(statements, later, position)
            for later in _last_two(admitted.get(visit_key(statements[position]), {}))
        )
    ]


def _last_two(positions: dict[PlaceRef, int]) -> list[int]:
    """Return the last positions. One of two has another place than any given one."""
    return sorted(positions.values())[-2:]


def _amends(statements: Sequence[Statement], later: int, position: int) -> bool:
    admission, first = statements[later], statements[position]
    if first.place is None or admission.place is None or first.place.ref == admission.place.ref:
        return False
    if first.settings.second_admission == "corrects":
        return False
    began, admitted = (happened(each)[0] or BEFORE_ALL for each in (first, admission))
    if began > admitted or (began == admitted and position > later):
        return False
    return first.visit is not None or admitted - began <= _NEAR


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
