"""What had happened by an instant: the filter before an as-of reading (DESIGN D9)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from domain.interpretation.kinds import HAPPENINGS, kind_of
from domain.interpretation.times import happened
from domain.statement import Statement


def stated_by(statements: Iterable[Statement], as_of: datetime) -> list[Statement]:
    """Return the statements that say what was true at ``as_of``, in the order given.

    Interpret what this returns. Nothing is asked about when a statement was sent or learned of.

    - A plan, beginning, move or end stays where its placing instant is not after ``as_of``. One
      without any time stays.
    - Merges and all else about a person stay: they correct identity for all time.
    - A cancel or an update stays where its own instant is not after ``as_of``, and also where a
      plan, beginning, move or end of its visit (without a number: of its record) stays: it says
      what was never true, or corrects it. An A13 of later loses its place, for there the patient
      is only from then on.
    """
    everything = list(statements)
    stays = [_in_time(each, as_of) for each in everything]
    standing = {
        each.visit or each.record
        for each, here in zip(everything, stays, strict=True)
        if here and kind_of(each.trigger) in HAPPENINGS
    }
    kept: list[Statement] = []
    for each, here in zip(everything, stays, strict=True):
        kind = kind_of(each.trigger)
        if here or kind in {"merge", "person", "renumber", "other"}:
            kept.append(each)
        elif kind in {"cancel", "update"} and (each.visit or each.record) in standing:
            kept.append(replace(each, place=None) if each.trigger == "A13" else each)
    return kept


def _in_time(statement: Statement, as_of: datetime) -> bool:
    instant, _ = happened(statement)
    return instant is None or instant <= as_of
