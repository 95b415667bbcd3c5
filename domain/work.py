"""Work on a duty: who takes it on, for how long, and until when it may wait.

A duty is derived from facts (``domain.duties``), so no event of this stream ends it: it leaves the
work list when the work itself is recorded. The events only say who is at it. A stream is about one
duty, whatever its due time is; it names the duty by its code and by what it is about.

One duty of a transition may have several streams, because each of them names the encounter by a
statement of its own. They count as one: see ``fold_streams``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, ClassVar, Final, Literal, NewType, TypeAlias, assert_never, get_args
from zoneinfo import ZoneInfo

from pydantic import Field

from domain.business_days import BusinessCalendar
from domain.decider import Decider, StatedTime, StreamEvent, as_of, decide, fold
from domain.duties import Duty
from domain.errors import (
    ClaimedByAnother,
    DomainError,
    MoveNotAllowed,
    SnoozedTooLong,
)
from domain.events import UUID_TEXT, Code, EnteredInError, OptionalCode, OwnEvent
from domain.ids import EncounterId, IdKey, Mode, RecordId, StatementRef, StreamId
from domain.party import Party
from domain.stream_kind import StreamKind

#: What a person asks for on the work list: the duty, what it is about and its due time.
ItemId = NewType("ItemId", str)

#: How long a claim holds, unless it is renewed.
LEASE: Final = timedelta(minutes=30)
#: How long an item may wait after its due time, in business days.
LONGEST_SNOOZE: Final = 2

#: Why an item waits.
SnoozeReason: TypeAlias = Literal[
    "patient_asked", "awaiting_answer", "not_reached", "more_urgent_work", "other"
]

_BETWEEN: Final = "~"  # in no code and in no id; it needs no escape in an address
_PARTS: Final = 4


# --- items ----------------------------------------------------------------------------------------


def item_id(owed: Duty, about: str) -> ItemId:
    """Return the id of an item of the work list.

    It says what the item is about, the duty, the part and the due time. So if an earlier statement
    gives an encounter another id, the old id of the item still leads to the item. It is no hash,
    because a hash could not be resolved.

    Args:
        owed: The duty.
        about: The stream that it is about; for a transition, the encounter.
    """
    due = f"{owed.due_at:%Y%m%dT%H%M%SZ}" if owed.due_at else f"{owed.due_on:%Y%m%d}"
    return ItemId(_BETWEEN.join((about, owed.code, owed.part, due)))


@dataclass(frozen=True, slots=True)
class ItemParts:
    """What the id of an item says."""

    about: str
    duty: str
    part: str
    due: str

    @classmethod
    def of(cls, item: str) -> "ItemParts | None":
        """Read an id; None: it is not the id of an item."""
        parts = item.split(_BETWEEN)
        return cls(*parts) if len(parts) == _PARTS else None

    def of_encounter(self, encounter: EncounterId) -> ItemId:
        """Return the id that the item has under the present id of its encounter."""
        return ItemId(_BETWEEN.join((encounter, self.duty, self.part, self.due)))


def stream_of_item(ids: IdKey, item: str) -> StreamId | None:
    """Return the stream of the work on an item; None: it is not the id of an item."""
    parts = ItemParts.of(item)
    return ids.stream("work", parts.about, parts.duty, parts.part) if parts else None


# --- facts ----------------------------------------------------------------------------------------


class WorkEvent(OwnEvent):
    """A fact about the work on one duty. ``anchor`` names the encounter of a transition."""

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient of the duty."""
    about: Annotated[str, Field(pattern=UUID_TEXT)]
    """The stream that the duty is about; for a transition, a statement of its encounter."""
    duty: Code
    """Code of the duty."""
    part: OptionalCode = ""
    """The part of the stream that the duty is about; empty: the whole."""


class WorkClaimed(WorkEvent):
    """A party takes the work on. Until the end of its lease, no other party can claim it."""

    TOPIC: ClassVar[str] = "work.claimed.v1"

    by: Party
    """Who takes it on."""
    until: datetime
    """The end of the lease."""


