"""The statements that a cancel may mean, by the ways in which it can name them (section 6).

Each look-up is built when it is first asked for, so that a visit with many cancels costs no more
than its statements. Most visits need none.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from domain.interpretation.order import OrderedStatement, came_from, sent_before
from domain.interpretation.times import same
from domain.statement import Moment

BY_ORDER: Final = attrgetter("order")
BY_SENT: Final = attrgetter("sent")


class CancelCandidates:
    """The statements of one visit that one kind of cancel may void, in sent order."""

    def __init__(self, statements: Sequence[OrderedStatement], triggers: frozenset[str]) -> None:
        self.statements = [each for each in statements if each.statement.trigger in triggers]
        self.orders = [each.order for each in self.statements]
        self.with_movement_ids = any(each.statement.movement for each in self.statements)
        self._by_time: dict[datetime, list[OrderedStatement]] | None = None
        self._coarse: list[tuple[Moment, OrderedStatement]] = []
        self._by_origin: dict[str, list[OrderedStatement]] | None = None
        self._by_content: dict[str, list[OrderedStatement]] | None = None
        self._by_admission: dict[tuple[str, datetime], list[OrderedStatement]] | None = None

    def add(self, each: OrderedStatement) -> None:
        """Add a statement that was sent after the others."""
        self.statements.append(each)
        self.orders.append(each.order)
        self.with_movement_ids = self.with_movement_ids or each.statement.movement is not None
        if self._by_time is not None:
            self._note_times(self._by_time, each)
        if self._by_origin is not None:
            self._by_origin.setdefault(came_from(each), []).append(each)
        if self._by_content is not None:
            self._by_content.setdefault(each.statement.content_but_entered, []).append(each)
        if self._by_admission is not None:
            _note_admission(self._by_admission, each)

    def sent_before(self, cancel: OrderedStatement) -> list[OrderedStatement]:
        """Return the statements that were sent before a cancel (R1.3)."""
        position = bisect_right(self.statements, cancel.sent, key=BY_SENT)
        before = self.statements[:position]
        if before and before[-1].sent == cancel.sent:
            before = [each for each in before if sent_before(each, cancel)]
        return before

    def with_time(self, stated: Moment) -> list[OrderedStatement]:
        """Return the statements that state a time equal to an EVN-6, at the coarser precision."""
        if self._by_time is None:
            self._by_time = {}
            for each in self.statements:
                self._note_times(self._by_time, each)
        if stated.until is None:
            found = set(self._by_time.get(stated.at, ()))
        else:
            found = {
                each
                for at, some in self._by_time.items()
                if stated.at <= at <= stated.last
                for each in some
            }
        found.update(each for moment, each in self._coarse if same(moment, stated))
        return sorted(found, key=BY_ORDER)

    def from_place(self, ref: str) -> Sequence[OrderedStatement]:
        """Return the transfers whose PV1-6 is a place."""
        if self._by_origin is None:
            self._by_origin = {}
            for each in self.statements:
                self._by_origin.setdefault(came_from(each), []).append(each)
        return self._by_origin.get(ref, ())

    def equal_to(self, one: OrderedStatement) -> list[OrderedStatement]:
        """Return the statements that equal one of them in everything but EVN-2."""
        if self._by_content is None:
            self._by_content = {}
            for each in self.statements:
                self._by_content.setdefault(each.statement.content_but_entered, []).append(each)
        content = one.statement.content_but_entered
        return self._by_content[content] if content else [one]

    def with_admission_of(self, one: OrderedStatement) -> list[OrderedStatement]:
        """Return the beginnings that have trigger and PV1-44 of one of them."""
        if self._by_admission is None:
            self._by_admission = {}
            for each in self.statements:
                _note_admission(self._by_admission, each)
        admitted = one.statement.admitted
        if admitted is None or one.trigger.admit_time != "own":
            return []
        return self._by_admission[one.trigger.code, admitted.at]

    def _note_times(
        self, times: dict[datetime, list[OrderedStatement]], each: OrderedStatement
    ) -> None:
        for moment in _times_of(each):
            if moment.until is None:
                times.setdefault(moment.at, []).append(each)
            else:
                self._coarse.append((moment, each))


def _times_of(each: OrderedStatement) -> list[Moment]:
    """Return the stated times by which a cancel can name a statement (R6.8)."""
    statement = each.statement
    fact: Moment | None = None
    if each.trigger.admit_time == "own":
        fact = statement.admitted
    elif each.trigger.discharge_time == "own":
        fact = statement.discharged
    return [moment for moment in (statement.occurred, fact) if moment is not None]


def _note_admission(
    admissions: dict[tuple[str, datetime], list[OrderedStatement]], each: OrderedStatement
) -> None:
    if each.statement.admitted is not None and each.trigger.admit_time == "own":
        key = each.trigger.code, each.statement.admitted.at
        admissions.setdefault(key, []).append(each)
