"""Statements of one instant that disagree, so that their order would matter (R1.6)."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Final

from domain.interpretation.order import NO_TIE, OrderedStatement

#: Of more statements than this, sent at one instant, only the first are compared.
_COMPARED: Final = 32


def disagree(statements: Iterable[OrderedStatement]) -> bool:
    """Tell whether statements whose order nothing tells state different things about one fact.

    Give the valid statements of one encounter. Example: two A02 of one second, EVN-2 and EVN-6, to
    bed B and to bed C, with control ids that do not count.
    """
    tied: dict[int, list[OrderedStatement]] = defaultdict(list)
    for each in statements:
        if each.tie != NO_TIE:
            tied[each.tie].append(each)
    return any(
        _differ(one, other)
        for group in tied.values()
        for one, other in combinations(group[:_COMPARED], 2)
    )


def _differ(one: OrderedStatement, other: OrderedStatement) -> bool:
    if one.kind != other.kind:
        return False
    if one.kind == "move":
        return one.at == other.at and _where(one) != _where(other)
    if one.kind == "beginning":
        same_trigger = one.trigger is other.trigger
        return same_trigger and (one.at != other.at or _where(one) != _where(other))
    return one.kind == "end" and one.stated and other.stated and one.at != other.at


def _where(each: OrderedStatement) -> tuple[str, str]:
    place = each.statement.place
    return "" if place is None else place.ref, each.statement.class_code
