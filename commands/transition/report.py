"""Record what another system says was done after a discharge."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Context
from commands.report import ReportCommand
from commands.transition.act import EncounterCommand
from domain.events import OwnEvent
from domain.transition import stream
from domain.transition.events import ReportedDeed, TransitionFact, TransitionReported
from domain.transition.stream import OtherAnchors, TransitionHistory


class ReportTransition(ReportCommand, EncounterCommand):
    """Record what was done after the discharge, as another system says."""

    EVENT: ClassVar[type[TransitionFact]] = TransitionReported

    claim: Annotated[ReportedDeed, Field(description="what was done")]

    @override
    def recorded(
        self,
        history: TransitionHistory,
        event: Any,
        others: OtherAnchors,
        context: Context,
    ) -> Sequence[OwnEvent]:
        return stream.report(history, event, others=others, time=context.time)
