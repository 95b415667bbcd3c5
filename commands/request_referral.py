"""Request a referral."""

from datetime import date
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from commands.decisions import Caller, Command, Decisions, Text
from commands.ports.streams import CommandOutcome
from domain import referral
from domain.events import UUID_TEXT, OptionalCode
from domain.ids import Mode, RecordId, StatementRef
from domain.referral import Category, Party, ReferralRequested, Urgency


class RequestReferral(Command):
    """Ask a target to see a patient. ``stream`` is the id of the new referral."""

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    mode: Mode = "P"
    anchor: Annotated[StatementRef, Field(pattern=UUID_TEXT)] | None = None
    requester: Party
    target: Party
    service: OptionalCode = ""
    specialty: OptionalCode = ""
    urgency: Urgency = "routine"
    category: Category = "clinical"
    needed_by: date | None = None
    expires_on: date | None = None
    question: Text = ""

    @override
    def texts(self) -> dict[str, str]:
        return {"question": self.question}

    @override
    def facility(self) -> str:
        return self.requester.organisation


def handle(command: RequestReferral, caller: Caller, decisions: Decisions) -> CommandOutcome:
    """Request the referral; see ``Decisions.record``."""
    return decisions.record(
        command,
        caller,
        rule=lambda history, time: referral.request(
            referral.history_of(command.stream, history),
            ReferralRequested(
                record=command.record,
                mode=command.mode,
                happened_at=time.moment,
                anchor=command.anchor,
                requester=command.requester,
                target=command.target,
                service=command.service,
                specialty=command.specialty,
                urgency=command.urgency,
                category=command.category,
                needed_by=command.needed_by,
                expires_on=command.expires_on,
            ),
            time=time,
        ),
    )
