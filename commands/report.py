"""What the commands have in common that record what another system says."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Text
from domain.events import Code


class ReportCommand(Command):
    """A report. It is recorded whether the state allows it or not, and even after a death."""

    VERB: ClassVar[str] = "report"
    AFTER_DEATH: ClassVar[bool] = True
    REPORTS: ClassVar[bool] = True

    partner: Annotated[Code, Field(description="organisation or system that says so")]
    number: Annotated[Text, Field(description="its number there; it is stored sealed")] = ""
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {"partner_number": self.number, "note": self.note}

    @override
    def facility(self) -> str:
        return self.partner

    @override
    def organisation_fields(self) -> Sequence[str]:
        return ("partner",)
