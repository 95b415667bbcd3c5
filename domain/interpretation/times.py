"""When things happened: which field says so, and how coarse times are placed.

Source of the rules: interpretation, section 5. PV1-44 and PV1-45 are facts of the visit, so only a
beginning or an end takes its own time from them.
"""

from datetime import UTC, datetime
from typing import Final

from domain.statement import Moment, Statement
from domain.triggers import Trigger, trigger_of

#: Sorts before every instant: stands for a time that nobody stated.
BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)

#: A time out of these is inferred: when it was written down, not when it was true.
INFERRED: Final = frozenset({"EVN-2", "MSH-7", ""})


def moment_of(statement: Statement, row: Trigger) -> tuple[Moment | None, str]:
    """Return the time of what is stated and the field that it came from, "" with none.

    A beginning: PV1-44, EVN-6, EVN-2. An end: PV1-45, EVN-6, EVN-2. A cancel: EVN-2 alone, since
    its EVN-6 may name what it takes back. Everything else: EVN-6, EVN-2. MSH-7 is the last resort.
    """
    if row.admit_time == "own":
        if statement.admitted is not None:
            return statement.admitted, "PV1-44"
    elif row.discharge_time == "own" and statement.discharged is not None:
        return statement.discharged, "PV1-45"
    if statement.occurred is not None and row.kind != "cancel":
        return statement.occurred, "EVN-6"
    if statement.entered is not None:
        return statement.entered, "EVN-2"
    if statement.sent is not None:
        return statement.sent, "MSH-7"
    return None, ""


def happened(statement: Statement) -> tuple[datetime | None, str]:
    """Return when a statement's subject happened, and the field that says so.

    The instant is the placing one: the last instant of an end's precision, the first of everything
    else. The field is one of PV1-44, PV1-45, EVN-6, EVN-2, MSH-7, or "" with None where no time was
    stated at all. From EVN-2 and MSH-7 the time is inferred (``INFERRED``).
    """
    row = trigger_of(statement.trigger)
    moment, field = moment_of(statement, row)
    if moment is None:
        return None, field
    return (moment.last if row.kind == "end" else moment.at), field


def same(one: Moment, other: Moment) -> bool:
    """Tell whether two times are equal at the coarser precision of both."""
    return one.at <= other.last and other.at <= one.last
