"""The list of patients, with a search."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.listing import PatientList, PatientSearch, PatientSummary
from caretrail.reading.patient import PatientNumber
from caretrail.reading.places import LookAlikes, look_alikes
from caretrail.web.render import render
from caretrail.web.words import SEX_WORDS, Words, age, birth_date
from domain.triggers import TRIGGERS
from projections.patients import COUNTED

#: Topic of an event, without its version -> its words.
_LAST: Final[Mapping[str, str]] = {
    row.topic.rpartition(".v")[0]: row.head for row in TRIGGERS.values()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLine:
    """One patient as the list shows it."""

    id: str
    name: str
    about: str
    mode: str
    numbers: tuple[PatientNumber, ...]
    open_class: str
    open_where: str
    open_since: str
    open_since_iso: str
    last: str
    last_facility: str
    last_at: str  # empty: time not stated
    last_at_iso: str


def patients_page(
    page: PatientList,
    *,
    query: PatientSearch | None,
    first_page: bool,
    now: datetime,
    words: Words,
    frame: Mapping[str, object],
    after: str = "",
    notice: str = "",
) -> str:
    """Return the page; ``after`` is put before the cursor in the address of the next page."""
    alike = look_alikes((each.open_facility, each.open_place) for each in page.listed)
    return render(
        "patients.html",
        **frame,
        words=words,
        page=page,
        counted=counted(page),
        rows=[_row(listed, alike, now, words) for listed in page.listed],
        query=query,
        first_page=first_page,
        after=after,
        notice=notice,
    )


def counted(page: PatientList) -> str:
    """Return how many patients and source records there are, in words."""
    if page.people > COUNTED:
        return f"more than {COUNTED:,} patients"
    people = "patient" if page.people == 1 else "patients"
    records = "record" if page.records == 1 else "records"
    return f"{page.people:,} {people} from {page.records:,} source {records}"


def person_words(listed: PatientSummary, now: datetime, words: Words) -> tuple[str, str]:
    """Return the name of a patient, and birth date, age, sex and death in words."""
    person = listed.person
    died = death_words(listed, now, words)
    until = listed.died_at if died and listed.died_at else now
    years = age(person.birth_date, words.local(until).date())
    about = (
        birth_date(person.birth_date) or "birth date not stated",
        str(years) if years is not None else "",
        SEX_WORDS.get(person.sex, person.sex),
        died,
    )
    return person.name or "Name not stated", ", ".join(filter(None, about))


def death_words(listed: PatientSummary, now: datetime, words: Words) -> str:
    """Return when a patient died; empty: no death up to now is known."""
    if listed.died_at is None or listed.died_at > now:
        return ""
    return f"died {words.near(listed.died_at, now, listed.died_precision or 'second')}"


def _row(listed: PatientSummary, alike: LookAlikes, now: datetime, words: Words) -> PatientLine:
    facility = listed.open_facility
    name, about = person_words(listed, now, words)
    since = listed.open_since_precision or "second"
    happened = listed.last_precision or "second"
    last = _LAST.get(listed.last_kind, listed.last_kind)
    return PatientLine(
        id=listed.patient_id,
        name=name,
        about=about,
        mode=listed.mode,
        numbers=listed.numbers,
        open_class=listed.open_class or "",
        open_where=" ".join(filter(None, (facility, listed.open_place.label(facility, alike)))),
        open_since=words.near(listed.open_since, now, since) if listed.open_since else "",
        open_since_iso=words.machine(listed.open_since, since) if listed.open_since else "",
        last=last,
        last_facility=listed.last_facility,
        last_at=words.near(listed.last_at, now, happened) if listed.last_at else "",
        last_at_iso=words.machine(listed.last_at, happened) if listed.last_at else "",
    )
