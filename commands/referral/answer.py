"""Answer a referral, as its target, its payer or for the patient."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Text
from commands.permissions import Permission
from commands.referral.step import ReferralStep
from domain.events import Code, NamedStream
from domain.party import Party
from domain.referral import (
    DeclineReason,
    PatientReason,
    ReferralAccepted,
    ReferralAuthorisationRefused,
    ReferralAuthorised,
    ReferralDeclined,
    ReferralEvent,
    ReferralPatientDeclined,
    ReferralReceived,
    ReferralRedirected,
    ReferralReturnedForInformation,
    SendingChannel,
)


class ReceiveReferral(ReferralStep):
    """Record that the target has the request."""

    VERB: ClassVar[str] = "receive"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralReceived

    by: Annotated[Party, Field(description="who received it")]
    channel: Annotated[SendingChannel, Field(description="how it came")] = "electronic"
    partner_number: Annotated[
        Text, Field(description="number of the referral at the target; stored sealed")
    ] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {**super().texts(), "partner_number": self.partner_number}


class ReturnReferral(ReferralStep):
    """Ask the requester for information, as the target."""

    VERB: ClassVar[str] = "return_for_information"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralReturnedForInformation

    by: Annotated[Party, Field(description="who asks")]
    missing: Annotated[
        tuple[Code, ...], Field(description="what is missing, such as medication_list")
    ] = ()


class AcceptReferral(ReferralStep):
    """Take the patient on, as the target of the referral."""

    VERB: ClassVar[str] = "accept"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralAccepted

    by: Annotated[Party, Field(description="who accepts")]
    expected_by: Annotated[
        date | None, Field(description="day by which the patient will be seen")
    ] = None


class DeclineReferral(ReferralStep):
    """Do not take the patient on, as the target of the referral."""

    VERB: ClassVar[str] = "decline"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralDeclined

    by: Annotated[Party, Field(description="who declines")]
    reason: Annotated[DeclineReason, Field(description="why")]
    advice: Annotated[Text, Field(description="advice to the requester; stored sealed")] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {**super().texts(), "advice": self.advice}


class RedirectReferral(ReferralStep):
    """Let a new referral, to another target, take the place of this one."""

    VERB: ClassVar[str] = "redirect"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralRedirected

    by: Annotated[Party, Field(description="who redirects")]
    to: Annotated[Party, Field(description="target of the new referral")]
    new_referral: Annotated[NamedStream, Field(description="id of the new referral")]


class RecordPatientDeclined(ReferralStep):
    """Record that the patient does not want what was asked for."""

    VERB: ClassVar[str] = "patient_declined"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralPatientDeclined

    by: Annotated[Party, Field(description="who learned it")]
    reason: Annotated[PatientReason, Field(description="why")]


class AuthoriseReferral(ReferralStep):
    """Record that the payer agrees to pay."""

    VERB: ClassVar[str] = "authorise"
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralAuthorised

    payer: Annotated[Code, Field(description="who pays")]
    units: Annotated[
        Annotated[int, Field(ge=1)] | None, Field(description="how many units or visits")
    ] = None
    until: Annotated[date | None, Field(description="last day that is authorised")] = None
    number: Annotated[Text, Field(description="number of the authorisation; stored sealed")] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {**super().texts(), "authorisation_number": self.number}

    @override
    def organisation_fields(self) -> Sequence[str]:
        return ("payer",)


class RefuseAuthorisation(ReferralStep):
    """Record that the payer does not agree to pay."""

    VERB: ClassVar[str] = "refuse_authorisation"
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralAuthorisationRefused

    payer: Annotated[Code, Field(description="who refuses")]

    @override
    def organisation_fields(self) -> Sequence[str]:
        return ("payer",)
