"""Close a referral, and mark its events as entered in error."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Context, Text, VoidEvent
from commands.permissions import Permission
from domain import referral
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.party import Party
from domain.referral import NeedMet, ReferralClosed, ReferralOutcome


class CloseReferral(Command):
    """Acknowledge the outcome or the refusal, as the requester.

    Give ``outcome`` if it is not recorded yet. If the patient was not told the plan when the
    referral was closed, close it again with the day.
    """

    KIND: ClassVar = referral.KIND
    VERB: ClassVar[str] = "close"
    EVENT: ClassVar[type[OwnEvent]] = ReferralClosed
    AFTER_DEATH: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.ASK
    FLAGS: ClassVar[Mapping[str, str]] = {
        "acknowledged_by": "by",
        "plan_told_to_patient_on": "told-on",
        "outcome.how": "outcome",
        "outcome.document": "document",
    }

    acknowledged_by: Annotated[Party, Field(description="who closes")]
    need_met: Annotated[NeedMet, Field(description="whether the need of the patient was met")] = (
        "unknown"
    )
    plan_told_to_patient_on: Annotated[
        date | None, Field(description="day on which the patient was told the plan")
    ] = None
    outcome: Annotated[
        ReferralOutcome | None,
        Field(description="how the outcome was received, if that is not recorded yet"),
    ] = None
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return referral.close(
            self.KIND.existing(self.stream, history),
            acknowledged_by=self.acknowledged_by,
            need_met=self.need_met,
            plan_told_to_patient_on=self.plan_told_to_patient_on,
            outcome=self.outcome,
            time=context.time,
        )

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    @override
    def facility(self) -> str:
        return self.acknowledged_by.organisation


class VoidReferralEvent(VoidEvent):
    """Make one event of the referral void. The event is kept, and is shown as void."""

    KIND: ClassVar = referral.KIND
