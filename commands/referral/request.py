"""Request a referral."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.decisions import Command, Context, Text
from commands.permissions import Permission
from domain import referral
from domain.decider import StreamEvent
from domain.events import UUID_TEXT, OptionalCode, OwnEvent
from domain.ids import Mode, RecordId, StatementRef
from domain.party import Party
from domain.referral import Category, ReferralRequested, Urgency


class RequestReferral(Command):
    """Ask another party to see a patient."""

    KIND: ClassVar = referral.KIND
    VERB: ClassVar[str] = "request"
    BEGINS: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.ASK

    record: Annotated[RecordId, Field(pattern=UUID_TEXT, description="source record")]
    mode: Annotated[Mode, Field(description="processing mode of the record")] = "P"
    anchor: Annotated[
        Annotated[StatementRef, Field(pattern=UUID_TEXT)] | None,
        Field(description="encounter, or a statement of it, that the referral belongs to"),
    ] = None
    requester: Annotated[Party, Field(description="who asks")]
    target: Annotated[Party, Field(description="who is asked")]
    service: Annotated[OptionalCode, Field(description="service asked for")] = ""
    specialty: Annotated[OptionalCode, Field(description="specialty asked for")] = ""
    urgency: Annotated[Urgency, Field(description="how soon")] = "routine"
    category: Annotated[Category, Field(description="kind of help")] = "clinical"
    needed_by: Annotated[
        date | None, Field(description="day by which the patient should be seen")
    ] = None
    expires_on: Annotated[date | None, Field(description="last day of validity")] = None
    question: Annotated[Text, Field(description="question to the target; stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return referral.request(
            self.KIND.history(self.stream, history),
            ReferralRequested(
                record=self.record,
                mode=self.mode,
                happened_at=context.time.moment,
                anchor=self.anchor,
                requester=self.requester,
                target=self.target,
                service=self.service,
                specialty=self.specialty,
                urgency=self.urgency,
                category=self.category,
                needed_by=self.needed_by,
                expires_on=self.expires_on,
            ),
            time=context.time,
        )

    @override
    def texts(self) -> dict[str, str]:
        return {"question": self.question}

    @override
    def facility(self) -> str:
        return self.requester.organisation
