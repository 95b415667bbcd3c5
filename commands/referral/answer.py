"""Answer a referral, as its target."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.decisions import Command, Context, Text
from commands.permissions import Permission
from domain import referral
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.party import Party


class AcceptReferral(Command):
    """Take the patient on, as the target of the referral."""

    KIND: ClassVar = referral.KIND
    VERB: ClassVar[str] = "accept"
    PERMISSION: ClassVar[Permission] = Permission.ANSWER

    by: Annotated[Party, Field(description="who accepts")]
    expected_by: Annotated[
        date | None, Field(description="day by which the patient will be seen")
    ] = None
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return referral.accept(
            self.KIND.existing(self.stream, history),
            by=self.by,
            expected_by=self.expected_by,
            time=context.time,
        )

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    @override
    def facility(self) -> str:
        return self.by.organisation
