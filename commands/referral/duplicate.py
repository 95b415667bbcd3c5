"""Decide whether a referral is a duplicate of another one."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Context
from commands.permissions import Permission
from commands.referral.step import ReferralStep
from domain import referral
from domain.decider import StreamEvent
from domain.events import NamedStream, OwnEvent
from domain.referral import ReferralDuplicateCleared, ReferralDuplicateMarked, ReferralEvent


class MarkDuplicate(ReferralStep):
    """Say that the referral asks for the same as another one."""

    VERB: ClassVar[str] = "mark_duplicate"
    PERMISSION: ClassVar[Permission] = Permission.JUDGE
    EVENT: ClassVar[type[ReferralEvent]] = ReferralDuplicateMarked

    other: Annotated[NamedStream, Field(description="id of the other referral")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return referral.compare(
            self.stream,
            self.KIND.existing(self.stream, history),
            self.EVENT,
            self.facts(),
            time=context.time,
        )


class ClearDuplicate(MarkDuplicate):
    """Say that the referral does not ask for the same as another one."""

    VERB: ClassVar[str] = "clear_duplicate"
    EVENT: ClassVar[type[ReferralEvent]] = ReferralDuplicateCleared
