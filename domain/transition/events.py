"""What people did and found after a discharge: the events of the stream ``transition``.

Each event names a statement of the encounter in ``anchor``. The transition, its steps and its
states are derived from the discharge, and no event says that a step is owed or late.
"""

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from domain.events import (
    UUID_TEXT,
    Code,
    EnteredInError,
    Instant,
    NamedStatement,
    OptionalCode,
    OwnEvent,
    ReportedEvent,
)
from domain.ids import EventId, RecordId
from domain.party import Party

#: What discharge information should contain: the six elements of HEDIS TRC, receipt of discharge
#: information. verify: the wording differs by measurement year.
Element: TypeAlias = Literal[
    "practitioner", "procedures", "diagnoses", "medications", "results", "instructions"
]
ELEMENTS: Final[tuple[Element, ...]] = (
    "practitioner",  # responsible for the care during the stay
    "procedures",  # or treatment
    "diagnoses",  # at discharge
    "medications",  # current list, with allergies
    "results",  # of tests, or which are pending, or that none is
    "instructions",  # for the primary care practitioner
)

AttemptMeans: TypeAlias = Literal[
    "telephone", "video", "face_to_face", "two_way_electronic", "letter", "other"
]
AttemptResult: TypeAlias = Literal["no_answer", "left_message", "wrong_number", "refused"]
ContactMeans: TypeAlias = Literal["telephone", "video", "face_to_face", "two_way_electronic"]
ContactPerson: TypeAlias = Literal["patient", "caregiver"]
Finding: TypeAlias = Literal[
    "symptoms_worse", "medications_obtained", "understands_plan", "visit_known", "needs_help"
]
#: Where the patient is seen after the discharge.
VisitMeans: TypeAlias = Literal["office", "home", "video", "telephone", "other"]
WaiveReason: TypeAlias = Literal[
    "not_needed", "not_applicable", "done_elsewhere", "patient_declined", "not_possible", "other"
]
#: What another system says was done. Each is the move of the event that our people would record.
ReportedDeed: TypeAlias = Literal[
    "discharge_information_received",
    "contact_made",
    "medications_reconciled",
    "follow_up_completed",
    "pending_result_received",
    "equipment_delivered",
    "service_started",
    "arrival_confirmed",
]
DeclineReason: TypeAlias = Literal["not_interested", "got_help_elsewhere", "other"]


class TransitionFact(OwnEvent):
    """A fact about what follows a discharge."""

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient: that of the encounter."""
    anchor: NamedStatement
    """A statement of the encounter, as the caller named it."""
    by: Party = Party()
    """Who did it."""


class InformationFact(TransitionFact):
    """Discharge information passed from one party to another."""

    recipient: Party = Party()
    """Who gets it."""
    document: OptionalCode = ""
    """Ref of the document; empty: not stated."""
    elements: tuple[Element, ...] = ()
    """What it contains. The elements that it lacks are derived."""


class TransitionInformationSent(InformationFact):
    """Discharge information was sent. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.discharge_information_sent.v1"


class TransitionInformationReceived(InformationFact):
    """The recipient has the discharge information. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.discharge_information_received.v1"


class TransitionContactAttempted(TransitionFact):
    """The patient was called and not reached. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.contact_attempted.v1"

    how: AttemptMeans
    """The means."""
    result: AttemptResult
    """How the attempt ended."""
    language: OptionalCode = ""
    """The language that was spoken, as BCP 47 has it, such as es; empty: not stated."""


class TransitionContactMade(TransitionFact):
    """The patient or a caregiver was reached, and answered. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.contact_made.v1"

    how: ContactMeans
    """The means."""
    reached: ContactPerson
    """Who answered."""
    interactive: Literal[True] = True
    """Both sides could ask and answer. Else it is an attempt."""
    findings: tuple[Finding, ...] = ()
    """What was found, as codes."""
    language: OptionalCode = ""
    """The language that was spoken, as BCP 47 has it, such as es; empty: not stated."""


class TransitionMedicationsReconciled(TransitionFact):
    """The medication lists were compared, and each difference was decided. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.medications_reconciled.v1"

    reconciliation: Annotated[EventId, Field(pattern=UUID_TEXT)] | None = None
    """The event of the medication list; null: it was done elsewhere."""


