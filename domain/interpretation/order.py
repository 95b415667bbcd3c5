"""Sent order: which statement was sent before which (section 1 of the specification).

The order is total. It comes from values that intake stored with each statement, so it does not
depend on the order of arrival.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final, TypeAlias

from domain.flags import Flag
from domain.ids import StatementRef
from domain.interpretation.times import BEFORE_ALL, INFERRED, moment_of
from domain.statement import Moment, Statement
from domain.triggers import Kind, Trigger, trigger_of

_DIGITS: Final = re.compile(r"([0-9]+)")

_Natural: TypeAlias = tuple[tuple[int, str], ...]


@dataclass(slots=True, eq=False)
class OrderedStatement:
    """A statement with its position in sent order and the time of the fact that it reports.

    Each statement has one such object in one interpretation. No rule changes it.
    """

    statement: Statement
    trigger: Trigger  # the row of its trigger
    kind: Kind  # of that row
    sent: datetime  # MSH-7, else EVN-2, else before all other times (R1.4)
    order: int  # its position in sent order, from 0
    moment: Moment | None  # happened-at (R5.1); None: the statement has no time
    stated: bool  # whether the moment is stated, not inferred from EVN-2 or MSH-7 (R5.2)
    at: datetime  # the placing instant (R5.10); before all other times if it has none
    flags: tuple[str, ...]  # of intake, and ``sent_time_unusable``


#: A flag that a rule gives to a statement. Rules return marks; ``interpret`` merges them.
Mark: TypeAlias = tuple[OrderedStatement, Flag]


def in_sent_order(statements: Iterable[Statement]) -> list[OrderedStatement]:
    """Sort a set of statements by when they were sent. Equal refs are one statement (R1.5)."""
    distinct: dict[StatementRef, Statement] = {each.ref: each for each in statements}
    ranked = [(_sent_at(each), each) for each in distinct.values()]
    ranked.sort(key=itemgetter(0))
    _sort_ties(ranked)
    return [_ordered(each, sent, order) for order, (sent, each) in enumerate(ranked)]


def sent_before(one: OrderedStatement, cancel: OrderedStatement) -> bool:
    """Tell whether a statement was sent before a cancel (R1.3).

    Many senders do not keep the order within one second, and a cancel has something to cancel. At
    equal times the statement therefore comes first, unless both control ids are plain numbers and
    the statement has the greater one. Example: of an A02 and an A12 sent in one second with the
    control ids B and A, the A02 was sent before.
    """
    if one.sent != cancel.sent:
        return one.sent < cancel.sent
    return not _is_greater_number(one.statement.control_id, cancel.statement.control_id)


def came_from(each: OrderedStatement) -> str:
    """Return the ref of PV1-6, the location before; an empty string if it is not stated."""
    prior = each.statement.prior_place
    return "" if prior is None else prior.ref


def _ordered(statement: Statement, sent: datetime, order: int) -> OrderedStatement:
    trigger = trigger_of(statement.trigger)
    kind = trigger.kind
    moment, field = moment_of(statement, trigger)
    at = BEFORE_ALL if moment is None else moment.last if kind == "end" else moment.at
    flags = statement.flags
    if statement.sent is None:
        flags = (*flags, Flag.SENT_TIME_UNUSABLE)
    stated = field not in INFERRED
    return OrderedStatement(statement, trigger, kind, sent, order, moment, stated, at, flags)


def _sent_at(statement: Statement) -> datetime:
    """Return MSH-7, else EVN-2, else an instant before all others (R1.4)."""
    if statement.sent is not None:
        return statement.sent.at
    return BEFORE_ALL if statement.entered is None else statement.entered.at


def _sort_ties(ranked: list[tuple[datetime, Statement]]) -> None:
    """Sort the statements that were sent at one instant. Most feeds have few of them."""
    first = 0
    for position in range(1, len(ranked) + 1):
        if position < len(ranked) and ranked[position][0] == ranked[first][0]:
            continue
        if position - first > 1:
            ranked[first:position] = sorted(ranked[first:position], key=_tie)
        first = position


def _tie(ranked: tuple[datetime, Statement]) -> tuple[_Natural, _Natural, str, str, str, str]:
    """Return what orders statements of one instant (R1.2)."""
    each = ranked[1]
    return (
        _natural(each.sequence),
        _natural(each.control_id),
        each.sender,
        each.application,
        each.content,
        each.ref,
    )


def _natural(text: str) -> _Natural:
    """Return a key that compares runs of digits as numbers: x9 comes before x10.

    Runs of digits may be longer than ``int`` converts, so they are compared as text.
    """
    return tuple(
        _number(piece) if position % 2 else (0, piece)
        for position, piece in enumerate(_DIGITS.split(text))
    )


def _number(digits: str) -> tuple[int, str]:
    plain = digits.lstrip("0")
    return len(plain), plain


def _is_greater_number(one: str, other: str) -> bool:
    plain = one.isascii() and one.isdecimal() and other.isascii() and other.isdecimal()
    return plain and _number(one) > _number(other)
