"""The medication lists of one person, and how they were reconciled.

    recorded <-> reconciled

Another system may report that it reconciled the lists: this counts as a reconciliation that names
no lists, if one is known at its time.

Each source record of a person has one stream. After a merge, a reconciliation may compare lists of
several of them. Each source (home, hospital, pharmacy, ...) gives a list, and a person
compares lists and decides about each item. ``domain.medication_facts`` has the facts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, TypeAlias, assert_never, get_args

from domain import decider
from domain.decider import Decider, StatedTime, StreamEvent, as_of, decide, fold
from domain.errors import (
    AnotherPatient,
    DiscrepancyUnknown,
    DomainError,
    ItemUnknown,
    ListUnknown,
    MoveNotAllowed,
    NothingCompared,
    PartExists,
    UndecidedItems,
)
from domain.ids import IdKey, RecordId, StreamId
from domain.medication_facts import (
    DiscrepancyFound,
    DiscrepancyResolved,
    ListElsewhere,
    MedicationEvent,
    MedicationListEnteredInError,
    MedicationListRecorded,
    MedicationListReported,
    MedicationsReconciled,
)
from domain.numbered_parts import is_same_fact, next_id
from domain.stream_kind import StreamKind

MedicationHistory: TypeAlias = Sequence[StreamEvent[MedicationEvent]]


# --- states ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MedicationDiscrepancy:
    """A discrepancy, and how it was resolved; None: it is open."""

    found: DiscrepancyFound
    resolved: DiscrepancyResolved | None = None


@dataclass(frozen=True, slots=True)
class KnownLists:
    """The lists of a person, with what was found and decided about them."""

    lists: Mapping[str, MedicationListRecorded] = field(default_factory=dict)
    #: By time: those of our people, and those that other systems report.
    reconciliations: tuple[MedicationsReconciled | MedicationListReported, ...] = ()
    discrepancies: Mapping[str, MedicationDiscrepancy] = field(default_factory=dict)

    @property
    def comparisons(self) -> Iterator[MedicationsReconciled]:
        """The reconciliations that name the lists which they compared. A report names none."""
        return (each for each in self.reconciliations if isinstance(each, MedicationsReconciled))

    def items_of(self, compared: Iterable[str]) -> set[str]:
        """Return the items of lists."""
        return {
            f"{each}/{place}" for each in compared for place in range(1, self.lists[each].items + 1)
        }

    def items_in(self, reconciled: MedicationsReconciled) -> set[str]:
        """Return the items of the lists that a reconciliation compares, also those elsewhere."""
        elsewhere = {
            f"{each.ref}/{place}"
            for each in reconciled.compared_elsewhere
            for place in range(1, each.items + 1)
        }
        return self.items_of(reconciled.compared) | elsewhere


@dataclass(frozen=True, slots=True)
class NoList:
    """No list is known: none was recorded, or all were entered in error."""

    WORD: ClassVar[str] = "no_list"

    known: KnownLists = KnownLists()


@dataclass(frozen=True, slots=True)
class ListsRecorded:
    """A list was recorded after the last reconciliation, or there was no reconciliation."""

    WORD: ClassVar[str] = "recorded"

    known: KnownLists


@dataclass(frozen=True, slots=True)
class ListsReconciled:
    """No list was recorded after the last reconciliation."""

    WORD: ClassVar[str] = "reconciled"

    known: KnownLists


Medications: TypeAlias = NoList | ListsRecorded | ListsReconciled

_WITH_LISTS: Final = (ListsRecorded, ListsReconciled)
#: The states from which each step is allowed.
_FROM: Final[Mapping[type[MedicationEvent], tuple[type[Medications], ...]]] = {
    MedicationListRecorded: (NoList, *_WITH_LISTS),
    MedicationsReconciled: _WITH_LISTS,
    DiscrepancyFound: _WITH_LISTS,
    DiscrepancyResolved: _WITH_LISTS,
    MedicationListReported: _WITH_LISTS,
    MedicationListEnteredInError: (),  # not a step: it marks another event as void
}


def evolve(state: Medications, event: MedicationEvent) -> Medications:
    """Apply one fact. A fact that the state does not allow changes nothing."""
    if refusal(state, event) is not None:
        return state
    known = state.known
    match event:
        case MedicationListRecorded():
            return ListsRecorded(replace(known, lists={**known.lists, event.list_id: event}))
        case MedicationsReconciled() | MedicationListReported():
            return ListsReconciled(replace(known, reconciliations=(*known.reconciliations, event)))
        case DiscrepancyFound():
            return _with_discrepancy(state, MedicationDiscrepancy(event))
        case DiscrepancyResolved():
            found = known.discrepancies[event.discrepancy_id].found
            return _with_discrepancy(state, MedicationDiscrepancy(found, event))
        case MedicationListEnteredInError():
            return state
        case _:
            assert_never(event)


def _with_discrepancy(state: Medications, one: MedicationDiscrepancy) -> Medications:
    known = state.known
    after = {**known.discrepancies, one.found.discrepancy_id: one}
    return replace(state, known=replace(known, discrepancies=after))


def refusal(state: Medications, event: MedicationEvent) -> DomainError | None:  # noqa: PLR0911 - one per fact
    """Return why the state does not allow an event; None if it allows the event."""
    move, known = event.move(), state.known
    elsewhere = isinstance(event, MedicationsReconciled) and event.compared_elsewhere
    if not isinstance(state, _FROM[type(event)]) and not elsewhere:
        return MoveNotAllowed(move, state=state.WORD, allowed=moves(state))
    match event:
        case MedicationListRecorded():
            taken = event.list_id in known.lists
            return PartExists(event.list_id) if taken else None
        case MedicationsReconciled():
            return _reconciliation_refusal(known, event)
        case DiscrepancyFound():
            if event.discrepancy_id in known.discrepancies:
                return PartExists(event.discrepancy_id)
            return _unknown_item(known, event.items)
        case DiscrepancyResolved():
            found = known.discrepancies.get(event.discrepancy_id)
            is_open = found is not None and found.resolved is None
            return None if is_open else DiscrepancyUnknown(event.discrepancy_id)
        case MedicationListReported() | MedicationListEnteredInError():
            return None
        case _:
            assert_never(event)


def _reconciliation_refusal(known: KnownLists, event: MedicationsReconciled) -> DomainError | None:
    if not event.compared and not event.compared_elsewhere:
        return NothingCompared()
    unknown = [each for each in event.compared if each not in known.lists]
    if unknown:
        return ListUnknown(unknown[0])
    undecided = len(known.items_in(event)) - event.decided_items
    return UndecidedItems(undecided) if undecided > 0 and not event.unresolved else None


def _unknown_item(known: KnownLists, items: Iterable[str]) -> DomainError | None:
    for item in items:
        list_id, _, place = item.partition("/")
        if list_id not in known.lists:
            return ListUnknown(list_id)
        if int(place) > known.lists[list_id].items:
            return ItemUnknown(item)
    return None


def moves(state: Medications) -> tuple[str, ...]:
    """Return the steps that a state allows our people, in the order of the table."""
    return tuple(
        event.move()
        for event, before in _FROM.items()
        if isinstance(state, before) and event is not MedicationListReported
    )


MEDICATION_LIST: Final = Decider[Medications, MedicationEvent](NoList(), evolve, refusal)

KIND: Final = StreamKind[Medications, MedicationEvent](
    name="medication_list",
    decider=MEDICATION_LIST,
    events=get_args(MedicationEvent),
    error_mark=MedicationListEnteredInError,
)


# --- rules ----------------------------------------------------------------------------------------


def stream_of_person(ids: IdKey, record: RecordId) -> StreamId:
    """Return the stream of the medication lists of a source record."""
    return ids.stream(KIND.name, record)


def record_list(
    history: MedicationHistory,
    make: Callable[[str], MedicationListRecorded],
    *,
    time: StatedTime,
) -> list[MedicationEvent]:
    """Record a list. ``make`` returns the event from the id of the list.

    Raises:
        AnotherPatient: The stream has events of another source record.
        DomainError: See ``domain.decider.decide``.
    """
    lists = [each.event for each in history if isinstance(each.event, MedicationListRecorded)]
    new = make(next_id("l", (each.list_id for each in lists)))
    if any(each.event.record != new.record for each in history):
        raise AnotherPatient
    known = fold(MEDICATION_LIST, history).state.known
    if any(is_same_fact(make(each.list_id), each, time) for each in known.lists.values()):
        return []
    return decide(MEDICATION_LIST, history, [new], time=time)


def find_discrepancy(
    history: MedicationHistory,
    make: Callable[[str], DiscrepancyFound],
    *,
    time: StatedTime,
) -> list[MedicationEvent]:
    """Record a discrepancy. ``make`` returns the event from the id of the discrepancy.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    found = [each.event for each in history if isinstance(each.event, DiscrepancyFound)]
    known = fold(MEDICATION_LIST, history).state.known
    for each in known.discrepancies.values():
        if is_same_fact(make(each.found.discrepancy_id), each.found, time):
            return []
    new = make(next_id("d", (each.discrepancy_id for each in found)))
    return decide(MEDICATION_LIST, history, [new], time=time)


