"""The facts of the medication lists of a person.

The items are clinical content, so they are sealed with the event. In clear, an item is its list and
its place in the list, such as ``l2/3``.
"""

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from domain.events import (
    UUID_TEXT,
    EnteredInError,
    NamedStream,
    OptionalCode,
    OwnEvent,
    ReportedEvent,
)
from domain.ids import RecordId
from domain.party import Party

#: The most items of a list.
MOST_ITEMS: Final = 500

ListSource: TypeAlias = Literal["home", "hospital", "discharge", "pharmacy", "patient"]
ReconciledAt: TypeAlias = Literal[
    "admission", "transfer", "discharge", "visit", "call", "home_visit"
]
ReconcilerRole: TypeAlias = Literal["prescriber", "pharmacist", "nurse", "other"]
#: The roles whose reconciliation counts for HEDIS MRP.
MAY_RECONCILE: Final = frozenset[ReconcilerRole]({"prescriber", "pharmacist", "nurse"})
GivenTo: TypeAlias = Literal["patient", "caregiver", "next_provider", "primary_care"]
MedicationAction: TypeAlias = Literal["continue", "change", "stop", "new", "hold", "clarify"]
DiscrepancyKind: TypeAlias = Literal[
    "omitted", "duplicated", "dose", "frequency", "route", "interaction", "not_taken", "other"
]
#: What another system says of the lists: the state that it gives them. A list of another system is
#: recorded as a list.
MedicationClaim: TypeAlias = Literal["reconciled"]
Resolution: TypeAlias = Literal["list_corrected", "order_changed", "patient_told", "no_change"]

#: The id of a list or of a discrepancy within the stream of the person.
ListId: TypeAlias = Annotated[str, Field(pattern=r"^l[1-9][0-9]{0,4}$")]
DiscrepancyId: TypeAlias = Annotated[str, Field(pattern=r"^d[1-9][0-9]{0,4}$")]
#: An item: its list, and its place in the list from 1.
ItemRef: TypeAlias = Annotated[str, Field(pattern=r"^l[1-9][0-9]{0,4}/[1-9][0-9]{0,2}$")]

_Count: TypeAlias = Annotated[int, Field(ge=0, le=10_000)]


class ActionCounts(BaseModel):
    """How many decisions of a reconciliation have each action."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    continued: _Count = 0
    """Decisions to continue a medicine."""
    changed: _Count = 0
    """Decisions to change a medicine."""
    stopped: _Count = 0
    """Decisions to stop a medicine."""
    started: _Count = 0
    """Decisions to start a medicine that no list has."""
    held: _Count = 0
    """Decisions to hold a medicine for a time."""
    to_clarify: _Count = 0
    """Decisions to ask first."""


class ListElsewhere(BaseModel):
    """A list in the stream of another source record of the same person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: NamedStream
    """The stream of the list."""
    list_id: ListId
    """The list, within that stream."""
    items: Annotated[int, Field(ge=0, le=MOST_ITEMS)]
    """The number of its items."""

    @property
    def ref(self) -> str:
        """The list as a caller writes it."""
        return f"{self.stream}/{self.list_id}"


class MedicationFact(OwnEvent):
    """A fact about the medication lists of a person."""

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient as the caller named it."""
    by: Party
    """Who says so."""


class MedicationListRecorded(MedicationFact):
    """A source gives a list. Sealed: its items (name, code, dose, route, frequency, purpose)."""

    TOPIC: ClassVar[str] = "medication_list.recorded.v1"

    list_id: ListId
    """The list, within the stream of the person."""
    source: ListSource
    """Who gives the list."""
    items: Annotated[int, Field(ge=0, le=MOST_ITEMS)]
    """The number of its items."""


class MedicationsReconciled(MedicationFact):
    """Lists were compared, and each item was decided. Sealed: the decisions."""

    TOPIC: ClassVar[str] = "medication_list.reconciled.v1"

    at_point: ReconciledAt
    """At which point of care."""
    role: ReconcilerRole
    """The role in which ``by`` acted."""
    compared: tuple[ListId, ...] = ()
    """The lists of this stream that were compared."""
    compared_elsewhere: tuple[ListElsewhere, ...] = ()
    """The lists of other source records of the person that were compared."""
    decided_items: _Count
    """The number of items of these lists that have a decision."""
    actions: ActionCounts
    """How many decisions have each action."""
    unresolved: _Count = 0
    """The number of items that could not be decided."""
    given_to: tuple[GivenTo, ...] = ()
    """Who got the reconciled list."""
    written_copy: bool = False
    """Whether the patient or a caregiver got it in writing."""
    language: OptionalCode = ""
    """The language of the copy, BCP 47; empty: not stated."""


class DiscrepancyFound(MedicationFact):
    """Two lists, or a list and what the patient takes, differ. Sealed: a note."""

    TOPIC: ClassVar[str] = "medication_list.discrepancy_found.v1"

    discrepancy_id: DiscrepancyId
    """The discrepancy, within the stream of the person."""
    kind: DiscrepancyKind
    """What differs."""
    items: tuple[ItemRef, ...] = ()
    """The items that it is about."""


class DiscrepancyResolved(MedicationFact):
    """A discrepancy is resolved. Sealed: a note."""

    TOPIC: ClassVar[str] = "medication_list.discrepancy_resolved.v1"

    discrepancy_id: DiscrepancyId
    """The discrepancy."""
    how: Resolution
    """What was done."""


class MedicationListReported(MedicationFact, ReportedEvent):
    """Another system says that it reconciled the lists. Sealed: its number there, a note."""

    TOPIC: ClassVar[str] = "medication_list.reported.v1"

    claim: MedicationClaim
    """How far the lists are, as that system says."""
    at_point: ReconciledAt
    """At which point of care."""
    role: ReconcilerRole = "other"
    """The role of the person who reconciled; ``other``: not stated."""


class MedicationListEnteredInError(EnteredInError):
    """An event of the medication lists is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "medication_list.entered_in_error.v1"


MedicationEvent: TypeAlias = (
    MedicationListRecorded
    | MedicationsReconciled
    | DiscrepancyFound
    | DiscrepancyResolved
    | MedicationListReported
    | MedicationListEnteredInError
)
