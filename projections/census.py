"""Which patients are where now, and where the statements disagree.

``domain.interpretation.in_census`` decides which encounters count. The place is null if no
statement says where the patient is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString, TypeVar

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.continuity import Encounter, Patient, Stay
from domain.ids import EncounterId, PatientId
from domain.interpretation import in_census
from domain.statement import EncounterClass, Precision
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT, SEALED
from projections.engine.component import Component, arrival
from projections.engine.copies import place_copies, write_copies
from projections.engine.projection import ByComponent, Projection
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, QueryView, TableView
from projections.timeline import CLASS_SYSTEM, ENCOUNTER
from projections.timeline_rows import place_columns, precision_of

Occupant = TypeVar("Occupant")

CENSUS: Final = Table(
    "census",
    "One row per encounter in progress that has a bed, or needs one.",
    (
        Column("encounter_id", "text", "Encounter, care.encounter.", required=True),
        PATIENT,
        Column("record_id", "text", "Source record of its first statement.", required=True),
        MODE,
        Column("namespace", "text", "Namespace of its visit number.", required=True),
        Column("facility", "text", "Facility of the place; else of the encounter.", required=True),
        Column("unit", "text", "Unit (point of care), as sent; null: not stated, or part2."),
        Column("room", "text", "Room, as sent; null: not stated, or part2."),
        Column("bed", "text", "Bed, as sent; null: not stated, or part2."),
        Column("building", "text", "Building, as sent; null: not stated, or part2."),
        Column("floor", "text", "Floor, as sent; null: not stated, or part2."),
        Column("place_ref", "text", "Keyed hash of the place; null: not stated."),
        Column("is_part2", "boolean", "42 CFR Part 2 covers the unit.", required=True),
        Column("class_code", "text", "Class, HL7 v3 ActCode.", required=True),
        Column("since_at", "timestamptz", "In that place since; null: not known."),
        Column(
            "since_precision",
            "text",
            "How precisely since_at is stated: year, month, day, hour, minute or second; null: not"
            " known.",
        ),
        Column("started_at", "timestamptz", "Start of the encounter; null: not known."),
        Column("started_precision", "text", "How precisely it is stated; null: not known."),
        Column("visit_ref", "text", "Keyed hash of the visit number; null: none was stated."),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
        SEALED,
    ),
    key=("encounter_id",),
    indexes=(("component",), ("patient_id",), ("facility", "unit", "room", "bed"), ("place_ref",)),
)


def open_places(patient: Patient) -> Iterator[tuple[Encounter, Stay | None]]:
    """Yield the encounters of a patient that the census counts, each with its open stay."""
    for encounter in patient.encounters:
        if in_census(encounter):
            yield (
                encounter,
                next(
                    (
                        stay
                        for stay in reversed(encounter.stays)
                        if not stay.cancelled and stay.end is None
                    ),
                    None,
                ),
            )


def rows(interpreted: Component, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    return {
        "census": [
            _row(interpreted, patient, encounter, here)
            for patient in interpreted.patients
            for encounter, here in open_places(patient)
        ]
    }


def _row(interpreted: Component, patient: Patient, encounter: Encounter, here: Stay | None) -> Row:
    known = arrival([interpreted.filed[ref] for ref in encounter.statements])
    place = None if here is None else here.place
    since = encounter.start if here is None else here.start
    facility, *parts = place_columns(place)
    return (
        encounter.encounter_id,
        patient.patient_id,
        encounter.record,
        encounter.mode,
        encounter.namespace,
        facility or encounter.facility,
        *parts,
        None if place is None else place.ref,
        place is not None and place.part2,
        encounter.class_code,
        since,
        precision_of(since, encounter.start_precision if here is None else here.start_precision),
        encounter.start,
        precision_of(encounter.start, encounter.start_precision),
        encounter.visit,
        encounter.flags if here is None else tuple(dict.fromkeys((*encounter.flags, *here.flags))),
        known.source_position,
        known.first_known_at,
        known.last_changed_at,
        interpreted.component,
        None
        if here is None
        else write_copies(
            place_copies(place, interpreted.filed, (here.statement,), encounter.statements)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A kind of disagreement between encounters (R9.5).

    Encounters disagree if they are equal in all columns of ``same`` and differ in ``differs``. Test
    and production records are kept apart by ``mode``; the id of a patient is of one mode. Beds are
    compared by ``bed_ref``: see ``_IN_BEDS``.
    """

    kind: Literal["bed_of_two", "patient_in_two", "number_of_two"]
    same: tuple[LiteralString, ...]
    differs: LiteralString

    def found(
        self, places: Iterable[Occupant], value: Callable[[Occupant, str], object]
    ) -> list[tuple[Occupant, ...]]:
        """Return each group of places that disagree.

        Args:
            places: The places.
            value: Returns the value that a place has in a column.
        """
        groups: dict[tuple[object, ...], list[Occupant]] = {}
        for one in places:
            groups.setdefault(tuple(value(one, name) for name in self.same), []).append(one)
        return [
            tuple(group)
            for group in groups.values()
            if len({value(one, self.differs) for one in group}) > 1
        ]

    def query(
        self, source: LiteralString, *, shared: LiteralString, since: LiteralString
    ) -> LiteralString:
        """Return the query over ``source``. ``shared`` is the column with what both share."""
        return f"""
            select '{self.kind}' as kind, mode, facility, {shared} as shared_ref, encounter_id,
                patient_id, {since} as since_at
            from (
                select *, min({self.differs}) over same <> max({self.differs}) over same as clashes
                from {source}
                window same as (partition by {", ".join(self.same)})
            ) as {self.kind}
            where clashes
        """  # noqa: S608  # literals of this module


