"""Do the other steps that follow a discharge, waive a step, and end the transition."""

from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Context
from commands.permissions import Permission
from commands.ports.facts import KnownEncounter
from commands.transition.act import TransitionCommand
from domain.errors import UnknownEvent
from domain.events import UUID_TEXT, Code, OptionalCode
from domain.ids import EventId
from domain.medication_facts import MedicationsReconciled
from domain.party import Party
from domain.transition.events import (
    DeclineReason,
    TransitionArrivalConfirmed,
    TransitionDeclined,
    TransitionEquipmentDelivered,
    TransitionFact,
    TransitionMedicationsReconciled,
    TransitionMovedAway,
    TransitionResponsibleChanged,
    TransitionServiceStarted,
    TransitionStepDone,
    TransitionStepWaived,
    WaiveReason,
)


class CompleteReconciliation(TransitionCommand):
    """Record that the medication lists were reconciled after the discharge."""

    VERB: ClassVar[str] = "reconcile_medications"
    EVENT: ClassVar[type[TransitionFact]] = TransitionMedicationsReconciled

    reconciliation: Annotated[
        EventId | None,
        Field(
            pattern=UUID_TEXT,
            description="event of the medication list by which it was done; none if it was done"
            " elsewhere",
        ),
    ] = None

    @override
    def check(self, known: KnownEncounter, context: Context) -> None:
        """Refuse an event that is no reconciliation of the patient.

        Raises:
            UnknownEvent: No medication list of the patient has this event.
        """
        if self.reconciliation is None:
            return
        for events in context.facts.streams(known.record, "medication_list").values():
            for each in events:
                if each.event_id == self.reconciliation and isinstance(
                    each.event, MedicationsReconciled
                ):
                    return
        raise UnknownEvent(self.reconciliation)


class DeliverEquipment(TransitionCommand):
    """Record that the patient has the equipment."""

    VERB: ClassVar[str] = "deliver_equipment"
    EVENT: ClassVar[type[TransitionFact]] = TransitionEquipmentDelivered

    equipment: Annotated[OptionalCode, Field(description="code of the equipment")] = ""


class StartService(TransitionCommand):
    """Record that the next provider gave its first service, such as the first visit at home."""

    VERB: ClassVar[str] = "start_service"
    EVENT: ClassVar[type[TransitionFact]] = TransitionServiceStarted

    service: Annotated[OptionalCode, Field(description="code of the service")] = ""


class ConfirmArrival(TransitionCommand):
    """Record that the next facility says that the patient arrived."""

    VERB: ClassVar[str] = "confirm_arrival"
    EVENT: ClassVar[type[TransitionFact]] = TransitionArrivalConfirmed


class CompleteStep(TransitionCommand):
    """Record that a step is done that has no command of its own."""

    VERB: ClassVar[str] = "complete_step"
    EVENT: ClassVar[type[TransitionFact]] = TransitionStepDone

    step: Annotated[Code, Field(description="code of the step, as `transition show` lists it")]


class WaiveStep(TransitionCommand):
    """Decide that a step is not needed."""

    VERB: ClassVar[str] = "waive_step"
    PERMISSION: ClassVar[Permission] = Permission.JUDGE
    EVENT: ClassVar[type[TransitionFact]] = TransitionStepWaived

    step: Annotated[Code, Field(description="code of the step, as `transition show` lists it")]
    reason: Annotated[WaiveReason, Field(description="why")]


class ChangeResponsible(TransitionCommand):
    """Say who owes the steps from now on."""

    VERB: ClassVar[str] = "change_responsible"
    EVENT: ClassVar[type[TransitionFact]] = TransitionResponsibleChanged

    to: Annotated[Party, Field(description="who owes the steps")]


class DeclineFollowUp(TransitionCommand):
    """Record that the patient wants no follow-up."""

    VERB: ClassVar[str] = "decline"
    EVENT: ClassVar[type[TransitionFact]] = TransitionDeclined

    reason: Annotated[DeclineReason, Field(description="why")] = "other"


class RecordMovedAway(TransitionCommand):
    """Record that the patient left the region."""

    VERB: ClassVar[str] = "move_away"
    EVENT: ClassVar[type[TransitionFact]] = TransitionMovedAway