class FollowUpFact(TransitionFact):
    """A fact about a visit after the discharge."""

    appointment: OptionalCode = ""
    """Ref of the appointment; empty: not stated."""


class TransitionFollowUpScheduled(FollowUpFact):
    """A visit after the discharge has an appointment. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.follow_up_scheduled.v1"

    starts_at: Instant
    """When the visit begins."""
    how: VisitMeans = "office"
    """Where the patient is seen."""
    place: Party = Party()
    """Who sees the patient."""


class TransitionFollowUpMissed(FollowUpFact):
    """The patient was not seen at the appointment. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.follow_up_missed.v1"


class TransitionFollowUpCompleted(FollowUpFact):
    """The patient was seen after the discharge. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.follow_up_completed.v1"

    how: VisitMeans = "office"
    """Where the patient was seen."""


class ResultFact(TransitionFact):
    """A fact about a result that was pending at the discharge."""

    result: OptionalCode = ""
    """Ref of the order or result; empty: not stated, or all of them."""


class TransitionPendingResultAssigned(ResultFact):
    """A party looks after a result that is pending. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.pending_result_assigned.v1"

    to: Party = Party()
    """The party; empty: no result is pending."""


class TransitionPendingResultReceived(ResultFact):
    """A result that was pending has come. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.pending_result_received.v1"


class TransitionEquipmentDelivered(TransitionFact):
    """The patient has the equipment. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.equipment_delivered.v1"

    equipment: OptionalCode = ""
    """Code of the equipment; empty: not stated."""


class TransitionServiceStarted(TransitionFact):
    """The next provider gave its first service, such as the first visit at home. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.service_started.v1"

    service: OptionalCode = ""
    """Code of the service; empty: not stated."""


class TransitionArrivalConfirmed(TransitionFact):
    """The next facility says that the patient arrived. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.arrival_confirmed.v1"


class TransitionStepDone(TransitionFact):
    """A step is done that has no event of its own. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.step_done.v1"

    step: Code
    """Code of the step in the protocol."""


class TransitionStepWaived(TransitionFact):
    """A person decided that a step is not needed. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.step_waived.v1"

    step: Code
    """Code of the step in the protocol."""
    reason: WaiveReason
    """Why."""


class TransitionResponsibleChanged(TransitionFact):
    """Another party owes the steps from now on. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.responsible_changed.v1"

    to: Party
    """The party."""


class TransitionDeclined(TransitionFact):
    """The patient wants no follow-up. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.declined.v1"

    reason: DeclineReason = "other"
    """Why."""


class TransitionMovedAway(TransitionFact):
    """The patient left the region. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.moved_away.v1"


class TransitionReported(TransitionFact, ReportedEvent):
    """Another system says what was done after the discharge. Sealed: its number there, a note."""

    TOPIC: ClassVar[str] = "transition.reported.v1"

    claim: ReportedDeed
    """What was done, as that system says."""


class TransitionEnteredInError(EnteredInError):
    """An event of the transition is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "transition.entered_in_error.v1"


TransitionEvent: TypeAlias = (
    TransitionInformationSent
    | TransitionInformationReceived
    | TransitionContactAttempted
    | TransitionContactMade
    | TransitionMedicationsReconciled
    | TransitionFollowUpScheduled
    | TransitionFollowUpMissed
    | TransitionFollowUpCompleted
    | TransitionPendingResultAssigned
    | TransitionPendingResultReceived
    | TransitionEquipmentDelivered
    | TransitionServiceStarted
    | TransitionArrivalConfirmed
    | TransitionStepDone
    | TransitionStepWaived
    | TransitionResponsibleChanged
    | TransitionDeclined
    | TransitionMovedAway
    | TransitionReported
    | TransitionEnteredInError
)


def deed_of(event: TransitionEvent) -> str:
    """Return what was done: the move of an event, or of that which it reports."""
    return event.claim if isinstance(event, TransitionReported) else event.move()
