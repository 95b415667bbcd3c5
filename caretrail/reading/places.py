"""The parts of places as they are shown, with sealed parts opened."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from caretrail.reading.opening import SealedPiece, SegmentOpener
from domain.body import SegmentClass
from domain.segments import Part2Place, PlaceText
from domain.statement import Place

#: The characters that are shown of a text that names a place.
_SHOWN: Final = 60

#: Facility and ward of places that look alike without building and floor.
LookAlikes: TypeAlias = frozenset[tuple[str, str]]


class PlaceParts(NamedTuple):
    """The parts of a place without its facility; None: not stated, or it does not open."""

    unit: str | None = None
    room: str | None = None
    bed: str | None = None
    building: str | None = None
    floor: str | None = None
    text: str | None = None  # names the place, if no unit does

    @property
    def ward(self) -> str:
        """The unit, else the text that names the place, as far as there is room for it."""
        if self.unit or not self.text:
            return self.unit or ""
        return self.text if len(self.text) <= _SHOWN else f"{self.text[: _SHOWN - 1]}…"

    @property
    def where(self) -> str:
        """Building and floor, such as ``NORTHWING, floor 4``."""
        return ", ".join(filter(None, (self.building, self.floor and f"floor {self.floor}")))

    def unit_label(self, facility: str, alike: LookAlikes) -> str:
        """Return the ward, with building and floor if it is in ``alike``, or is not stated."""
        if self.ward and self.where and (facility, self.ward) in alike:
            return f"{self.ward} ({self.where})"
        return self.ward or self.where

    def label(self, facility: str = "", alike: LookAlikes = frozenset()) -> str:
        """Return the parts as text, such as ``4W-401-A``.

        Building and floor are added if the ward is in ``alike``, or if nothing else is stated.
        """
        text = place_text(self.ward, self.room, self.bed)
        if text and self.where and (facility, self.ward) in alike:
            return f"{text} ({self.where})"
        return text or self.where


def place_text(unit: str | None, room: str | None, bed: str | None) -> str:
    """Return the stated parts as ``4W-10``; a bed that repeats its room is written once."""
    parts = (unit, room, bed if bed != room else None)
    return "-".join(part for part in parts if part)


def look_alikes(places: Iterable[tuple[str, PlaceParts]]) -> LookAlikes:
    """Return the wards that several buildings or floors of one facility have.

    Args:
        places: Facility and parts of all places that are shown together.
    """
    found = defaultdict[tuple[str, str], set[str]](set)
    for facility, parts in places:
        found[facility, parts.ward].add(parts.where)
    return frozenset(each for each, where in found.items() if len(where) > 1)


def parts_of(place: Place, sealed: Part2Place | PlaceText | None) -> PlaceParts:
    """Return the parts of a place that a statement states; ``sealed`` has its sealed parts."""
    stated = PlaceParts(place.unit, place.room, place.bed, place.building, place.floor)
    return stated if sealed is None else opened(stated, sealed)


def opened(stated: PlaceParts, sealed: Part2Place | PlaceText) -> PlaceParts:
    """Return the parts of a place with its sealed parts."""
    if isinstance(sealed, PlaceText):
        return stated._replace(text=sealed.text)
    return PlaceParts(
        sealed.unit or None,
        sealed.room or None,
        sealed.bed or None,
        sealed.building or None,
        sealed.floor or None,
        sealed.text or None,
    )


def sealed_places(
    pieces: Callable[[SegmentClass], list[SealedPiece]], opening: SegmentOpener
) -> Iterator[Part2Place | PlaceText]:
    """Open the sealed places of an event or a row.

    Args:
        pieces: Returns the sealed segments of one class.
        opening: Opens segments.
    """
    for part2 in opening.part2(pieces("part2")):
        yield from part2.places
    for notes in opening.notes(pieces("notes")):
        yield from notes.places
