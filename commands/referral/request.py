"""Request a referral."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Context, Text
from commands.permissions import Permission
from commands.sensitive_codes import SensitiveCodes
from domain import referral
from domain.decider import StreamEvent, fold
from domain.errors import LikelyDuplicate
from domain.events import (
    UUID_TEXT,
    Code,
    NamedStatement,
    NamedStream,
    OptionalCode,
    OwnEvent,
)
from domain.ids import Mode, RecordId, StreamId
from domain.party import Party
from domain.referral import (
    Category,
    ReferralRequested,
    Urgency,
    as_new,
    can_be_compared,
    category_ref,
    compared,
    likely_duplicates,
)


class RequestReferral(Command):
    """Ask another party to see a patient."""

    KIND: ClassVar = referral.KIND
    VERB: ClassVar[str] = "request"
    EVENT: ClassVar[type[OwnEvent]] = ReferralRequested
    BEGINS: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.ASK

    record: Annotated[RecordId, Field(pattern=UUID_TEXT, description="source record")]
    mode: Annotated[Mode, Field(description="processing mode of the record")] = "P"
    anchor: Annotated[
        NamedStatement | None,
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
    reason_codes: Annotated[
        tuple[Code, ...],
        Field(description="why, as ICD-10 codes or need domains, the main reason first; sealed"),
    ] = ()
    sensitive: Annotated[
        bool,
        Field(
            description="whether service, specialty and the category of the reason are sealed; the"
            " codes that the installation calls sensitive always are"
        ),
    ] = False
    care_plan: Annotated[
        NamedStream | None, Field(description="care plan that the referral belongs to")
    ] = None
    goal: Annotated[OptionalCode, Field(description="goal of this plan")] = ""
    activity: Annotated[OptionalCode, Field(description="activity of this plan")] = ""
    transition_anchor: Annotated[
        NamedStatement | None,
        Field(description="encounter whose discharge needs the referral, or a statement of it"),
    ] = None
    refuse_duplicates: Annotated[
        bool, Field(description="refuse the referral if it is likely a duplicate")
    ] = False
    question: Annotated[Text, Field(description="question to the target; stored sealed")] = ""
    authorisation_number: Annotated[
        Text, Field(description="number of the authorisation; stored sealed")
    ] = ""

    @override
    def sealing(self, sensitive: SensitiveCodes) -> Self:
        named = sensitive.names(
            service=self.service, specialty=self.specialty, reasons=self.reason_codes
        )
        return self.model_copy(update={"sensitive": True}) if named else self

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        asked = self._asked(context)
        events = referral.request(self.KIND.history(self.stream, history), asked, time=context.time)
        if events and self.refuse_duplicates and (others := self._duplicates(asked, context)):
            raise LikelyDuplicate(others)
        return events

    @override
    def warnings(self, history: Sequence[StreamEvent[OwnEvent]], context: Context) -> Sequence[str]:
        return ("likely_duplicate",) if self._duplicates(self._asked(context), context) else ()

    @override
    def texts(self) -> dict[str, str]:
        return {"question": self.question, "authorisation_number": self.authorisation_number}

    @override
    def clinical(self) -> dict[str, Any]:
        sealed = {"service": self.service, "specialty": self.specialty} if self.sensitive else {}
        return {"reason_codes": list(self.reason_codes), **sealed}

    @override
    def facility(self) -> str:
        return self.requester.organisation

    def _asked(self, context: Context) -> ReferralRequested:
        reasons = self.reason_codes
        return ReferralRequested(
            record=self.record,
            mode=self.mode,
            happened_at=context.time.moment,
            anchor=self.anchor,
            requester=self.requester,
            target=self.target,
            service="" if self.sensitive else self.service,
            specialty="" if self.sensitive else self.specialty,
            urgency=self.urgency,
            category=self.category,
            needed_by=self.needed_by,
            expires_on=self.expires_on,
            reason_category=(
                category_ref(context.id_key, reasons[0]) if reasons and not self.sensitive else ""
            ),
            care_plan=self.care_plan,
            goal=self.goal,
            activity=self.activity,
            transition_anchor=self.transition_anchor,
        )

    def _duplicates(self, asked: ReferralRequested, context: Context) -> tuple[StreamId, ...]:
        """Return the referrals of the person that this one is likely a duplicate of."""
        if not can_be_compared(asked):
            return ()
        known = context.facts.referrals_with_reason(self.record, asked.reason_category)
        others = (
            compared(stream, fold(self.KIND.decider, self.KIND.history(stream, events)))
            for stream, events in known.items()
            if stream != self.stream
        )
        return likely_duplicates(as_new(self.stream, asked), filter(None, others))
