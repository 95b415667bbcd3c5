"""Read places (data type PL) as codes with a ref.

The core has only the ref of a unit under 42 CFR Part 2, and of a place that is known only as text.
Their codes and their text are sealed.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.limits import LONGEST_NAME, shortened
from consumers.hl7v2.plausible_codes import is_place, ref_of
from consumers.hl7v2.reader import Segment, at
from consumers.hl7v2.stated_number import FieldContext
from consumers.hl7v2.text_cache import cached_by_text
from domain.ids import IdKey, PlaceRef
from domain.segments import Part2Place, PlaceText
from domain.statement import Place

#: PL.6, counted from 0: the kind of a place. Its codes (HL7 table 0305) name no place.
_KIND: Final = 5
_KINDS: Final = frozenset("CDHNOPS")
#: The components that may name a place as text, counted from 0, in the order of preference: PL.9
#: (description), PL.10 (comprehensive identifier), PL.11 (assigning authority), PL.6 (kind).
_TEXTS: Final[tuple[int, ...]] = (8, 9, 10, _KIND)
#: The same beside a facility, a building or a floor: PL.11 is then the authority of the place.
_TEXTS_WITHOUT_AUTHORITY: Final[tuple[int, ...]] = (8, 9, _KIND)
_TEXTS_BESIDE_A_BED: Final[tuple[int, ...]] = (8,)
#: Characters of the longest place that is cached.
_LONGEST_CACHED: Final = 100


class _Codes(NamedTuple):
    """The codes of a place without its facility; empty: not stated."""

    unit: str = ""
    room: str = ""
    bed: str = ""
    building: str = ""
    floor: str = ""


def facility_of(pv1: Segment | None, context: FieldContext) -> str:
    """Return the facility of a stay: PV1-3.4, else PV1-39, else MSH-4, by the profile's map."""
    return (
        _facility(at(pv1, 3), context)
        or _mapped(context.delimiters.code(at(pv1, 39)), context)
        or _mapped(context.sender, context)
        or context.namespace
    )


class Places:
    """Reads the places of one PV1, and collects those that must be sealed."""

    def __init__(self, pv1: Segment | None, context: FieldContext, findings: Findings) -> None:
        self._pv1 = pv1
        self._context = context
        self._findings = findings
        self._facility = facility_of(pv1, context)
        self.facility = self._shown(self._facility)
        self.part2: list[Part2Place] = []
        self.texts: list[PlaceText] = []

    def read(self, number: int) -> Place | None:
        """Read a field of PV1 as a place; return None if it names none."""
        text = at(self._pv1, number)
        if not text:
            return None
        field = f"PV1-{number}"
        delimiters = self._context.delimiters
        repetitions = delimiters.repetitions(text)
        if len(repetitions) > 1:
            self._findings.flag(field, "repeated")
        named, codes, described = _parts((repetitions[0],), delimiters)
        if not (any(codes) or named or described):
            if text == NULL:
                self._findings.flag(field, "null")
            return None
        context = self._context
        facility = _mapped(named, context) or self._facility
        if len(named) > LONGEST_NAME:
            self._findings.unreadable(field, text, "too_long")
        elif named and self._shown(facility) != facility:
            self._findings.unreadable(field, text, "text")
        if max(map(len, codes)) > LONGEST_NAME:
            # The ref still tells the place from others. Its codes are text, which is sealed.
            self._findings.unreadable(field, text, "too_long")
            ref = context.id_key.place(facility, *codes)
            return self._as_text(field, ref, "-".join(filter(None, codes)), facility, _Codes())
        if described:
            ref = context.id_key.place_text(facility, described, *codes[1:])
            return self._as_text(field, ref, described, facility, self._kept(codes))
        return self._of_codes(field, text, facility, codes)

    def _of_codes(self, field: str, text: str, facility: str, codes: _Codes) -> Place:
        """Return a place that codes name; seal a hidden unit, and text that may name a person."""
        ref = _ref(self._context.id_key, facility, codes)
        if self._is_part2(codes.unit, facility):
            self.part2.append(Part2Place(field=field, ref=ref, **codes._asdict()))
            return Place(ref=ref, facility=self._shown(facility), part2=True)
        kept = self._kept(codes)
        if kept != codes:
            self._findings.flag(field, "text")
            if kept.unit != codes.unit:
                stated = "-".join(filter(None, codes))
                return self._as_text(field, ref, stated, facility, _Codes())
            self._findings.unreadable(field, text, "text")
        return _place(ref, self._shown(facility), kept)

    def _as_text(self, field: str, ref: PlaceRef, text: str, facility: str, codes: _Codes) -> Place:
        """Return a place that a text names; the sender may state codes too. Seal the text."""
        shown = self._shown(facility)
        if self._is_part2(text, facility):
            sealed = Part2Place(field=field, ref=ref, text=text, **codes._asdict())
            self.part2.append(sealed)
            return Place(ref=ref, facility=shown, part2=True)
        self.texts.append(PlaceText(field=field, ref=ref, text=text))
        return _place(ref, shown, codes, as_text=True)

    def _is_part2(self, unit: str, facility: str) -> bool:
        profile = self._context.profile
        return bool(profile.part2_units) and profile.covers(unit, facility)

    def _kept(self, codes: _Codes) -> _Codes:
        """Return the codes that can be kept in clear.

        A bed without its room would mislead, so it is left out together with its room.
        """
        if all(map(self._is_kept, codes)):
            return codes
        unit, room, bed, building, floor = (each if self._is_kept(each) else "" for each in codes)
        return _Codes(unit, room, bed if room == codes.room else "", building, floor)

    def _is_kept(self, code: str) -> bool:
        """Say whether a code can be kept in clear: it is no text that may name a person."""
        return is_place(code) or self._context.profile.allows_words("PV1-3", code)

    def _shown(self, facility: str) -> str:
        """Return what the core holds of a facility: a ref if it is text that may name a person."""
        context = self._context
        if (
            self._is_kept(facility)
            or facility in context.profile.facility_codes
            or facility in {context.sender, context.namespace}
        ):
            return facility
        return ref_of(facility, context.id_key)


