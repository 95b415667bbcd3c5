"""Happened-at: which field says when a fact happened (R5.1, R5.10 of the specification).

PV1-44 and PV1-45 are facts of the visit. Only a beginning takes its own time from PV1-44, and only
an end from PV1-45.
"""

from datetime import UTC, datetime
from typing import Final

from domain.statement import Moment, Statement
from domain.triggers import Trigger, trigger_of

#: An instant before all others. It takes the place of a time that no statement gives.
BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)

#: A time from one of these fields is inferred: it says when the message was written (R5.2).
INFERRED: Final = frozenset({"EVN-2", "MSH-7", ""})


def moment_of(statement: Statement, trigger: Trigger) -> tuple[Moment | None, str]:
    """Return happened-at, and the field that it came from, as R5.1 orders the fields.

    The EVN-6 of a cancel may name the statement that the cancel voids, so it is not used. Example:
    an A01 with PV1-44 9:00 and EVN-6 9:30 happened at 9:00. But if PV1-44 names only the day, the
    EVN-6 of that day holds (R5.12). Return None and "" if no field is filled.
    """
    if trigger.admit_time == "own":
        if statement.admitted is not None:
            return _finer(statement.admitted, "PV1-44", statement.occurred)
    elif trigger.discharge_time == "own" and statement.discharged is not None:
        return _finer(statement.discharged, "PV1-45", statement.occurred)
    if statement.occurred is not None and trigger.kind != "cancel":
        return statement.occurred, "EVN-6"
    if statement.entered is not None:
        return statement.entered, "EVN-2"
    if statement.sent is not None:
        return statement.sent, "MSH-7"
    return None, ""


def happened(statement: Statement) -> tuple[datetime | None, str]:
    """Return the placing instant of a statement, and the field that it came from.

    The placing instant is the last instant of the precision of an end, and the first instant of
    every other time (R5.10). Return None and "" if the statement has no time.
    """
    trigger = trigger_of(statement.trigger)
    moment, field = moment_of(statement, trigger)
    if moment is None:
        return None, field
    return (moment.last if trigger.kind == "end" else moment.at), field


def _finer(moment: Moment, field: str, occurred: Moment | None) -> tuple[Moment, str]:
    """Return EVN-6 if it refines a coarse PV1-44 or PV1-45, else that (R5.12)."""
    if moment.until is not None and occurred is not None and refines(occurred, moment):
        return occurred, "EVN-6"
    return moment, field


def refines(fine: Moment, coarse: Moment) -> bool:
    """Tell whether a time lies within another one and is more precise."""
    if fine.at < coarse.at:
        return False
    last, coarse_last = fine.last, coarse.last
    return last < coarse_last or (last == coarse_last and fine.at > coarse.at)


def same(one: Moment, other: Moment) -> bool:
    """Tell whether two times are equal at the coarser precision of both."""
    return one.at <= other.last and other.at <= one.last
