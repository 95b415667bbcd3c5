"""Sent order: which statement was sent before which (section 1 of the specification).

The order is total. It comes from values that intake stored with each statement, so it does not
depend on the order of arrival.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final, TypeAlias

from domain.flags import Flag
from domain.ids import StatementRef
from domain.interpretation.roles import may_have_role, roles
from domain.interpretation.ties import natural_number, sort_ties
from domain.interpretation.times import BEFORE_ALL, INFERRED, moment_of, same
from domain.statement import Moment, Statement
from domain.triggers import Kind, Trigger, trigger_of

#: The value of ``OrderedStatement.tie`` of almost every statement.
NO_TIE: Final = -1


@dataclass(slots=True, eq=False)
class OrderedStatement:
    """A statement with its position in sent order and the time of the fact that it reports.

    Each statement has one such object in one interpretation. No rule changes it.
    """

    statement: Statement
    trigger: Trigger  # the row of its trigger, or of the one that it counts as
    kind: Kind  # of that row
    sent: datetime  # MSH-7, else EVN-2, else before all other times (R1.4)
    order: int  # its position in sent order, from 0
    moment: Moment | None  # happened-at (R5.1); None: the statement has no time
    stated: bool  # whether the moment is stated, not inferred from EVN-2 or MSH-7 (R5.2)
    at: datetime  # the placing instant (R5.10); before all other times if it has none
    flags: tuple[str, ...]  # of intake, and ``sent_time_unusable``
    tie: int = NO_TIE  # equal for statements of one visit whose order nothing tells (R1.6)


#: A flag that a rule gives to a statement. Rules return marks; ``interpret`` merges them.
Mark: TypeAlias = tuple[OrderedStatement, Flag]


def in_sent_order(statements: Iterable[Statement]) -> list[OrderedStatement]:
    """Sort a set of statements by when they were sent. Equal refs are one statement (R1.5)."""
    return _sorted(statements, ())


class SentOrder:
    """Sorts the statements of one component again and again, while statements arrive.

    An object that it returned before is returned again if it is right still.
    """

    __slots__ = ("_given", "_refs", "ordered")

    def __init__(self) -> None:
        self.ordered: list[OrderedStatement] = []
        self._given: list[Statement] = []
        self._refs: set[StatementRef] = set()

    def sort(self, statements: Iterable[Statement]) -> list[OrderedStatement]:
        """Return what ``in_sent_order`` returns. Give the same objects for the same statements."""
        given = list(statements)
        count = len(self._given)
        if given[:count] != self._given or not self._append(given[count:]):
            self.ordered = _sorted(given, self.ordered)
            self._refs = {each.statement.ref for each in self.ordered}
        self._given = given
        return self.ordered

    def _append(self, later: Sequence[Statement]) -> bool:
        """Add statements; return False if one was sent earlier or may change another's role."""
        added = list(self.ordered)
        for each in later:
            sent = _sent_at(each)
            if (added and sent <= added[-1].sent) or each.ref in self._refs or may_have_role(each):
                return False
            added.append(_ordered(each, sent, len(added)))
        self._refs.update(each.ref for each in later)
        self.ordered = added
        return True


def _sorted(
    statements: Iterable[Statement], known: Sequence[OrderedStatement]
) -> list[OrderedStatement]:
    """Sort statements. Objects of ``known`` are returned where they are right."""
    distinct: dict[StatementRef, Statement] = {each.ref: each for each in statements}
    ranked = [(_sent_at(each), each) for each in distinct.values()]
    ranked.sort(key=itemgetter(0))
    ties = sort_ties(ranked) if len({sent for sent, _ in ranked}) < len(ranked) else {}
    counting_as = roles([each for _, each in ranked])
    ordered = _known(known, ranked, counting_as, ties) if known else []
    for order in range(len(ordered), len(ranked)):
        sent, each = ranked[order]
        ordered.append(_ordered(each, sent, order, counting_as.get(order)))
        if ties:
            ordered[order].tie = ties.get(order, NO_TIE)
    return ordered


def _known(
    known: Sequence[OrderedStatement],
    ranked: Sequence[tuple[datetime, Statement]],
    counting_as: Mapping[int, Trigger],
    ties: Mapping[int, int],
) -> list[OrderedStatement]:
    """Return the objects of ``known`` up to the first one that is not right any more."""
    found: list[OrderedStatement] = []
    for before, (_, each) in zip(known, ranked, strict=False):
        if before.statement is not each:
            break
        trigger = counting_as.get(before.order) or trigger_of(each.trigger)
        if before.trigger is not trigger or before.tie != ties.get(before.order, NO_TIE):
            break
        found.append(before)
    return found


def sent_before(one: OrderedStatement, cancel: OrderedStatement) -> bool:
    """Tell whether a statement was sent before a cancel (R1.3).

    Many senders do not keep the order within one second, and a cancel has something to cancel. At
    equal MSH-7 and EVN-2 the statement therefore comes first, unless both control ids are plain
    numbers and the statement has the greater one. Example: of an A02 and an A12 sent in one second
    with the control ids B and A, the A02 was sent before.
    """
    if one.sent != cancel.sent:
        return one.sent < cancel.sent
    ours, theirs = cancel.statement.entered, one.statement.entered
    if ours is not None and theirs is not None and not same(ours, theirs):
        return theirs.at < ours.at
    return not _is_greater_number(one.statement.control_id, cancel.statement.control_id)


def came_from(each: OrderedStatement) -> str:
    """Return the ref of PV1-6, the location before; an empty string if it is not stated."""
    prior = each.statement.prior_place
    return "" if prior is None else prior.ref


def _ordered(
    statement: Statement, sent: datetime, order: int, counts_as: Trigger | None = None
) -> OrderedStatement:
    trigger = counts_as or trigger_of(statement.trigger)
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


def _is_greater_number(one: str, other: str) -> bool:
    plain = one.isascii() and one.isdecimal() and other.isascii() and other.isdecimal()
    return plain and natural_number(one) > natural_number(other)
