"""The list of patients, with its search."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.listing import Listed, Page, Query
from caretrail.reading.patient import Number
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
    "patient.registered": "Person registered",
    "patient.demographics_updated": "Person updated",
    "patient.identifiers_merged": "Identifiers merged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One patient as the list shows it."""

    id: str
    name: str
    about: str
    mode: str
    numbers: tuple[Number, ...]
    open_class: str
    open_where: str
    open_since: str
    last: str
    last_facility: str
    last_at: str


def patients_page(
    page: Page,
    *,
    query: Query | None,
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


def _row(listed: Listed, now: datetime, words: Words) -> Row:
    person = listed.person
    years = age(person.birth_date, words.local(now).date())
    about = (
        birth_date(person.birth_date) or "birth date not stated",
        str(years) if years is not None else "",
        SEX_WORDS.get(person.sex, person.sex),
    )
    last = _LAST.get(listed.last_kind, listed.last_kind.rpartition(".")[2].replace("_", " "))
    return Row(
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
