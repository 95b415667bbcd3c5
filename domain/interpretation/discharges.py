"""Updates that say something about a discharge which they do not decide (R5.14, R6.17)."""

from collections.abc import Sequence

from domain.flags import Flag
from domain.interpretation.order import Mark, OrderedStatement
from domain.interpretation.roles import NO_DISCHARGE
from domain.interpretation.spell import Spell
from domain.interpretation.times import BEFORE_ALL
from domain.interpretation.visit_history import VisitHistory


def discharge_marks(
    spell: Spell, members: Sequence[OrderedStatement], history: VisitHistory
) -> list[Mark]:
    """Return the marks of updates that state a discharge, or delete it, without effect.

    - R5.14: an update states a PV1-45, and no A03 ended the encounter.
    - R6.17: an update sent after the last discharge deletes PV1-45.

    Args:
        spell: A valid encounter.
        members: Its statements, in sent order.
        history: The history of the visit.
    """
    if not spell.ended:
        start = spell.start or BEFORE_ALL
        return [
            (each, Flag.DISCHARGE_STATED_BY_UPDATE)
            for each in spell.end_corrections
            if each.statement.discharged is not None and each.statement.discharged.last >= start
        ]
    last = max((each.order for each in spell.ends), default=-1)
    return [
        (each, Flag.DISCHARGE_DELETED_BY_UPDATE)
        for each in history.valid(members)
        if each.flags and each.kind == "update" and each.order > last and NO_DISCHARGE in each.flags
    ]
