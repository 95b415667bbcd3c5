"""The shapes of care plans."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from caretrail.reading.shapes.values import (
    Codes,
    Day,
    EntryShape,
    PartyShape,
    PrecisionWord,
    StreamHead,
    Time,
    Uuid,
)


class CarePlanShape(StreamHead):
    """A care plan of a list."""

    state: Annotated[str, Field(examples=["active"])]
    category: str
    responsible: PartyShape
    drafted_at: Time
    drafted_precision: PrecisionWord
    activated_at: Time | None
    activated_precision: PrecisionWord | None
    ended_at: Time | None
    ended_precision: PrecisionWord | None
    ended_reason: str | None
    reported_by: str | None
    revision: Annotated[int | None, Field(description="null: the plan was never in force")]
    reviewed_at: Time | None
    next_review_on: Day | None
    open_goals: int
    open_activities: int
    anchor: Uuid | None
    encounter_id: Uuid | None


class ConcernShape(TypedDict):
    """A concern of a plan, without what is sealed."""

    concern_id: str
    assessment: Uuid | None
    resolved: bool


class GoalShape(TypedDict):
    """A goal of a plan, without what is sealed."""

    goal_id: str
    owner: str
    priority: str
    target_on: Day | None
    achievement: str | None
    progressed_at: Time | None
    progressed_precision: PrecisionWord | None
    resolved: bool


class PlanActivityShape(TypedDict):
    """An activity of a plan, without what is sealed."""

    activity_id: str
    kind: str
    goals: Codes
    responsible: PartyShape
    by_patient: bool
    due_on: Day | None
    next_due_on: Day | None
    status: str
    status_at: Time | None
    status_precision: PrecisionWord | None
    outcome: str | None
    open: bool


class RevisionShape(TypedDict):
    """A revision of a plan; number 0 is the plan as it came into force."""

    number: int
    revised_at: Time
    revised_precision: PrecisionWord
    reason: str | None
    author: PartyShape
    conference: str | None
    added: Codes
    changed: Codes
    removed: Codes


class PartContentsShape(TypedDict):
    """What a part of a plan says, opened for people who may see it."""

    part_id: str
    text: str | None
    clinical: dict[str, Any] | None
    progress: dict[str, Any] | None


class CarePlanParts(CarePlanShape):
    """A care plan with its parts and revisions."""

    concerns: list[ConcernShape]
    goals: list[GoalShape]
    activities: list[PlanActivityShape]
    revisions: list[RevisionShape]


class CarePlanAnswer(CarePlanParts):
    """One care plan with its parts, what they say, and its entries."""

    contents: list[PartContentsShape]
    entries: list[EntryShape]


class ComparedRevisionShape(TypedDict):
    """One of two revisions that are compared."""

    number: int
    revised_at: Time
    revised_precision: PrecisionWord
    reason: str | None
    contents: list[PartContentsShape]


class ComparedPartShape(TypedDict):
    """A part that only one of two revisions has."""

    part_id: str
    kind: str


class ChangedPartShape(ComparedPartShape):
    """A part that differs between two revisions."""

    members: Codes


class ComparisonAnswer(TypedDict):
    """What differs between two revisions of a plan."""

    stream_id: Uuid
    earlier: ComparedRevisionShape
    later: ComparedRevisionShape
    added: list[ComparedPartShape]
    removed: list[ComparedPartShape]
    changed: list[ChangedPartShape]
    unchanged: Codes
