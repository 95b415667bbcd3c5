"""Pass the discharge information on, and look after results that are pending.

A document may be sent, and a result may come, after the death of the patient.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from commands.transition.act import TransitionCommand
from domain.events import OptionalCode
from domain.party import Party
from domain.transition.events import (
    Element,
    TransitionFact,
    TransitionInformationReceived,
    TransitionInformationSent,
    TransitionPendingResultAssigned,
    TransitionPendingResultReceived,
)


class SendDischargeInformation(TransitionCommand):
    """Record that the discharge information was sent."""

    VERB: ClassVar[str] = "send_information"
    AFTER_DEATH: ClassVar[bool] = True
    EVENT: ClassVar[type[TransitionFact]] = TransitionInformationSent

    recipient: Annotated[Party, Field(description="who gets it")] = Party()
    document: Annotated[OptionalCode, Field(description="ref of the document")] = ""
    elements: Annotated[tuple[Element, ...], Field(description="what it contains")] = ()


class ReceiveDischargeInformation(SendDischargeInformation):
    """Record that the recipient has the discharge information."""

    VERB: ClassVar[str] = "receive_information"
    EVENT: ClassVar[type[TransitionFact]] = TransitionInformationReceived


class AssignPendingResult(TransitionCommand):
    """Say who looks after a result that is pending at the discharge, or that none is pending."""

    VERB: ClassVar[str] = "assign_result"
    EVENT: ClassVar[type[TransitionFact]] = TransitionPendingResultAssigned

    result: Annotated[OptionalCode, Field(description="ref of the order or result")] = ""
    to: Annotated[Party, Field(description="who looks after it; none if no result is pending")] = (
        Party()
    )


class ReceivePendingResult(TransitionCommand):
    """Record that a result has come that was pending at the discharge."""

    VERB: ClassVar[str] = "receive_result"
    AFTER_DEATH: ClassVar[bool] = True
    EVENT: ClassVar[type[TransitionFact]] = TransitionPendingResultReceived

    result: Annotated[OptionalCode, Field(description="ref of the order or result")] = ""
