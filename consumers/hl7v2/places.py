"""Read places (data type PL) as codes with a ref; a unit under 42 CFR Part 2 only as a ref."""

from functools import lru_cache

from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.limits import LONGEST_NAME, shortened
from consumers.hl7v2.numbers import FieldContext
from consumers.hl7v2.reader import Segment, at
from domain.ids import IdKey, PlaceRef
from domain.segments import Part2Place
from domain.statement import Place


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
        self.facility = facility_of(pv1, context)
        self.sealed: list[Part2Place] = []

    def read(self, number: int) -> Place | None:
        """Read a field of PV1 as a place; return None if it names none."""
        text = at(self._pv1, number)
        if not text:
            return None
        field = f"PV1-{number}"
        context = self._context
        delimiters = context.delimiters
        repetitions = delimiters.repetitions(text)
        if len(repetitions) > 1:
            self._findings.flag(field, "repeated")
        codes = [_first(each, delimiters) for each in delimiters.components(repetitions[0])[:4]]
        unit, room, bed, named = (*codes, "", "", "", "")[:4]
        if not (unit or room or bed or named):
            if text == NULL:
                self._findings.flag(field, "null")
            return None
        facility = _mapped(named, context) or self.facility
        if len(named) > LONGEST_NAME:
            self._findings.unreadable(field, text, "too_long")
        if max(len(unit), len(room), len(bed)) > LONGEST_NAME:
            # The ref still tells the place from others. Its codes are text, which is sealed.
            ref = context.id_key.place(facility, unit, room, bed)
            self._findings.unreadable(field, text, "too_long")
            part2 = bool(context.profile.part2_units) and context.profile.covers(unit, facility)
            return Place(ref=ref, facility=facility, part2=part2)
        ref = _ref(context.id_key, facility, unit, room, bed)
        if context.profile.part2_units and context.profile.covers(unit, facility):
            self.sealed.append(Part2Place(field=field, ref=ref, unit=unit, room=room, bed=bed))
            return Place(ref=ref, facility=facility, part2=True)
        return Place(
            ref=ref, facility=facility, unit=unit or None, room=room or None, bed=bed or None
        )


@lru_cache(maxsize=1_024)
def _ref(id_key: IdKey, facility: str, unit: str, room: str, bed: str) -> PlaceRef:
    return id_key.place(facility, unit, room, bed)


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
