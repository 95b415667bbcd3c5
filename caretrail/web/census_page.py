"""The census page: occupied places by facility and unit, and the disagreements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, assert_never
from urllib.parse import urlencode

from caretrail.reading.census import Disagreement, OccupiedPlace
from caretrail.reading.census_page import PLACES, CensusPage, FacilityCount
from caretrail.reading.places import LookAlikes, PlaceParts, place_text
from caretrail.web.render import render
from caretrail.web.words import CLASS_WORDS, Words, age, plural
from domain.ids import EncounterId

_BED: Final = 8  # characters that fit in the column of beds
#: Kind of a disagreement -> its title.
_TITLES: Final[Mapping[str, str]] = {
    "bed_of_two": "One bed, two patients.",
    "patient_in_two": "One patient, two beds.",
    "number_of_two": "One visit number, two patients.",
    "left_open": "Emergency visit left open.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusForm:
    """The filter of the census page, as typed."""

    facility: str = ""
    class_code: str = ""
    place: str = ""
    as_of: str = ""
    known_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusLine:
    """One occupied place."""

    anchor: str
    patient_id: str
    class_code: str
    mode: str
    bed: str
    whole: str  # unit, room and bed in full
    name: str
    about: str
    since: str
    since_iso: str
    duration: str
    alerts: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPanel:
    """One unit of a facility."""

    name: str
    count: int  # of all its places; the page may show some of them
    href: str  # the page of its places; empty: no word of its name is a code
    places: tuple[CensusLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilitySection:
    """One facility."""

    name: str
    count: int
    href: str  # the page of its places
    classes: tuple[tuple[str, int], ...]
    units: tuple[UnitPanel, ...]  # those with places on the page
    counts: tuple[UnitPanel, ...]  # all units, if the page does not show all their places


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementLine:
    """One disagreement in words."""

    head: str
    facility: str
    href: str
    place: str
    text: str


def census_page(
    page: CensusPage,
    *,
    asked: CensusForm,
    now: datetime,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the page of the census."""
    at = page.as_of or now
    lines = _Lines(page, asked, at, words)
    known = f", known at event {page.known.index:,}" if asked.known_at else ""
    tests = f", including {plural(page.tests, 'test record')}" if page.tests else ""
    classes = {code for _, code in page.choices}
    end = page.offset + len(page.occupied)
    return render(
        "census.html",
        **frame,
        words=words,
        asked=asked,
        facilities=sorted({facility for facility, _ in page.choices}),
        classes=[code for code in CLASS_WORDS if code in classes],
        class_words=CLASS_WORDS,
        summary=(
            f"{plural(page.count, 'occupied place')} in "
            f"{plural(len(page.facilities), 'facility', 'facilities')}{tests}, "
            f"{words.moment(at, year=True)}{known}"
        ),
        strip=lines.strip(),
        further=page.further,
        counts_only=page.counts_only,
        groups=lines.facilities(),
        suffix=lines.suffix,
        shown=f"Places {page.offset + 1:,} to {end:,} of {page.count:,}",
        earlier=lines.href(after=max(0, page.offset - PLACES)) if page.offset else "",
        later=lines.href(after=end) if page.occupied and end < page.count else "",
    )


class _Lines:
    """Writes the lines of one page."""

    def __init__(self, page: CensusPage, asked: CensusForm, at: datetime, words: Words) -> None:
        self._page = page
        self._asked = asked
        self._at = at
        self._words = words
        self._alerts = _alerts(page, at, words)
        clocks = {"as_of": asked.as_of, "known_at": asked.known_at}
        given = urlencode({key: value for key, value in clocks.items() if value})
        #: What the address of a page ends with that is read at the same instants.
        self.suffix = f"?{given}" if given else ""

    def href(self, **changed: object) -> str:
        """Return the address of this page with other values."""
        asked = self._asked
        given = {
            "facility": asked.facility,
            "class": asked.class_code,
            "place": asked.place,
            "as_of": asked.as_of,
            "known_at": asked.known_at,
            **changed,
        }
        return f"/ui/census?{urlencode({key: value for key, value in given.items() if value})}"

    def strip(self) -> list[DisagreementLine]:
        """Return the disagreements in words."""
        here = {one.encounter_id for one in self._page.occupied}
        return [self._disagreement(each, here) for each in self._page.to_check]

    def facilities(self) -> list[FacilitySection]:
        """Return the facilities with places on the page, or all with their counts."""
        if self._page.counts_only:
            return [self._facility(each, ()) for each in self._page.facilities]
        counts = {each.facility: each for each in self._page.facilities}
        return [
            self._facility(counts[code], list(found))
            for code, found in groupby(self._page.occupied, key=lambda one: one.facility)
        ]

    def _facility(
        self, counted: FacilityCount, occupied: Sequence[OccupiedPlace]
    ) -> FacilitySection:
        code, alike = counted.facility, self._page.alike
        units = [
            self._unit(counted, name, list(group))
            for name, group in groupby(occupied, key=lambda one: one.parts.unit_label(code, alike))
        ]
        whole = len(occupied) == counted.count
        return FacilitySection(
            name=self._words.facility(code),
            count=counted.count,
            href=self.href(facility=code) if code else "",
            classes=tuple(
                (name, counted.classes[name]) for name in CLASS_WORDS if counted.classes.get(name)
            ),
            units=tuple(units),
            counts=() if whole else tuple(self._unit(counted, name) for name in counted.units),
        )

    def _unit(
        self, counted: FacilityCount, name: str, occupied: Sequence[OccupiedPlace] = ()
    ) -> UnitPanel:
        rooms = len({one.parts.room for one in occupied})
        return UnitPanel(
            name=name or "Unit not stated",
            count=counted.units[name],
            # A label has building and floor in brackets; the filter looks for the codes.
            href=self.href(facility=counted.facility, place=name.partition(" (")[0])
            if name and counted.facility
            else "",
            places=tuple(
                _bed(
                    one,
                    self._alerts.get(one.encounter_id, []),
                    self._at,
                    self._words,
                    rooms=rooms,
                )
                for one in occupied
            ),
        )

    def _disagreement(self, each: Disagreement, here: Collection[EncounterId]) -> DisagreementLine:
        first = each.places[0]
        on_page = first.encounter_id in here
        return DisagreementLine(
            head=_TITLES[each.kind],
            facility=self._words.facility(first.facility),
            href=f"#place-{first.encounter_id}"
            if on_page
            else f"/ui/patients/{first.patient_id}{self.suffix}",
            place=first.parts.label(first.facility, self._page.alike) or "place not stated",
            text=_told(each, self._page.alike, self._at, self._words),
        )


