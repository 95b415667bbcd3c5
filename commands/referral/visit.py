"""Record the appointment and the visit of a referral."""

from typing import Annotated, ClassVar

from pydantic import Field

from commands.permissions import Permission
from commands.referral.step import Anchor, ReferralStep
from domain.events import Instant, OptionalCode
from domain.party import Party
from domain.referral import (
    ContactMeans,
    ContactResult,
    HoldReason,
    MissReason,
    Reached,
    ReferralAppointmentCancelled,
    ReferralContactAttempted,
    ReferralEvent,
    ReferralHeld,
    ReferralMissed,
    ReferralRescheduled,
    ReferralResumed,
    ReferralScheduled,
    ReferralSeen,
    Side,
)

Appointment = Annotated[OptionalCode, Field(description="ref of the appointment")]


class ScheduleReferral(ReferralStep):
    """Record the appointment of the visit."""

    VERB: ClassVar[str] = "schedule"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralScheduled

    by: Annotated[Party, Field(description="who made the appointment")]
    starts_at: Annotated[Instant, Field(description="when the visit begins")]
    appointment: Appointment = ""
    anchor: Anchor = None


class RescheduleReferral(ReferralStep):
    """Record another time of the appointment."""

    VERB: ClassVar[str] = "reschedule"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralRescheduled

    by: Annotated[Party, Field(description="who records it")]
    asked_by: Annotated[Side, Field(description="whose wish it was")]
    starts_at: Annotated[Instant, Field(description="when the visit begins now")]
    appointment: Appointment = ""
    anchor: Anchor = None


class CancelAppointment(ReferralStep):
    """Record that the visit has no appointment any more."""

    VERB: ClassVar[str] = "cancel_appointment"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralAppointmentCancelled

    by: Annotated[Party, Field(description="who records it")]
    asked_by: Annotated[Side, Field(description="who cancelled it")]
    appointment: Appointment = ""


class RecordMissedVisit(ReferralStep):
    """Record that the patient did not come."""

    VERB: ClassVar[str] = "miss"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralMissed

    by: Annotated[Party, Field(description="who records it")]
    reached: Annotated[Reached, Field(description="whether the patient was reached afterwards")] = (
        "unknown"
    )
    reason: Annotated[MissReason, Field(description="why the patient did not come")] = "unknown"
    appointment: Appointment = ""


class RecordReferralContact(ReferralStep):
    """Record an attempt to reach the patient."""

    VERB: ClassVar[str] = "contact"
    PERMISSION: ClassVar[Permission] = Permission.CARE
    EVENT: ClassVar[type[ReferralEvent]] = ReferralContactAttempted

    by: Annotated[Party, Field(description="who tried")]
    how: Annotated[ContactMeans, Field(description="by which means")]
    result: Annotated[ContactResult, Field(description="what came of it")]


class HoldReferral(ReferralStep):
    """Let the referral wait."""

    VERB: ClassVar[str] = "hold"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralHeld

    by: Annotated[Party, Field(description="who holds it")]
    reason: Annotated[HoldReason, Field(description="what it waits for")]


class ResumeReferral(ReferralStep):
    """Let the referral go on."""

    VERB: ClassVar[str] = "resume"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralResumed

    by: Annotated[Party, Field(description="who resumes it")]


class RecordSeen(ReferralStep):
    """Record that the target saw the patient."""

    VERB: ClassVar[str] = "see"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralSeen

    by: Annotated[Party, Field(description="who saw the patient")]
    appointment: Appointment = ""
    anchor: Anchor = None
