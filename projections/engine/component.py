"""A link component interpreted: what read models make their rows of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from domain.body import Sealed, SegmentClass
from domain.continuity import Patient
from domain.ids import RecordId, StatementRef
from domain.statement import Place, Statement
from projections.engine.fast import decode_sealed
from projections.engine.substrate import FiledStatement


class Copied(msgspec.Struct, frozen=True):
    """A sealed segment copied into a read model, with what its associated data needs."""

    event_id: str
    topic: str
    segment: Sealed


_PLACES: Final = frozenset[SegmentClass]({"part2"})
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_DIGITS: Final = 20
_encode: Final = msgspec.json.Encoder().encode
_copied: Final = msgspec.json.Decoder(tuple[Copied, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """All patients of a link component, and the events behind each statement."""

    component: str
    patients: tuple[Patient, ...]
    filed: Mapping[StatementRef, FiledStatement]  # one a ref: the one recorded first


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says of arrival: the last event behind it, and when it was first known."""

    source_position: int
    first_known_at: datetime
    last_changed_at: datetime


def component(
    name: str,
    filed: Sequence[FiledStatement],
    interpret: Callable[[Iterable[Statement]], tuple[Patient, ...]],
) -> Component:
    """Interpret all statements of a component, given by index."""
    by_ref: dict[StatementRef, FiledStatement] = {}
    for one in filed:
        by_ref.setdefault(one.statement.ref, one)
    patients = interpret([one.statement for one in filed])
    return Component(component=name, patients=patients, filed=by_ref)


def arrival(filed: Sequence[FiledStatement]) -> Arrival:
    """Sum up when ``filed``, at least one, arrived."""
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


def copies(one: FiledStatement, wanted: frozenset[SegmentClass], subject: RecordId) -> list[Copied]:
    """Copy the segments of these classes that are sealed under the key of ``subject``."""
    return [
        Copied(one.event_id, one.topic, segment)
        for segment in decode_sealed(one.segments)
        if segment.segment in wanted and segment.subject == subject
    ]


def part2(one: FiledStatement, place: Place | None) -> list[Copied]:
    """Copy the codes of a place that the core has as a ref."""
    if place is None or not place.part2:
        return []
    return copies(one, _PLACES, one.statement.record)


def joined(chosen: Sequence[Copied]) -> str | None:
    """Return copies as a column holds them; None for none."""
    return _encode(chosen).decode() if chosen else None


def copied(column: str | None) -> tuple[Copied, ...]:
    """Read a column of copies back."""
    return () if column is None else _copied.decode(column)


def sent_order(one: FiledStatement) -> tuple[object, ...]:
    """Order statements by when they were sent, whenever they arrived."""
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
