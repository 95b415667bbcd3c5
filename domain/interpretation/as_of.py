"""What had happened by an instant: the filter before an as-of reading (DESIGN D9)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

from domain.ids import VisitRef
from domain.interpretation.times import happened
from domain.statement import Statement
from domain.triggers import Kind, Trigger, trigger_of

#: What may be about earlier things, and tells nothing new of its own.
_AFTERWARDS: Final[frozenset[Kind]] = frozenset({"cancel", "update"})

_About: TypeAlias = VisitRef | tuple[str, ...]


def stated_by(statements: Iterable[Statement], as_of: datetime) -> list[Statement]:
    """Return the statements that say what was true at ``as_of``, in the order given.

    Interpret what this returns. Nothing is asked about when a statement was sent or learned of.

    - A plan, beginning, move or end stays where its placing instant is not after ``as_of``. One
      without any time stays.
    - Merges and all else about a person stay: they correct identity for all time.
    - A cancel or an update stays where its own instant is not after ``as_of``, and also where a
      plan, beginning, move or end that it may be about stays: it says what was never true, or
      corrects it. An A13 of later loses its place, for there the patient is only from then on.

    The entries of what was kept for the last reason lie after ``as_of``.
    """
    everything = list(statements)
    in_time = [_in_time(each, as_of) for each in everything]
    about: set[_About] = set()
    for each, here in zip(everything, in_time, strict=True):
        if here and trigger_of(each.trigger).happens:
            about.add((each.namespace, each.record))
            unnumbered = (each.namespace, each.record, "unnumbered")
            about.add(unnumbered if each.visit is None else each.visit)
    kept: list[Statement] = []
    for each, here in zip(everything, in_time, strict=True):
        row = trigger_of(each.trigger)
        if here or not (row.kind in _AFTERWARDS or row.happens):
            kept.append(each)
        elif row.kind in _AFTERWARDS and _corrects(each, row, about):
            kept.append(replace(each, place=None) if row.cancels == "end" else each)
    return kept


def _in_time(statement: Statement, as_of: datetime) -> bool:
    instant, _ = happened(statement)
    return instant is None or instant <= as_of


def _corrects(statement: Statement, row: Trigger, about: set[_About]) -> bool:
    """Whether something stays that a cancel or an update of later may be about.

    A numbered A08 or A13 may not be about what has no number: alone, it would open a visit.
    """
    if statement.visit is None:
        return (statement.namespace, statement.record) in about
    return statement.visit in about or (
        not row.opens_visit and (statement.namespace, statement.record, "unnumbered") in about
    )
