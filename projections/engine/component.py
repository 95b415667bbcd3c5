"""A link component with its statements interpreted: what ``ByComponent`` projections read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

import msgspec

from domain.continuity import Patient
from domain.ids import StatementRef
from projections.engine.component_memory import RememberedComponent
from projections.engine.events import FiledStatement
from projections.engine.made_rows import MadeRows
from projections.engine.readings import joined_groups, latest_readings
from projections.engine.services import Interpretation

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_DIGITS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """The patients of a link component, and the statements that they were interpreted from."""

    component: str
    patients: tuple[Patient, ...]
    filed: Mapping[StatementRef, FiledStatement]  # if two have one ref, the first recorded
    #: The refs that statements had in earlier readings of their messages, by their ref.
    former: Mapping[StatementRef, tuple[StatementRef, ...]] = field(default_factory=dict)
    made: MadeRows | None = None  # the rows of earlier folds; None: they are not kept


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """When the statements behind a row arrived."""

    source_position: int  # index of the last statement
    first_known_at: datetime
    last_changed_at: datetime


def interpret_component(
    name: str,
    filed: Sequence[FiledStatement],
    interpret: Interpretation,
    remembered: RememberedComponent | None = None,
) -> Component:
    """Interpret the statements of a component.

    Args:
        name: The component.
        filed: All its statements, by index. Those of superseded readings do not count.
        interpret: ``domain.interpretation.interpret``.
        remembered: The component as it was folded last, if it is remembered.
    """
    latest = latest_readings(filed)
    groups = [filed] if latest is filed else joined_groups(latest)
    known = (remembered.visits,) if remembered is not None and len(groups) == 1 else ()
    patients = tuple(
        patient
        for group in groups
        for patient in interpret([one.statement for one in group], *known)
    )
    made = None if remembered is None else remembered.made
    if latest is filed:
        return Component(component=name, patients=patients, filed=by_ref(filed), made=made)
    return Component(
        component=name,
        patients=patients,
        filed=by_ref(latest),
        made=made,
        former={one.statement.ref: refs for one in latest if (refs := one.statement.former_refs)},
    )


def by_ref(filed: Iterable[FiledStatement]) -> dict[StatementRef, FiledStatement]:
    """Return statements by ref; if two have one ref, the first."""
    found: dict[StatementRef, FiledStatement] = {}
    for one in filed:
        found.setdefault(one.statement.ref, one)
    return found


def arrival(filed: Sequence[FiledStatement]) -> Arrival:
    """Return when the statements ``filed`` arrived. There must be at least one."""
    first = last = filed[0]
    for one in filed:
        if one.index < first.index:
            first = one
        elif one.index > last.index:
            last = one
    return Arrival(
        source_position=last.index,
        first_known_at=first.recorded_at,
        last_changed_at=last.recorded_at,
    )


def in_sent_order(filed: Iterable[FiledStatement]) -> list[FiledStatement]:
    """Sort statements as they were sent."""
    given = list(filed)
    instants = [  # written out, because a call for each statement takes twice as long
        _EARLIEST if (ranked := one.statement.sent or one.statement.entered) is None else ranked.at
        for one in given
    ]
    places = sorted(range(len(given)), key=instants.__getitem__)
    if len(set(instants)) == len(given):
        return [given[place] for place in places]
    return [
        one
        for _, equal in groupby(places, key=instants.__getitem__)
        for one in sorted([given[place] for place in equal], key=_sent_order)
    ]


def _sent_order(one: FiledStatement) -> tuple[object, ...]:
    """Return the sort key of statements that were sent at one instant."""
    statement = one.statement
    return (
        statement.sent is not None or statement.entered is not None,
        statement.sequence.zfill(_DIGITS),
        statement.control_id.zfill(_DIGITS),
        statement.sender,
        statement.content,
        statement.ref,
    )