class WorkReleased(WorkEvent):
    """The party that has claimed the work gives it back."""

    TOPIC: ClassVar[str] = "work.released.v1"

    by: Party
    """Who gives it back."""
    until: datetime
    """The end of the lease that is given up."""


class WorkSnoozed(WorkEvent):
    """The work waits: until then, the list does not show it. Sealed: a note."""

    TOPIC: ClassVar[str] = "work.snoozed.v1"

    by: Party
    """Who lets it wait."""
    until: datetime
    """Until when it waits."""
    reason: SnoozeReason
    """Why it waits."""


class WorkAssigned(WorkEvent):
    """Another party is responsible for the duty from now on. Sealed: a note."""

    TOPIC: ClassVar[str] = "work.assigned.v1"

    to: Party
    """Who is responsible."""
    by: Party
    """Who says so."""


class WorkEnteredInError(EnteredInError):
    """An event of the work is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "work.entered_in_error.v1"


WorkFact: TypeAlias = WorkClaimed | WorkReleased | WorkSnoozed | WorkAssigned | WorkEnteredInError
WorkHistory: TypeAlias = Sequence[StreamEvent[WorkFact]]


# --- state ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """Who is at a duty. The three facts do not depend on each other, and each may be missing."""

    claim: WorkClaimed | None = None  # its lease may be over
    snooze: WorkSnoozed | None = None  # its time may be over
    assignment: WorkAssigned | None = None

    def claimed(self, at: datetime) -> WorkClaimed | None:
        """Return the claim that holds at an instant."""
        return self.claim if self.claim and at < self.claim.until else None


def evolve(state: Work, event: WorkFact) -> Work:
    """Apply one fact. A fact that the state does not allow changes nothing."""
    if refusal(state, event) is not None:
        return state
    match event:
        case WorkClaimed():
            return replace(state, claim=event)
        case WorkReleased():
            return replace(state, claim=None)
        case WorkSnoozed():
            return replace(state, snooze=event)
        case WorkAssigned():
            return replace(state, assignment=event)
        case WorkEnteredInError():
            return state
        case _:
            assert_never(event)


def refusal(state: Work, event: WorkFact) -> DomainError | None:
    """Return why the state does not allow an event; None if it allows the event."""
    if isinstance(event, WorkEnteredInError):
        return None
    claim = state.claimed(event.happened_at.at)
    word = "claimed" if claim else "free"
    if isinstance(event, WorkReleased):
        if claim is None or claim.until != event.until:
            return MoveNotAllowed(event.move(), state=word, allowed=moves(claim))
        return None if claim.by == event.by else ClaimedByAnother(claim.until)
    if isinstance(event, WorkClaimed | WorkSnoozed) and claim and claim.by != event.by:
        return ClaimedByAnother(claim.until)
    return None


def moves(claim: WorkClaimed | None) -> tuple[str, ...]:
    """Return the steps that are possible, with or without a claim that holds."""
    return ("claimed", *(("released",) if claim else ()), "snoozed", "assigned")


WORK: Final = Decider[Work, WorkFact](Work(), evolve, refusal)
KIND: Final = StreamKind[Work, WorkFact](
    name="work", decider=WORK, events=get_args(WorkFact), error_mark=WorkEnteredInError
)


def fold_streams(streams: Iterable[WorkHistory]) -> Work:
    """Return the state of the work on one duty from all its streams.

    Facts of several streams are in the order in which they happened. Each stream is decided by
    itself, so two parties may have claims in two streams: then the earlier one holds.
    """
    state = WORK.initial
    counting = [
        (each.event.happened_at.at, number, each.version, each.event)
        for number, history in enumerate(streams)
        for each in fold(WORK, history).applied
    ]
    for _, _, _, event in sorted(counting, key=lambda one: one[:3]):
        state = evolve(state, event)
    return state


# --- rules ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """An item of the work list, as a command finds it."""

    about: str  # the stream; for a transition, the encounter
    duty: str
    part: str
    record: RecordId
    mode: Mode
    of_transition: bool
    in_time_until: datetime
    zone: str
    claimed_by: Party | None = None  # by any stream of the work; its lease may be over
    claimed_until: datetime | None = None

    def facts(self, time: StatedTime) -> dict[str, object]:
        """Return the members that each event about the item has."""
        return {
            "record": self.record,
            "mode": self.mode,
            "happened_at": time.moment,
            "anchor": StatementRef(self.about) if self.of_transition else None,
            "about": self.about,
            "duty": self.duty,
            "part": self.part,
        }


def claim(
    history: WorkHistory, item: WorkItem, *, by: Party, time: StatedTime
) -> Sequence[WorkFact]:
    """Claim an item, or renew the claim of the same party, for ``LEASE``.

    Raises:
        ClaimedByAnother: The claim of another party holds.
        DomainError: See ``domain.decider.decide``.
    """
    _refuse_claim_of_another(item, by, time)
    claimed = WorkClaimed.model_validate(
        item.facts(time) | {"by": by, "until": time.moment.at + LEASE}
    )
    return decide(WORK, history, [claimed], time=time)


def release(history: WorkHistory, *, by: Party, time: StatedTime) -> Sequence[WorkFact]:
    """Give a claimed item back.

    Raises:
        MoveNotAllowed: No claim holds.
        ClaimedByAnother: The claim of another party holds.
        DomainError: See ``domain.decider.decide``.
    """
    before = fold(WORK, as_of(history, time.moment.at)).applied
    claims = [each.event for each in before if isinstance(each.event, WorkClaimed)]
    if not claims:
        raise MoveNotAllowed(WorkReleased.move(), state="free", allowed=moves(None))
    released = WorkReleased.model_validate(
        claims[-1].model_dump(exclude={"origin", "depends_on", "content_ref"})
        | {"happened_at": time.moment, "by": by}
    )
    return decide(WORK, history, [released], time=time)


def snooze(  # each is a fact of its own
    history: WorkHistory,
    item: WorkItem,
    *,
    by: Party,
    until: datetime,
    reason: SnoozeReason,
    calendar: BusinessCalendar,
    time: StatedTime,
) -> Sequence[WorkFact]:
    """Let an item wait.

    Raises:
        SnoozedTooLong: It would wait past ``latest_snooze``, or the time is over.
        ClaimedByAnother: The claim of another party holds.
        DomainError: See ``domain.decider.decide``.
    """
    _refuse_claim_of_another(item, by, time)
    latest = latest_snooze(item, calendar)
    if not time.moment.at < until <= latest:
        raise SnoozedTooLong(until, latest)
    snoozed = WorkSnoozed.model_validate(
        item.facts(time) | {"by": by, "until": until, "reason": reason}
    )
    return decide(WORK, history, [snoozed], time=time)


def assign(
    history: WorkHistory, item: WorkItem, *, to: Party, by: Party, time: StatedTime
) -> Sequence[WorkFact]:
    """Make another party responsible for an item.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    assigned = WorkAssigned.model_validate(item.facts(time) | {"to": to, "by": by})
    return decide(WORK, history, [assigned], time=time)


def latest_snooze(item: WorkItem, calendar: BusinessCalendar) -> datetime:
    """Return until when an item may wait: the end of the second business day after it is due."""
    zone = ZoneInfo(item.zone)
    due: date = item.in_time_until.astimezone(zone).date()
    return datetime.combine(calendar.after(due, LONGEST_SNOOZE), time.max, zone)


def _refuse_claim_of_another(item: WorkItem, by: Party, time: StatedTime) -> None:
    """Refuse if another party has a claim, also by another stream of the same work."""
    if (
        item.claimed_until
        and time.moment.at < item.claimed_until
        and item.claimed_by not in {None, by}
    ):
        raise ClaimedByAnother(item.claimed_until)
