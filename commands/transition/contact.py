"""Contact the patient after a discharge, and see the patient."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field
from typing_extensions import override

from commands.command import Context
from commands.ports.facts import KnownEncounter
from commands.transition.act import TransitionCommand
from domain.errors import NotInteractive
from domain.events import OptionalCode
from domain.party import Party
from domain.transition.events import (
    AttemptMeans,
    AttemptResult,
    ContactMeans,
    ContactPerson,
    Finding,
    TransitionContactAttempted,
    TransitionContactMade,
    TransitionFact,
    TransitionFollowUpCompleted,
    TransitionFollowUpMissed,
    TransitionFollowUpScheduled,
    VisitMeans,
)


class AttemptContact(TransitionCommand):
    """Record that the patient was called and not reached."""

    VERB: ClassVar[str] = "attempt_contact"
    EVENT: ClassVar[type[TransitionFact]] = TransitionContactAttempted

    how: Annotated[AttemptMeans, Field(description="the means")] = "telephone"
    result: Annotated[AttemptResult, Field(description="how the attempt ended")]
    language: Annotated[OptionalCode, Field(description="language that was spoken, such as es")] = (
        ""
    )


class RecordPatientContact(TransitionCommand):
    """Record that the patient or a caregiver was reached, and answered."""

    VERB: ClassVar[str] = "record_contact"
    EVENT: ClassVar[type[TransitionFact]] = TransitionContactMade

    how: Annotated[ContactMeans, Field(description="the means")] = "telephone"
    reached: Annotated[ContactPerson, Field(description="who answered")] = "patient"
    interactive: Annotated[
        bool, Field(description="both sides could ask and answer; a message left is an attempt")
    ] = True
    findings: Annotated[tuple[Finding, ...], Field(description="what was found")] = ()
    language: Annotated[OptionalCode, Field(description="language that was spoken, such as es")] = (
        ""
    )

    @override
    def check(self, known: KnownEncounter, context: Context) -> None:
        """Refuse a contact in which the other side could not answer.

        Raises:
            NotInteractive: It is an attempt.
        """
        if not self.interactive:
            raise NotInteractive


class ScheduleFollowUp(TransitionCommand):
    """Record the appointment of a visit after the discharge."""

    VERB: ClassVar[str] = "schedule_follow_up"
    EVENT: ClassVar[type[TransitionFact]] = TransitionFollowUpScheduled

    appointment: Annotated[OptionalCode, Field(description="ref of the appointment")] = ""
    starts_at: Annotated[AwareDatetime, Field(description="when the visit begins")]
    how: Annotated[VisitMeans, Field(description="where the patient is seen")] = "office"
    place: Annotated[Party, Field(description="organisation and person who see the patient")] = (
        Party()
    )


class MissFollowUp(TransitionCommand):
    """Record that the patient was not seen at the appointment."""

    VERB: ClassVar[str] = "miss_follow_up"
    EVENT: ClassVar[type[TransitionFact]] = TransitionFollowUpMissed

    appointment: Annotated[OptionalCode, Field(description="ref of the appointment")] = ""


class CompleteFollowUp(TransitionCommand):
    """Record that the patient was seen after the discharge."""

    VERB: ClassVar[str] = "complete_follow_up"
    EVENT: ClassVar[type[TransitionFact]] = TransitionFollowUpCompleted

    appointment: Annotated[OptionalCode, Field(description="ref of the appointment")] = ""
    how: Annotated[VisitMeans, Field(description="where the patient was seen")] = "office"
