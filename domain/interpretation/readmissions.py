"""Ends and further beginnings whose order a coarse time leaves open (R7.14).

Example: an A03 that names only 5 March, and an A01 of 5 March, 14:15, sent later. The discharge was
before the readmission, though the last instant of 5 March is later than 14:15.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias

from domain.interpretation.order import OrderedStatement
from domain.interpretation.parts import is_of_registered
from domain.interpretation.times import same
from domain.precision import as_last, is_late
from domain.statement import Moment, Precision

_at = attrgetter("at")
#: Equal times that are as precise as this are ordered as R7.6 says.
_FINE: Final = timedelta(minutes=1)

#: What a beginning restates: trigger, first and last instant of PV1-44.
_Stated: TypeAlias = tuple[str, datetime, datetime | None]


class Readmissions(NamedTuple):
    """What a coarse time leaves open, as sent order decides it."""

    early: dict[OrderedStatement, datetime]  # ends that precede a beginning, and where they are
    not_before: dict[OrderedStatement, datetime]  # those beginnings, and since when they may be


def readmissions(
    beginnings: Sequence[OrderedStatement],
    ends: Sequence[OrderedStatement],
    moves: Sequence[OrderedStatement],
) -> Readmissions:
    """Return the ends that precede a beginning, because they were sent first (R7.14).

    Give the valid statements of one visit, in sent order.
    """
    found = Readmissions({}, {})
    if beginnings[-1].order < ends[0].order or not any(
        each.moment is not None and each.moment.until is not None for each in (*beginnings, *ends)
    ):
        return found
    timed = sorted((each for each in beginnings if each.moment is not None), key=_at)
    if not timed:
        return found
    starts = [each.at for each in timed]
    longest = max((_length(each.moment) for each in timed), default=timedelta(0))
    first_stated: dict[_Stated, int] = {}
    for each in beginnings:
        first_stated.setdefault(_stated(each), each.order)
    for end in ends:
        moment = end.moment
        if moment is None:
            continue
        # Near the edges of the calendar nothing can be subtracted.
        low = moment.at - min(longest, max(moment.at - starts[0], timedelta(0)))
        for position in range(bisect_left(starts, low), len(timed)):
            beginning = timed[position]
            if beginning.at > moment.last:
                break
            if (
                end.order < beginning.order
                and is_open(moment, beginning.moment)
                and first_stated[_stated(beginning)] > end.order
                and _is_further(beginning, end, beginnings[0], moves)
                and not (
                    beginning.trigger.is_admission
                    and is_of_registered(end, beginning, beginnings, moves)
                )
            ):
                at = between(end, moment, beginning)
                found.early[end] = at
                found.not_before[beginning] = max(at, found.not_before.get(beginning, at))
                break
    return found


def is_open(end: Moment, beginning: Moment | None) -> bool:
    """Tell whether two times agree, and their order is not that of two equal precise times."""
    if beginning is None or not same(end, beginning):
        return False
    if end.until is None and beginning.until is None:
        return False
    return end.at != beginning.at or not (is_precise(end) and is_precise(beginning))


def _is_further(
    beginning: OrderedStatement,
    end: OrderedStatement,
    first: OrderedStatement,
    moves: Sequence[OrderedStatement],
) -> bool:
    """Tell whether an end has an earlier encounter to end, so that a beginning is a further one.

    Otherwise the beginning is a late report of the encounter that ended.

    Args:
        beginning: The beginning.
        end: The end, which was sent before the beginning.
        first: The beginning of the visit that was sent first.
        moves: The moves of the visit.
    """
    if first.order < end.order:
        return True
    admitted = end.statement.admitted
    if admitted is not None and admitted.last < beginning.at:
        return True
    return any(move.at < beginning.at for move in moves)


def between(end: OrderedStatement, moment: Moment, beginning: OrderedStatement) -> datetime:
    """Return where an end that precedes a beginning is placed.

    A precise end is at its time. A coarse one is where its message was entered, if that is between
    the earliest time of the end and the latest of the beginning.
    """
    theirs = beginning.moment
    coarse = theirs is not None and theirs.until is not None
    if moment.until is None:
        at = moment.at
    else:
        latest = min(moment.last, theirs.last) if coarse and theirs is not None else beginning.at
        told = end.statement.entered or end.statement.sent
        at = told.at if told is not None and moment.at <= told.at <= latest else latest
    if theirs is not None and coarse and not is_precise(theirs):
        return min(as_last(at), theirs.last) if is_late(at, theirs.last, theirs.precision) else at
    return at


def end_of_first(start: datetime, end: datetime, precision: Precision) -> datetime:
    """Return the end of an encounter that a coarse time puts after the start of the next one.

    Args:
        start: The start of the next encounter.
        end: The last instant of the coarse end.
        precision: Of the end.
    """
    is_last = start.microsecond != 0
    if is_last or not is_late(start, end, precision):
        return start
    return as_last(start - timedelta(seconds=1))


def is_precise(moment: Moment | None) -> bool:
    """Tell whether a time names its minute at least."""
    return _length(moment) < _FINE


def _length(moment: Moment | None) -> timedelta:
    return timedelta(0) if moment is None else moment.last - moment.at


def _stated(each: OrderedStatement) -> _Stated:
    """Return what a beginning states. Equal values restate one beginning."""
    moment = each.moment
    return each.trigger.code, each.at, None if moment is None else moment.until
