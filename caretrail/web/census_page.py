"""The census page: occupied places by facility and unit, and the disagreements."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, assert_never
from urllib.parse import urlencode

from caretrail.reading.census import CensusReading, Disagreement, OccupiedPlace
from caretrail.reading.places import LookAlikes, PlaceParts, look_alikes, place_text
from caretrail.web.render import render
from caretrail.web.words import CLASS_WORDS, Words, age, plural

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
    places: tuple[CensusLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilitySection:
    """One facility."""

    name: str
    count: int
    classes: tuple[tuple[str, int], ...]
    units: tuple[UnitPanel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementLine:
    """One disagreement in words."""

    head: str
    facility: str
    anchor: str
    place: str
    text: str


def census_page(
    reading: CensusReading,
    *,
    facilities: Sequence[str],
    classes: Collection[str],
    asked: CensusForm,
    now: datetime,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the page; the form offers ``facilities`` and ``classes``."""
    at = reading.as_of or now
    alerts = _alerts(reading, at, words)
    alike = look_alikes((one.facility, one.parts) for one in reading.occupied)
    groups = [
        _facility(code, list(found), alerts, alike, at, words)
        for code, found in groupby(reading.occupied, key=lambda o: o.facility)
    ]
    clocks = {"as_of": asked.as_of, "known_at": asked.known_at}
    given = urlencode({key: value for key, value in clocks.items() if value})
    known = f", known at event {reading.known.index:,}" if asked.known_at else ""
    tested = sum(one.mode != "P" for one in reading.occupied)
    tests = f", including {plural(tested, 'test record')}" if tested else ""
    return render(
        "census.html",
        **frame,
        words=words,
        asked=asked,
        facilities=facilities,
        classes=[code for code in CLASS_WORDS if code in classes],
        class_words=CLASS_WORDS,
        summary=(
            f"{plural(len(reading.occupied), 'occupied place')} in "
            f"{plural(len(groups), 'facility', 'facilities')}{tests}, "
            f"{words.moment(at, year=True)}{known}"
        ),
        strip=[_strip(each, alike, at, words) for each in reading.disagreements],
        groups=groups,
        suffix=f"?{given}" if given else "",
    )


def _facility(
    code: str,
    occupied: Sequence[OccupiedPlace],
    alerts: Mapping[str, list[str]],
    alike: LookAlikes,
    at: datetime,
    words: Words,
) -> FacilitySection:
    classes = Counter(one.class_code for one in occupied)
    units = [
        UnitPanel(
            name=name,
            places=tuple(
                _bed(one, alerts.get(one.encounter_id, []), at, words, rooms=_rooms(found))
                for one in found
            ),
        )
        for name, found in (
            (name, list(group))
            for name, group in groupby(occupied, key=lambda one: _unit(one, alike))
        )
    ]
    return FacilitySection(
        name=words.facility(code),
        count=len(occupied),
        classes=tuple((name, classes[name]) for name in CLASS_WORDS if classes[name]),
        units=tuple(units),
    )


def _unit(one: OccupiedPlace, alike: LookAlikes) -> str:
    """Return the name of a unit, with building and floor if units look alike without them."""
    return one.parts.unit_label(one.facility, alike) or "Unit not stated"


def _rooms(occupied: Sequence[OccupiedPlace]) -> int:
    return len({one.parts.room for one in occupied})


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


def _alerts(reading: CensusReading, at: datetime, words: Words) -> dict[str, list[str]]:
    alerts: dict[str, list[str]] = {}
    for each in reading.disagreements:
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


def _strip(each: Disagreement, alike: LookAlikes, at: datetime, words: Words) -> DisagreementLine:
    first = each.places[0]
    where = first.parts.label(first.facility, alike) or "place not stated"

    def name(one: OccupiedPlace) -> str:
        return one.person.name or "Name not stated"

    def since(one: OccupiedPlace) -> str:
        if one.since is None:
            return ""
        return f" since {words.near(one.since, at, one.since_precision or 'second')}"

    match each.kind:
        case "bed_of_two":
            people = ", ".join(f"{name(one)}{since(one)}" for one in each.places)
            text = f"{people}. Both are shown until a message resolves it."
        case "patient_in_two":
            others = ", ".join(
                f"{words.facility(one.facility)} {one.parts.label(one.facility, alike)}{since(one)}"
                for one in each.places[1:]
            )
            text = f"{name(first)}{since(first)}, and {others}."
        case "number_of_two":
            people = ", ".join(name(one) for one in each.places)
            text = f"{people}. The records are kept apart."
        case "left_open":
            open_for = _open_for(first, at, words)
            heard = first.last_message if first.last_message and first.last_message <= at else None
            last = f", last message {words.moment(heard)}" if heard else ""
            known = ", ".join(filter(None, (name(first), open_for)))
            text = f"{known}{last}. It stays open until a discharge is received."
        case _:
            assert_never(each.kind)
    return DisagreementLine(
        head=_TITLES[each.kind],
        facility=words.facility(first.facility),
        anchor=first.encounter_id,
        place=where,
        text=text,
    )
