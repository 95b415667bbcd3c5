"""Statements without a visit number: which visit each one means.

Source of the rules: interpretation, section 3. Per person and namespace, one after the other in
order of happened-at, each against the visits as they stand with those already assigned.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from domain.interpretation.cancels import target_of
from domain.interpretation.facts import Spell
from domain.interpretation.kinds import VOIDS
from domain.interpretation.order import Said
from domain.interpretation.resends import resent
from domain.interpretation.times import BEFORE_ALL, same
from domain.interpretation.visits import INPATIENT, Visit

#: Whoever waits in one of these is admitted out of it, mostly within that time.
_ADMITTED_FROM: Final = frozenset({"EMER", "OBSENC"})
_BOARDING: Final = timedelta(hours=48)

_BEGINS: Final = frozenset({"beginning", "plan"})
_MAY_COME_LATE: Final = frozenset({"update", "end"})


def assign(without: Sequence[Said], numbered: Sequence[Visit]) -> list[Visit]:
    """Return all visits of a person: the numbered ones, with what joins them, and new ones.

    Args:
        without: The person's statements without a number, in sent order.
        numbered: The numbered visits.
    """
    visits = list(numbered)
    by_namespace: dict[str, list[Said]] = defaultdict(list)
    for each in without:
        by_namespace[each.of.namespace].append(each)
    for namespace, said in by_namespace.items():
        here = [visit for visit in numbered if visit.namespace == namespace]
        opened = _Assignment(namespace, here).run(said)
        visits.extend(visit for visit in opened if not _adopted(visit, here))
    return visits


class _Assignment:
    """The visits of one person and namespace while they grow."""

    def __init__(self, namespace: str, numbered: Sequence[Visit]) -> None:
        self._namespace = namespace
        self._visits = list(numbered)
        self._opened: list[Visit] = []

    def run(self, said: Sequence[Said]) -> list[Visit]:
        """Assign all statements; return the visits that were opened."""
        again = resent(said) | _repeated_cancels(said)
        joined: dict[Said, Visit] = {}
        for each in sorted(said, key=_in_order):
            if each not in again:
                joined[each] = self._assign(each)
        for each, first in again.items():
            visit = joined[again.get(first, first)]
            visit.add([each])
        return self._opened

    def _assign(self, each: Said) -> Visit:
        visit = self._find(each)
        if visit is None:
            visit = Visit(self._namespace, [each])
            self._visits.append(visit)
            self._opened.append(visit)
        else:
            if visit.number is not None:
                visit.flags.add("number_incomplete")
            visit.add([each])
        return visit

    def _find(self, each: Said) -> Visit | None:
        if each.kind in _BEGINS:
            return self._same_beginning(each)
        visits = sorted(self._visits, key=_begun_last, reverse=True)
        if each.kind == "cancel":
            return next((visit for visit in visits if target_of(visit.said, each)), None)
        covering = next((visit for visit in visits if visit.covers(each.at)), None)
        if covering is None and each.kind in _MAY_COME_LATE:
            return next((visit for visit in visits if _ended_before(visit, each.at)), None)
        return covering

    def _same_beginning(self, each: Said) -> Visit | None:
        for visit in self._visits:
            if _states_beginning(visit, each):
                return visit
        open_ones = [
            visit
            for visit in self._opened
            if any(_restates(spell, each) for spell in _standing(visit))
            or _was_planned(visit, each)
        ]
        return max(open_ones, key=_begun_last, default=None)


def _in_order(each: Said) -> tuple[datetime, bool, int]:
    return each.at, each.kind == "end", each.order


def _begun_last(visit: Visit) -> tuple[datetime, int]:
    return visit.reading.begun or BEFORE_ALL, visit.said[0].order


def _ended_before(visit: Visit, at: datetime) -> bool:
    spells = _standing(visit)
    return bool(spells) and (end := spells[-1].end) is not None and end < at


def _standing(visit: Visit) -> list[Spell]:
    return [spell for spell in visit.reading.spells if not spell.cancelled]


def _repeated_cancels(said: Sequence[Said]) -> dict[Said, Said]:
    """Return the cancels that only repeat one, with nothing of their kind sent between."""
    last: dict[str, Said] = {}
    repeated: dict[Said, Said] = {}
    for each in said:
        if each.kind == "cancel":
            content = each.of.content_but_entered
            if content and (before := last.get(content)) is not None:
                repeated[each] = repeated.get(before, before)
            last[content] = each
        else:
            for content in [c for c, cancel in last.items() if _takes_back(cancel, each)]:
                del last[content]
    return repeated


def _takes_back(cancel: Said, each: Said) -> bool:
    return each.of.trigger in VOIDS.get(cancel.of.trigger, ())


def _states_beginning(visit: Visit, each: Said) -> bool:
    """Whether a visit states the same beginning."""
    if each.moment is None:
        return False
    began = each.of.admitted or each.moment
    return any(
        other.kind in _BEGINS
        and (stated := other.of.admitted or other.moment) is not None
        and same(stated, began)
        for other in visit.said
    ) or any(spell.start == began.at for spell in _standing(visit))


def _restates(spell: Spell, each: Said) -> bool:
    """Whether a beginning without a number says again how an open visit began.

    Inpatient: of the same class. Otherwise also at the same place, within the profile's hours.
    """
    if spell.ended or spell.start is None or not spell.first or spell.start > each.at:
        return False
    first = spell.first[0].of
    if each.of.trigger == "A01" and first.trigger == "A04":
        return first.class_code in _ADMITTED_FROM and each.at - spell.start <= _BOARDING
    if first.class_code != each.of.class_code:
        return False
    if each.of.class_code in INPATIENT:
        return True
    near = timedelta(hours=each.of.settings.same_visit_hours)
    same_place = (first.place and first.place.ref) == (each.of.place and each.of.place.ref)
    return same_place and each.at - spell.start <= near


def _was_planned(visit: Visit, each: Said) -> bool:
    """Whether this is the beginning of a visit so far only planned, within the profile's hours."""
    if visit.reading.spells or not visit.reading.plans:
        return False
    plan = visit.reading.plans[-1].of
    planned = plan.admitted or plan.occurred
    near = timedelta(hours=each.of.settings.same_visit_hours)
    return planned is not None and abs(each.at - planned.at) <= near


