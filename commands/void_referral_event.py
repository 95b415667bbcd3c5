"""Mark an event of a referral as entered in error."""

from typing import Annotated

from pydantic import Field
from typing_extensions import override

from commands.decisions import Caller, Command, Decisions, Text
from commands.ports.streams import CommandOutcome
from domain import referral
from domain.events import UUID_TEXT, ErrorReason
from domain.ids import EventId


class VoidReferralEvent(Command):
    """Make one event of the referral void. The event is kept, and is shown as void."""

    event_id: Annotated[EventId, Field(pattern=UUID_TEXT)]
    reason_code: ErrorReason
    note: Text = ""

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}


def handle(command: VoidReferralEvent, caller: Caller, decisions: Decisions) -> CommandOutcome:
    """Mark the event; see ``Decisions.record``."""
    return decisions.record(
        command,
        caller,
        rule=lambda history, time: referral.enter_in_error(
            referral.existing(command.stream, history),
            event_id=command.event_id,
            reason_code=command.reason_code,
            time=time,
        ),
    )