def _bed(
    one: OccupiedPlace, alerts: Sequence[str], at: datetime, words: Words, *, rooms: int
) -> CensusLine:
    person, parts = one.person, one.parts
    years = age(person.birth_date, words.local(at).date())
    notes: list[str] = []
    if not (parts.room or parts.bed):
        notes.append("bed not stated" if parts.ward or parts.where else "place not stated")
    if one.since is None and one.started is None:
        notes.append("start not stated")
    since = one.since or one.started
    precision = (one.since_precision if one.since else one.started_precision) or "second"
    whole = parts.label()
    short = _short(parts) if parts.room or parts.bed else ""
    if rooms > 1 and parts.room and parts.bed and parts.room not in short:
        notes.append(f"room {parts.room}")
    return CensusLine(
        anchor=one.encounter_id,
        patient_id=one.patient_id,
        class_code=one.class_code,
        mode=one.mode,
        bed=short or "–",  # noqa: RUF001  # a dash: nothing stated
        whole=whole,
        name=person.name or "Name not stated",
        about=" ".join(filter(None, (person.sex, str(years) if years is not None else ""))),
        since=words.moment(since, precision) if since else "",
        since_iso=words.machine(since, precision) if since else "",
        duration=words.length(since, at, precision) if since else "",
        alerts=tuple(alerts),
        notes=tuple(notes),
    )


def _short(parts: PlaceParts) -> str:
    """Return the bed as it fits in its column: in full, else without unit, else without room."""
    tries = (
        parts.label(),
        place_text(None, parts.room, parts.bed),
        parts.bed or parts.room or "",
    )
    return next((text for text in tries if len(text) <= _BED), tries[-1])


def _alerts(page: CensusPage, at: datetime, words: Words) -> dict[str, list[str]]:
    alerts: dict[str, list[str]] = {}
    for each in page.disagreements:
        for one in each.places:
            alerts.setdefault(one.encounter_id, []).append(_alert(each, one, at, words))
    return alerts


def _alert(each: Disagreement, one: OccupiedPlace, at: datetime, words: Words) -> str:
    match each.kind:
        case "bed_of_two":
            return f"{len({place.patient_id for place in each.places})} patients in this bed"
        case "patient_in_two":
            return "this patient is in two beds"
        case "number_of_two":
            return "another patient has the same visit number"
        case "left_open":
            open_for = _open_for(one, at, words)
            return f"{open_for}, no discharge received" if open_for else "no discharge received"


def _open_for(one: OccupiedPlace, at: datetime, words: Words) -> str:
    if one.started is None:
        return ""
    return f"open for {words.length(one.started, at, one.started_precision or 'second')}"


def _told(each: Disagreement, alike: LookAlikes, at: datetime, words: Words) -> str:
    """Return who and what disagrees."""
    first = each.places[0]

    def name(one: OccupiedPlace) -> str:
        return one.person.name or "Name not stated"

    def since(one: OccupiedPlace) -> str:
        if one.since is None:
            return ""
        return f" since {words.near(one.since, at, one.since_precision or 'second')}"

    match each.kind:
        case "bed_of_two":
            people = ", ".join(f"{name(one)}{since(one)}" for one in each.places)
            return f"{people}. Both are shown until a message resolves it."
        case "patient_in_two":
            others = ", ".join(
                f"{words.facility(one.facility)} {one.parts.label(one.facility, alike)}{since(one)}"
                for one in each.places[1:]
            )
            return f"{name(first)}{since(first)}, and {others}."
        case "number_of_two":
            people = ", ".join(name(one) for one in each.places)
            return f"{people}. The records are kept apart."
        case "left_open":
            open_for = _open_for(first, at, words)
            heard = first.last_message if first.last_message and first.last_message <= at else None
            last = f", last message {words.moment(heard)}" if heard else ""
            known = ", ".join(filter(None, (name(first), open_for)))
            return f"{known}{last}. It stays open until a discharge is received."
        case _:
            assert_never(each.kind)
