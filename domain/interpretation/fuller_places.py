"""Places that a sender does not always state in full (R8.12).

Some senders state the building (PL.7) and the floor (PL.8) of a bed in some messages only, often
not in PV1-6. The bed is the same, so all rules see the fuller place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from domain.ids import PlaceRef, StatementRef
from domain.interpretation.changed_statements import ChangedStatements
from domain.interpretation.order import OrderedStatement, in_sent_order
from domain.interpretation.whose import Person, people
from domain.statement import Place, Statement

#: Facility, unit, room, bed, building and floor.
_Parts: TypeAlias = tuple[str | None, ...]


class FullerStatements:
    """Gives statements their fuller places again and again, while statements arrive."""

    __slots__ = ("_changed",)

    def __init__(self) -> None:
        self._changed = ChangedStatements()

    def of(self, persons: Iterable[Person]) -> dict[StatementRef, Statement]:
        """Return the statements that have a fuller place, by ref. Most patients have none."""
        self._changed.begin()
        found: dict[StatementRef, Statement] = {}
        for person in persons:
            fuller = _fuller_places(person.statements)
            if not fuller:
                continue
            for each in person.statements:
                given = each.statement
                place, prior = _fullest(given.place, fuller), _fullest(given.prior_place, fuller)
                if place is not given.place or prior is not given.prior_place:
                    found[given.ref] = self._changed.changed(given, place=place, prior_place=prior)
        return found


def _fullest(place: Place | None, fuller: Mapping[PlaceRef, Place]) -> Place | None:
    return None if place is None else fuller.get(place.ref, place)


def state_building_or_floor(statements: Iterable[OrderedStatement]) -> bool:
    """Tell whether a place of these statements states a building or a floor. Most senders do not.

    Without such a place, no place has a fuller one.
    """
    for each in statements:
        statement = each.statement
        if (place := statement.place) is not None and (place.building or place.floor):
            return True
        if (prior := statement.prior_place) is not None and (prior.building or prior.floor):
            return True
    return False


def with_fuller_places(statements: Iterable[Statement]) -> list[Statement]:
    """Return statements with their fuller places, in sent order. Equal refs are one statement."""
    ordered = in_sent_order(statements)
    return replaced(ordered, FullerStatements().of(people(ordered)))


def replaced(
    ordered: Iterable[OrderedStatement], fuller: dict[StatementRef, Statement]
) -> list[Statement]:
    """Return the statements of ``ordered``, and for some of them those of ``fuller``."""
    return [fuller.get(each.statement.ref, each.statement) for each in ordered]


def _fuller_places(statements: Iterable[OrderedStatement]) -> dict[PlaceRef, Place]:
    """Return the fuller place of each place of a patient that has one, by ref (R8.12).

    Example: MED-12-A, and MED-12-A in NORTHWING, floor 4. If the patient was in MED-12-A in
    SOUTHWING too, MED-12-A alone may be either bed, so it has no fuller place.

    The work grows with the number of places, also if a sender states many buildings for one bed.
    """
    places = _places_of(statements)
    full = [place for place in places if place.building and place.floor]
    if len(full) == len(places):
        return {}
    fitting: dict[_Parts, list[Place]] = defaultdict(list)  # by the parts of a less full place
    for place in full:
        for building, floor in ((place.building, None), (None, place.floor), (None, None)):
            fitting[_parts(place, building, floor)].append(place)
    for place in places:  # a building alone, or a floor alone, counts if it has no fuller place
        half = (place.building is None) != (place.floor is None)
        if half and _parts(place, place.building, place.floor) not in fitting:
            fitting[_parts(place, None, None)].append(place)
    found: dict[PlaceRef, Place] = {}
    for place in places:
        fits = fitting.get(_parts(place, place.building, place.floor), [])
        if len(fits) == 1:
            found[place.ref] = fits[0]
    return found


def _places_of(statements: Iterable[OrderedStatement]) -> list[Place]:
    """Return the places with a unit, each once.

    A place that is hidden (42 CFR Part 2), or that a text names, has none.
    """
    stated: dict[PlaceRef, Place] = {}
    for each in statements:
        statement = each.statement
        if (place := statement.place) is not None:
            stated[place.ref] = place
        if (prior := statement.prior_place) is not None:
            stated[prior.ref] = prior
    return [place for place in stated.values() if place.unit]


def _parts(place: Place, building: str | None, floor: str | None) -> _Parts:
    return place.facility, place.unit, place.room, place.bed, building, floor