def reconcile(
    history: MedicationHistory,
    event: MedicationsReconciled,
    *,
    decided: Sequence[str],
    time: StatedTime,
) -> list[MedicationEvent]:
    """Record a reconciliation.

    Args:
        history: The events of the person.
        event: The reconciliation, with the number of ``decided`` items.
        decided: The items that have a decision.
        time: The time of the event.

    Raises:
        ItemUnknown: A decided item is in no compared list, or it is decided twice.
        DomainError: See ``domain.decider.decide``.
    """
    known = fold(MEDICATION_LIST, as_of(history, time.moment.at)).state.known
    if all(each in known.lists for each in event.compared):
        items = known.items_in(event)
        wrong = [each for each in decided if each not in items or decided.count(each) > 1]
        if (event.compared or event.compared_elsewhere) and wrong:
            raise ItemUnknown(wrong[0])
    return decide(MEDICATION_LIST, history, [event], time=time)


def list_elsewhere(
    streams: Mapping[StreamId, MedicationHistory], ref: str, *, time: StatedTime
) -> ListElsewhere:
    """Return a list of another source record of the person, as it is known at a time.

    Args:
        streams: The streams of the other source records.
        ref: The list as a caller writes it: its stream and its id, such as ``.../l1``.
        time: The time of the reconciliation.

    Raises:
        ListUnknown: The person has no such list at that time.
    """
    stream, _, list_id = ref.rpartition("/")
    history = as_of(streams.get(StreamId(stream), ()), time.moment.at)
    found = fold(MEDICATION_LIST, history).state.known.lists.get(list_id)
    if found is None:
        raise ListUnknown(ref)
    return ListElsewhere(stream=StreamId(stream), list_id=list_id, items=found.items)


def resolve_discrepancy(
    history: MedicationHistory, event: DiscrepancyResolved, *, time: StatedTime
) -> list[MedicationEvent]:
    """Record that a discrepancy is resolved.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    return decide(MEDICATION_LIST, history, [event], time=time)


def report(
    history: MedicationHistory, told: MedicationListReported, *, time: StatedTime
) -> list[MedicationEvent]:
    """Record what another system says of the lists, whether their state allows it or not.

    Raises:
        AnotherPatient: The stream has events of another source record.
        InTheFuture: The time is after the present time.
    """
    if any(each.event.record != told.record for each in history):
        raise AnotherPatient
    return decider.report(history, told, time=time)