def _place(ref: PlaceRef, facility: str, codes: _Codes, *, as_text: bool = False) -> Place:
    unit, room, bed, building, floor = codes
    return Place(
        ref=ref,
        facility=facility,
        unit=unit or None,
        room=room or None,
        bed=bed or None,
        building=building or None,
        floor=floor or None,
        as_text=as_text,
    )


@lru_cache(maxsize=1_024)
def _ref(id_key: IdKey, facility: str, codes: _Codes) -> PlaceRef:
    return id_key.place(facility, *codes)


@cached_by_text(4_096, longest=_LONGEST_CACHED)  # few hospitals have more beds
def _parts(texts: tuple[str, ...], delimiters: Delimiters) -> tuple[str, _Codes, str]:
    """Return the facility, the codes, and the text that names the place instead of a unit."""
    (repetition,) = texts
    components = delimiters.components(repetition)
    unit, room, bed, facility = _read(components[:4], delimiters)
    if len(components) <= _KIND:
        return facility, _Codes(unit, room, bed), ""
    building, floor, *_ = _read(components[6:8], delimiters)
    text = ""
    if not unit:
        numbers = _TEXTS
        if room or bed:
            numbers = _TEXTS_BESIDE_A_BED
        elif facility or building or floor:
            numbers = _TEXTS_WITHOUT_AUTHORITY
        text = _description(components, delimiters, numbers)
    return facility, _Codes(unit, room, bed, building, floor), text


def _read(components: Sequence[str], delimiters: Delimiters) -> tuple[str, str, str, str]:
    """Return the values of up to four components; an empty text for one that is missing."""
    first, second, third, fourth = (
        *(_first(each, delimiters) for each in components), "", "", "", "",
    )[:4]  # fmt: skip
    return first, second, third, fourth


def _description(
    components: Sequence[str], delimiters: Delimiters, numbers: tuple[int, ...]
) -> str:
    """Return the text that names a place without a unit; empty if there is none.

    PL.9 describes the location. Senders that have no codes for places also use PL.10, PL.11 or
    PL.6. ``numbers`` are the components that may name this place.
    """
    for number in numbers:
        parts = [
            each.strip()
            for component in components[number : number + 1]
            for each in delimiters.subcomponents(component)
        ]
        text = " ".join("&".join(each for each in parts if each and each != NULL).split())
        if text and not (number == _KIND and text in _KINDS):
            return text
    return ""


def _first(component: str, delimiters: Delimiters) -> str:
    """Return the first subcomponent that is not empty, with its escapes resolved."""
    for part in delimiters.subcomponents(component):
        value = part.strip()
        if value and value != NULL:
            return value
    return ""


def _facility(text: str, context: FieldContext) -> str:
    """Return the facility that a place (PL.4) names; empty if it names none."""
    delimiters = context.delimiters
    components = delimiters.components(text.split(delimiters.repetition, 1)[0])
    return _mapped(_first(components[3], delimiters), context) if components[3:4] else ""


def _mapped(facility: str, context: FieldContext) -> str:
    if len(facility) > LONGEST_NAME:
        return shortened(facility, context.id_key)
    return context.profile.facilities.get(facility, facility)
