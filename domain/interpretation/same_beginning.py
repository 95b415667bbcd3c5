"""Tell whether a visit states or has planned a beginning already (R3.10 to R3.12)."""

from datetime import timedelta
from typing import Final

from domain.interpretation.growing_visit import GrowingVisit
from domain.interpretation.order import OrderedStatement
from domain.interpretation.spell import Spell
from domain.statement import INPATIENT

#: Patients of these classes wait for an admission, mostly no longer than this (R3.11).
_ADMITTED_FROM: Final = frozenset({"EMER", "OBSENC"})
_BOARDING: Final = timedelta(hours=48)
#: Patients of these classes stay in a bed, so that a second beginning restates the first (R3.10).
_IN_A_BED: Final = INPATIENT | {"OBSENC"}


def restates(each: OrderedStatement, spell: Spell) -> bool:
    """Tell whether a beginning without a number restates the beginning of an open encounter.

    R3.10: it has the same class. For an outpatient class the place must be the same too, and the
    time within the hours of the profile. R3.11: an A01 within 48 hours of an A04 in the emergency
    department or in observation. Example: A04 emergency 8:00, A01 12:00, both without a number.
    """
    if spell.ended or spell.start is None or not spell.beginnings or spell.start > each.at:
        return False
    beginning = spell.beginnings[0]
    first, statement = beginning.statement, each.statement
    if each.trigger.is_admission and beginning.trigger.is_registration:
        return first.class_code in _ADMITTED_FROM and each.at - spell.start <= _BOARDING
    if first.class_code != statement.class_code:
        return False
    if statement.class_code in _IN_A_BED:
        return True
    near = timedelta(hours=statement.settings.same_visit_hours)
    same_place = (first.place and first.place.ref) == (statement.place and statement.place.ref)
    return same_place and each.at - spell.start <= near


def was_planned(each: OrderedStatement, visit: GrowingVisit) -> bool:
    """Tell whether a beginning is the one that a visit, so far only planned, expects (R3.12)."""
    history = visit.history
    if history.spells or not history.plans:
        return False
    plan = history.plans[-1].statement
    planned = plan.admitted or plan.occurred
    near = timedelta(hours=each.statement.settings.same_visit_hours)
    return planned is not None and abs(each.at - planned.at) <= near
