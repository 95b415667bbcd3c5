"""Send and receive the outcome of a referral.

An outcome may come after the death of the patient, as any document may.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Text
from commands.permissions import Permission
from commands.referral.step import ReferralStep
from domain.events import OptionalCode
from domain.party import Party
from domain.referral import (
    Channel,
    Recommendation,
    ReferralEvent,
    ReferralInterimNoteSent,
    ReferralOutcomeReceived,
    ReferralOutcomeSent,
)

Document = Annotated[OptionalCode, Field(description="ref of the document")]


class SendInterimNote(ReferralStep):
    """Report to the requester before the target is finished."""

    VERB: ClassVar[str] = "send_interim_note"
    AFTER_DEATH: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.ANSWER
    EVENT: ClassVar[type[ReferralEvent]] = ReferralInterimNoteSent

    by: Annotated[Party, Field(description="who sends it")]
    document: Document = ""
    recommends: Annotated[Recommendation, Field(description="what the target recommends")] = "none"
    findings: Annotated[Text, Field(description="findings; stored sealed")] = ""

    @override
    def clinical(self) -> dict[str, Any]:
        return {"findings": self.findings}


class SendOutcome(SendInterimNote):
    """Send the outcome to the requester, as the target."""

    VERB: ClassVar[str] = "send_outcome"
    EVENT: ClassVar[type[ReferralEvent]] = ReferralOutcomeSent


class ReceiveOutcome(ReferralStep):
    """Record that the requester knows the outcome."""

    VERB: ClassVar[str] = "receive_outcome"
    AFTER_DEATH: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.ASK
    EVENT: ClassVar[type[ReferralEvent]] = ReferralOutcomeReceived

    how: Annotated[Channel, Field(description="how the outcome reached the requester")]
    document: Document = ""
