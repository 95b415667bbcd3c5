"""The facts of a care plan."""

from datetime import date
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from domain.care_plan.parts import (
    Achievement,
    Activity,
    ActivityChange,
    ActivityId,
    ActivityStatus,
    Concern,
    ConcernId,
    Goal,
    GoalChange,
    GoalId,
    PartId,
)
from domain.events import UUID_TEXT, EnteredInError, OptionalCode, OwnEvent, ReportedEvent
from domain.ids import RecordId, StreamId
from domain.party import Party

PlanCategory: TypeAlias = Literal[
    "longitudinal", "transition", "disease", "behavioural", "palliative"
]
#: Why a plan is held, resumed, completed or revoked.
PlanReason: TypeAlias = Literal[
    "goals_met", "episode_ended", "patient_wish", "hospitalised", "back_home", "moved_away",
    "replaced", "died", "other",
]  # fmt: skip
#: How far another system says the plan is. Each is the word of a state.
PlanClaim: TypeAlias = Literal["active", "held", "completed", "revoked"]
RevisionReason: TypeAlias = Literal[
    "new_information", "goal_met", "patient_wish", "conference", "transition", "error"
]
Recipient: TypeAlias = Literal["patient", "caregiver", "organisation"]


class CarePlanDrafted(OwnEvent):
    """A plan is begun. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.drafted.v1"

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient as the caller named it."""
    category: PlanCategory
    """What kind of plan. A person has one active plan of each category."""
    responsible: Party
    """Who answers for the plan."""


class CarePlanActivated(OwnEvent):
    """The plan is in force from now on. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.activated.v1"

    by: Party
    """Who decides."""


class CarePlanHeld(OwnEvent):
    """The plan is set aside for a time. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.held.v1"

    by: Party
    """Who decides."""
    reason: PlanReason
    """Why."""


class CarePlanResumed(OwnEvent):
    """The plan is in force again. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.resumed.v1"

    by: Party
    """Who decides."""
    reason: PlanReason = "other"
    """Why."""


class CarePlanCompleted(OwnEvent):
    """The plan has ended as it was meant to. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.completed.v1"

    by: Party
    """Who decides."""
    reason: PlanReason
    """Why."""


class CarePlanRevoked(OwnEvent):
    """The plan is given up. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.revoked.v1"

    by: Party
    """Who decides."""
    reason: PlanReason
    """Why."""


class ConcernAdded(OwnEvent):
    """The plan gets a concern. Sealed: its code, and a text."""

    TOPIC: ClassVar[str] = "care_plan.concern_added.v1"

    by: Party
    """Who adds it."""
    concern: Concern
    """The concern."""


class ConcernResolved(OwnEvent):
    """A concern of the plan is resolved. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.concern_resolved.v1"

    by: Party
    """Who says so."""
    concern_id: ConcernId
    """The concern."""


class GoalSet(OwnEvent):
    """The plan gets a goal. Sealed: its target and its words."""

    TOPIC: ClassVar[str] = "care_plan.goal_set.v1"

    by: Party
    """Who records it."""
    goal: Goal
    """The goal."""


class GoalChanged(OwnEvent):
    """A goal of the plan is changed. Sealed: its new target and words."""

    TOPIC: ClassVar[str] = "care_plan.goal_changed.v1"

    by: Party
    """Who records it."""
    change: GoalChange
    """What changes."""


class GoalProgressed(OwnEvent):
    """How far a goal is. Sealed: the value that was measured, and a note."""

    TOPIC: ClassVar[str] = "care_plan.goal_progressed.v1"

    by: Party
    """Who says so."""
    goal_id: GoalId
    """The goal."""
    achievement: Achievement
    """How far it is, FHIR R4 goal achievement status."""
    evidence: OptionalCode = ""
    """Ref of the document or observation that shows it; empty: not stated."""


