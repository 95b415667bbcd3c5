"""The practices, practitioners, payers and programmes that each person is attributed to."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.attribution import (
    ATTRIBUTION,
    KIND,
    Attributions,
    AttributionSource,
    EndReason,
    TargetKind,
)
from domain.decider import fold
from domain.ids import Mode, PatientId, RecordId
from domain.statement import Precision
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT
from projections.engine.course import Course
from projections.engine.projection import ByCourse, Projection
from projections.engine.relations import PRESENT, Relations
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView
from projections.person_streams import by_person

ATTRIBUTED: Final = Table(
    "attribution",
    "One row per person, target, source and period of attribution.",
    (
        PATIENT,
        Column("number", "integer", "Place among those of the person, from 1.", required=True),
        Column("record_id", "text", "Source record that the attribution names.", required=True),
        MODE,
        Column("target_kind", "text", "practice, practitioner, payer, programme.", required=True),
        Column("target", "text", "Code of it.", required=True),
        Column("source", "text", "command, roster, pd1 or in1.", required=True),
        Column("roster", "text", "Id of the roster; empty: not from a roster.", required=True),
        Column("roster_row", "integer", "Line of the roster file; null: not from a roster."),
        Column("own_wish", "boolean", "The person asked for it.", required=True),
        Column(
            "precedence",
            "integer",
            "Place of the source: 1 own wish, 2 command, 3 roster, 4 what the hospital stated.",
            required=True,
        ),
        Column("since", "timestamptz", "Beginning of the period.", required=True),
        Column(
            "since_precision",
            "text",
            "How precisely that is stated: year, month, day, hour, minute or second.",
            required=True,
        ),
        Column("until", "timestamptz", "End of the period; null: no end is known."),
        Column("until_precision", "text", "How precisely that is stated; null: no end is known."),
        Column("ended_reason", "text", "Why it was ended; null: no event ended it."),
        Column("told_at", "timestamptz", "When it was told.", required=True),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
    ),
    key=("patient_id", "number"),
    indexes=(("component",), ("target", "target_kind"), ("roster",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRow:
    """One attribution of a person: the columns of ``ATTRIBUTED`` that do not depend on arrival."""

    patient_id: PatientId
    number: int
    record_id: RecordId
    mode: Mode
    target_kind: TargetKind
    target: str
    source: AttributionSource
    roster: str
    roster_row: int | None
    own_wish: bool
    precedence: int
    since: datetime
    since_precision: Precision
    until: datetime | None
    until_precision: Precision | None
    ended_reason: EndReason | None
    told_at: datetime
    flags: tuple[str, ...]

    def holds_at(self, at: datetime) -> bool:
        """Tell whether the attribution is in force at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


def attribution_rows(patient: PatientId, mode: Mode, state: Attributions) -> list[AttributionRow]:
    """Return the attributions of a person, in the order in which they were told."""
    conflicting = state.conflicting()
    return [
        AttributionRow(
            patient_id=patient,
            number=number,
            record_id=each.fact.record,
            mode=mode,
            target_kind=each.fact.target_kind,
            target=each.fact.target,
            source=each.fact.source,
            roster=each.fact.roster,
            roster_row=each.fact.row,
            own_wish=each.fact.own_wish,
            precedence=each.rank,
            since=each.fact.since.at,
            since_precision=each.fact.since.precision,
            until=each.until.at if each.until else None,
            until_precision=each.until.precision if each.until else None,
            ended_reason=each.ended,
            told_at=each.fact.happened_at.at,
            flags=("attribution_conflict",) if each in conflicting else (),
        )
        for number, each in enumerate(state.periods, 1)
    ]


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    return {
        ATTRIBUTED.name: [
            (*astuple(each), *person.arrival, course.component)
            for person in by_person(course, KIND.events)
            for each in attribution_rows(
                person.patient_id, person.mode, fold(ATTRIBUTION, person.history).state
            )
        ]
    }


PROJECTION: Final = Projection(
    name="attribution",
    version=1,
    tables=(ATTRIBUTED,),
    fold=ByCourse(rows=rows),
    views=(TableView("attribution", ATTRIBUTED, PRODUCTION),),
)


_SELECT: Final = """
    select patient_id, number, record_id, mode, target_kind, target, source, roster, roster_row,
        own_wish, precedence, since, since_precision, until, until_precision, ended_reason,
        told_at, flags
    from {attributions} as a
"""


def attributions(
    connection: Connection[Any], patients: Sequence[PatientId], *, relations: Relations = PRESENT
) -> list[AttributionRow]:
    """Return all attributions of some persons, by precedence, the latest first."""
    with connection.cursor(row_factory=class_row(AttributionRow)) as cursor:
        return cursor.execute(
            sql.SQL(
                _SELECT
                + """
                where patient_id = any(%s)
                order by patient_id, precedence, since desc, target_kind, target, roster
                """
            ).format(attributions=relations.of(ATTRIBUTED)),
            (list(patients),),
        ).fetchall()


_OF_ROSTER: Final = """
    where roster = %(roster)s and (until is null or until > %(after)s)
        and patient_id in (
            select distinct patient_id from {attributions} as b
            where roster = %(roster)s and (until is null or until > %(after)s)
                and patient_id > %(last)s
            order by patient_id limit %(limit)s
        )
    order by patient_id, number
"""


def of_roster(
    connection: Connection[Any], roster: str, *, after: datetime, patients_at_once: int = 1000
) -> Iterator[AttributionRow]:
    """Yield the attributions by a roster that go on after an instant, in the order of patients.

    They are read a part at a time, and the caller may end them while it reads.
    """
    last = ""
    while True:
        with connection.cursor(row_factory=class_row(AttributionRow)) as cursor:
            found = cursor.execute(
                sql.SQL(_SELECT + _OF_ROSTER).format(attributions=PRESENT.of(ATTRIBUTED)),
                {"roster": roster, "after": after, "last": last, "limit": patients_at_once},
            ).fetchall()
        if not found:
            return
        yield from found
        last = found[-1].patient_id


def attributed_to(
    connection: Connection[Any],
    patients: Sequence[PatientId],
    *,
    practitioner: str,
    organisations: Sequence[str],
    at: datetime,
) -> list[PatientId]:
    """Return the patients that are attributed to a practitioner or to organisations."""
    found = connection.execute(
        sql.SQL(
            """
            select distinct patient_id from {attributions} as a
            where patient_id = any(%(patients)s)
                and since <= %(at)s and (until is null or until > %(at)s)
                and (
                    (target = %(practitioner)s and target_kind = 'practitioner')
                    or (target = any(%(organisations)s) and target_kind <> 'practitioner')
                )
            """
        ).format(attributions=PRESENT.of(ATTRIBUTED)),
        {
            "practitioner": practitioner,
            "organisations": list(organisations),
            "patients": list(patients),
            "at": at,
        },
    ).fetchall()
    return [patient for (patient,) in found]
