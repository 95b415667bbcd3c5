"""Care plans as the timeline, the command line and the page show them."""

from collections.abc import Callable
from typing import Final

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.care_plan import CARE_PLAN
from domain.care_plan.events import (
    ActivityAdded,
    ActivityChanged,
    ActivityProgressed,
    CarePlanActivated,
    CarePlanCompleted,
    CarePlanDrafted,
    CarePlanEnteredInError,
    CarePlanEvent,
    CarePlanHeld,
    CarePlanReported,
    CarePlanResumed,
    CarePlanReviewed,
    CarePlanRevised,
    CarePlanRevoked,
    CarePlanShared,
    ConcernAdded,
    ConcernResolved,
    GoalChanged,
    GoalProgressed,
    GoalSet,
)
from domain.care_plan.rules import PlanHistory
from domain.care_plan.states import CarePlan, PlanContent
from domain.decider import fold
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from domain.party import Party
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


def plan_json(row: CarePlanRow) -> Json:
    """Return one care plan without its parts."""
    return {
        "stream_id": row.stream_id,
        "state": row.state,
        "version": row.version,
        "patient_id": row.patient_id,
        "record_id": row.record_id,
        "mode": row.mode,
        "category": row.category,
        "responsible": _party_json(
            row.responsible_organisation, row.responsible_person, row.responsible_pool
        ),
        "drafted_at": instant(row.drafted_at),
        "drafted_precision": row.drafted_precision,
        "activated_at": instant(row.activated_at),
        "activated_precision": row.activated_precision,
        "ended_at": instant(row.ended_at),
        "ended_precision": row.ended_precision,
        "ended_reason": row.ended_reason,
        "reported_by": row.reported_by,
        "revision": row.revision,
        "reviewed_at": instant(row.reviewed_at),
        "next_review_on": _day(row.next_review_on),
        "open_goals": row.goals,
        "open_activities": row.activities,
        "anchor": row.anchor_ref,
        "encounter_id": row.encounter_id,
        "flags": list(row.flags),
    }


def parts_json(plan: PlanContent) -> Json:
    """Return the parts of a plan and its revisions. What is sealed is left out."""
    return {
        "concerns": [
            {
                "concern_id": concern_id,
                "assessment": each.concern.assessment,
                "resolved": each.resolved,
            }
            for concern_id, each in plan.parts.concerns.items()
        ],
        "goals": [_goal_json(goal_id, each) for goal_id, each in goal_rows(plan).items()],
        "activities": [_activity_json(part, each) for part, each in activity_rows(plan).items()],
        "revisions": [_revision_json(number, each) for number, each in revision_rows(plan).items()],
    }


def _goal_json(goal_id: str, row: GoalRow) -> Json:
    return {
        "goal_id": goal_id,
        "owner": row.owner,
        "priority": row.priority,
        "target_on": _day(row.target_on),
        "achievement": row.achievement,
        "progressed_at": instant(row.progressed_at),
        "progressed_precision": row.progressed_precision,
        "resolved": row.is_resolved,
    }


def _activity_json(activity_id: str, row: ActivityRow) -> Json:
    return {
        "activity_id": activity_id,
        "kind": row.kind,
        "goals": list(row.goals),
        "responsible": _party_json(
            row.responsible_organisation, row.responsible_person, row.responsible_pool
        ),
        "by_patient": row.is_by_patient,
        "due_on": _day(row.due_on),
        "next_due_on": _day(row.next_due_on),
        "status": row.status,
        "status_at": instant(row.status_at),
        "status_precision": row.status_precision,
        "outcome": row.outcome or None,
        "open": row.is_open,
    }


def _revision_json(number: int, row: RevisionRow) -> Json:
    return {
        "number": number,
        "revised_at": instant(row.revised_at),
        "revised_precision": row.revised_precision,
        "reason": row.reason,
        "author": _party_json(row.author_organisation, row.author_person, row.author_pool),
        "conference": row.conference_id,
        "added": list(row.added),
        "changed": list(row.changed),
        "removed": list(row.removed),
    }


def _party_json(organisation: str, person: str, pool: str) -> Json:
    return {
        "organisation": organisation or None,
        "person": person or None,
        "pool": pool or None,
    }


def _day(on: object) -> str | None:
    return None if on is None else str(on)


