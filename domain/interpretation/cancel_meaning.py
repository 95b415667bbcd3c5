"""Which statement a cancel means (R6.7 to R6.14), and which statements are about one fact (R6.2).

These functions change nothing. The ledger of the cancels has the statements that are void so far.
"""

from bisect import bisect_left
from collections.abc import Container, Sequence
from datetime import datetime
from typing import TypeAlias

from domain.interpretation.cancel_candidates import BY_ORDER, CancelCandidates
from domain.interpretation.order import OrderedStatement, came_from, sent_before
from domain.interpretation.times import same
from domain.statement import Moment

#: Statements that are void.
Void: TypeAlias = Container[OrderedStatement]


def named_by(
    cancel: OrderedStatement, candidates: CancelCandidates
) -> list[OrderedStatement] | None:
    """Return the statements that a cancel names; None if the named statement has not arrived.

    An empty list means that the cancel names no statement, so that the latest one is meant (R6.10).

    - R6.7: a movement id names a statement, if the candidates carry movement ids.
    - R6.8: else EVN-6 names the statements that state this time. Example: an A12 with EVN-6 11:00
      names the transfer of 11:00.
    - R6.9: an EVN-6 that names no statement is ignored if it is the time of the cancel itself, or
      if the cancel does not void transfers. Otherwise it may name, by EVN-2, a transfer without a
      time of its own.
    """
    statement = cancel.statement
    if statement.movement is not None and candidates.with_movement_ids:
        ref = statement.movement.ref
        named = [
            each
            for each in candidates.statements
            if each.statement.movement and each.statement.movement.ref == ref
        ]
        return named or None
    stated = statement.occurred
    if stated is None:
        return []
    named = [
        each
        for each in candidates.with_time(stated)
        if sent_before(each, cancel) or _is_of_another_sender(each, cancel)
    ]
    if not named and cancel.trigger.cancels == "move" and not _is_time_of(cancel, stated):
        before = candidates.sent_before(cancel)
        return [each for each in before if _was_entered_at(each, stated)] or None
    return named


def transfer_meant(
    cancel: OrderedStatement,
    named: Sequence[OrderedStatement],
    candidates: CancelCandidates,
    void: Void,
) -> OrderedStatement | None:
    """Return the transfer that an A12 means; None if all that it may mean are void.

    It prefers the transfer whose PV1-6 is its PV1-3 (R6.12). Otherwise it means the latest one that
    is not void (R6.11). Example: of the transfers from A to B and from B to C, an A12 with PV1-3 A
    means the first one.

    Args:
        cancel: The A12.
        named: The transfers that it names. If it names none, all sent before it may be meant.
        candidates: The transfers of the visit.
        void: The statements that are void.
    """
    place = cancel.statement.place
    if named:
        some = named
        preferred: Sequence[OrderedStatement] = [
            each for each in named if place and came_from(each) == place.ref
        ]
    else:
        some = candidates.sent_before(cancel)
        preferred = candidates.from_place(place.ref) if place else ()
    for each in reversed(preferred):
        if each not in void and (named or sent_before(each, cancel)):
            return each
    return next((each for each in reversed(some) if each not in void), None)


def beginning_meant(
    cancel: OrderedStatement,
    before: Sequence[OrderedStatement],
    ends: Sequence[OrderedStatement],
    void: Void,
) -> OrderedStatement | None:
    """Return the beginning that an A11 without a name means; None if it is void.

    - R6.10: the latest one.
    - R6.13: if this is an A04 whose class and place the A11 does not have, it is the last A01 that
      has them and did not happen before the A04.
    - R6.14: if this is void, it is the beginning of the other trigger before it, unless an end was
      sent between the two. Example: A04, A01, A11, A11; the second A11 means the A04.

    Args:
        cancel: The A11.
        before: The beginnings sent before it.
        ends: The ends of the visit.
        void: The statements that are void.
    """
    meant = before[-1]
    if meant.trigger.is_registration and not _shows(cancel, meant):
        for each in reversed(before):
            if each.trigger.is_admission and each.at >= meant.at and _shows(cancel, each):
                meant = each
                break
    return meant if meant not in void else _beginning_before(before, ends, void)


