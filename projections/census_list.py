"""Count the places of the census, and read those that a page shows or that may disagree.

Codes of part2 units and texts that name places are sealed, so SQL can neither count such a place by
its unit nor compare it with what a user typed. Its row has ``sealed``. These rows are read, and the
reader opens them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.ids import EncounterId, Mode, PatientId
from domain.journey import EMERGENCY_LASTS
from domain.statement import EncounterClass
from projections.census import CENSUS_ROW, CensusRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusFilter:
    """Which places are asked for."""

    facility: str = ""  # empty: all
    class_code: str = ""  # empty: all
    place: str = ""  # part of the place; empty: all
    patients: Sequence[PatientId] | None = None  # None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCount:
    """How many places are occupied that have these codes, this class and this mode."""

    facility: str
    unit: str | None
    building: str | None
    floor: str | None
    class_code: EncounterClass
    mode: Mode
    count: int


#: The whole place as text. What a user typed is looked for in it.
_TEXT: Final[LiteralString] = "(concat_ws('-', unit, room, bed, building, floor) collate \"C\")"
#: Whether the unit of a place is a column, and whether SQL can look for what a user typed: it does
#: not fold the case of text that is not ASCII as the reader does.
_IN_CLEAR: Final[LiteralString] = "sealed is null"
_COMPARABLE: Final[LiteralString] = f"{_TEXT} !~ '[^[:ascii:]]'"


def counted(connection: Connection[Any], wanted: CensusFilter) -> list[PlaceCount]:
    """Return the counts of the places that fit, by facility; those of ``unclear`` are left out."""
    conditions = list(_fitting(wanted))
    conditions.append(_IN_CLEAR)
    if wanted.place:
        conditions += [_COMPARABLE, f"position(%(place)s in lower({_TEXT})) > 0"]
    with connection.cursor(row_factory=class_row(PlaceCount)) as cursor:
        return cursor.execute(
            sql.SQL(
                "select facility, unit, building, floor, class_code, mode, count(*) as count"
                " from proj.census where {} group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6"
            ).format(_all(conditions)),
            _values(wanted),
        ).fetchall()


def unclear(connection: Connection[Any], wanted: CensusFilter) -> list[CensusRow]:
    """Return the rows that may fit, and that ``counted`` leaves out."""
    doubt = f"not ({_IN_CLEAR} and {_COMPARABLE})" if wanted.place else f"not ({_IN_CLEAR})"
    return _rows(connection, [*_fitting(wanted), doubt], _values(wanted))


def rows_of(connection: Connection[Any], wanted: CensusFilter) -> list[CensusRow]:
    """Return the rows that ``counted`` counts, and those of ``unclear``."""
    conditions = list(_fitting(wanted))
    if wanted.place:
        conditions.append(
            f"(position(%(place)s in lower({_TEXT})) > 0 or not ({_IN_CLEAR} and {_COMPARABLE}))"
        )
    return _rows(connection, conditions, _values(wanted))


def choices(connection: Connection[Any]) -> list[tuple[str, EncounterClass]]:
    """Return the pairs of facility and class that the census has."""
    return connection.execute(
        "select distinct facility, class_code from proj.census order by 1, 2"
    ).fetchall()


def patients_in(connection: Connection[Any]) -> list[PatientId]:
    """Return the patients of the census."""
    found = connection.execute("select distinct patient_id from proj.census order by 1").fetchall()
    return [patient for (patient,) in found]


def in_question(
    connection: Connection[Any],
    *,
    at: datetime,
    numbers: Sequence[EncounterId],
    units: Sequence[tuple[str, str]],
    facility: str = "",
) -> list[CensusRow]:
    """Return all rows that may disagree (R9.5), except for beds whose place is sealed.

    It returns more rows than disagree, and all rows with which they must be compared.

    Args:
        connection: The connection of the caller.
        at: The instant by which lengths are judged.
        numbers: Encounters whose visit number two patients have.
        units: Facility and unit of the sealed places, once they are opened.
        facility: If given, only disagreements that concern a place of this facility.
    """
    here, of_patients = (_HERE, _OF_PATIENTS_HERE) if facility else ("true", "")
    return _rows(
        connection,
        [_QUESTIONS.format(here=here, of_patients=of_patients)],
        {
            "begun": at - EMERGENCY_LASTS,
            "numbers": list(numbers),
            "facilities": [facility for facility, _ in units],
            "units": [unit for _, unit in units],
            "facility": facility,
        },
    )


_HERE: Final[LiteralString] = "facility = %(facility)s"
_OF_PATIENTS_HERE: Final[LiteralString] = """
    where patient_id in (select patient_id from proj.census where facility = %(facility)s)
"""
#: Places with the same codes; a patient in several places; an emergency visit that lasts for long;
#: a number of two patients; a unit that also has sealed places.
_QUESTIONS: Final[LiteralString] = """(
    encounter_id in (
        select unnest(array_agg(encounter_id)) from proj.census
        where bed is not null and {here}
        group by mode, facility, unit, room, bed having count(*) > 1
    )
    or patient_id in (
        select patient_id from proj.census {of_patients} group by 1 having count(*) > 1
    )
    or class_code = 'EMER' and started_at < %(begun)s and {here}
    or encounter_id = any(%(numbers)s)
    or (facility, unit) in (select * from unnest(%(facilities)s::text[], %(units)s::text[]))
)"""


def sealed_rows(connection: Connection[Any], facility: str = "") -> list[CensusRow]:
    """Return the rows whose place is sealed, of one facility or of all."""
    wanted = CensusFilter(facility=facility)
    return _rows(connection, [*_fitting(wanted), f"not ({_IN_CLEAR})"], _values(wanted))


def _fitting(wanted: CensusFilter) -> Iterator[LiteralString]:
    """Yield the conditions that an index can answer: a value that is not given gives none."""
    if wanted.facility:
        yield "facility = %(facility)s"
    if wanted.class_code:
        yield "class_code = %(class_code)s"
    if wanted.patients is not None:
        yield "patient_id = any(%(patients)s)"
    yield "true"


def _values(wanted: CensusFilter) -> dict[str, object]:
    return {
        "facility": wanted.facility,
        "class_code": wanted.class_code,
        "place": wanted.place.casefold(),
        "patients": None if wanted.patients is None else list(wanted.patients),
    }


def _rows(
    connection: Connection[Any], conditions: Sequence[LiteralString], values: dict[str, object]
) -> list[CensusRow]:
    with connection.cursor(row_factory=class_row(CensusRow)) as cursor:
        return cursor.execute(
            sql.SQL("select {} from proj.census where {}").format(
                sql.SQL(CENSUS_ROW), _all(conditions)
            ),
            values,
        ).fetchall()


def _all(conditions: Sequence[LiteralString]) -> sql.Composed:
    return sql.SQL(" and ").join(map(sql.SQL, conditions))
