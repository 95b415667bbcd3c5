"""The shapes of referrals."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from caretrail.reading.shapes.values import (
    EntryShape,
    PartyShape,
    PersonShape,
    PrecisionWord,
    StreamHead,
    Time,
    Uuid,
)


class ReferralShape(StreamHead):
    """A referral of a list."""

    state: Annotated[str, Field(examples=["accepted"])]
    requester: PersonShape
    target: PartyShape
    service: str | None
    specialty: str | None
    urgency: Annotated[str, Field(examples=["routine"])]
    category: Annotated[str, Field(examples=["clinical"])]
    requested_at: Time
    requested_precision: PrecisionWord
    accepted_at: Time | None
    accepted_precision: PrecisionWord | None
    outcome_at: Time | None
    outcome_precision: PrecisionWord | None
    closed_at: Time | None
    closed_precision: PrecisionWord | None
    need_met: Annotated[str | None, Field(examples=["yes"])]
    anchor: Uuid | None
    encounter_id: Uuid | None


class MilestonesShape(TypedDict):
    """When each milestone was reached. Null: not reached."""

    need_determined: Time | None
    sent: Time | None
    accepted: Time | None
    complete: Time | None
    appointment_made: Time | None
    appointment_held: Time | None
    outcome: Time | None
    acknowledged: Time | None


class IntervalShape(TypedDict):
    """The time between two milestones."""

    since: str
    milestone: str
    seconds: Annotated[int | None, Field(description="null: the interval goes on")]


class ReferralProgress(ReferralShape):
    """A referral with its milestones and intervals."""

    step: str | None
    open: bool
    appointment_starts_at: Time | None
    plan_told_on: str | None
    milestones: MilestonesShape
    intervals: list[IntervalShape]


class ReferralAnswer(ReferralProgress):
    """One referral with its entries."""

    entries: list[EntryShape]
