"""Recurring visits: one visit number for many days, such as dialysis (R7.15)."""

from datetime import timedelta

from domain.interpretation.attendances import RECURRING
from domain.interpretation.order import OrderedStatement


def recurs(each: OrderedStatement, before: OrderedStatement) -> bool:
    """Tell whether a beginning is another attendance of a recurring visit than one before it.

    Both are of class R, and they are further apart than outpatient beginnings of one visit
    (``same_visit_hours``). Example: an A04 on Monday and an A04 on Wednesday under one number.
    """
    statement = each.statement
    if statement.class_as_sent != RECURRING or before.statement.class_as_sent != RECURRING:
        return False
    if statement.settings.recurring == "one" or each.trigger.code != before.trigger.code:
        return False
    return abs(each.at - before.at) > timedelta(hours=statement.settings.same_visit_hours)
