"""Whether the person has died, and when (section 14 of the rules)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.continuity import Death, Encounter
from domain.interpretation.order import OrderedStatement
from domain.interpretation.times import BEFORE_ALL

#: The canonical disposition of a patient who died in the encounter.
EXPIRED = "exp"


def death_of(
    statements: Iterable[OrderedStatement], encounters: Iterable[Encounter]
) -> Death | None:
    """Return the death of a person; None if no statement says that the person has died.

    Args:
        statements: All statements about the person.
        encounters: The encounters of the person.

    Example: an A08 with PID-30 ``Y`` and no PID-29 is sent after a discharge. The death has the
    time of the A08, marked as inferred.
    """
    telling = _without_resends(each for each in statements if _tells(each))
    ended = [each for each in encounters if _ended_in_death(each)]
    if not telling and not ended:
        return None
    if telling and _alive(telling[-1]) and not _later(ended, telling):
        return None
    return _stated_time(telling) or _end_of(ended) or _first_told(telling)


def _without_resends(statements: Iterable[OrderedStatement]) -> list[OrderedStatement]:
    """Return the statements in sent order without resends (R4.1, R4.2)."""
    kept = list[OrderedStatement]()
    for each in sorted(statements, key=lambda one: one.order):
        content = each.statement.content
        before = kept if each.statement.entered else kept[-1:]
        if not content or all(one.statement.content != content for one in before):
            kept.append(each)
    return kept


def _tells(each: OrderedStatement) -> bool:
    return each.statement.deceased is not None or each.statement.died is not None


def _alive(each: OrderedStatement) -> bool:
    return each.statement.deceased is False


def _ended_in_death(encounter: Encounter) -> bool:
    return (
        encounter.disposition_code == EXPIRED
        and encounter.end is not None
        and not encounter.cancelled
    )


def _later(ended: Sequence[Encounter], telling: Sequence[OrderedStatement]) -> bool:
    """Tell whether a discharge with a death happened after the last "not dead" (R14.2)."""
    return any(each.end is not None and each.end > telling[-1].at for each in ended)


def _stated_time(telling: Sequence[OrderedStatement]) -> Death | None:
    """Return the time of death that was stated last (R14.3)."""
    if telling and _alive(telling[-1]):
        return None
    for each in reversed(telling):
        if (died := each.statement.died) is not None:
            return Death(died.at, died.precision, inferred=False)
    return None


def _end_of(ended: Sequence[Encounter]) -> Death | None:
    ends: list[tuple[datetime, Encounter]] = [(one.end, one) for one in ended if one.end]
    if not ends:
        return None
    at, encounter = min(ends, key=lambda one: one[0])
    return Death(at, encounter.end_precision, inferred=encounter.end_inferred)


def _first_told(telling: Sequence[OrderedStatement]) -> Death | None:
    """Return the time of the first statement that says so, after the last one that denies it."""
    said = list[OrderedStatement]()
    for each in telling:
        said = [] if _alive(each) else [*said, each]
    first = min(said, key=lambda each: each.at, default=None)
    if first is None:
        return None
    at = first.sent if first.at == BEFORE_ALL else first.at
    return Death(at, "second" if first.moment is None else first.moment.precision, inferred=True)
