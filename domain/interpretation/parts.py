"""The parts of an encounter, and the ends of one part only (R7.7 to R7.9).

R7.7 and R7.8 are one account, kept while the statements of a spell are walked in order of time.
R7.9 is not in it: it needs the statements that come after the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from domain.ids import PlaceRef
from domain.interpretation.order import OrderedStatement, came_from
from domain.interpretation.spell import Spell
from domain.interpretation.times import BEFORE_ALL
from domain.statement import EncounterClass

#: A class and a place that were stated together.
Part: TypeAlias = tuple[EncounterClass, PlaceRef]


def part_of(each: OrderedStatement) -> Part | None:
    """Return class and place of a statement; None if it does not state both."""
    place = each.statement.place
    if place is None or each.statement.class_code == "unknown":
        return None
    return each.statement.class_code, place.ref


def comes_from_elsewhere(each: OrderedStatement) -> bool:
    """Tell whether an admission or an A06 names the department before it, in PV1-6 (R7.8)."""
    return each.trigger.admits and came_from(each) != ""


def is_of_registered(
    end: OrderedStatement,
    admission: OrderedStatement,
    beginnings: Sequence[OrderedStatement],
    moves: Sequence[OrderedStatement],
) -> bool:
    """Tell whether an end is of the registered part of the visit, not of the admission (R7.6).

    Its class and place are those of an A04, or of a move after the A04. Or its place is the PV1-6
    of the admission.
    """
    part = part_of(end)
    if part is None or part == part_of(admission):
        return False
    _, place = part
    admitted_from = came_from(admission) == place
    return any(
        admitted_from
        or part == part_of(each)
        or any(each.at <= move.at <= end.at and part == part_of(move) for move in moves)
        for each in beginnings
        if each.trigger.is_registration
    )


@dataclass(slots=True)
class PartAccount:
    """The parts of one spell: the present one, and those that an A01 or A06 replaced."""

    present: set[Part] = field(default_factory=set)
    replaced: set[Part] = field(default_factory=set)
    left: dict[str, EncounterClass] = field(default_factory=dict)  # PV1-6, and the class since
    class_code: EncounterClass = "unknown"
    place: PlaceRef | None = None

    def enter(self, each: OrderedStatement, *, new_part: bool) -> None:
        """Add class and place of a statement. A value that it does not state stays as before."""
        statement = each.statement
        if new_part:
            self.replaced |= self.present
            self.present = set()
        if comes_from_elsewhere(each):
            self.left[came_from(each)] = statement.class_code
        if statement.class_code != "unknown":
            self.class_code = statement.class_code
        if statement.place is not None:
            self.place = statement.place.ref
        if self.place is not None and self.class_code != "unknown":
            part = (self.class_code, self.place)
            self.present.add(part)
            self.replaced.discard(part)
            self.left.pop(self.place, None)

    def is_replaced_part(self, end: OrderedStatement) -> bool:
        """Tell whether an end belongs to a replaced part.

        R7.7: its class and place are those of a replaced part. Example: A04 8:00 in the emergency
        department, A01 12:00 on a ward, A03 12:10 of the emergency department.

        R7.8: an A01 or A06 of another class came from its place.
        """
        part = part_of(end)
        if part is None:
            return False
        class_code, place = part
        return part in self.replaced or self.left.get(place, class_code) != class_code


def ends_of_unknown_departments(spell: Spell) -> Sequence[OrderedStatement]:
    """Return the ends of departments that no other statement of the spell names (R7.9).

    Class and place of such an end both differ from those of every beginning and move, and the stay
    goes on: a move happened later, or an end was sent later whose class and place are known.
    Example: A01 10:00 on a ward, A03 10:10 of an observation unit, A02 12:00.
    """
    last_move = spell.moves[-1][0] if spell.moves else BEFORE_ALL
    if len(spell.ends) == 1 and last_move <= spell.ends[0].at:
        return ()
    parts = {part for each in spell.placing() if (part := part_of(each)) is not None}
    if not parts:
        return ()
    last_known = max((each.order for each in spell.ends if part_of(each) in parts), default=-1)
    return [
        each
        for each in spell.ends
        if each.kind == "end"
        and (each.order < last_known or each.at < last_move)
        and (own := part_of(each)) is not None
        and all(own[0] != class_code and own[1] != place for class_code, place in parts)
    ]