#: Of places whose bed is stated. In the view, beds of part2 units are left out: they have no codes.
BED_OF_TWO: Final = Clash(kind="bed_of_two", same=("mode", "bed_ref"), differs="patient_id")
PATIENT_IN_TWO: Final = Clash(kind="patient_in_two", same=("patient_id",), differs="bed_ref")
#: Of encounters that are not cancelled.
NUMBER_OF_TWO: Final = Clash(
    kind="number_of_two", same=("mode", "namespace", "visit_ref"), differs="patient_id"
)

#: The places whose bed is stated. A sender may leave building or floor out in some messages. So
#: ``bed_ref`` is the ref of the one place of the census that agrees in all parts which this place
#: states, and states building or floor beside them. If there is none or several, it is the ref of
#: the place itself.
_IN_BEDS: Final = """(
    select c.*, case when c.building is null or c.floor is null then coalesce((
            select min(f.place_ref) from proj.census as f
            where f.mode = c.mode and f.facility = c.facility and f.unit = c.unit
                and f.room is not distinct from c.room and f.bed = c.bed
                and coalesce(f.building, f.floor) is not null and f.place_ref <> c.place_ref
                and (c.building is null or f.building = c.building)
                and (c.floor is null or f.floor = c.floor)
            having count(distinct f.place_ref) = 1
        ), c.place_ref) else c.place_ref end as bed_ref
    from proj.census as c where c.bed is not null
) as in_beds"""

#: Encounters of several components can disagree, so the view is a query.
_CLASH: Final = " union all ".join(
    (
        BED_OF_TWO.query(_IN_BEDS, shared="bed_ref", since="since_at"),
        PATIENT_IN_TWO.query(_IN_BEDS, shared="patient_id", since="since_at"),
        NUMBER_OF_TWO.query(
            "proj.encounter where visit_ref is not null and not is_cancelled",
            shared="visit_ref",
            since="started_at",
        ),
    )
)

_CLASH_COLUMNS: Final = {
    "kind": "What disagrees: bed_of_two, patient_in_two or number_of_two.",
    "mode": "Processing mode, HL7 table 0103; here always P.",
    "facility": "Facility of the encounter.",
    "shared_ref": "What both share: ref of the place, patient id, or ref of the visit number.",
    "encounter_id": "One of the encounters that disagree, care.encounter.",
    "patient_id": "Its patient.",
    "since_at": "In that place since, or start of the encounter; null: not known.",
}

