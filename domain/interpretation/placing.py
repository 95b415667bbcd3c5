"""The placing key, by which the statements of one visit are sorted once (R5.11).

Coarse times are never compared by pair: that is not transitive, so the result would depend on the
order of the statements.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final, TypeAlias

from domain.interpretation.order import OrderedStatement
from domain.interpretation.parts import is_of_registered
from domain.interpretation.readmissions import is_precise, readmissions
from domain.statement import Moment

#: Instant, rank, order in sent order; and the statement.
Placed: TypeAlias = tuple[datetime, int, int, OrderedStatement]

_placing_key: Final = itemgetter(0, 1, 2)

#: At one instant, statements follow each other by these ranks.
_EARLY_END: Final = -1  # an end that precedes a beginning of the same time (R7.6)
_BEGINNING: Final = 0
CHANGE: Final = 1  # a beginning that changes the class, though it repeats a PV1-44 (R7.2)
_MOVE: Final = 2
_END: Final = 3


def placed(
    valid: Sequence[OrderedStatement], returns: Sequence[tuple[datetime, OrderedStatement]]
) -> list[Placed]:
    """Sort the beginnings, moves and ends of one visit by the placing key.

    Updates with a PV1-45 are sorted among the ends, because they may correct an end (R5.9).

    Args:
        valid: The valid statements of the visit, in sent order.
        returns: Cancels of a discharge that put the patient elsewhere, with the instants (R6.15).
    """
    items: list[Placed] = []
    ends: list[OrderedStatement] = []
    beginnings: list[OrderedStatement] = []
    moves: list[OrderedStatement] = []
    for each in valid:
        if each.kind == "move":
            moves.append(each)
        elif each.kind == "beginning":
            beginnings.append(each)
        elif each.kind == "end":
            ends.append(each)
        elif each.kind == "update" and each.statement.discharged is not None:
            items.append((each.statement.discharged.last, _END, each.order, each))
    items += [(each.at, _MOVE, each.order, each) for each in moves]
    items += [(at, _MOVE, each.order, each) for at, each in returns]
    early: dict[OrderedStatement, datetime] = {}
    not_before: dict[OrderedStatement, datetime] = {}
    if beginnings and ends:
        early, not_before = readmissions(beginnings, ends, moves)
    if beginnings:
        items.extend(_placed_beginnings(beginnings, ends, not_before))
    if ends:
        items.extend(_placed_ends(ends, beginnings, moves, early))
    items.sort(key=_placing_key)
    return items


def own_time(each: OrderedStatement) -> Moment | None:
    """Return EVN-6, else EVN-2, else MSH-7: the time of a change of class (R7.1)."""
    return each.statement.occurred or each.statement.entered or each.statement.sent


def _placed_beginnings(
    beginnings: Sequence[OrderedStatement],
    ends: Sequence[OrderedStatement],
    not_before: Mapping[OrderedStatement, datetime],
) -> Iterator[Placed]:
    """Place the beginnings. One that repeats the PV1-44 of another one is a change of class (R7.2).

    Example: an A04 at 8:00 and an A01 with PV1-44 8:00 and EVN-6 12:00. The A01 is placed at 12:00.
    """
    one_trigger = len(beginnings) == 1 or len({each.trigger.code for each in beginnings}) == 1
    for each in beginnings:
        repeated = None if one_trigger else _repeated_beginning(each, beginnings, ends)
        if each in not_before:
            yield max(each.at, not_before[each]), _BEGINNING, each.order, each
        elif repeated is None:
            yield each.at, _BEGINNING, each.order, each
        else:
            own = own_time(each)
            yield max(own.at if own else each.at, repeated.at), CHANGE, each.order, each


def _repeated_beginning(
    each: OrderedStatement,
    beginnings: Sequence[OrderedStatement],
    ends: Sequence[OrderedStatement],
) -> OrderedStatement | None:
    """Return the beginning of the other trigger whose PV1-44 a beginning repeats (R7.2).

    A beginning after an end is of another encounter, so it is not repeated.
    """
    if each.statement.admitted is None:
        return None
    occurred = each.statement.occurred
    for other in beginnings:
        if other.trigger.code == each.trigger.code or each.at > other.at:
            continue
        if any(each.at < end.at <= other.at for end in ends):
            continue
        if occurred is not None and other.statement.occurred is not None:
            if other.statement.occurred.at < occurred.at:
                return other
        elif each.trigger.is_admission and (each.at == other.at or other.order < each.order):
            return other
    return None


def _placed_ends(
    ends: Sequence[OrderedStatement],
    beginnings: Sequence[OrderedStatement],
    moves: Sequence[OrderedStatement],
    early: Mapping[OrderedStatement, datetime],
) -> Iterator[Placed]:
    """Place the ends (R7.6, R7.14).

    If an end and a beginning have the same time, an end that was sent first goes first. Exception:
    the end of the registered part does not go before the admission at the same time.
    """
    first_sent: dict[datetime, OrderedStatement] = {}
    for each in beginnings:
        first_sent.setdefault(each.at, each)
    for each in ends:
        if each in early:
            yield early[each], _EARLY_END, each.order, each
            continue
        at = each.at if each.moment is None else each.moment.at
        beginning = first_sent.get(at)
        if (
            beginning is None
            or each.order > beginning.order
            or not (is_precise(each.moment) and is_precise(beginning.moment))
            or (
                beginning.trigger.is_admission
                and is_of_registered(each, beginning, beginnings, moves)
            )
        ):
            yield each.at, _END, each.order, each
        else:
            yield at, _EARLY_END, each.order, each
