"""Which encounters the beginnings, moves and ends of one visit make (section 7).

The valid statements are sorted by the placing key and walked once.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from domain.ids import VisitRef
from domain.interpretation.corrections import corrections_of
from domain.interpretation.discharges import taken_back
from domain.interpretation.order import OrderedStatement
from domain.interpretation.parts import (
    PartAccount,
    comes_from_elsewhere,
    ends_of_unknown_departments,
)
from domain.interpretation.placing import CHANGE, Placed, own_time, placed
from domain.interpretation.readmissions import end_of_first
from domain.interpretation.recurring import recurs
from domain.interpretation.spell import Spell
from domain.interpretation.spell_times import set_times


def spells_of(
    valid: Sequence[OrderedStatement],
    *,
    returns: Sequence[tuple[datetime, OrderedStatement]] = (),
    replaced: Mapping[VisitRef, OrderedStatement] | None = None,
) -> list[Spell]:
    """Return the encounters that the valid statements of one visit make, in order of time.

    Args:
        valid: The valid statements of the visit, in sent order.
        returns: Cancels of a discharge that put the patient elsewhere, with the instants (R6.15).
        replaced: The visit numbers that a valid A06 or A07 replaced, each with this statement.
    """
    items = placed(valid, returns)
    if not items:
        return []
    part_ends = _ends_before_change(items, replaced) if replaced else ()
    found = _walk(items, part_ends, valid)
    if not found:
        return []
    for spell in found:
        if len(spell.ends) > 1 or (spell.ends and spell.moves):
            of_parts = ends_of_unknown_departments(spell)
            if of_parts:
                spell.ends = [each for each in spell.ends if each not in of_parts]
                spell.part_ends += of_parts
    corrections = corrections_of(valid, found)
    for spell in found:
        set_times(spell, corrections.get(spell, ()))
    for spell, following in pairwise(found):
        _end_before(spell, following)
    return found


def _end_before(spell: Spell, following: Spell) -> None:
    """End a spell when the next one begins, if its end names only a day that reaches further."""
    if (
        spell.end_precision != "second"
        and spell.end is not None
        and following.start is not None
        and spell.end > following.start
    ):
        spell.end = end_of_first(following.start, spell.end, spell.end_precision)


def _ends_before_change(
    items: Sequence[Placed], replaced: Mapping[VisitRef, OrderedStatement]
) -> set[OrderedStatement]:
    """Return the ends under a replaced number that end only the part before the change (R3.8).

    An end closes an encounter if a beginning under its number comes between it and the change.
    Example: A01, A03 and A04 under V1, then A06 to V2. The A03 ended an earlier encounter.
    """
    ends: set[OrderedStatement] = set()
    changed: set[VisitRef | None] = set()  # the numbers that an item after this one replaces
    begun: set[VisitRef | None] = set()  # of these, the numbers with a beginning after this item
    numbers: dict[OrderedStatement, list[VisitRef]] = {}
    for old, change in replaced.items():
        numbers.setdefault(change, []).append(old)
    for _, _, _, each in reversed(items):
        number = each.statement.visit
        changed.update(numbers.get(each, ()))
        if each.kind == "beginning" and number in changed:
            begun.add(number)
        elif each.kind == "end" and number in replaced and number not in begun:
            ends.add(each)
    return ends


def _walk(
    items: Sequence[Placed],
    part_ends: Collection[OrderedStatement],
    valid: Sequence[OrderedStatement],
) -> list[Spell]:
    """Put sorted statements into spells. A beginning after an end begins a further spell (R7.5).

    Args:
        items: The beginnings, moves and ends of one visit, and updates with a PV1-45, sorted.
        part_ends: The ends that end only a part, because their number was replaced.
        valid: The valid statements of the visit, in sent order.
    """
    found: list[Spell] = []
    several_parts = _may_have_several_parts(items)
    parts = PartAccount()
    spell: Spell | None = None
    updates = _Updates(valid)
    early: list[OrderedStatement] = []  # updates before the first spell, which may correct its end
    for at, rank, _, each in items:
        if each.kind == "update":
            (early if spell is None else updates.list_for(each, spell)).append(each)
            continue
        if each.kind == "end" and (
            each in part_ends or (several_parts and parts.is_replaced_part(each))
        ):
            if spell is None:
                spell = Spell()
                found.append(spell)
            spell.part_ends.append(each)
            continue
        again = spell is not None and _attends_again(spell, each)
        if spell is None or _is_of_further(spell, each, again=again):
            again = False
            spell = Spell()
            if not found and each.kind != "beginning":
                spell.end_corrections = early
            found.append(spell)
            if several_parts:
                parts = PartAccount()
        if each.kind == "end":
            spell.ends.append(each)
            continue
        new_part = _add(spell, each, at, repeats=rank == CHANGE, again=again)
        if several_parts:
            parts.enter(each, new_part=new_part)
    return found


class _Updates:
    """Says what the updates with a PV1-45 of one visit do."""

    __slots__ = ("_taken_back", "_valid")

    def __init__(self, valid: Sequence[OrderedStatement]) -> None:
        self._valid = valid
        self._taken_back: Collection[OrderedStatement] | None = None

    def list_for(self, update: OrderedStatement, spell: Spell) -> list[OrderedStatement]:
        """Return the list of a spell to which an update belongs.

        It corrects an end. If there is none, it is the end if the profile says so (R5.14).
        """
        statement = update.statement
        if (
            spell.ends
            or not statement.settings.update_discharges
            or statement.discharged is None
            or statement.discharged.at > update.sent
        ):
            return spell.end_corrections
        if self._taken_back is None:
            self._taken_back = taken_back(self._valid)
        return spell.end_corrections if update in self._taken_back else spell.ends


def _attends_again(spell: Spell, each: OrderedStatement) -> bool:
    """Tell whether a statement begins the next attendance of a recurring visit (R7.15)."""
    return (
        each.kind == "beginning" and bool(spell.beginnings) and recurs(each, spell.beginnings[-1])
    )


def _is_of_further(spell: Spell, each: OrderedStatement, *, again: bool) -> bool:
    """Tell whether a statement begins a further spell.

    It begins one after an end (R7.5). The next attendance of a recurring visit begins one unless
    the profile wants one encounter for the series (R7.15).
    """
    return each.kind == "beginning" and (
        bool(spell.ends) or (again and each.statement.settings.recurring == "day")
    )


def _add(spell: Spell, each: OrderedStatement, at: datetime, *, repeats: bool, again: bool) -> bool:
    """Add a beginning or a move to a spell. Return whether it begins a further part.

    Args:
        spell: The spell.
        each: The beginning or move.
        at: Where it was placed.
        repeats: It is a beginning that repeats the PV1-44 of another one (R7.2).
        again: It is the next attendance of a recurring visit, in one encounter for the series.
    """
    if each.statement.discharged is not None:
        spell.states_end = True
    if again:
        spell.moves.append((at, each))
        return False
    if each.kind != "beginning":
        spell.moves.append((at, each))
        return each.trigger.admits
    if _begins(spell, each, at):
        spell.beginnings.append(each)
        if repeats:
            stated = each.statement.occurred is not None
            spell.start_values.append((each.order, at, stated, own_time(each)))
        else:
            spell.start_values.append((each.order, at, each.stated, each.moment))
        return False
    new_part = each.trigger.is_admission and not spell.changes
    spell.changes.append(each)
    return new_part


def _begins(spell: Spell, each: OrderedStatement, at: datetime) -> bool:
    """Tell whether a beginning begins a spell. If it does not, it changes the class.

    R7.1: the other trigger began it. R7.3: the first beginning never reached us, but a transfer of
    another class shows that the stay began earlier.
    """
    if spell.beginnings:
        return each.trigger.code == spell.beginnings[0].trigger.code
    return not any(
        moved < at
        and move.order < each.order
        and move.statement.class_code != each.statement.class_code
        and move.statement.admitted is not None
        and move.statement.admitted.last < each.at
        for moved, move in spell.moves
    )


def _may_have_several_parts(items: Sequence[Placed]) -> bool:
    """Tell whether a part may be replaced: by an A06, or by a beginning that is not the first."""
    for position, (_, _, _, each) in enumerate(items):
        if each.kind == "beginning":
            if position or comes_from_elsewhere(each):
                return True
        elif each.kind == "move" and each.trigger.admits:
            return True
    return False
