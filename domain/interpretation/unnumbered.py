"""Statements without a visit number: which visit each one means.

Source of the rules: interpretation, section 3. Per person and namespace, one after the other in
order of happened-at, each against the visits as they stand with those already assigned.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final

from domain.flags import Flag
from domain.interpretation.facts import Spell
from domain.interpretation.order import Said
from domain.interpretation.resends import resent
from domain.interpretation.times import BEFORE_ALL, same
from domain.interpretation.visits import INPATIENT, Visit
from domain.statement import Moment

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
        begun = sorted(_begun_last(visit) for visit in (*here, *opened))
        visits.extend(visit for visit in opened if not _adopted(visit, here, begun))
    return visits


class _Assignment:
    """The visits of one person and namespace while they grow."""

    def __init__(self, namespace: str, numbered: Sequence[Visit]) -> None:
        self._namespace = namespace
        self._opened: list[Visit] = []
        self._open: dict[Visit, None] = {}  # of the opened ones, those without an end
        self._begun: list[tuple[datetime, int, Visit]] = []  # sorted
        self._stated: dict[datetime, list[Visit]] = defaultdict(list)
        self._stated_coarsely: list[tuple[Moment, Visit]] = []
        for visit in numbered:
            for each in visit.said:
                self._note_beginning(each, visit)
            self._note(visit, None)

    def run(self, said: Sequence[Said]) -> list[Visit]:
        """Assign all statements; return the visits that were opened."""
        again = resent(said) | _repeated_cancels(said)
        joined: dict[Said, Visit] = {}
        for each in sorted(said, key=_in_order):
            if each not in again:
                joined[each] = self._assign(each)
        for each, first in again.items():
            joined[again.get(first, first)].add([each])
        return self._opened

    def _assign(self, each: Said) -> Visit:
        visit = self._find(each)
        before = None
        if visit is None:
            visit = Visit(self._namespace, [each])
            self._opened.append(visit)
        else:
            before = _begun_last(visit)
            if visit.number is not None:
                visit.flags.add(Flag.NUMBER_INCOMPLETE)
            visit.add([each])
        self._note_beginning(each, visit)
        self._note(visit, before)
        return visit

    def _note_beginning(self, each: Said, visit: Visit) -> None:
        """Remember when something is said to begin, by whom."""
        stated = each.of.admitted or each.moment
        if each.kind not in _BEGINS or stated is None:
            return
        if stated.until is None:
            self._stated[stated.at].append(visit)
        else:
            self._stated_coarsely.append((stated, visit))

    def _note(self, visit: Visit, before: tuple[datetime, int] | None) -> None:
        """Keep the visits sorted by when they began, and know which are open."""
        now = _begun_last(visit)
        if before != now:
            if before is not None:
                position = bisect_left(self._begun, before, key=itemgetter(0, 1))
                while self._begun[position][2] is not visit:
                    position += 1
                del self._begun[position]
            insort(self._begun, (*now, visit), key=itemgetter(0, 1))
            if visit not in self._stated[now[0]]:
                self._stated[now[0]].append(visit)
        if visit.number is None:
            if any(not spell.ended for spell in _standing(visit)) or not visit.outline.spells:
                self._open[visit] = None
            else:
                self._open.pop(visit, None)

    def _find(self, each: Said) -> Visit | None:
        if each.kind in _BEGINS:
            return self._same_beginning(each)
        latest_first = (visit for _, _, visit in reversed(self._begun))
        if each.kind == "cancel":
            return next((visit for visit in latest_first if visit.target_of(each)), None)
        ended: Visit | None = None
        for visit in latest_first:
            if visit.covers(each.at):
                return visit
            if ended is None and each.kind in _MAY_COME_LATE and _ended_before(visit, each.at):
                ended = visit
        return ended

    def _same_beginning(self, each: Said) -> Visit | None:
        began = each.of.admitted or each.moment
        if began is None:
            return None
        if began.until is None:
            same_time = list(self._stated.get(began.at, ()))
        else:
            same_time = [
                visit
                for at, visits in self._stated.items()
                if began.at <= at <= began.last
                for visit in visits
            ]
        same_time += [visit for moment, visit in self._stated_coarsely if same(moment, began)]
        if same_time:
            return min(same_time, key=_first_sent)
        open_ones = [
            visit
            for visit in self._open
            if any(_restates(spell, each) for spell in _standing(visit))
            or _was_planned(visit, each)
        ]
        return max(open_ones, key=_begun_last, default=None)


def _in_order(each: Said) -> tuple[datetime, bool, int]:
    return each.at, each.kind == "end", each.order


def _first_sent(visit: Visit) -> int:
    return visit.said[0].order


def _begun_last(visit: Visit) -> tuple[datetime, int]:
    return visit.outline.begun or BEFORE_ALL, visit.said[0].order


def _ended_before(visit: Visit, at: datetime) -> bool:
    spells = _standing(visit)
    return bool(spells) and (end := spells[-1].end) is not None and end < at


def _standing(visit: Visit) -> list[Spell]:
    return [spell for spell in visit.outline.spells if not spell.cancelled]


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
    return each.of.trigger in cancel.row.voids


def _restates(spell: Spell, each: Said) -> bool:
    """Whether a beginning without a number says again how an open visit began.

    Inpatient: of the same class. Otherwise also at the same place, within the profile's hours.
    """
    if spell.ended or spell.start is None or not spell.first or spell.start > each.at:
        return False
    first = spell.first[0].of
    if each.row.is_admission and spell.first[0].row.is_registration:
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


def _adopted(
    visit: Visit, numbered: Sequence[Visit], begun: Sequence[tuple[datetime, int]]
) -> bool:
    """Give an unnumbered visit to a numbered one that is the same.

    That one has no beginning of its own and falls inside it, or the one's beginning would restate
    the other's. Updates and ends may come after the end, as they may without a number. Updates that
    all do are about the visit begun last before them.

    Args:
        visit: An unnumbered one.
        numbered: Those of the same person and namespace.
        begun: When all visits began, sorted.
    """
    spells = _standing(visit)
    for other in sorted(numbered, key=_begun_last):
        if (
            _falls_inside(other, spells)
            or _comes_late(other, visit, begun)
            or _would_restate(other, spells)
            or any(_was_planned(visit, each) for one in _standing(other) for each in one.first)
        ):
            other.add(visit.said)
            other.flags.add(Flag.NUMBER_INCOMPLETE)
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
    first = min(each.at for each in standing)
    last = max((each.at for each in standing if each.kind not in _MAY_COME_LATE), default=first)
    return any(
        (spell.start is None or spell.start <= first)
        and (spell.end is None or max(first, last) <= spell.end)
        for spell in spells
    )


def _comes_late(numbered: Visit, visit: Visit, begun: Sequence[tuple[datetime, int]]) -> bool:
    """Whether updates alone have the number, and came after the end of the visit begun last."""
    if not numbered.said or any(each.kind != "update" for each in numbered.said):
        return False
    first = min(each.at for each in numbered.said)
    if not _ended_before(visit, first):
        return False
    end = _standing(visit)[-1].end
    if any(each.of.admitted and end and each.of.admitted.at > end for each in numbered.said):
        return False  # they speak of a later stay
    behind = bisect_right(begun, _begun_last(visit))
    next_two = begun[behind : behind + 2]  # one of them may be the numbered visit itself
    return all(at > first for at, order in next_two if order != _first_sent(numbered))


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