class ActivityAdded(OwnEvent):
    """The plan gets an activity. Sealed: a text."""

    TOPIC: ClassVar[str] = "care_plan.activity_added.v1"

    by: Party
    """Who adds it."""
    activity: Activity
    """The activity."""


class ActivityChanged(OwnEvent):
    """An activity of the plan is changed. Sealed: its new text."""

    TOPIC: ClassVar[str] = "care_plan.activity_changed.v1"

    by: Party
    """Who records it."""
    change: ActivityChange
    """What changes."""


class ActivityProgressed(OwnEvent):
    """How far an activity is. Sealed: a note.

    ``completed`` of a repeated activity completes it for one time. ``stopped`` ends it.
    """

    TOPIC: ClassVar[str] = "care_plan.activity_progressed.v1"

    by: Party
    """Who says so."""
    activity_id: ActivityId
    """The activity."""
    status: ActivityStatus
    """How far it is, FHIR R4 status of an activity of a care plan."""
    outcome: OptionalCode = ""
    """Code of what came of it; empty: not stated."""


class CarePlanRevised(OwnEvent):
    """The plan is revised: one event with all changes of the revision.

    Sealed: the content of added and changed parts, and a note.
    """

    TOPIC: ClassVar[str] = "care_plan.revised.v1"

    number: Annotated[int, Field(ge=1)]
    """The number of the revision in the order of recording, from 1."""
    reason: RevisionReason
    """Why."""
    author: Party
    """Who revises the plan."""
    conference: Annotated[StreamId, Field(pattern=UUID_TEXT)] | None = None
    """The conference that decided it; null: not stated."""
    concerns_added: tuple[Concern, ...] = ()
    """New concerns."""
    goals_added: tuple[Goal, ...] = ()
    """New goals."""
    goals_changed: tuple[GoalChange, ...] = ()
    """Changes of goals."""
    activities_added: tuple[Activity, ...] = ()
    """New activities."""
    activities_changed: tuple[ActivityChange, ...] = ()
    """Changes of activities."""
    removed: tuple[PartId, ...] = ()
    """Parts that the plan has no longer."""


class CarePlanReviewed(OwnEvent):
    """The plan was looked through. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.reviewed.v1"

    by: Party
    """Who reviews the plan."""
    members: tuple[Party, ...] = ()
    """The members of the care team who took part."""
    patient: bool = False
    """Whether the patient took part."""
    caregiver: bool = False
    """Whether a caregiver of the patient took part."""
    next_review_on: date | None = None
    """The day by which the next review is due; null: the time of the protocol holds."""
    unchanged: bool = False
    """Whether the review left the plan as it was."""


class CarePlanShared(OwnEvent):
    """The plan was given to a recipient. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.shared.v1"

    by: Party
    """Who gives it."""
    to: Recipient
    """What kind of recipient."""
    recipient: Party = Party()
    """The organisation or person; empty: the patient or a caregiver."""
    document: OptionalCode = ""
    """Ref of the document that was given; empty: not stated."""


class CarePlanReported(ReportedEvent):
    """Another system says how far the plan is. Sealed: its number there, a note."""

    TOPIC: ClassVar[str] = "care_plan.reported.v1"

    claim: PlanClaim
    """How far it is, as that system says."""
    reason: PlanReason = "other"
    """Why, as that system says."""


class CarePlanEnteredInError(EnteredInError):
    """An event of the plan is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "care_plan.entered_in_error.v1"


CarePlanEvent: TypeAlias = (
    CarePlanDrafted
    | CarePlanActivated
    | CarePlanHeld
    | CarePlanResumed
    | CarePlanCompleted
    | CarePlanRevoked
    | ConcernAdded
    | ConcernResolved
    | GoalSet
    | GoalChanged
    | GoalProgressed
    | ActivityAdded
    | ActivityChanged
    | ActivityProgressed
    | CarePlanRevised
    | CarePlanReviewed
    | CarePlanShared
    | CarePlanReported
    | CarePlanEnteredInError
)
