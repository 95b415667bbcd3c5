"""Beginnings, ends and moves of one visit: which encounters they make, and their times.

Source of the rules: interpretation, sections 5 and 7. What stands is sorted once by a placing key
(never by comparing coarse times pairwise, which is not transitive) and walked once. A *spell* is
one encounter in the making: a visit that was ended and begun again has several.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, TypeAlias

from domain.ids import VisitRef
from domain.interpretation.candidates import came_from
from domain.interpretation.order import Said
from domain.interpretation.times import BEFORE_ALL, same
from domain.statement import EncounterClass, Moment

#: A value for one fact: when sent, the instant, whether it was stated and not inferred.
Value: TypeAlias = tuple[int, datetime, bool]

_Part: TypeAlias = tuple[EncounterClass, str]
_Item: TypeAlias = tuple[datetime, int, int, Said]

_ALWAYS: Final = -1  # before every statement
_EARLY_END: Final = -1
_BEGINNING: Final = 0
_CHANGE: Final = 1  # the later of an A04 and an A01 with one PV1-44
_MOVE: Final = 2
_END: Final = 3


@dataclass(slots=True, eq=False)
class Spell:
    """What stands of one encounter, and the times it adds up to."""

    first: list[Said] = field(default_factory=list)  # the beginning; empty: never reached us
    starts: list[Value] = field(default_factory=list)  # what these say about when
    change: list[Said] = field(default_factory=list)  # the other of A04 and A01
    moves: list[tuple[datetime, Said]] = field(default_factory=list)  # by placing key
    ends: list[Said] = field(default_factory=list)
    end_corrections: list[Said] = field(default_factory=list)  # PV1-45 in A08
    part_ends: list[Said] = field(default_factory=list)  # ended a part that was replaced
    opened_by: Said | None = None  # a statement for a visit never heard of, if that is all
    start: datetime | None = None
    start_inferred: bool = True
    change_at: datetime | None = None
    end: datetime | None = None
    end_inferred: bool = False
    end_stated_by: Said | None = None  # the end or correction whose value is ``end``
    ended: bool = False  # though perhaps nobody knows when
    cancelled: bool = False  # all of it was taken back

    def members(self) -> Iterable[Said]:
        """What the spell was made from."""
        yield from self.first
        yield from self.change
        for _, move in self.moves:
            yield move
        yield from self.ends
        yield from self.end_corrections
        yield from self.part_ends
        if self.opened_by is not None:
            yield self.opened_by


def spells(
    standing: Sequence[Said],
    *,
    returns: Sequence[tuple[datetime, Said]] = (),
    replaced: Collection[VisitRef] = (),
) -> list[Spell]:
    """Return the encounters that beginnings, moves and ends of one visit make, in order.

    Args:
        standing: What counts and was not voided, in sent order.
        returns: Cancelled discharges that put the patient elsewhere, with the instants.
        replaced: Visit numbers that A06 or A07 replaced; an end under one ends only its part.
    """
    items = _items(standing, returns)
    if not items:
        return []
    found = _walk(items, replaced)
    if not found:
        return []
    for spell in found:
        if len(spell.ends) > 1 or (spell.ends and spell.moves):
            _set_apart(spell)
    beginnings = [each for each in standing if each.kind == "beginning"]
    corrections = _corrections(standing, beginnings, found)
    for spell in found:
        _settle(spell, corrections.get(spell, []))
    return found


def _items(standing: Sequence[Said], returns: Sequence[tuple[datetime, Said]]) -> list[_Item]:
    """Sort by the placing key: instant; beginning, move, end; sent order."""
    items: list[_Item] = []
    ends: list[Said] = []
    beginnings: list[Said] = []
    for each in standing:
        if each.kind == "move":
            items.append((each.at, _MOVE, each.order, each))
        elif each.kind == "beginning":
            beginnings.append(each)
        elif each.kind == "end":
            ends.append(each)
        elif each.kind == "update" and each.of.discharged is not None:
            items.append((each.of.discharged.last, _END, each.order, each))
    items.extend((at, _MOVE, each.order, each) for at, each in returns)
    if beginnings:
        items.extend(_begun(beginnings, ends))
    items.extend(_placed_ends(ends, beginnings))
    items.sort(key=itemgetter(0, 1, 2))
    return items


def _placed_ends(ends: Sequence[Said], beginnings: Sequence[Said]) -> Iterable[_Item]:
    """Place ends; at equal times one that was sent before a beginning precedes it.

    Unless it closes the department that an admission at that very time was made from.
    """
    first_sent: dict[datetime, Said] = {}
    for each in beginnings:
        first_sent.setdefault(each.at, each)
    for each in ends:
        at = each.at if each.moment is None else each.moment.at
        beginning = first_sent.get(at)
        if (
            beginning is None
            or each.order > beginning.order
            or (beginning.row.is_admission and _of_registered(each, beginning, beginnings))
        ):
            yield each.at, _END, each.order, each
        else:
            yield at, _EARLY_END, each.order, each


def _of_registered(end: Said, admission: Said, beginnings: Sequence[Said]) -> bool:
    """Whether an end is of a part that was registered, and is not that of the admission.

    Or of where the registered patient had been brought since, and was admitted from (PV1-6).
    """
    part = _part(end)
    if part is None or part == _part(admission):
        return False
    origin = admission.of.prior_place
    admitted_from = origin is not None and origin.ref == part[1]
    return any(
        admitted_from or part == _part(each) for each in beginnings if each.row.is_registration
    )


def _begun(beginnings: Sequence[Said], ends: Sequence[Said]) -> Iterable[_Item]:
    """Place beginnings; an admission of one who was registered already is a change of class.

    PV1-44 is a fact of the visit, so an A01 may repeat that of the A04 (or the other way round).
    The one that came later then happened at EVN-6, else EVN-2, but not before it.
    """
    one_kind = len(beginnings) == 1 or len({each.of.trigger for each in beginnings}) == 1
    for each in beginnings:
        other = None if one_kind else _begun_before(each, beginnings, ends)
        if other is None:
            yield each.at, _BEGINNING, each.order, each
        else:
            own = _own_time(each)
            yield max(own.at if own else each.at, other.at), _CHANGE, each.order, each


def _begun_before(each: Said, beginnings: Sequence[Said], ends: Sequence[Said]) -> Said | None:
    """Return the beginning of the other kind whose PV1-44 this one repeats.

    None of another encounter: one that came only after an end.
    """
    if each.of.admitted is None:
        return None
    occurred = each.of.occurred
    for other in beginnings:
        if other.of.trigger == each.of.trigger or each.at > other.at:
            continue
        if any(each.at < end.at <= other.at for end in ends):
            continue
        if occurred is not None and other.of.occurred is not None:
            if other.of.occurred.at < occurred.at:
                return other
        elif each.row.is_admission and (each.at == other.at or other.order < each.order):
            return other  # of one PV1-44 the registration comes first, sent late or not
    return None


def _own_time(each: Said) -> Moment | None:
    return each.of.occurred or each.of.entered or each.of.sent


def _walk(items: Sequence[_Item], replaced: Collection[VisitRef]) -> list[Spell]:
    found: list[Spell] = []
    several = _may_have_several_parts(items)
    parts = _Parts()
    spell: Spell | None = None
    early: list[Said] = []  # corrections of the end of a stay whose beginning never reached us
    for at, _, _, each in items:
        if each.kind == "update":
            (early if spell is None else spell.end_corrections).append(each)
            continue
        if each.kind == "end" and (each.of.visit in replaced or (several and parts.were(each))):
            if spell is None:
                spell = Spell()
                found.append(spell)
            spell.part_ends.append(each)
            continue
        if spell is None or (each.kind == "beginning" and spell.ends):
            spell = Spell()
            if not found and each.kind != "beginning":
                spell.end_corrections = early
            found.append(spell)
            if several:
                parts = _Parts()
        if each.kind == "end":
            spell.ends.append(each)
            continue
        new = _add(spell, each, at)
        if several:
            parts.now(each, new=new)
    return found


def _set_apart(spell: Spell) -> None:
    """Take for the end of a part what is followed, and has class and place of nothing else said.

    It closes a department whose part nobody heard of: the feed was switched on later.
    """
    last_move = spell.moves[-1][0] if spell.moves else BEFORE_ALL
    if len(spell.ends) == 1 and last_move <= spell.ends[0].at:
        return
    said = [*spell.first, *spell.change, *(move for _, move in spell.moves)]
    parts = {part for each in said if (part := _part(each)) is not None}
    fitting = [each.order for each in spell.ends if _part(each) in parts]
    last_fitting = max(fitting, default=-1)
    strange = [
        each
        for each in spell.ends
        if (each.order < last_fitting or each.at < last_move)
        and parts
        and (own := _part(each)) is not None
        and all(own[0] != class_code and own[1] != place for class_code, place in parts)
    ]
    if strange:
        spell.ends = [each for each in spell.ends if each not in strange]
        spell.part_ends += strange


def _add(spell: Spell, each: Said, at: datetime) -> bool:
    """Add a beginning or a move to a spell; return whether a new part of it begins."""
    if each.kind != "beginning":
        spell.moves.append((at, each))
        return each.row.admits
    if _begins(spell, each, at):
        spell.first.append(each)
        stated = each.stated if at == each.at else each.of.occurred is not None
        spell.starts.append((each.order, at, stated))
        return False
    new = each.row.is_admission and not spell.change
    spell.change.append(each)
    return new


def _may_have_several_parts(items: Sequence[_Item]) -> bool:
    """Whether a part of a spell may be replaced: by an A06, or by what follows as a beginning."""
    for position, (_, _, _, each) in enumerate(items):
        if (
            (each.row.changes_class and each.row.admits)
            or (position and each.kind == "beginning")
            or _comes_from_elsewhere(each)
        ):
            return True
    return False


def _comes_from_elsewhere(each: Said) -> bool:
    """Whether an admission says in PV1-6 where the patient was, though nobody may have said so."""
    return each.row.admits and came_from(each) != ""


def _begins(spell: Spell, each: Said, at: datetime) -> bool:
    """Whether an A04 or A01 begins a spell; else it is a change of class.

    It is one also where the beginning never reached us: a transfer before it, of another class,
    has said that the stay began earlier.
    """
    if spell.first:
        return each.of.trigger == spell.first[0].of.trigger
    return not any(
        moved < at
        and move.order < each.order
        and move.of.class_code != each.of.class_code
        and move.of.admitted is not None
        and move.of.admitted.last < each.at
        for moved, move in spell.moves
    )


@dataclass(slots=True)
class _Parts:
    """Class and place of the part of a spell that is on, and of those that were replaced."""

    current: set[_Part] = field(default_factory=set)
    replaced: set[_Part] = field(default_factory=set)
    left: dict[str, EncounterClass] = field(default_factory=dict)  # place (PV1-6): class since
    class_code: EncounterClass = "unknown"
    place: str | None = None

    def now(self, each: Said, *, new: bool) -> None:
        """Take what a statement says of class and place; what it leaves out stays as it was."""
        if new:
            self.replaced |= self.current
            self.current = set()
        if _comes_from_elsewhere(each):
            self.left[came_from(each)] = each.of.class_code
        if each.of.class_code != "unknown":
            self.class_code = each.of.class_code
        if each.of.place is not None:
            self.place = each.of.place.ref
        if self.place is not None and self.class_code != "unknown":
            part = (self.class_code, self.place)
            self.current.add(part)
            self.replaced.discard(part)
            self.left.pop(self.place, None)

    def were(self, end: Said) -> bool:
        """Whether an end speaks of a part that was replaced: a department closes its own visit."""
        part = _part(end)
        if part is None:
            return False
        class_code, place = part
        return part in self.replaced or self.left.get(place, class_code) != class_code


def _part(each: Said) -> _Part | None:
    place = each.of.place
    if place is None or each.of.class_code == "unknown":
        return None
    return each.of.class_code, place.ref


def _corrections(
    standing: Sequence[Said], beginnings: Sequence[Said], found: Sequence[Spell]
) -> dict[Spell, list[Said]]:
    """Return the statements whose PV1-44 corrects a beginning, in sent order, by spell.

    It corrects the beginning stated last before it, where it differs from every stated one and from
    the time and the PV1-44 of an A06 or A07. Not counted is what an A06, an A07 or a beginning of
    the other kind (A04, A01) states only later: a corrected PV1-44 is copied into them, unless it
    is their own.
    """
    candidates = [
        each
        for each in standing
        if each.of.admitted is not None and each.row.admit_time == "corrects"
    ]
    if not candidates:
        return {}
    known: _Known | None = None
    spell_of: dict[Said, Spell] = {}
    corrections: dict[Spell, list[Said]] = {}
    orders = [each.order for each in beginnings]
    for each in candidates:
        admitted = each.of.admitted
        position = bisect_left(orders, each.order)
        last = beginnings[position - 1] if position else None
        if admitted is None or (last is not None and _is_stated(admitted, last)):
            continue
        if known is None:
            known = _stated_beginnings(standing)
        if _is_known(admitted, each, last, known):
            continue
        if not spell_of:
            spell_of = {said: spell for spell in found for said in spell.members()}
        spell = spell_of[last] if last else spell_of.get(each) or found[0]
        corrections.setdefault(spell, []).append(each)
    return corrections


def _is_stated(admitted: Moment, beginning: Said) -> bool:
    """Whether it is the stated time of a beginning, as mostly it is."""
    return beginning.stated and beginning.at == admitted.at


#: What is said to begin when, by trigger and instant; since when in sent order, and the beginning.
_Known: TypeAlias = dict[tuple[str | None, datetime], tuple[Moment, int, Said | None]]


def _stated_beginnings(standing: Sequence[Said]) -> _Known:
    """Return what is said to begin when."""
    known: _Known = {}
    for each in standing:
        if each.kind == "beginning":
            if each.stated and each.moment is not None:
                # One that happened just then was no copy, however late it was sent.
                occurred = each.of.occurred
                own = occurred is not None and same(occurred, each.moment)
                known.setdefault(
                    (each.of.trigger, each.moment.at),
                    (each.moment, _ALWAYS if own else each.order, each),
                )
        elif each.row.changes_class:
            if each.moment is not None:
                known.setdefault(("", each.moment.at), (each.moment, _ALWAYS, None))
            if (admitted := each.of.admitted) is not None:
                known.setdefault((each.of.trigger, admitted.at), (admitted, each.order, None))
    return known


def _is_known(admitted: Moment, each: Said, last: Said | None, known: _Known) -> bool:
    trigger_before = None if last is None else last.of.trigger
    if (trigger_before, admitted.at) in known:
        return True
    return any(
        same(admitted, moment)
        and (
            order < each.order
            or trigger == trigger_before
            or (last is None and beginning is None and trigger)
            or (beginning is not None and last is not None and _is_own(beginning, each, last))
        )
        for (trigger, _), (moment, order, beginning) in known.items()
    )


def _is_own(beginning: Said, each: Said, last: Said) -> bool:
    """Whether a beginning, however late it was sent, states its own PV1-44 and no corrected one.

    It does if that is nearer to when it was entered than to the beginning before it, or if who had
    it before already spoke of the class that began with it.
    """
    since = beginning.at - last.at
    if last.moment is None or since <= timedelta(0):
        return False
    entered = beginning.of.entered
    if entered is not None and abs(entered.at - beginning.at) < since:
        return True
    return each.of.class_code == beginning.of.class_code != last.of.class_code


def _settle(spell: Spell, corrections: Sequence[Said]) -> None:
    """Decide the times of a spell: of competing values the one sent last wins."""
    admitted = [
        (each.order, each.of.admitted.at, True)
        for each in corrections
        if each.of.admitted is not None
    ]
    changes: list[Value] = []
    if spell.change:
        earliest = min((value[1] for value in spell.starts), default=spell.change[0].at)
        since = spell.change[0].order
        changes = [value for value in admitted if value[1] > earliest and value[0] > since]
        admitted = [value for value in admitted if value not in changes]
    start = decide(spell.starts + admitted)
    if start is not None and start[1] != BEFORE_ALL:
        _, spell.start, stated = start
        spell.start_inferred = not stated
    if spell.change:
        times = [_change_of(each, spell.start) for each in spell.change]
        change = decide(times + changes)
        spell.change_at = None if change is None else change[1]
    if spell.ends:
        spell.ended = True
        first_said = min(each.order for each in spell.ends)
        values = [(each.order, each.at, each.stated) for each in spell.ends]
        values += [
            (each.order, each.of.discharged.last, True)
            for each in spell.end_corrections
            if each.of.discharged is not None
            and each.order > first_said
            and each.of.discharged.last >= (spell.start or BEFORE_ALL)
        ]
        end = decide(values)
        if end is not None and end[1] != BEFORE_ALL:
            order, spell.end, stated = end
            spell.end_inferred = not stated
            spell.end_stated_by = next(
                each for each in (*spell.ends, *spell.end_corrections) if each.order == order
            )


def decide(values: Iterable[Value]) -> Value | None:
    """Of stated values the one sent last; of inferred ones, where none is stated, the earliest."""
    best: Value | None = None
    for value in values:
        if best is None or value[2] > best[2]:
            best = value
        elif value[2] == best[2]:
            later = value[0] > best[0] if value[2] else value[1] < best[1]
            best = value if later else best
    return best


def _change_of(each: Said, start: datetime | None) -> Value:
    """A change of class happens at its PV1-44 if later than the start, else EVN-6, else EVN-2."""
    admitted = each.of.admitted
    if admitted is not None and (start is None or admitted.at > start):
        return each.order, admitted.at, True
    own = _own_time(each)
    return each.order, own.at if own else each.at, each.of.occurred is not None