def bounds_of_fact(
    one: OrderedStatement, separating: Sequence[OrderedStatement], void: Void, last: int
) -> tuple[int, int]:
    """Return the orders between which statements are about the same fact as one of them (R6.2).

    The bounds themselves are not of the fact.

    Args:
        one: A beginning or an end.
        separating: The ends for a beginning, the beginnings for an end; in sent order.
        void: The statements that are void. They do not separate.
        last: The order of the last statement of the visit.
    """
    position = bisect_left(separating, one.order, key=BY_ORDER)
    before = (each.order for each in reversed(separating[:position]) if each not in void)
    after = (each.order for each in separating[position:] if each not in void)
    return next(before, -1), next(after, last + 1)


def without_restatements(beginnings: Sequence[OrderedStatement]) -> list[OrderedStatement]:
    """Leave out beginnings that only restate the PV1-44 of an earlier one (R6.2)."""
    stated: set[tuple[str, datetime]] = set()
    kept: list[OrderedStatement] = []
    for each in beginnings:
        admitted = each.statement.admitted if each.trigger.admit_time == "own" else None
        beginning = None if admitted is None else (each.trigger.code, admitted.at)
        if beginning is None or beginning not in stated:
            kept.append(each)
        if beginning is not None:
            stated.add(beginning)
    return kept


def is_of_earlier_encounter(
    each: OrderedStatement,
    meant: OrderedStatement,
    ends: Sequence[OrderedStatement],
    void: Void,
) -> bool:
    """Tell whether a beginning is a late report of an earlier encounter than another one (R6.3).

    Its own end was sent before it, and lies between both beginnings.
    """
    if each.kind != "beginning" or each.at >= meant.at:
        return False
    return any(
        end.order < each.order and each.at < end.at <= meant.at and end not in void for end in ends
    )


def content_of_cancel(cancel: OrderedStatement) -> str | tuple[str | None, ...]:
    """Return the content by which two cancels are compared (R4.3), without EVN-2.

    If EVN-6 equals EVN-2, only trigger, visit number, class and place are compared (R4.4).
    """
    statement = cancel.statement
    occurred, entered = statement.occurred, statement.entered
    if occurred is None or entered is None or not same(occurred, entered):
        return statement.content_but_entered
    place = statement.place.ref if statement.place else None
    return statement.trigger, statement.visit, statement.class_as_sent, place


def _beginning_before(
    before: Sequence[OrderedStatement], ends: Sequence[OrderedStatement], void: Void
) -> OrderedStatement | None:
    """Return the valid beginning of the other trigger before the latest, void one (R6.14)."""
    latest = before[-1]
    for each in reversed(before):
        if each.trigger.code != latest.trigger.code and each not in void:
            ended = any(
                each.order < end.order and sent_before(end, latest) and end not in void
                for end in ends
            )
            return None if ended else each
    return None


def _shows(cancel: OrderedStatement, each: OrderedStatement) -> bool:
    """Tell whether a cancel has class and place of a beginning."""
    ours, theirs = cancel.statement.place, each.statement.place
    same_place = ours is not None and theirs is not None and ours.ref == theirs.ref
    return same_place and cancel.statement.class_code == each.statement.class_code


def _is_of_another_sender(each: OrderedStatement, cancel: OrderedStatement) -> bool:
    theirs, ours = each.statement, cancel.statement
    return (theirs.sender, theirs.application) != (ours.sender, ours.application)


def _was_entered_at(each: OrderedStatement, stated: Moment) -> bool:
    """Tell whether a statement without a time of its own was entered at a time (EVN-2)."""
    entered = each.statement.entered
    return not each.stated and entered is not None and same(entered, stated)


def _is_time_of(cancel: OrderedStatement, stated: Moment) -> bool:
    """Tell whether an EVN-6 is the time of the cancel itself: many senders put it there (R6.9)."""
    entered, sent = cancel.statement.entered, cancel.statement.sent
    if entered is not None and same(entered, stated):
        return True
    return sent is not None and stated.last >= sent.at
