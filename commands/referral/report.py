"""Record what another system says about a referral."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Context
from commands.permissions import Permission
from commands.report import ReportCommand
from domain import referral
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.referral import Claim, NeedMet, ReferralReported


class ReportReferral(ReportCommand):
    """Record where the referral is, as another system says. It is kept even if it cannot be."""

    KIND: ClassVar = referral.KIND
    EVENT: ClassVar[type[OwnEvent]] = ReferralReported
    PERMISSION: ClassVar[Permission] = Permission.ANSWER

    claim: Annotated[Claim, Field(description="where the referral is")]
    need_met: Annotated[NeedMet, Field(description="whether the need of the patient was met")] = (
        "unknown"
    )

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return referral.report(
            self.KIND.existing(self.stream, history),
            self.claim,
            partner=self.partner,
            need_met=self.need_met,
            time=context.time,
        )
