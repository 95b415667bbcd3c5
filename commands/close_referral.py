"""Close a referral."""

from datetime import date

from typing_extensions import override

from commands.decisions import Caller, Command, Decisions, Text
from commands.ports.streams import CommandOutcome
from domain import referral
from domain.referral import NeedMet, Party, ReferralOutcome


class CloseReferral(Command):
    """Acknowledge the outcome, as the requester. Give ``outcome`` if it is not recorded yet."""

    acknowledged_by: Party
    need_met: NeedMet = "unknown"
    plan_told_to_patient_on: date | None = None
    outcome: ReferralOutcome | None = None
    note: Text = ""

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    @override
    def facility(self) -> str:
        return self.acknowledged_by.organisation


def handle(command: CloseReferral, caller: Caller, decisions: Decisions) -> CommandOutcome:
    """Close the referral; see ``Decisions.record``."""
    return decisions.record(
        command,
        caller,
        rule=lambda history, time: referral.close(
            referral.existing(command.stream, history),
            acknowledged_by=command.acknowledged_by,
            need_met=command.need_met,
            plan_told_to_patient_on=command.plan_told_to_patient_on,
            outcome=command.outcome,
            time=time,
        ),
    )
