"""Resends: a statement that was sent several times counts once (R4.1, R4.2).

Repeated cancels (R4.3) are in ``cancel_ledger``.
"""

from collections.abc import Sequence

from domain.interpretation.order import OrderedStatement


def resent(statements: Sequence[OrderedStatement]) -> dict[OrderedStatement, OrderedStatement]:
    """Return the resends among the statements of one visit, each with the statement that counts.

    A statement with equal content, EVN-2 included, is a resend; statements between do not matter
    (R4.1). If EVN-2 is missing, or if both were sent at one instant, only an unbroken run of equal
    statements counts once (R4.2). Example: three admissions without EVN-2, to bed 1, bed 2 and bed
    1, all count.
    """
    if len({each.statement.content for each in statements}) == len(statements):
        return {}
    first: dict[str, OrderedStatement] = {}
    resends: dict[OrderedStatement, OrderedStatement] = {}
    previous: OrderedStatement | None = None
    for each in statements:
        content = each.statement.content
        if not content:  # intake could make no comparison value
            previous = each
            continue
        counted = first.setdefault(content, each)
        if counted is not each:
            if previous is not None and previous.statement.content == content:
                resends[each] = resends.get(previous, previous)
            elif each.statement.entered is not None and counted.sent != each.sent:
                resends[each] = counted
        previous = each
    return resends
