"""Open sealed segments. A segment whose key is gone is left out; it is not an error."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from domain.body import SealedSegment, SegmentClass
from domain.ids import RecordId
from domain.segments import (
    Demographics,
    Identifiers,
    Name,
    Notes,
    Part2,
    Practitioners,
    SegmentDoesNotOpen,
)
from projections.engine.copies import read_copies
from projections.engine.events import FiledOwnEvent, FiledStatement
from projections.engine.services import Opener

_T = TypeVar("_T", Demographics, Identifiers, Notes, Part2, Practitioners, dict[str, Any])

_demographics: Final = msgspec.json.Decoder(Demographics)
_identifiers: Final = msgspec.json.Decoder(Identifiers)
_notes: Final = msgspec.json.Decoder(Notes)
_part2: Final = msgspec.json.Decoder(Part2)
_practitioners: Final = msgspec.json.Decoder(Practitioners)
_contents: Final = msgspec.json.Decoder(dict[str, Any])

#: HL7's explicit null: the sender deleted the value.
_DELETED: Final = '""'


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPiece:
    """A sealed segment with the ids that opening it needs."""

    sealed: SealedSegment
    event_id: str
    topic: str


def pieces_of(
    filed: FiledStatement | FiledOwnEvent, wanted: SegmentClass, subject: RecordId | None = None
) -> list[SealedPiece]:
    """Return the segments of one class in an event, about ``subject`` if it is given."""
    return [
        SealedPiece(sealed=sealed, event_id=filed.event_id, topic=filed.topic)
        for sealed in filed.sealed
        if sealed.segment == wanted and subject in (None, sealed.subject)
    ]


def pieces_copied(column: str | None, wanted: SegmentClass) -> list[SealedPiece]:
    """Return the segments of one class that a column of a read model copied."""
    return [
        SealedPiece(sealed=each.segment, event_id=each.event_id, topic=each.topic)
        for each in read_copies(column)
        if each.segment.segment == wanted
    ]


class SegmentOpener:
    """Opens sealed segments and decodes them. A segment that does not open is left out."""

    def __init__(
        self,
        open_segment: Opener,
        warm: Callable[[Iterable[RecordId]], None] = lambda _records: None,
    ) -> None:
        """Take the functions from outside.

        Args:
            open_segment: Opens a sealed segment or raises ``SegmentDoesNotOpen``.
            warm: Fetches the keys of records together, before their segments are opened.
        """
        self._open = open_segment
        self.warm = warm

    def demographics(self, pieces: Iterable[SealedPiece]) -> list[Demographics]:
        """Return the demographics in ``pieces``."""
        return self._all(pieces, _demographics)

    def practitioners(self, pieces: Iterable[SealedPiece]) -> list[Practitioners]:
        """Return the practitioners that the demographics in ``pieces`` name."""
        return self._all(pieces, _practitioners)

    def identifiers(self, pieces: Iterable[SealedPiece]) -> list[Identifiers]:
        """Return the identifiers in ``pieces``."""
        return self._all(pieces, _identifiers)

    def notes(self, pieces: Iterable[SealedPiece]) -> list[Notes]:
        """Return the notes in ``pieces``, which must be of events that are statements."""
        return self._all(pieces, _notes)

    def part2(self, pieces: Iterable[SealedPiece]) -> list[Part2]:
        """Return the part 2 segments in ``pieces``."""
        return self._all(pieces, _part2)

    def contents(self, pieces: Iterable[SealedPiece]) -> list[dict[str, Any]]:
        """Return the contents in ``pieces`` of own events by name, as JSON values."""
        return self._all(pieces, _contents)

    def _all(self, pieces: Iterable[SealedPiece], decoder: "msgspec.json.Decoder[_T]") -> list[_T]:
        made: list[_T] = []
        for piece in pieces:
            try:
                text = self._open(piece.sealed, piece.event_id, piece.topic)
            except SegmentDoesNotOpen:
                continue
            made.append(decoder.decode(text))
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDetails:
    """Name, birth date and sex of a person; empty if not stated or if the key is gone."""

    name: str = ""
    birth_date: str = ""
    sex: str = ""


def person(found: Iterable[Demographics]) -> PersonDetails:
    """Return name, birth date and sex, each from the first of ``found`` that states it."""
    name = birth_date = sex = ""
    for one in found:
        name = name or full_name(one.names)
        birth_date = birth_date or _value(one.birth_date)
        sex = sex or _value(one.sex)
    return PersonDetails(name=name, birth_date=birth_date, sex=sex)


def full_name(names: Iterable[Name]) -> str:
    """Return the legal name, else the first name given, as ``Alder, Rowena M.``."""
    usable = [each for each in names if _value(each.family) or _value(each.given)]
    if not usable:
        return ""
    name = next((each for each in usable if each.type == "L"), usable[0])
    given = " ".join(filter(None, map(_value, (name.given, name.middle))))
    after = ", ".join(filter(None, (given, _value(name.suffix))))
    return ", ".join(filter(None, (_value(name.family), after)))


def _value(text: str) -> str:
    return "" if text == _DELETED else text
