"""The care team of each person: members, coordinators and handovers, with their periods."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.care_team import CARE_TEAM, KIND
from domain.care_team.events import HandoverRefusal, LeaveReason, MemberKind, Scope, TeamRole
from domain.care_team.team import CareTeam, HandoverState
from domain.care_team_duties import handover_duties
from domain.decider import fold
from domain.events import Code
from domain.ids import PatientId
from domain.statement import Precision
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT
from projections.engine.course import Course
from projections.engine.projection import ByCourse, Projection
from projections.engine.relations import PRESENT, Relations
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView
from projections.owed_duty import OwedDuty
from projections.patient_protocols import patient_protocols
from projections.person_streams import by_person

_SINCE: Final = (
    Column("since", "timestamptz", "Beginning of the period.", required=True),
    Column(
        "since_precision",
        "text",
        "How precisely that is stated: year, month, day, hour, minute or second.",
        required=True,
    ),
)
_UNTIL: Final = (
    Column("until", "timestamptz", "End of the period; null: it goes on."),
    Column("until_precision", "text", "How precisely that is stated; null: it goes on."),
)
_REPORTED: Final = Column(
    "reported_by", "text", "Partner that reports its beginning or its end; null: our people did."
)
_NUMBER: Final = Column(
    "number", "integer", "Place in the history of the person's team, from 1.", required=True
)
_SCOPE: Final = (
    Column("scope", "text", "all, transition or programme.", required=True),
    Column("programme", "text", "Code; empty: the scope is no programme.", required=True),
)

CARE_TEAM_MEMBER: Final = Table(
    "care_team_member",
    "One row per member of a person's care team and period in one role.",
    (
        PATIENT,
        _NUMBER,
        MODE,
        Column("member", "text", "Code of the member.", required=True),
        Column("kind", "text", "practitioner, organisation or related_person.", required=True),
        Column("role", "text", "Role in the team, such as nurse or caregiver.", required=True),
        Column("organisation", "text", "Code; empty: not stated.", required=True),
        *_SINCE,
        *_UNTIL,
        Column("left_reason", "text", "Why the member left; null: it stays, or changed its role."),
        _REPORTED,
        *ARRIVAL,
        COMPONENT,
    ),
    key=("patient_id", "number"),
    indexes=(("component",), ("member",)),
)
CARE_TEAM_COORDINATOR: Final = Table(
    "care_team_coordinator",
    "One row per period in which a member coordinates a scope of a person's care.",
    (
        PATIENT,
        _NUMBER,
        MODE,
        *_SCOPE,
        Column("member", "text", "Code of the member.", required=True),
        *_SINCE,
        *_UNTIL,
        _REPORTED,
        FLAGS,
        *ARRIVAL,
        COMPONENT,
    ),
    key=("patient_id", "number"),
    indexes=(("component",), ("member",)),
)
CARE_TEAM_HANDOVER: Final = Table(
    "care_team_handover",
    "One row per handover of a scope from one member to another.",
    (
        PATIENT,
        _NUMBER,
        MODE,
        *_SCOPE,
        Column("from_member", "text", "Code of the member that hands over.", required=True),
        Column("to_member", "text", "Code of the member that is to coordinate.", required=True),
        Column("state", "text", "open, accepted, refused, withdrawn or lapsed.", required=True),
        Column("offered_at", "timestamptz", "When it was handed over.", required=True),
        Column(
            "offered_precision",
            "text",
            "How precisely that is stated: year, month, day, hour, minute or second.",
            required=True,
        ),
        Column("ended_at", "timestamptz", "When it was answered or lapsed; null: it is open."),
        Column("ended_precision", "text", "How precisely that is stated; null: it is open."),
        Column("refused_reason", "text", "Why it was refused; null: it was not."),
        Column("reported_by", "text", "Partner that reports its end; null: none."),
        *ARRIVAL,
        COMPONENT,
    ),
    key=("patient_id", "number"),
    indexes=(("component",), ("from_member",), ("to_member",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One member in one role: the columns of ``CARE_TEAM_MEMBER`` after those of the person."""

    member: str
    kind: MemberKind
    role: TeamRole
    organisation: str
    since: datetime
    since_precision: Precision
    until: datetime | None
    until_precision: Precision | None
    left_reason: LeaveReason | None
    reported_by: Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinatorRow:
    """One period of coordination: see ``CARE_TEAM_COORDINATOR``."""

    scope: Scope
    programme: str
    member: str
    since: datetime
    since_precision: Precision
    until: datetime | None
    until_precision: Precision | None
    reported_by: Code | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRow:
    """One handover: see ``CARE_TEAM_HANDOVER``."""

    scope: Scope
    programme: str
    from_member: str
    to_member: str
    state: HandoverState
    offered_at: datetime
    offered_precision: Precision
    ended_at: datetime | None
    ended_precision: Precision | None
    refused_reason: HandoverRefusal | None
    reported_by: Code | None


def member_rows(team: CareTeam) -> list[MemberRow]:
    """Return the members of a team, also those who left, in the order of the history."""
    return [
        MemberRow(
            member=each.member,
            kind=each.joined.kind,
            role=each.role,
            organisation=each.joined.organisation,
            since=each.since.at,
            since_precision=each.since.precision,
            until=each.until.at if each.until else None,
            until_precision=each.until.precision if each.until else None,
            left_reason=each.left,
            reported_by=each.reported_by,
        )
        for each in team.memberships
    ]


def coordinator_rows(team: CareTeam) -> list[CoordinatorRow]:
    """Return the periods of coordination, in the order of the history."""
    return [
        CoordinatorRow(
            scope=each.scope,
            programme=each.programme,
            member=each.member,
            since=each.since.at,
            since_precision=each.since.precision,
            until=each.until.at if each.until else None,
            until_precision=each.until.precision if each.until else None,
            reported_by=each.reported_by,
            flags=("two_coordinators",) if each.two_coordinators else (),
        )
        for each in team.coordinations
    ]


