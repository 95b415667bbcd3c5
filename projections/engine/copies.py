"""Copies of sealed segments in the rows of read models.

A segment is copied as it is stored, together with the event id and the topic that its associated
data needs. The application opens it; a rebuild neither opens nor seals.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from domain.body import SealedSegment, SegmentClass
from domain.ids import RecordId, StatementRef
from domain.statement import Place
from projections.engine.decoding import decode_sealed
from projections.engine.events import FiledStatement

_PART2: Final = frozenset[SegmentClass]({"part2"})
_TEXTS: Final = frozenset[SegmentClass]({"notes"})


class CopiedSegment(msgspec.Struct, frozen=True):
    """A sealed segment in a row, with the event that it is from."""

    event_id: str
    topic: str
    segment: SealedSegment


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(tuple[CopiedSegment, ...]).decode


def copies(
    one: FiledStatement, wanted: frozenset[SegmentClass], subject: RecordId
) -> list[CopiedSegment]:
    """Copy the segments of the classes ``wanted`` that the key of ``subject`` opens."""
    return [
        CopiedSegment(one.event_id, one.topic, segment)
        for segment in decode_sealed(one.segments)
        if segment.segment in wanted and segment.subject == subject
    ]


def place_copies(
    place: Place | None,
    filed: Mapping[StatementRef, FiledStatement],
    *refs: Iterable[StatementRef],
) -> list[CopiedSegment]:
    """Copy the segment with the sealed parts of a place: codes of a part2 unit, or a text.

    Args:
        place: The place. Most places have no such segment.
        filed: The statements of the component.
        refs: The statements that may state the place. The first one that does is taken.
    """
    if place is None or not (place.part2 or place.as_text):
        return []
    for one in map(filed.__getitem__, chain(*refs)):
        stated = one.statement.place
        if stated is not None and stated.ref == place.ref:
            return copies(one, _PART2 if place.part2 else _TEXTS, one.statement.record)
    return []


def write_copies(chosen: Sequence[CopiedSegment]) -> str | None:
    """Return copies as the text of a column; null if there is no copy."""
    return _encode(chosen).decode() if chosen else None


def read_copies(column: str | None) -> tuple[CopiedSegment, ...]:
    """Return the copies in a column."""
    return () if column is None else _decode(column)
