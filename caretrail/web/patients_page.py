"""The list of patients, with its search."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.listing import PatientList, PatientSearch, PatientSummary
from caretrail.reading.patient import PatientNumber
from caretrail.web.render import render
from caretrail.web.words import SEX_WORDS, Words, age, birth_date

#: Topic without its version -> what is said of it.
_LAST: Final[Mapping[str, str]] = {
    "encounter.admitted": "Admitted",
    "encounter.transferred": "Transferred",
    "encounter.discharged": "Discharged",
    "encounter.registered": "Registered",
    "encounter.pre_admitted": "Planned",
    "encounter.class_changed": "Class changed",
    "encounter.updated": "Updated",
    "encounter.admitted_cancelled": "Admission cancelled",
    "encounter.transferred_cancelled": "Transfer cancelled",
    "encounter.discharged_cancelled": "Discharge cancelled",
    "patient.registered": "PersonDetails registered",
    "patient.demographics_updated": "PersonDetails updated",
    "patient.identifiers_merged": "Identifiers merged",
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
    last: str
    last_facility: str
    last_at: str


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
    """Return the page; ``after``: what the address of its next page carries of a search."""
    return render(
        "patients.html",
        **frame,
        words=words,
        page=page,
        rows=[_row(listed, now, words) for listed in page.listed],
        query=query,
        first_page=first_page,
        after=after,
        notice=notice,
    )


def _row(listed: PatientSummary, now: datetime, words: Words) -> PatientLine:
    person = listed.person
    years = age(person.birth_date, words.local(now).date())
    about = (
        birth_date(person.birth_date) or "birth date not stated",
        str(years) if years is not None else "",
        SEX_WORDS.get(person.sex, person.sex),
    )
    last = _LAST.get(listed.last_kind, listed.last_kind.rpartition(".")[2].replace("_", " "))
    return PatientLine(
        id=listed.patient_id,
        name=person.name or "Name not stated",
        about=", ".join(filter(None, about)),
        mode=listed.mode,
        numbers=listed.numbers,
        open_class=listed.open_class or "",
        open_where=" ".join(filter(None, (listed.open_facility, listed.open_place))),
        open_since=words.near(listed.open_since, now) if listed.open_since else "",
        last=last.capitalize() if last else "",
        last_facility=listed.last_facility,
        last_at=words.near(listed.last_at, now) if listed.last_at else "at a time not stated",
    )