def handover_rows(team: CareTeam) -> list[HandoverRow]:
    """Return the handovers, in the order of the history."""
    return [
        HandoverRow(
            scope=each.offer.scope,
            programme=each.offer.programme,
            from_member=each.offer.from_member,
            to_member=each.offer.to_member,
            state=each.state,
            offered_at=each.offer.happened_at.at,
            offered_precision=each.offer.happened_at.precision,
            ended_at=each.ended.at if each.ended else None,
            ended_precision=each.ended.precision if each.ended else None,
            refused_reason=each.reason,
            reported_by=each.reported_by,
        )
        for each in team.handovers
    ]


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    found: dict[str, list[Row]] = {
        each.name: [] for each in (CARE_TEAM_MEMBER, CARE_TEAM_COORDINATOR, CARE_TEAM_HANDOVER)
    }
    for person in by_person(course, KIND.events):
        team = fold(CARE_TEAM, person.history).state
        made: dict[str, Sequence[MemberRow | CoordinatorRow | HandoverRow]] = {
            CARE_TEAM_MEMBER.name: member_rows(team),
            CARE_TEAM_COORDINATOR.name: coordinator_rows(team),
            CARE_TEAM_HANDOVER.name: handover_rows(team),
        }
        rest = (*person.arrival, course.component)
        for table, some in made.items():
            found[table] += [
                (person.patient_id, number, person.mode, *astuple(each), *rest)
                for number, each in enumerate(some, 1)
            ]
    return found


def duties_of_care_teams(course: Course) -> Iterator[OwedDuty]:
    """Yield the duties of handovers, to both members of each."""
    protocols = patient_protocols(course)
    for person in by_person(course, KIND.events):
        team = fold(CARE_TEAM, person.history).state
        for each in team.handovers:
            record = each.offer.record
            owed = handover_duties(
                team, each, about=person.streams[record], protocols=protocols(record)
            )
            for duty in owed:
                yield OwedDuty(duty, kind=KIND.name, record=record, mode=person.mode)


PROJECTION: Final = Projection(
    name="care_team_member",
    version=2,
    tables=(CARE_TEAM_MEMBER, CARE_TEAM_COORDINATOR, CARE_TEAM_HANDOVER),
    fold=ByCourse(rows=rows),
    views=(
        TableView("care_team_member", CARE_TEAM_MEMBER, PRODUCTION),
        TableView("care_team_coordinator", CARE_TEAM_COORDINATOR, PRODUCTION),
        TableView("care_team_handover", CARE_TEAM_HANDOVER, PRODUCTION),
    ),
)


def members(
    connection: Connection[Any], patient: PatientId, *, relations: Relations = PRESENT
) -> list[MemberRow]:
    """Return all members of a person's team: see ``member_rows``."""
    with connection.cursor(row_factory=class_row(MemberRow)) as cursor:
        return cursor.execute(
            sql.SQL(
                """
                select member, kind, role, organisation, since, since_precision, until,
                    until_precision, left_reason, reported_by
                from {members} as m where patient_id = %s order by number
                """
            ).format(members=relations.of(CARE_TEAM_MEMBER)),
            (patient,),
        ).fetchall()


def coordinators(
    connection: Connection[Any], patient: PatientId, *, relations: Relations = PRESENT
) -> list[CoordinatorRow]:
    """Return all periods of coordination: see ``coordinator_rows``."""
    with connection.cursor(row_factory=class_row(CoordinatorRow)) as cursor:
        return cursor.execute(
            sql.SQL(
                """
                select scope, programme, member, since, since_precision, until, until_precision,
                    reported_by, flags
                from {coordinators} as c where patient_id = %s order by number
                """
            ).format(coordinators=relations.of(CARE_TEAM_COORDINATOR)),
            (patient,),
        ).fetchall()


def handovers(
    connection: Connection[Any], patient: PatientId, *, relations: Relations = PRESENT
) -> list[HandoverRow]:
    """Return all handovers: see ``handover_rows``."""
    with connection.cursor(row_factory=class_row(HandoverRow)) as cursor:
        return cursor.execute(
            sql.SQL(
                """
                select scope, programme, from_member, to_member, state, offered_at,
                    offered_precision, ended_at, ended_precision, refused_reason, reported_by
                from {handovers} as h where patient_id = %s order by number
                """
            ).format(handovers=relations.of(CARE_TEAM_HANDOVER)),
            (patient,),
        ).fetchall()


def cared_for(
    connection: Connection[Any],
    patients: Sequence[PatientId],
    *,
    member: str,
    organisations: Sequence[str],
    at: datetime,
) -> list[tuple[PatientId, bool]]:
    """Return the patients whose care team has a member or members of organisations at an instant.

    Each patient comes with whether the member itself, or one of the organisations itself, is in the
    team. Otherwise only a member of one of the organisations is.
    """
    return connection.execute(
        sql.SQL(
            """
            select patient_id, bool_or(
                (member = %(member)s and kind = 'practitioner')
                or (member = any(%(organisations)s) and kind = 'organisation')
            )
            from {members} as m
            where patient_id = any(%(patients)s)
                and since <= %(at)s and (until is null or until > %(at)s)
                and (
                    (member = %(member)s and kind = 'practitioner')
                    or (member = any(%(organisations)s) and kind = 'organisation')
                    or organisation = any(%(organisations)s)
                )
            group by patient_id
            """
        ).format(members=PRESENT.of(CARE_TEAM_MEMBER)),
        {
            "member": member,
            "organisations": list(organisations),
            "patients": list(patients),
            "at": at,
        },
    ).fetchall()