def _adopted(visit: Visit, numbered: Sequence[Visit]) -> bool:
    """Give an unnumbered visit to a numbered one that is the same.

    That one has no beginning of its own and falls inside it, or the one's beginning would restate
    the other's.
    """
    spells = _standing(visit)
    if not spells:
        return False
    for other in sorted(numbered, key=_begun_last):
        if _falls_inside(other, spells) or _would_restate(other, spells):
            other.add(visit.said)
            other.flags.add("number_incomplete")
            return True
    return False


def _falls_inside(numbered: Visit, spells: Sequence[Spell]) -> bool:
    done = numbered.reading.voided
    standing = [
        each
        for each in numbered.said
        if each not in done.by and each not in done.target and each.kind != "plan"
    ]
    if not standing or any(each.kind == "beginning" for each in standing):
        return False
    times = [each.at for each in standing]
    return any(
        (spell.start is None or spell.start <= min(times))
        and (spell.end is None or max(times) <= spell.end)
        for spell in spells
    )


def _would_restate(numbered: Visit, spells: Sequence[Spell]) -> bool:
    theirs = _standing(numbered)
    return any(_one_beginning(spell, other) for spell in spells for other in theirs if other.first)


def _one_beginning(spell: Spell, other: Spell) -> bool:
    if not spell.first:
        return False
    return (
        spell.start == other.start
        or any(_restates(spell, each) for each in other.first)
        or any(_restates(other, each) for each in spell.first)
    )