PROJECTION: Final = Projection(
    name="census",
    version=9,
    tables=(CENSUS,),
    fold=ByComponent(rows=rows),
    views=(
        TableView("census", CENSUS, PRODUCTION, (CLASS_SYSTEM,)),
        QueryView(
            name="clash",
            query=_CLASH,
            tables=(CENSUS, ENCOUNTER),
            comment="One row per encounter that disagrees with another one, with what both share.",
            columns=_CLASH_COLUMNS,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusRow:
    """One row of ``proj.census``."""

    encounter_id: EncounterId
    patient_id: PatientId
    mode: str
    facility: str
    unit: str | None
    room: str | None
    bed: str | None
    building: str | None
    floor: str | None
    place_ref: str | None
    is_part2: bool
    class_code: EncounterClass
    since_at: datetime | None
    started_at: datetime | None
    since_precision: Precision | None
    started_precision: Precision | None
    visit_ref: str | None
    flags: list[str]
    last_changed_at: datetime
    sealed: str | None


#: The columns of ``CensusRow``.
CENSUS_ROW: Final = (
    "encounter_id, patient_id, mode, facility, unit, room, bed, building, floor, place_ref,"
    " is_part2, class_code, since_at, started_at, since_precision, started_precision, visit_ref,"
    " flags, last_changed_at, sealed"
)


def open_now(connection: Connection[Any], *, facility: str | None = None) -> list[CensusRow]:
    """Return the rows of the census, in order of their places."""
    with connection.cursor(row_factory=class_row(CensusRow)) as cursor:
        return cursor.execute(
            sql.SQL("""
            select {} from proj.census
            where %(facility)s::text is null or facility = %(facility)s
            order by facility, unit, room, bed, encounter_id
            """).format(sql.SQL(CENSUS_ROW)),
            {"facility": facility},
        ).fetchall()


def components_before(
    connection: Connection[Any], *, at: datetime | None, upto: int | None
) -> list[str]:
    """Return the components that may have a patient in the census of an earlier time.

    A component is left out if no statement had happened by ``at``, or none was recorded by
    ``upto``. It is also left out if three things are true: all its times are before ``at``, no
    statement was recorded after ``upto``, and no patient of it is in the census now.

    Args:
        connection: The connection of the caller.
        at: The time of the census; None: now.
        upto: The index up to which statements are known; None: all.
    """
    rows = connection.execute(
        """
        select c.component
        from proj.component as c
        join proj.statement as s on s.record_id = c.node
        group by c.component
        having bool_or(
                (%(at)s::timestamptz is null or s.earliest_at is null or s.earliest_at <= %(at)s)
                and (%(upto)s::bigint is null or s.source_position <= %(upto)s)
            )
            and (
                max(s.source_position) > %(upto)s
                or bool_or(s.latest_at is null or s.latest_at >= %(at)s)
                or exists (select from proj.census as p where p.component = c.component)
            )
        order by 1
        """,
        {"at": at, "upto": upto},
    ).fetchall()
    return [name for (name,) in rows]


def visit_numbers_of_two(
    connection: Connection[Any], *, facility: str | None = None
) -> list[tuple[str, EncounterId]]:
    """Return (visit ref, encounter) of encounters in the census whose number two patients have.

    The other encounter need not be in the census. ``care.clash`` lists both. Only the numbers in
    the census are compared, so the cost does not grow with the number of past encounters.

    Args:
        connection: The connection of the caller.
        facility: If given, only the numbers of the encounters in this facility.
    """
    of_facility = "" if facility is None else _OF_FACILITY
    return connection.execute(
        sql.SQL("""
        select here.visit_ref, here.encounter_id from proj.census as here
        where here.visit_ref is not null {} and exists (
            select from proj.encounter as other
            where other.visit_ref = here.visit_ref and other.mode = here.mode
                and other.namespace = here.namespace and other.patient_id <> here.patient_id
                and not other.is_cancelled
        )
        order by 1, 2
        """).format(sql.SQL(of_facility)),
        {"facility": facility},
    ).fetchall()


_OF_FACILITY: Final = """
    and here.visit_ref in (select visit_ref from proj.census where facility = %(facility)s)
"""
