"""What the commands on a referral have in common."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Context, Text
from domain import referral
from domain.decider import StreamEvent
from domain.errors import AppointmentNotOfPatient
from domain.events import NamedStatement, OwnEvent
from domain.party import Party
from domain.referral import History, ReferralEvent

#: Fields of commands that tell of a visit.
Anchor = Annotated[
    NamedStatement | None, Field(description="encounter of the visit, or a statement of it")
]


class ReferralStep(Command):
    """A step of a referral: the members of its event are the fields of the command."""

    KIND: ClassVar = referral.KIND
    EVENT: ClassVar[type[ReferralEvent]]

    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        known = self.KIND.existing(self.stream, history)
        self._check_visit(known, context)
        return referral.take(known, self.EVENT, self.facts(), time=context.time)

    def facts(self) -> dict[str, Any]:
        """Return the members of the event."""
        own = set(type(self).model_fields) & set(self.EVENT.model_fields)
        return {name: getattr(self, name) for name in own if name != "happened_at"}

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    @override
    def facility(self) -> str:
        by = getattr(self, "by", None)
        return by.organisation if isinstance(by, Party) else ""

    def _check_visit(self, history: History, context: Context) -> None:
        """Check that the encounter that the command names is of the patient of the referral.

        An encounter that is not known yet is not refused: its messages may come later.

        Raises:
            AppointmentNotOfPatient: It is of another patient.
        """
        anchor = getattr(self, "anchor", None)
        encounter = context.facts.encounter(anchor) if anchor else None
        record = history[0].event.record
        if encounter is None or record is None or encounter.record == record:
            return
        if self.stream not in context.facts.streams(encounter.record, self.KIND.name):
            raise AppointmentNotOfPatient
