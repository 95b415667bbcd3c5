"""The list of patients at other instants than now.

The list of now is in the order of the latest events, which a read model keeps. At other instants
the patients are made again from their statements, a page at a time. So they come in an order that
no event changes: that of the components, and of the patient ids in each.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from caretrail.reading.listing import PatientList, PatientSummary
from caretrail.reading.past_rows import PastRows
from caretrail.reading.patient import PatientReading, interpreted, reading_of
from caretrail.reading.patient_index import Database
from caretrail.reading.reader import Reader
from domain.events import UUID_TEXT
from domain.ids import PatientId
from projections.engine.readings import latest_readings
from projections.engine.substrate import filed_by_component

_AT_ONCE: Final = 500  # components
_UUID: Final = re.compile(UUID_TEXT)


class PatientPlace(NamedTuple):
    """A place in the order of the list."""

    component: str
    patient_id: str


#: Before all patients.
FIRST: Final = PatientPlace("", "")


def patients_then(
    reader: Reader,
    *,
    as_of: datetime | None = None,
    known_at: int | datetime | None = None,
    after: PatientPlace = FIRST,
    limit: int,
) -> PatientList:
    """Return a page of the patients that were known, and had a history, at two instants.

    Args:
        reader: The reader.
        as_of: Patients whose history had not begun by then are left out; None: now.
        known_at: An index or an instant; only events recorded up to it count. None: all count.
        after: The place after which the page begins.
        limit: The largest number of patients.
    """
    with reader.past(as_of=as_of, known_at=known_at) as then:
        found: list[PatientSummary] = []
        last = after
        for place, reading in _after(reader, then, after, limit):
            if len(found) == limit:
                return PatientList(listed=tuple(found), older=_written(last))
            found.append(summary_then(reading))
            last = place
    return PatientList(listed=tuple(found))


def every_patient_then(
    reader: Reader, *, as_of: datetime | None = None, known_at: int | datetime | None = None
) -> Iterator[PatientSummary]:
    """Yield the patients of all pages: see ``patients_then``."""
    with reader.past(as_of=as_of, known_at=known_at) as then:
        for _, reading in _after(reader, then, FIRST, _AT_ONCE):
            yield summary_then(reading)


def summary_then(reading: PatientReading) -> PatientSummary:
    """Return a patient as the list of patients shows it, with the numbers that were known."""
    numbers = sorted(reading.numbers, key=lambda one: (not one.trusted, one.authority, one.value))
    return PatientSummary(
        patient_id=PatientId(reading.patient.patient_id),
        mode=reading.patient.mode,
        person=reading.person,
        numbers=tuple(numbers),
    )


def read_place(cursor: str) -> PatientPlace | None:
    """Return the place in a cursor; None if it is not a cursor of this list."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        return None
    component, _, patient_id = text.partition(" ")
    if not (_UUID.fullmatch(component) and _UUID.fullmatch(patient_id)):
        return None
    return PatientPlace(component, patient_id)


def _written(place: PatientPlace) -> str:
    return urlsafe_b64encode(" ".join(place).encode()).decode().rstrip("=")


def _after(
    reader: Reader, then: PastRows, after: PatientPlace, width: int
) -> Iterator[tuple[PatientPlace, PatientReading]]:
    """Yield the patients after a place, in order; ``width`` components are read at once."""
    component, inclusive = after.component, True
    while some := _components(then, component, inclusive=inclusive, limit=width + 1):
        for each, rows in filed_by_component(
            then.connection, "proj", some, upto=then.clocks.known
        ).items():
            filed = latest_readings([row.decoded() for row in rows])
            patients = interpreted(filed, then.clocks.as_of)
            for patient in sorted(patients, key=lambda one: one.patient_id):
                place = PatientPlace(each, patient.patient_id)
                if place > after and (then.clocks.as_of is None or patient.entries):
                    yield (
                        place,
                        reading_of(patient, filed, reader.opening, then.clocks.as_of, then.known),
                    )
        component, inclusive = some[-1], False


def _components(then: PastRows, component: str, *, inclusive: bool, limit: int) -> list[str]:
    """Return components from one on, in order, if one of their statements counts."""
    connection: Database = then.connection
    rows = connection.execute(
        """
        select distinct c.component from proj.component as c
        where (c.component > %(component)s or (%(inclusive)s and c.component = %(component)s))
            and exists (
                select from proj.statement as s
                where s.record_id = c.node
                    and (%(known)s::bigint is null or s.source_position <= %(known)s)
                    and (%(as_of)s::timestamptz is null or s.earliest_at is null
                        or s.earliest_at <= %(as_of)s)
            )
        order by 1 limit %(limit)s
        """,
        {
            "component": component,
            "inclusive": inclusive,
            "known": then.clocks.known,
            "as_of": then.clocks.as_of,
            "limit": limit,
        },
    ).fetchall()
    return [found for (found,) in rows]
