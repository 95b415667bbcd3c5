"""Record the medication lists of a person, compare them, and decide about each item."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypedDict

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from commands.command import Command, Context, Text, VoidEvent
from commands.permissions import Permission
from commands.report import ReportCommand
from domain import medication_list
from domain.decider import StreamEvent
from domain.errors import AnotherPatient
from domain.events import UUID_TEXT, OptionalCode, OwnEvent
from domain.ids import IdKey, Mode, RecordId, StatementRef, StreamId
from domain.medication_facts import (
    MAY_RECONCILE,
    MOST_ITEMS,
    ActionCounts,
    DiscrepancyFound,
    DiscrepancyId,
    DiscrepancyKind,
    DiscrepancyResolved,
    GivenTo,
    ItemRef,
    ListElsewhere,
    ListSource,
    MedicationAction,
    MedicationClaim,
    MedicationListRecorded,
    MedicationListReported,
    MedicationsReconciled,
    ReconciledAt,
    ReconcilerRole,
    Resolution,
)
from domain.medication_list import MedicationHistory
from domain.party import Party
from domain.statement import Moment

#: The code of the warning that the role of the person does not count as a reconciliation.
ROLE_MAY_NOT_RECONCILE: Final = "role_may_not_reconcile"

#: The member of ``ActionCounts`` of each action.
_COUNTS: Final[Mapping[MedicationAction, str]] = {
    "continue": "continued",
    "change": "changed",
    "stop": "stopped",
    "new": "started",
    "hold": "held",
    "clarify": "to_clarify",
}


#: A list as a caller writes it: its id, for a list of another source record after its stream.
_LIST: Final = r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/)?l[1-9][0-9]{0,4}"
ComparedList: TypeAlias = Annotated[str, Field(pattern=rf"{_LIST}$", examples=["l1"])]
ComparedItem: TypeAlias = Annotated[
    str, Field(pattern=rf"{_LIST}/[1-9][0-9]{{0,2}}$", examples=["l1/1"])
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MedicationItem(_Frozen):
    """One medicine of a list. All of it is clinical content."""

    name: Annotated[Text, Field(min_length=1, description="name")]
    code: Annotated[Text, Field(description="code, such as RxNorm")] = ""
    dose: Annotated[Text, Field(description="dose")] = ""
    route: Annotated[Text, Field(description="route")] = ""
    frequency: Annotated[Text, Field(description="how often")] = ""
    purpose: Annotated[Text, Field(description="what it is for")] = ""


class MedicationDecision(_Frozen):
    """A decision about the same medicine on one or more lists."""

    action: Annotated[MedicationAction, Field(description="what is decided")]
    items: Annotated[
        tuple[ComparedItem, ...],
        Field(description="items of the compared lists; none if it is new"),
    ] = ()
    medicine: Annotated[MedicationItem | None, Field(description="new or changed medicine")] = None
    reason: Annotated[Text, Field(description="why")] = ""
    instructions: Annotated[Text, Field(description="what the patient should do")] = ""


class _FactHead(TypedDict):
    record: RecordId
    mode: Mode
    happened_at: Moment
    by: Party


class _PersonCommand(Command):
    """A command on the medication lists of a person. Each source record has one stream."""

    KIND: ClassVar = medication_list.KIND
    BEGINS: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.PLAN

    record: Annotated[RecordId, Field(pattern=UUID_TEXT, description="source record")]
    mode: Annotated[Mode, Field(description="processing mode of the record")] = "P"

    @classmethod
    @override
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        return medication_list.stream_of_person(id_key, RecordId(members["record"]))


class _ListCommand(_PersonCommand):
    """A command of people."""

    by: Annotated[Party, Field(description="who acts")]
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    @override
    def facility(self) -> str:
        return self.by.organisation

    def head(self, context: Context) -> _FactHead:
        """Return the members that every event has."""
        return {
            "record": self.record,
            "mode": self.mode,
            "happened_at": context.time.moment,
            "by": self.by,
        }

    def lists(self, history: Sequence[StreamEvent[OwnEvent]]) -> MedicationHistory:
        """Return the events of the stream.

        Raises:
            AnotherPatient: They are of another source record.
        """
        found = self.KIND.history(self.stream, history)
        if any(each.event.record != self.record for each in found):
            raise AnotherPatient
        return found


class RecordMedicationList(_ListCommand):
    """Record a list of medicines, as one source gives it."""

    VERB: ClassVar[str] = "record"
    EVENT: ClassVar[type[OwnEvent]] = MedicationListRecorded
    BEGINS: ClassVar[bool] = True

    record: Annotated[RecordId, Field(pattern=UUID_TEXT, description="source record")]
    mode: Annotated[Mode, Field(description="processing mode of the record")] = "P"
    anchor: Annotated[
        Annotated[StatementRef, Field(pattern=UUID_TEXT)] | None,
        Field(description="encounter, or a statement of it, that the list belongs to"),
    ] = None
    source: Annotated[ListSource, Field(description="who gives the list")]
    items: Annotated[
        tuple[MedicationItem, ...],
        Field(max_length=MOST_ITEMS, description="medicines; they are stored sealed"),
    ] = ()

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        def recorded(list_id: str) -> MedicationListRecorded:
            return MedicationListRecorded(
                **self.head(context),
                anchor=self.anchor,
                list_id=list_id,
                source=self.source,
                items=len(self.items),
            )

        return medication_list.record_list(
            self.KIND.history(self.stream, history), recorded, time=context.time
        )

    @override
    def clinical(self) -> dict[str, Any]:
        return {"items": [each.model_dump(exclude_defaults=True) for each in self.items]}


class ReconcileMedications(_ListCommand):
    """Compare lists, and decide about each item."""

    VERB: ClassVar[str] = "reconcile"
    EVENT: ClassVar[type[OwnEvent]] = MedicationsReconciled
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE

    at_point: Annotated[ReconciledAt, Field(description="at which point of care")]
    role: Annotated[ReconcilerRole, Field(description="role of the person who decides")]
    anchor: Annotated[
        Annotated[StatementRef, Field(pattern=UUID_TEXT)] | None,
        Field(description="encounter, or a statement of it, that it belongs to"),
    ] = None
    compared: Annotated[
        tuple[ComparedList, ...],
        Field(
            description="lists, such as l1; a list of a merged record is written after its stream,"
            " as STREAM/l1"
        ),
    ] = ()
    decisions: Annotated[
        tuple[MedicationDecision, ...], Field(description="decisions; they are stored sealed")
    ] = ()
    unresolved: Annotated[
        int, Field(ge=0, le=10_000, description="number of items that could not be decided")
    ] = 0
    given_to: Annotated[tuple[GivenTo, ...], Field(description="who got the reconciled list")] = ()
    written_copy: Annotated[bool, Field(description="whether the patient got it in writing")] = (
        False
    )
    language: Annotated[OptionalCode, Field(description="language of the copy, BCP 47")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        lists = self.lists(history)
        decided = [self._own(item) for each in self.decisions for item in each.items]
        compared = [self._own(each) for each in self.compared]
        counts = Counter(_COUNTS[each.action] for each in self.decisions)
        reconciled = MedicationsReconciled(
            **self.head(context),
            anchor=self.anchor,
            at_point=self.at_point,
            role=self.role,
            compared=tuple(each for each in compared if "/" not in each),
            compared_elsewhere=self._elsewhere(compared, context),
            decided_items=len(decided),
            actions=ActionCounts(**counts),
            unresolved=self.unresolved,
            given_to=self.given_to,
            written_copy=self.written_copy,
            language=self.language,
        )
        return medication_list.reconcile(lists, reconciled, decided=decided, time=context.time)

    def _own(self, ref: str) -> str:
        """Return a list or an item of this stream without its stream."""
        return ref.removeprefix(f"{self.stream}/")

    def _elsewhere(self, compared: Sequence[str], context: Context) -> tuple[ListElsewhere, ...]:
        """Return the compared lists of other source records of the person."""
        named = [each for each in compared if "/" in each]
        if not named:
            return ()
        others = {
            stream: self.KIND.history(stream, events)
            for stream, events in context.facts.streams(self.record, self.KIND.name).items()
            if stream != self.stream
        }
        return tuple(
            medication_list.list_elsewhere(others, each, time=context.time) for each in named
        )

    @override
    def clinical(self) -> dict[str, Any]:
        return {"decisions": [each.model_dump(exclude_defaults=True) for each in self.decisions]}

    @override
    def warnings(self, history: Sequence[StreamEvent[OwnEvent]], context: Context) -> Sequence[str]:
        return () if self.role in MAY_RECONCILE else (ROLE_MAY_NOT_RECONCILE,)


class FindDiscrepancy(_ListCommand):
    """Record that lists differ, or that the patient takes something else."""

    VERB: ClassVar[str] = "find_discrepancy"
    EVENT: ClassVar[type[OwnEvent]] = DiscrepancyFound

    kind: Annotated[DiscrepancyKind, Field(description="what differs")]
    items: Annotated[tuple[ItemRef, ...], Field(description="items, such as l1/2")] = ()

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return medication_list.find_discrepancy(
            self.lists(history),
            lambda free: DiscrepancyFound(
                **self.head(context), discrepancy_id=free, kind=self.kind, items=self.items
            ),
            time=context.time,
        )


class ResolveDiscrepancy(_ListCommand):
    """Say that a discrepancy is resolved."""

    VERB: ClassVar[str] = "resolve_discrepancy"
    EVENT: ClassVar[type[OwnEvent]] = DiscrepancyResolved

    discrepancy_id: Annotated[DiscrepancyId, Field(description="id, such as d1")]
    how: Annotated[Resolution, Field(description="what was done")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        resolved = DiscrepancyResolved(
            **self.head(context), discrepancy_id=self.discrepancy_id, how=self.how
        )
        return medication_list.resolve_discrepancy(self.lists(history), resolved, time=context.time)


class ReportMedicationList(ReportCommand, _PersonCommand):
    """Record that the lists were reconciled, as another system says."""

    EVENT: ClassVar[type[OwnEvent]] = MedicationListReported
    PERMISSION: ClassVar[Permission] = Permission.PLAN_DECIDE

    claim: Annotated[MedicationClaim, Field(description="how far the lists are")] = "reconciled"
    at_point: Annotated[ReconciledAt, Field(description="at which point of care")]
    role: Annotated[
        ReconcilerRole, Field(description="role of the person who reconciled; other: not stated")
    ] = "other"
    anchor: Annotated[
        Annotated[StatementRef, Field(pattern=UUID_TEXT)] | None,
        Field(description="encounter, or a statement of it, that it belongs to"),
    ] = None

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        told = MedicationListReported(
            record=self.record,
            mode=self.mode,
            happened_at=context.time.moment,
            anchor=self.anchor,
            by=Party(organisation=self.partner),
            partner=self.partner,
            claim=self.claim,
            at_point=self.at_point,
            role=self.role,
        )
        return medication_list.report(
            self.KIND.history(self.stream, history), told, time=context.time
        )

    @override
    def warnings(self, history: Sequence[StreamEvent[OwnEvent]], context: Context) -> Sequence[str]:
        return () if self.role in MAY_RECONCILE else (ROLE_MAY_NOT_RECONCILE,)


class VoidMedicationEvent(VoidEvent):
    """Make one event of the medication lists void. The event is kept, and is shown as void."""

    KIND: ClassVar = medication_list.KIND