def _summary(
    stream: StreamId,
    history: PlanHistory,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> StreamSummary:
    row = care_plan_row(stream, history, patient_of=patient_of, encounter_of=encounter_of)
    plan = plan_content(fold(CARE_PLAN, history), history)
    return StreamSummary(began_at=row.drafted_at, members={**plan_json(row), **parts_json(plan)})


def _words(event: CarePlanEvent, event_of: Callable[[EventId], CarePlanEvent | None]) -> EntryWords:
    if isinstance(event, CarePlanEnteredInError):
        return error_words("Care plan", event, event_of)
    head, *rest = _head_and_rest(event)
    return EntryWords(kind=event.move(), head=head, rest=", ".join(filter(None, rest)))


def _head_and_rest(event: CarePlanEvent) -> tuple[str, ...]:  # noqa: C901, PLR0911 - one per fact
    match event:
        case CarePlanDrafted():
            return "Care plan begun", f"by {_party(event.responsible)}", event.category
        case CarePlanActivated():
            return "Care plan put in force", f"by {_party(event.by)}"
        case CarePlanHeld():
            return "Care plan held", f"by {_party(event.by)}", _spaced(event.reason)
        case CarePlanResumed():
            return "Care plan resumed", f"by {_party(event.by)}", _spaced(event.reason)
        case CarePlanCompleted():
            return "Care plan completed", f"by {_party(event.by)}", _spaced(event.reason)
        case CarePlanRevoked():
            return "Care plan given up", f"by {_party(event.by)}", _spaced(event.reason)
        case CarePlanRevised():
            return (
                f"Care plan revised, revision {event.number}",
                f"by {_party(event.author)}",
                _spaced(event.reason),
                _counted(event),
            )
        case CarePlanReviewed():
            return (
                "Care plan reviewed",
                f"by {_party(event.by)}",
                "with the patient" if event.patient else "",
                "with a caregiver" if event.caregiver else "",
                f"next review by {event.next_review_on}" if event.next_review_on else "",
            )
        case CarePlanShared():
            to = _party(event.recipient) or event.to
            return "Care plan shared", f"with {to}", f"by {_party(event.by)}"
        case CarePlanReported():
            return "Care plan reported", f"by {event.partner} as {event.claim}"
        case _:
            return _part_words(event)


def _part_words(event: CarePlanEvent) -> tuple[str, ...]:  # noqa: PLR0911 - one per fact
    match event:
        case ConcernAdded():
            return f"Concern {event.concern.concern_id} added", f"by {_party(event.by)}"
        case ConcernResolved():
            return f"Concern {event.concern_id} resolved", f"by {_party(event.by)}"
        case GoalSet():
            owner = {
                "patient": "goal of the patient",
                "clinician": "goal of the clinician",
                "shared": "shared goal",
            }[event.goal.owner]
            on = event.goal.target_on
            return f"Goal {event.goal.goal_id} set", owner, f"by {on}" if on else ""
        case GoalChanged():
            return f"Goal {event.change.goal_id} changed", f"by {_party(event.by)}"
        case GoalProgressed():
            return f"Goal {event.goal_id}", event.achievement.replace("-", " ")
        case ActivityAdded():
            one = event.activity
            who = "the patient" if one.by_patient else _party(one.responsible)
            return (
                f"Activity {one.activity_id} added",
                _spaced(one.kind),
                who,
                f"due {one.due_on}" if one.due_on else "",
            )
        case ActivityChanged():
            return f"Activity {event.change.activity_id} changed", f"by {_party(event.by)}"
        case ActivityProgressed():
            return f"Activity {event.activity_id}", event.status.replace("-", " ")
        case _:
            raise TypeError(type(event).__name__)


def _counted(event: CarePlanRevised) -> str:
    added = (*event.concerns_added, *event.goals_added, *event.activities_added)
    changed = (*event.goals_changed, *event.activities_changed)
    counts = ((len(added), "added"), (len(changed), "changed"), (len(event.removed), "removed"))
    return ", ".join(f"{number} {word}" for number, word in counts if number)


def _party(party: Party) -> str:
    """Return the codes of a party as text, such as ``GENERAL, dr-ward``."""
    return ", ".join(filter(None, (party.organisation, party.person, party.pool)))


def _spaced(code: str) -> str:
    return code.replace("_", " ")


def _organisation(event: CarePlanEvent) -> str:
    match event:
        case CarePlanDrafted():
            return event.responsible.organisation
        case CarePlanRevised():
            return event.author.organisation
        case CarePlanReported():
            return event.partner
        case CarePlanEnteredInError():
            return ""
        case _:
            return event.by.organisation


CARE_PLANS: Final = OwnStream[CarePlan, CarePlanEvent](
    kind="care_plan",
    icon="plan",
    decider=CARE_PLAN,
    begins=CarePlanDrafted,
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
