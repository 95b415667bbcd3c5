"""The rows of care plans, as the read models, the pages and the command line have them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from domain.care_plan import CARE_PLAN, compare
from domain.care_plan.events import (
    CarePlanCompleted,
    CarePlanDrafted,
    CarePlanEvent,
    CarePlanReported,
    CarePlanRevoked,
    PlanCategory,
    PlanReason,
    RevisionReason,
)
from domain.care_plan.parts import (
    Achievement,
    ActivityKind,
    ActivityStatus,
    GoalOwner,
    GoalPriority,
)
from domain.care_plan.rules import PlanHistory
from domain.care_plan.states import CarePlan, CompletedPlan, NotDrafted, PlanContent, RevokedPlan
from domain.decider import FoldedStream, fold
from domain.events import Code
from domain.ids import EncounterId, Mode, PatientId, RecordId, StatementRef, StreamId
from domain.party import Party
from domain.statement import Precision
from projections.stream_flags import flags_of_stream

#: The state of a plan whose draft was entered in error.
ENTERED_IN_ERROR: Final = "entered_in_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlanRow:
    """One care plan: the columns of table `care_plan` that do not depend on arrival."""

    stream_id: StreamId
    patient_id: PatientId
    record_id: RecordId
    mode: Mode
    category: PlanCategory
    state: str
    version: int
    responsible_organisation: str
    responsible_person: str
    responsible_pool: str
    drafted_at: datetime
    drafted_precision: Precision
    activated_at: datetime | None
    activated_precision: Precision | None
    ended_at: datetime | None
    ended_precision: Precision | None
    ended_reason: PlanReason | None
    reported_by: Code | None
    revision: int | None
    reviewed_at: datetime | None
    next_review_on: date | None
    goals: int
    activities: int
    anchor_ref: StatementRef | None
    encounter_id: EncounterId | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRow:
    """One revision: the columns of table `care_plan_revision` after plan, patient and mode."""

    revised_at: datetime
    revised_precision: Precision
    reason: RevisionReason | None
    author_organisation: str
    author_person: str
    author_pool: str
    conference_id: str | None
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalRow:
    """One goal: the columns of table `goal` after plan, id, patient and mode."""

    owner: GoalOwner
    priority: GoalPriority
    target_on: date | None
    achievement: Achievement | None
    progressed_at: datetime | None
    progressed_precision: Precision | None
    is_resolved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRow:
    """One activity: the columns of table `activity` after plan, id, patient and mode."""

    kind: ActivityKind
    goals: tuple[str, ...]
    responsible_organisation: str
    responsible_person: str
    responsible_pool: str
    is_by_patient: bool
    due_on: date | None
    next_due_on: date | None
    status: ActivityStatus
    status_at: datetime | None
    status_precision: Precision | None
    outcome: str
    is_open: bool


def care_plan_row(
    stream: StreamId,
    events: PlanHistory,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> CarePlanRow:
    """Return the row of a plan.

    Args:
        stream: The id of the plan.
        events: Its events; at least one is a draft.
        patient_of: Returns the patient of a source record.
        encounter_of: Returns the encounter that contains a statement.
    """
    folded = fold(CARE_PLAN, events)
    plan = plan_content(folded, events)
    ended = _end(folded.state)
    drafted, activation, review = plan.drafted, plan.activation, plan.last_review
    parts = plan.parts
    flags = ["patient_not_involved"] if plan.patient_not_involved else []
    void = isinstance(folded.state, NotDrafted)
    return CarePlanRow(
        stream_id=stream,
        patient_id=patient_of(drafted.record),
        record_id=drafted.record,
        mode=drafted.mode,
        category=drafted.category,
        state=ENTERED_IN_ERROR if void else folded.state.WORD,
        version=len(events),
        responsible_organisation=drafted.responsible.organisation,
        responsible_person=drafted.responsible.person,
        responsible_pool=drafted.responsible.pool,
        drafted_at=drafted.happened_at.at,
        drafted_precision=drafted.happened_at.precision,
        activated_at=activation.happened_at.at if activation else None,
        activated_precision=activation.happened_at.precision if activation else None,
        ended_at=ended.happened_at.at if ended else None,
        ended_precision=ended.happened_at.precision if ended else None,
        ended_reason=ended.reason if ended else None,
        reported_by=_reported_by(folded),
        revision=plan.revisions[-1].number if plan.revisions else None,
        reviewed_at=review.happened_at.at if review else None,
        next_review_on=review.next_review_on if review else None,
        goals=sum(not each.resolved for each in parts.goals.values()),
        activities=sum(each.is_open for each in parts.activities.values()),
        anchor_ref=drafted.anchor,
        encounter_id=encounter_of(drafted.anchor),
        flags=(*flags, *flags_of_stream(folded, events)),
    )


def plan_content(folded: FoldedStream[CarePlan, CarePlanEvent], events: PlanHistory) -> PlanContent:
    """Return what a plan holds; of a void plan, its newest draft alone."""
    if not isinstance(folded.state, NotDrafted):
        return folded.state.plan
    return PlanContent([one.event for one in events if isinstance(one.event, CarePlanDrafted)][-1])


def _reported_by(folded: FoldedStream[CarePlan, CarePlanEvent]) -> Code | None:
    """Return the partner whose report led to the state; None if our people led to it."""
    partner: Code | None = None
    state = CARE_PLAN.initial
    for each in folded.applied:
        after = CARE_PLAN.evolve(state, each.event)
        if after.WORD != state.WORD:
            partner = each.event.partner if isinstance(each.event, CarePlanReported) else None
        state = after
    return partner


def _end(state: CarePlan) -> CarePlanCompleted | CarePlanRevoked | CarePlanReported | None:
    match state:
        case CompletedPlan():
            return state.completed
        case RevokedPlan():
            return state.revoked
        case _:
            return None


def revision_rows(plan: PlanContent) -> Mapping[int, RevisionRow]:
    """Return the revisions of a plan by their numbers, each compared with the one before."""
    found: dict[int, RevisionRow] = {}
    before = plan.revisions[:1]
    for one in plan.revisions:
        differs = compare(before[0], one)
        before = (one,)
        event = one.event
        author = event.author if event else _activated_by(plan)
        found[one.number] = RevisionRow(
            revised_at=one.at.at,
            revised_precision=one.at.precision,
            reason=event.reason if event else None,
            author_organisation=author.organisation,
            author_person=author.person,
            author_pool=author.pool,
            conference_id=event.conference if event else None,
            added=tuple(each.part_id for each in differs.added),
            changed=tuple(each.part_id for each in differs.changed),
            removed=tuple(each.part_id for each in differs.removed),
        )
    return found


def _activated_by(plan: PlanContent) -> Party:
    """Return who put a plan in force, or the partner that reports it."""
    if plan.activation is None:
        return Party()
    if isinstance(plan.activation, CarePlanReported):
        return Party(organisation=plan.activation.partner)
    return plan.activation.by


def goal_rows(plan: PlanContent) -> Mapping[str, GoalRow]:
    """Return the goals of a plan by their ids."""
    return {
        goal_id: GoalRow(
            owner=each.goal.owner,
            priority=each.goal.priority,
            target_on=each.goal.target_on,
            achievement=each.achievement,
            progressed_at=each.progressed_at.at if each.progressed_at else None,
            progressed_precision=each.progressed_at.precision if each.progressed_at else None,
            is_resolved=each.resolved,
        )
        for goal_id, each in plan.parts.goals.items()
    }


def activity_rows(plan: PlanContent) -> Mapping[str, ActivityRow]:
    """Return the activities of a plan by their ids."""
    return {
        activity_id: ActivityRow(
            kind=each.activity.kind,
            goals=each.activity.goals,
            responsible_organisation=each.activity.responsible.organisation,
            responsible_person=each.activity.responsible.person,
            responsible_pool=each.activity.responsible.pool,
            is_by_patient=each.activity.by_patient,
            due_on=each.activity.due_on,
            next_due_on=each.next_due_on,
            status=each.status,
            status_at=each.status_at.at if each.status_at else None,
            status_precision=each.status_at.precision if each.status_at else None,
            outcome=each.outcome,
            is_open=each.is_open,
        )
        for activity_id, each in plan.parts.activities.items()
    }
