"""Sent order: which statement was said before which.

Source of the rules: interpretation, section 1. The order is total and comes from what intake
stored with each statement, so that it cannot depend on how they arrived.
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
class Said:
    """A statement with its place in sent order. One object per statement and interpretation."""

    of: Statement
    row: Trigger  # the properties of its trigger
    kind: Kind  # that of the row
    sent: datetime  # MSH-7, else EVN-2, else before all
    order: int
    moment: Moment | None  # when it happened, as stated
    source: str  # the field that the time came from
    at: datetime  # the placing instant: an end's last, else the first; unknown: before all
    flags: list[str]

    @property
    def stated(self) -> bool:
        """Whether the time was stated, not inferred from EVN-2 or MSH-7."""
        return self.source not in INFERRED


def in_sent_order(statements: Iterable[Statement]) -> list[Said]:
    """Sort a set of statements by when they were sent; equal refs are one statement."""
    distinct: dict[StatementRef, Statement] = {each.ref: each for each in statements}
    ranked = [(_rank(each), each) for each in distinct.values()]
    ranked.sort(key=itemgetter(0))
    _sort_ties(ranked)
    return [_said(each, sent, order) for order, (sent, each) in enumerate(ranked)]


def sent_before(one: Said, cancel: Said) -> bool:
    """Tell whether a statement was sent before a given cancel.

    In one and the same second it was, unless both control ids are plain numbers and say otherwise:
    within a second senders order badly, and a cancel has something to take back.
    """
    if one.sent != cancel.sent:
        return one.sent < cancel.sent
    return not _numbers_say_after(one.of.control_id, cancel.of.control_id)


def _said(statement: Statement, sent: datetime, order: int) -> Said:
    row = trigger_of(statement.trigger)
    moment, source = moment_of(statement, row)
    at = BEFORE_ALL if moment is None else moment.last if row.kind == "end" else moment.at
    flags = list(statement.flags)
    if statement.sent is None:
        flags.append(Flag.SENT_TIME_UNUSABLE)
    return Said(statement, row, row.kind, sent, order, moment, source, at, flags)


def _rank(statement: Statement) -> datetime:
    if statement.sent is not None:
        return statement.sent.at
    return BEFORE_ALL if statement.entered is None else statement.entered.at


def _sort_ties(ranked: list[tuple[datetime, Statement]]) -> None:
    """Order what was sent in one instant; most feeds have few such runs."""
    first = 0
    for position in range(1, len(ranked) + 1):
        if position < len(ranked) and ranked[position][0] == ranked[first][0]:
            continue
        if position - first > 1:
            ranked[first:position] = sorted(ranked[first:position], key=_tie)
        first = position


def _tie(ranked: tuple[datetime, Statement]) -> tuple[_Natural, _Natural, str, str, str, str]:
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
    """Compare runs of digits as numbers: x9 before x10. No int(): ids may be of any length."""
    return tuple(
        _number(piece) if position % 2 else (0, piece)
        for position, piece in enumerate(_DIGITS.split(text))
    )


def _number(digits: str) -> tuple[int, str]:
    plain = digits.lstrip("0")
    return len(plain), plain


def _numbers_say_after(one: str, other: str) -> bool:
    plain = one.isascii() and one.isdecimal() and other.isascii() and other.isdecimal()
    return plain and _number(one) > _number(other)
