"""The care plans of each person: how far they are, their revisions, goals and activities."""

from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import dict_row

from domain import care_plan_duties
from domain.care_plan import CARE_PLAN, KIND
from domain.care_plan.rules import PlanHistory
from domain.care_plan.states import NotDrafted
from domain.decider import fold
from domain.ids import StreamId
from projections.care_plan_rows import (
    ActivityRow,
    CarePlanRow,
    GoalRow,
    RevisionRow,
    activity_rows,
    care_plan_row,
    goal_rows,
    plan_content,
    revision_rows,
)
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT
from projections.engine.course import Course
from projections.engine.projection import ByCourse, Projection
from projections.engine.relations import PRESENT, Relations
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView
from projections.owed_duty import OwedDuty
from projections.patient_protocols import patient_protocols
from projections.person_streams import history

_PLAN: Final = Column("stream_id", "text", "The plan: id of its stream.", required=True)


def _party(name: str, who: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_organisation", "text", f"{who}; empty: not stated.", required=True),
        Column(f"{name}_person", "text", "Code; empty: not stated.", required=True),
        Column(f"{name}_pool", "text", "Code; empty: not a pool.", required=True),
    )


CARE_PLAN_TABLE: Final = Table(
    "care_plan",
    "One row per care plan: its category, who answers for it, and how far it is.",
    (
        _PLAN,
        PATIENT,
        Column("record_id", "text", "Source record that the plan names.", required=True),
        MODE,
        Column("category", "text", "longitudinal, transition, disease, ...", required=True),
        Column(
            "state",
            "text",
            "draft, active, held, completed, revoked, or entered_in_error.",
            required=True,
        ),
        Column("version", "bigint", "Number of its events.", required=True),
        *_party("responsible", "Who answers for the plan"),
        Column("drafted_at", "timestamptz", "When it was begun.", required=True),
        Column("drafted_precision", "text", "How precisely that is stated.", required=True),
        Column("activated_at", "timestamptz", "When it came into force; null: not yet."),
        Column("activated_precision", "text", "How precisely that is stated; null: not yet."),
        Column("ended_at", "timestamptz", "When it was completed or revoked; null: not ended."),
        Column("ended_precision", "text", "How precisely that is stated; null: not ended."),
        Column("ended_reason", "text", "Why it ended; null: not ended."),
        Column("reported_by", "text", "Partner whose report led to the state; null: our people."),
        Column("revision", "integer", "Number of its last revision; null: never in force."),
        Column("reviewed_at", "timestamptz", "When it was reviewed last; null: never."),
        Column("next_review_on", "date", "When that review wants the next; null: not stated."),
        Column("goals", "integer", "Number of goals that are not resolved.", required=True),
        Column("activities", "integer", "Number of open activities.", required=True),
        Column("anchor_ref", "text", "Statement that the draft names; null: none."),
        Column("encounter_id", "text", "Encounter that holds it now, care.encounter; null: none."),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id",),
    indexes=(("component",), ("patient_id",), ("state", "category")),
)

CARE_PLAN_REVISION: Final = Table(
    "care_plan_revision",
    "One row per revision of a plan. Revision 0 is the plan as it came into force.",
    (
        _PLAN,
        Column("number", "integer", "Number of the revision.", required=True),
        PATIENT,
        MODE,
        Column("revised_at", "timestamptz", "When it was made.", required=True),
        Column("revised_precision", "text", "How precisely that is stated.", required=True),
        Column("reason", "text", "new_information, goal_met, ...; null: revision 0."),
        *_party("author", "Who made it"),
        Column("conference_id", "text", "Conference that decided it; null: not stated."),
        Column("added", "text[]", "Parts that the revision before does not have.", required=True),
        Column("changed", "text[]", "Parts that differ from the revision before.", required=True),
        Column("removed", "text[]", "Parts that only the revision before has.", required=True),
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id", "number"),
    indexes=(("component",), ("patient_id",)),
)

GOAL: Final = Table(
    "goal",
    "One row per goal of a care plan. What the goal is, is sealed.",
    (
        _PLAN,
        Column("goal_id", "text", "The goal within its plan.", required=True),
        PATIENT,
        MODE,
        Column("owner", "text", "Whose goal it is: patient, clinician, shared.", required=True),
        Column("priority", "text", "high, medium or low.", required=True),
        Column("target_on", "date", "When it should be reached; null: not stated."),
        Column("achievement", "text", "FHIR R4 goal achievement status; null: not recorded."),
        Column("progressed_at", "timestamptz", "When that was so; null: not recorded."),
        Column("progressed_precision", "text", "How precisely that is stated."),
        Column("is_resolved", "boolean", "The work on it has ended.", required=True),
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id", "goal_id"),
    indexes=(("component",), ("patient_id",)),
)

ACTIVITY: Final = Table(
    "activity",
    "One row per activity of a care plan. What is done is sealed.",
    (
        _PLAN,
        Column("activity_id", "text", "The activity within its plan.", required=True),
        PATIENT,
        MODE,
        Column("kind", "text", "visit, call, referral, test, ...", required=True),
        Column("goals", "text[]", "Goals that it serves.", required=True),
        *_party("responsible", "Who does it"),
        Column("is_by_patient", "boolean", "The patient does it.", required=True),
        Column("due_on", "date", "When it is due, or was due first; null: not stated."),
        Column("next_due_on", "date", "When it is due next; null: nothing is due."),
        Column("status", "text", "FHIR R4 status of an activity.", required=True),
        Column("status_at", "timestamptz", "When that was so; null: not recorded."),
        Column("status_precision", "text", "How precisely that is stated; null: not recorded."),
        Column("outcome", "text", "Code of what came of it; empty: not stated.", required=True),
        Column("is_open", "boolean", "Something is left to do.", required=True),
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id", "activity_id"),
    indexes=(("component",), ("patient_id",), ("next_due_on",)),
)


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    found: dict[str, list[Row]] = {each.name: [] for each in PROJECTION.tables}
    for stream, filed in course.streams.items():
        if not isinstance(filed[0].core, KIND.events):
            continue
        events: PlanHistory = history(filed, KIND.events)
        row = care_plan_row(
            StreamId(stream),
            events,
            patient_of=course.patient_of,
            encounter_of=course.encounter_of,
        )
        plan = plan_content(fold(CARE_PLAN, events), events)
        rest = (filed[-1].index, filed[0].recorded_at, filed[-1].recorded_at, course.component)
        found[CARE_PLAN_TABLE.name].append((*astuple(row), *rest))
        parts: Mapping[str, Mapping[Any, RevisionRow | GoalRow | ActivityRow]] = {
            CARE_PLAN_REVISION.name: revision_rows(plan),
            GOAL.name: goal_rows(plan),
            ACTIVITY.name: activity_rows(plan),
        }
        for table, some in parts.items():
            found[table] += [
                (stream, key, row.patient_id, row.mode, *astuple(each), *rest)
                for key, each in some.items()
            ]
    return found


def duties_of_care_plans(course: Course) -> Iterator[OwedDuty]:
    """Yield the duties of the care plans of a component."""
    protocols = patient_protocols(course)
    for stream, filed in course.streams.items():
        if isinstance(filed[0].core, KIND.events):
            events: PlanHistory = history(filed, KIND.events)
            first = events[0].event
            assert first.record is not None  # noqa: S101  # the draft names one
            kinds = _kinds_of_activities(events)
            for each in care_plan_duties.duties(StreamId(stream), events, protocols(first.record)):
                yield OwedDuty(
                    each,
                    kind=KIND.name,
                    record=first.record,
                    mode=first.mode,
                    concerns=kinds.get(each.part, ""),
                )


def _kinds_of_activities(events: PlanHistory) -> dict[str, str]:
    """Return the kind of each activity of a plan, by its id."""
    state = fold(CARE_PLAN, events).state
    if isinstance(state, NotDrafted):
        return {}
    return {
        activity_id: each.activity.kind for activity_id, each in state.plan.parts.activities.items()
    }


PROJECTION: Final = Projection(
    name="care_plan",
    version=2,
    tables=(CARE_PLAN_TABLE, CARE_PLAN_REVISION, GOAL, ACTIVITY),
    fold=ByCourse(rows=rows),
    views=(
        TableView("care_plan", CARE_PLAN_TABLE, PRODUCTION),
        TableView("care_plan_revision", CARE_PLAN_REVISION, PRODUCTION),
        TableView("goal", GOAL, PRODUCTION),
        TableView("activity", ACTIVITY, PRODUCTION),
    ),
)


def care_plans(
    connection: Connection[Any],
    *,
    state: str | None = None,
    category: str | None = None,
    organisation: str | None = None,
    person: str | None = None,
    patient: str | None = None,
    limit: int = 100,
    relations: Relations = PRESENT,
) -> list[CarePlanRow]:
    """Return care plans, the newest draft first.

    Args:
        connection: The connection of the caller.
        state: If given, only plans in this state.
        category: If given, only plans of this category.
        organisation: If given, only plans that this organisation answers for.
        person: If given, only plans that this person answers for.
        patient: If given, only plans of this patient.
        limit: The largest number of rows.
        relations: The tables, or their rows at other instants.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            sql.SQL(
                """
                select stream_id, patient_id, record_id, mode, category, state, version,
                    responsible_organisation, responsible_person, responsible_pool, drafted_at,
                    drafted_precision, activated_at, activated_precision, ended_at,
                    ended_precision, ended_reason, reported_by, revision, reviewed_at,
                    next_review_on, goals, activities, anchor_ref, encounter_id, flags
                from {plans} as p
                where (%(state)s::text is null or state = %(state)s)
                    and (%(category)s::text is null or category = %(category)s)
                    and (%(organisation)s::text is null
                        or responsible_organisation = %(organisation)s)
                    and (%(person)s::text is null or responsible_person = %(person)s)
                    and (%(patient)s::text is null or patient_id = %(patient)s)
                order by drafted_at desc, stream_id limit %(limit)s
                """
            ).format(plans=relations.of(CARE_PLAN_TABLE)),
            {
                "state": state,
                "category": category,
                "organisation": organisation,
                "person": person,
                "patient": patient,
                "limit": limit,
            },
        ).fetchall()
    return [CarePlanRow(**{**each, "flags": tuple(each["flags"])}) for each in found]
