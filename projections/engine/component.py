"""A link component with its statements interpreted: what ``ByComponent`` projections read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from domain.continuity import Patient
from domain.ids import StatementRef
from domain.statement import Statement
from projections.engine.events import FiledStatement
from projections.engine.readings import joined_groups, latest_readings

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


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """When the statements behind a row arrived."""

    source_position: int  # index of the last statement
    first_known_at: datetime
    last_changed_at: datetime


def interpret_component(
    name: str,
    filed: Sequence[FiledStatement],
    interpret: Callable[[Iterable[Statement]], tuple[Patient, ...]],
) -> Component:
    """Interpret the statements of a component.

    Args:
        name: The component.
        filed: All its statements, by index. Those of superseded readings do not count.
        interpret: ``domain.interpretation.interpret``.
    """
    latest = latest_readings(filed)
    if latest is filed:
        patients = interpret([one.statement for one in filed])
        return Component(component=name, patients=patients, filed=by_ref(filed))
    return Component(
        component=name,
        patients=tuple(
            patient
            for group in joined_groups(latest)
            for patient in interpret([one.statement for one in group])
        ),
        filed=by_ref(latest),
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


def sent_order(one: FiledStatement) -> tuple[object, ...]:
    """Return the sort key by which statements are ordered as they were sent."""
    statement = one.statement
    ranked = statement.sent or statement.entered
    return (
        ranked is not None,
        _EARLIEST if ranked is None else ranked.at,
        statement.sequence.zfill(_DIGITS),
        statement.control_id.zfill(_DIGITS),
        statement.sender,
        statement.content,
        statement.ref,
    )
