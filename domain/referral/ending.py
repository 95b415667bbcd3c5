"""The facts about the end of a referral, and what is noted about it."""

from datetime import date
from typing import ClassVar, Literal

from domain.events import EnteredInError, NamedStream, OwnEvent, ReportedEvent
from domain.party import Party
from domain.referral.codes import CancelReason, Claim, NeedMet, ReopenReason, Side


class ReferralClosed(OwnEvent):
    """The requester has acknowledged the outcome, or the refusal. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.closed.v1"

    acknowledged_by: Party
    """Who acknowledges the outcome."""
    plan_told_to_patient_on: date | None = None
    """The day on which the patient was told the plan; null: not told yet."""
    need_met: NeedMet = "unknown"
    """Whether the need of the patient was met."""


class ReferralCancellationRequested(OwnEvent):
    """The referral is to be cancelled, and the other side has not confirmed. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.cancellation_requested.v1"

    by: Party
    """Who recorded it."""
    asked_by: Side
    """Whose wish it is."""
    reason: CancelReason
    """Why."""


class ReferralCancelled(OwnEvent):
    """The referral is cancelled. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.cancelled.v1"

    by: Party
    """Who recorded it."""
    asked_by: Side
    """Whose wish it was."""
    reason: CancelReason
    """Why."""


class ReferralReopened(OwnEvent):
    """The referral goes on from where it ended. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.reopened.v1"

    by: Party
    """Who reopens it."""
    reason: ReopenReason
    """Why."""


class ReferralDuplicateMarked(OwnEvent):
    """The referral asks for the same as another one. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.duplicate_marked.v1"

    other: NamedStream
    """The other referral."""
    decided_by: Literal["rule", "person"] = "person"
    """Who says so."""


class ReferralDuplicateCleared(OwnEvent):
    """The referral does not ask for the same as another one. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.duplicate_cleared.v1"

    other: NamedStream
    """The other referral."""


class ReferralReported(ReportedEvent):
    """Another system says where the referral is. Sealed: its number there."""

    TOPIC: ClassVar[str] = "referral.reported.v1"

    claim: Claim
    """Where it is, as that system says. ``expired`` is a mark and changes nothing else."""
    need_met: NeedMet = "unknown"
    """Whether the need of the patient was met, as that system says."""


class ReferralEnteredInError(EnteredInError):
    """An event of the referral is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.entered_in_error.v1"
