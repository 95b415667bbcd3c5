"""A spell: one encounter while the rules build it.

A visit that was ended and begun again has several spells.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from domain.interpretation.order import OrderedStatement
from domain.statement import Moment, Precision

#: A value for one time of an encounter: order of the statement that gives it, instant, whether it
#: is stated, and the time as stated. A plain tuple, because a replay makes millions of them.
TimeValue: TypeAlias = tuple[int, datetime, bool, Moment | None]


@dataclass(slots=True, eq=False)
class Spell:
    """The valid statements of one encounter, and the times that they give."""

    beginnings: list[OrderedStatement] = field(default_factory=list)  # empty: never reached us
    start_values: list[TimeValue] = field(default_factory=list)  # of the beginnings
    changes: list[OrderedStatement] = field(default_factory=list)  # beginnings of the other trigger
    moves: list[tuple[datetime, OrderedStatement]] = field(default_factory=list)  # by instant
    ends: list[OrderedStatement] = field(default_factory=list)
    end_corrections: list[OrderedStatement] = field(default_factory=list)  # updates with a PV1-45
    part_ends: list[OrderedStatement] = field(default_factory=list)  # ends of one part only
    states_end: bool = False  # a beginning or a move has a PV1-45
    opened_by: OrderedStatement | None = None  # the only sign of a visit whose beginning is lost
    start: datetime | None = None
    start_inferred: bool = True
    start_precision: Precision = "second"
    change_at: datetime | None = None
    change_precision: Precision = "second"
    end: datetime | None = None
    end_inferred: bool = False
    end_precision: Precision = "second"
    end_stated_by: OrderedStatement | None = None  # the end or correction that gives ``end``
    ended: bool = False  # its time may be unknown
    cancelled: bool = False  # a ghost (R8.7, R8.8)

    def members(self) -> Iterable[OrderedStatement]:
        """Return the statements that made the spell."""
        yield from self.beginnings
        yield from self.changes
        for _, move in self.moves:
            yield move
        yield from self.ends
        yield from self.end_corrections
        yield from self.part_ends
        if self.opened_by is not None:
            yield self.opened_by

    def placing(self) -> list[OrderedStatement]:
        """Return the beginnings, changes of class and moves."""
        return [*self.beginnings, *self.changes, *(move for _, move in self.moves)]
