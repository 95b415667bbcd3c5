"""The facts about the request of a referral, and the answers to it.

The core of each event is stored in clear: codes, times and parties. What a person writes is sealed,
and so are reason codes, numbers of partners and numbers of authorisations.
"""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from domain.events import UUID_TEXT, Code, NamedStatement, NamedStream, OptionalCode, OwnEvent
from domain.ids import RecordId
from domain.party import Party
from domain.referral.codes import Category, DeclineReason, PatientReason, SendingChannel, Urgency


class ReferralRequested(OwnEvent):
    """The requester asks the target to see the patient. Sealed: question, reason codes."""

    TOPIC: ClassVar[str] = "referral.requested.v1"

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient as the caller named it."""
    requester: Party
    """Who asks."""
    target: Party
    """Who is asked."""
    service: OptionalCode = ""
    """The service that is asked for; empty: not stated, or sealed."""
    specialty: OptionalCode = ""
    """The specialty that is asked for; empty: not stated, or sealed."""
    urgency: Urgency = "routine"
    """How soon."""
    category: Category = "clinical"
    """What kind of help."""
    needed_by: date | None = None
    """The day by which the patient should be seen; null: not stated."""
    expires_on: date | None = None
    """The last day of validity; null: not stated."""
    reason_category: OptionalCode = ""
    """Keyed hash of the category of the main reason; empty: not stated."""
    care_plan: NamedStream | None = None
    """The care plan that the referral belongs to; null: none is named."""
    goal: OptionalCode = ""
    """The goal of this plan; empty: none is named."""
    activity: OptionalCode = ""
    """The activity of this plan; empty: none is named."""
    transition_anchor: NamedStatement | None = None
    """A statement of the encounter whose discharge needs the referral; null: none is named."""


class ReferralSent(OwnEvent):
    """The request was sent to the target. Sealed: the number that the partner gave."""

    TOPIC: ClassVar[str] = "referral.sent.v1"

    channel: SendingChannel
    """How it was sent."""


class ReferralReceived(OwnEvent):
    """The target has the request. Sealed: the number that the target gave."""

    TOPIC: ClassVar[str] = "referral.received.v1"

    by: Party
    """Who received it."""
    channel: SendingChannel
    """How it came."""


class ReferralReturnedForInformation(OwnEvent):
    """The target needs information before it decides. Sealed: a text."""

    TOPIC: ClassVar[str] = "referral.returned_for_information.v1"

    by: Party
    """Who asks."""
    missing: tuple[Code, ...] = ()
    """What is missing, as codes."""


class ReferralInformationSent(OwnEvent):
    """The requester answered what the target asked for. Sealed: a text."""

    TOPIC: ClassVar[str] = "referral.information_sent.v1"

    by: Party
    """Who answers."""
    supplied: tuple[Code, ...] = ()
    """What was sent, as codes."""


class ReferralAccepted(OwnEvent):
    """The target takes the patient on. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.accepted.v1"

    by: Party
    """Who accepts."""
    expected_by: date | None = None
    """The day by which the target expects to see the patient; null: not stated."""


class ReferralDeclined(OwnEvent):
    """The target does not take the patient on. Sealed: advice to the requester."""

    TOPIC: ClassVar[str] = "referral.declined.v1"

    by: Party
    """Who declines."""
    reason: DeclineReason
    """Why."""


class ReferralRedirected(OwnEvent):
    """Another referral takes the place of this one, to another target. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.redirected.v1"

    by: Party
    """Who redirects."""
    to: Party
    """The target of the new referral."""
    new_referral: NamedStream
    """The stream of the new referral."""


class ReferralPatientDeclined(OwnEvent):
    """The patient does not want what was asked for. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.patient_declined.v1"

    by: Party
    """Who learned it."""
    reason: PatientReason
    """Why."""


class ReferralAuthorised(OwnEvent):
    """The payer agrees to pay. Sealed: the number of the authorisation."""

    TOPIC: ClassVar[str] = "referral.authorised.v1"

    payer: Code
    """Who pays."""
    units: Annotated[int, Field(ge=1)] | None = None
    """How many units or visits; null: not stated."""
    until: date | None = None
    """The last day that is authorised; null: not stated."""


class ReferralAuthorisationRefused(OwnEvent):
    """The payer does not agree to pay. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.authorisation_refused.v1"

    payer: Code
    """Who refuses."""
