"""Accept a referral."""

from datetime import date

from typing_extensions import override

from commands.decisions import Caller, Command, Decisions, Text
from commands.ports.streams import CommandOutcome
from domain import referral
from domain.referral import Party


class AcceptReferral(Command):
    """Take the patient on, as the target of the referral."""

    by: Party
    expected_by: date | None = None
    note: Text = ""

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    @override
    def facility(self) -> str:
        return self.by.organisation


def handle(command: AcceptReferral, caller: Caller, decisions: Decisions) -> CommandOutcome:
    """Accept the referral; see ``Decisions.record``."""
    return decisions.record(
        command,
        caller,
        rule=lambda history, time: referral.accept(
            referral.existing(command.stream, history),
            by=command.by,
            expected_by=command.expected_by,
            time=time,
        ),
    )
