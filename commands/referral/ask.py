"""Send a referral, cancel it and reopen it, as its requester."""

from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Text
from commands.permissions import Permission
from commands.referral.step import ReferralStep
from domain.events import Code
from domain.party import Party
from domain.referral import (
    CancelReason,
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralEvent,
    ReferralInformationSent,
    ReferralReopened,
    ReferralSent,
    ReopenReason,
    SendingChannel,
    Side,
)


class SendReferral(ReferralStep):
    """Record that the request was sent to the target."""

    VERB: ClassVar[str] = "send"
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralSent

    channel: Annotated[SendingChannel, Field(description="how it was sent")] = "electronic"
    partner_number: Annotated[
        Text, Field(description="number of the referral at the target; stored sealed")
    ] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {**super().texts(), "partner_number": self.partner_number}


class SendInformation(ReferralStep):
    """Answer what the target asked for."""

    VERB: ClassVar[str] = "send_information"
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralInformationSent

    by: Annotated[Party, Field(description="who answers")]
    supplied: Annotated[
        tuple[Code, ...], Field(description="what was sent, such as medication_list")
    ] = ()


class RequestCancellation(ReferralStep):
    """Ask the other side to agree that the referral is cancelled."""

    VERB: ClassVar[str] = "request_cancellation"
    AFTER_DEATH: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralCancellationRequested

    by: Annotated[Party, Field(description="who records it")]
    asked_by: Annotated[Side, Field(description="whose wish it is")] = "requester"
    reason: Annotated[CancelReason, Field(description="why")]


class CancelReferral(ReferralStep):
    """Cancel the referral. Another organisation must have agreed before."""

    VERB: ClassVar[str] = "cancel"
    AFTER_DEATH: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralCancelled

    by: Annotated[Party, Field(description="who records it")]
    asked_by: Annotated[Side, Field(description="whose wish it was")] = "requester"
    reason: Annotated[CancelReason, Field(description="why")]


class ReopenReferral(ReferralStep):
    """Let a referral that has ended go on from where it was."""

    VERB: ClassVar[str] = "reopen"
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralReopened

    by: Annotated[Party, Field(description="who reopens it")]
    reason: Annotated[ReopenReason, Field(description="why")]
