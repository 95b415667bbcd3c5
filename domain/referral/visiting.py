"""The facts about the visit that a referral asks for, and about its outcome."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from domain.events import Instant, OptionalCode, OwnEvent
from domain.party import Party
from domain.referral.codes import (
    Channel,
    ContactMeans,
    ContactResult,
    HoldReason,
    MissReason,
    Reached,
    Recommendation,
    Side,
)


class ReferralOutcome(BaseModel):
    """How the requester came to know the outcome, and the document that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    how: Annotated[Channel, Field(description="how the outcome was received")]
    document: Annotated[
        OptionalCode, Field(description="ref of the document that holds the outcome")
    ] = ""


class ReferralScheduled(OwnEvent):
    """The visit has an appointment. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.scheduled.v1"

    by: Party
    """Who made the appointment."""
    starts_at: Instant
    """When the visit begins."""
    appointment: OptionalCode = ""
    """Ref of the appointment; empty: not stated."""


class ReferralRescheduled(OwnEvent):
    """The appointment has another time. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.rescheduled.v1"

    by: Party
    """Who recorded it."""
    asked_by: Side
    """Whose wish it was."""
    starts_at: Instant
    """When the visit begins now."""
    appointment: OptionalCode = ""
    """Ref of the appointment; empty: not stated."""


class ReferralAppointmentCancelled(OwnEvent):
    """The visit has no appointment any more. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.appointment_cancelled.v1"

    by: Party
    """Who recorded it."""
    asked_by: Side
    """Who cancelled it."""
    appointment: OptionalCode = ""
    """Ref of the appointment; empty: not stated."""


class ReferralMissed(OwnEvent):
    """The patient did not come. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.missed.v1"

    by: Party
    """Who recorded it."""
    reached: Reached = "unknown"
    """Whether the patient was reached afterwards."""
    reason: MissReason = "unknown"
    """Why the patient did not come."""
    appointment: OptionalCode = ""
    """Ref of the appointment; empty: not stated."""


class ReferralContactAttempted(OwnEvent):
    """The care team tried to reach the patient about the referral. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.contact_attempted.v1"

    by: Party
    """Who tried."""
    how: ContactMeans
    """By which means."""
    result: ContactResult
    """What came of it."""


class ReferralHeld(OwnEvent):
    """The referral waits. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.held.v1"

    by: Party
    """Who holds it."""
    reason: HoldReason
    """What it waits for."""


class ReferralResumed(OwnEvent):
    """The referral does not wait any more. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.resumed.v1"

    by: Party
    """Who resumes it."""


class ReferralSeen(OwnEvent):
    """The target saw the patient. The anchor names the encounter, if known. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.seen.v1"

    by: Party
    """Who saw the patient."""
    appointment: OptionalCode = ""
    """Ref of the appointment; empty: not stated."""


class ReferralInterimNoteSent(OwnEvent):
    """The target reported before it was finished. Sealed: the findings."""

    TOPIC: ClassVar[str] = "referral.interim_note_sent.v1"

    by: Party
    """Who sent it."""
    document: OptionalCode = ""
    """Ref of the document; empty: there is no document."""
    recommends: Recommendation = "none"
    """What the target recommends."""


class ReferralOutcomeSent(OwnEvent):
    """The target sent the outcome. Sealed: the findings."""

    TOPIC: ClassVar[str] = "referral.outcome_sent.v1"

    by: Party
    """Who sent it."""
    document: OptionalCode = ""
    """Ref of the document that holds the outcome; empty: there is no document."""
    recommends: Recommendation = "none"
    """What the target recommends."""


class ReferralOutcomeReceived(OwnEvent):
    """The requester knows the outcome."""

    TOPIC: ClassVar[str] = "referral.outcome_received.v1"

    how: Channel
    """How the outcome reached the requester."""
    document: OptionalCode = ""
    """Ref of the document that holds the outcome; empty: there is no document."""
