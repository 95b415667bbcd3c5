"""Statements without a visit number: which visit each one is of (R3.9 to R3.17).

They are assigned per patient and namespace, one after the other in order of happened-at. Each is
compared with the visits as they are at that step.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from domain.flags import Flag
from domain.interpretation.adoption import (
    MAY_COME_LATE,
    adopting_visit,
    ended_before,
    first_sent,
    start_of,
)
from domain.interpretation.growing_visit import GrowingVisit, KnownHistories, Visit
from domain.interpretation.order import OrderedStatement
from domain.interpretation.resends import resent
from domain.interpretation.same_beginning import restates, was_planned
from domain.interpretation.times import same
from domain.statement import Moment
from domain.triggers import Kind

#: Statements of these kinds may join a visit with the same beginning (R3.10).
_BEGINNINGS_AND_PLANS: Final[frozenset[Kind]] = frozenset({"beginning", "plan"})


def with_unnumbered(
    without: Sequence[OrderedStatement],
    numbered: Sequence[GrowingVisit],
    histories: KnownHistories | None = None,
) -> list[GrowingVisit]:
    """Return all visits of a patient: the numbered ones, with what joins them, and the others.

    Args:
        without: The statements of the patient without a number, in sent order.
        numbered: The numbered visits.
        histories: What the last interpretation left.
    """
    visits = list(numbered)
    by_namespace: dict[str, list[OrderedStatement]] = defaultdict(list)
    for each in without:
        by_namespace[each.statement.namespace].append(each)
    for namespace, statements in by_namespace.items():
        here = [visit for visit in numbered if visit.visit.namespace == namespace]
        opened = _Assignment(namespace, here, histories).run(statements)
        starts = sorted(start_of(visit) for visit in (*here, *opened))
        for visit in opened:
            adopting = adopting_visit(visit, here, starts)
            if adopting is None:
                visits.append(visit)
            else:
                adopting.add(visit.visit.statements)
                adopting.visit.flags.add(Flag.NUMBER_INCOMPLETE)
    return visits


class _Assignment:
    """The visits of one patient and namespace, while statements are assigned to them."""

    def __init__(
        self,
        namespace: str,
        numbered: Sequence[GrowingVisit],
        histories: KnownHistories | None,
    ) -> None:
        self._namespace = namespace
        self._histories = histories
        self._opened: list[GrowingVisit] = []
        self._open: dict[GrowingVisit, None] = {}  # opened here, and without an end
        self._by_start: list[tuple[datetime, int, GrowingVisit]] = []  # sorted
        self._stated: dict[datetime, list[GrowingVisit]] = defaultdict(list)  # by stated start
        self._stated_coarsely: list[tuple[Moment, GrowingVisit]] = []
        for visit in numbered:
            for each in visit.visit.statements:
                self._note_beginning(each, visit)
            self._note_start(visit, None)

    def run(self, statements: Sequence[OrderedStatement]) -> list[GrowingVisit]:
        """Assign all statements. Return the visits that they opened."""
        repeats = resent(statements) | _repeated_cancels(statements)
        joined: dict[OrderedStatement, GrowingVisit] = {}
        for each in sorted(statements, key=_in_order):
            if each not in repeats:
                joined[each] = self._assign(each)
        for each, first in repeats.items():  # R3.15
            joined[repeats.get(first, first)].add([each])
        return self._opened

    def _assign(self, each: OrderedStatement) -> GrowingVisit:
        visit = self._find(each)
        before = None
        if visit is None:
            visit = GrowingVisit(Visit(self._namespace, [each]), self._histories)
            self._opened.append(visit)
        else:
            before = start_of(visit)
            if visit.visit.number is not None:
                visit.visit.flags.add(Flag.NUMBER_INCOMPLETE)
            visit.add([each])
        self._note_beginning(each, visit)
        self._note_start(visit, before)
        return visit

    def _find(self, each: OrderedStatement) -> GrowingVisit | None:
        """Return the visit that a statement joins; None: it opens a visit."""
        if each.kind in _BEGINNINGS_AND_PLANS:
            return self._with_same_beginning(each)
        latest_first = (visit for _, _, visit in reversed(self._by_start))
        if each.kind == "cancel":  # R3.13
            return next((visit for visit in latest_first if visit.target_of(each)), None)
        ended: GrowingVisit | None = None
        for visit in latest_first:  # R3.14
            if visit.covers(each.at):
                return visit
            if ended is None and each.kind in MAY_COME_LATE and ended_before(visit, each.at):
                ended = visit
        return ended

    def _with_same_beginning(self, each: OrderedStatement) -> GrowingVisit | None:
        """Return the visit whose beginning is that of a beginning or plan (R3.10 to R3.12)."""
        stated = _beginning_of(each)
        if stated is None:
            return None
        if stated.until is None:
            same_time = list(self._stated.get(stated.at, ()))
        else:
            same_time = [
                visit
                for at, visits in self._stated.items()
                if stated.at <= at <= stated.last
                for visit in visits
            ]
        same_time += [visit for moment, visit in self._stated_coarsely if same(moment, stated)]
        if same_time:
            return min(same_time, key=first_sent)
        candidates = [
            visit
            for visit in self._open
            if any(restates(each, spell) for spell in visit.valid_spells)
            or was_planned(each, visit)
        ]
        return max(candidates, key=start_of, default=None)

    def _note_beginning(self, each: OrderedStatement, visit: GrowingVisit) -> None:
        """Note the start that a beginning or plan states."""
        stated = _beginning_of(each)
        if each.kind not in _BEGINNINGS_AND_PLANS or stated is None:
            return
        if stated.until is None:
            self._stated[stated.at].append(visit)
        else:
            self._stated_coarsely.append((stated, visit))

    def _note_start(self, visit: GrowingVisit, before: tuple[datetime, int] | None) -> None:
        """Keep the visits sorted by start, and the open ones known.

        Args:
            visit: A visit that is new or has got a statement.
            before: ``start_of`` the visit before that; None if it is new.
        """
        now = start_of(visit)
        if before != now:
            if before is not None:
                position = bisect_left(self._by_start, before, key=itemgetter(0, 1))
                while self._by_start[position][2] is not visit:
                    position += 1
                del self._by_start[position]
            insort(self._by_start, (*now, visit), key=itemgetter(0, 1))
            if visit not in self._stated[now[0]]:
                self._stated[now[0]].append(visit)
        if visit.visit.number is None:
            is_open = any(not spell.ended for spell in visit.valid_spells)
            if is_open or not visit.outline.spells:
                self._open[visit] = None
            else:
                self._open.pop(visit, None)


def _beginning_of(each: OrderedStatement) -> Moment | None:
    """Return the beginning that a beginning states, or that a plan names."""
    return (each.statement.admitted or each.moment) if each.kind == "plan" else each.moment


def _in_order(each: OrderedStatement) -> tuple[datetime, bool, int]:
    """Return the key of R3.9: happened-at, ends last, then sent order."""
    return each.at, each.kind == "end", each.order


def _repeated_cancels(
    statements: Sequence[OrderedStatement],
) -> dict[OrderedStatement, OrderedStatement]:
    """Return the repeated cancels: no statement that they could void was sent since (R4.3)."""
    last: dict[str, OrderedStatement] = {}
    repeated: dict[OrderedStatement, OrderedStatement] = {}
    for each in statements:
        if each.kind == "cancel":
            content = each.statement.content_but_entered
            if content and (before := last.get(content)) is not None:
                repeated[each] = repeated.get(before, before)
            last[content] = each
        else:
            code = each.statement.trigger
            for content in [c for c, cancel in last.items() if code in cancel.trigger.voids]:
                del last[content]
    return repeated
