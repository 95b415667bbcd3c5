"""The referral: one party asks another to see a patient, and learns the outcome.

    requested -> accepted -> outcome received -> closed

The requester closes a referral when its outcome is known. The file has the facts first, then the
states that the facts lead to, then the rules. The steps are a subset of those that BSeR and 360X
publish. A further step is one more row in the same tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, assert_never, get_args

from pydantic import BaseModel, ConfigDict, Field

from domain.decider import (
    Decider,
    StatedTime,
    StreamEvent,
    decide,
    fold,
)
from domain.errors import (
    AlreadyClosed,
    AnotherPatient,
    DomainError,
    MoveNotAllowed,
    OutcomeMissing,
    ReferralNotAccepted,
    SameOrganisationAndPerson,
    TargetMissing,
)
from domain.events import UUID_TEXT, EnteredInError, OptionalCode, OwnEvent
from domain.ids import RecordId
from domain.party import Party
from domain.stream_kind import StreamKind

#: HL7 request priority, from the most to the least urgent.
Urgency: TypeAlias = Literal["stat", "urgent", "asap", "routine"]
Category: TypeAlias = Literal["clinical", "social", "diagnostic", "post_acute"]
#: How the outcome reached the requester.
Channel: TypeAlias = Literal["sent", "found", "fax", "told"]
NeedMet: TypeAlias = Literal["yes", "partly", "no", "unknown"]


class ReferralOutcome(BaseModel):
    """How the requester came to know the outcome, and the document that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    how: Annotated[Channel, Field(description="how the outcome was received")]
    document: Annotated[
        OptionalCode, Field(description="ref of the document that holds the outcome")
    ] = ""


# --- facts ----------------------------------------------------------------------------------------


class ReferralRequested(OwnEvent):
    """The requester asks the target to see the patient. Sealed: the question."""

    TOPIC: ClassVar[str] = "referral.requested.v1"

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient as the caller named it."""
    requester: Party
    """Who asks."""
    target: Party
    """Who is asked."""
    service: OptionalCode = ""
    """The service that is asked for."""
    specialty: OptionalCode = ""
    """The specialty that is asked for."""
    urgency: Urgency = "routine"
    """How soon."""
    category: Category = "clinical"
    """What kind of help."""
    needed_by: date | None = None
    """The day by which the patient should be seen; null: not stated."""
    expires_on: date | None = None
    """The last day of validity; null: not stated."""


class ReferralAccepted(OwnEvent):
    """The target takes the patient on. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.accepted.v1"

    by: Party
    """Who accepts."""
    expected_by: date | None = None
    """The day by which the target expects to see the patient; null: not stated."""


class ReferralOutcomeReceived(OwnEvent):
    """The requester knows the outcome."""

    TOPIC: ClassVar[str] = "referral.outcome_received.v1"

    how: Channel
    """How the outcome reached the requester."""
    document: OptionalCode = ""
    """Ref of the document that holds the outcome; empty: there is no document."""


class ReferralClosed(OwnEvent):
    """The requester has acknowledged the outcome. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.closed.v1"

    acknowledged_by: Party
    """Who acknowledges the outcome."""
    plan_told_to_patient_on: date | None = None
    """The day on which the patient was told the plan; null: not told yet."""
    need_met: NeedMet = "unknown"
    """Whether the need of the patient was met."""


class ReferralEnteredInError(EnteredInError):
    """An event of the referral is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "referral.entered_in_error.v1"


ReferralEvent: TypeAlias = (
    ReferralRequested
    | ReferralAccepted
    | ReferralOutcomeReceived
    | ReferralClosed
    | ReferralEnteredInError
)
History: TypeAlias = Sequence[StreamEvent[ReferralEvent]]


# --- states ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotRequested:
    """No request is in force: the stream has none, or it was entered in error."""

    WORD: ClassVar[str] = "not_requested"


@dataclass(frozen=True, slots=True)
class Requested:
    """The target has not answered."""

    WORD: ClassVar[str] = "requested"

    request: ReferralRequested


@dataclass(frozen=True, slots=True)
class Accepted:
    """The target takes the patient on; the outcome is not known."""

    WORD: ClassVar[str] = "accepted"

    request: ReferralRequested
    acceptance: ReferralAccepted


@dataclass(frozen=True, slots=True)
class OutcomeReceived:
    """The requester knows the outcome and has not acknowledged it."""

    WORD: ClassVar[str] = "outcome_received"

    request: ReferralRequested
    acceptance: ReferralAccepted
    outcome: ReferralOutcomeReceived


@dataclass(frozen=True, slots=True)
class Closed:
    """The requester has acknowledged the outcome."""

    WORD: ClassVar[str] = "closed"

    request: ReferralRequested
    acceptance: ReferralAccepted
    outcome: ReferralOutcomeReceived
    closure: ReferralClosed


Referral: TypeAlias = NotRequested | Requested | Accepted | OutcomeReceived | Closed

#: The states from which each step is allowed.
_FROM: Final[Mapping[type[ReferralEvent], tuple[type[Referral], ...]]] = {
    ReferralRequested: (NotRequested,),
    ReferralAccepted: (Requested,),
    ReferralOutcomeReceived: (Accepted,),
    ReferralClosed: (OutcomeReceived,),
    ReferralEnteredInError: (),  # not a step: it marks another event as void
}


def evolve(state: Referral, event: ReferralEvent) -> Referral:
    """Apply one fact. A fact that the state does not allow changes nothing."""
    match event:
        case ReferralRequested() if isinstance(state, NotRequested):
            return Requested(event)
        case ReferralAccepted() if isinstance(state, Requested):
            return Accepted(state.request, event)
        case ReferralOutcomeReceived() if isinstance(state, Accepted):
            return OutcomeReceived(state.request, state.acceptance, event)
        case ReferralClosed() if isinstance(state, OutcomeReceived):
            return Closed(state.request, state.acceptance, state.outcome, event)
        case (
            ReferralRequested()
            | ReferralAccepted()
            | ReferralOutcomeReceived()
            | ReferralClosed()
            | ReferralEnteredInError()
        ):
            return state
        case _:
            assert_never(event)


def refusal(state: Referral, event: ReferralEvent) -> DomainError | None:
    """Return why the state does not allow an event; None if it allows the event."""
    if isinstance(state, _FROM[type(event)]):
        return None
    move, allowed = event.move(), moves(state)
    if isinstance(state, Closed):
        return AlreadyClosed(move, state=state.WORD, allowed=allowed)
    if isinstance(event, ReferralOutcomeReceived | ReferralClosed) and isinstance(state, Requested):
        return ReferralNotAccepted(move, state=state.WORD, allowed=allowed)
    if isinstance(event, ReferralClosed) and isinstance(state, Accepted):
        return OutcomeMissing(move, state=state.WORD, allowed=allowed)
    return MoveNotAllowed(move, state=state.WORD, allowed=allowed)


def moves(state: Referral) -> tuple[str, ...]:
    """Return the steps that a state allows, in the order of the table."""
    return tuple(event.move() for event, before in _FROM.items() if isinstance(state, before))


REFERRAL: Final = Decider[Referral, ReferralEvent](NotRequested(), evolve, refusal)


KIND: Final = StreamKind[Referral, ReferralEvent](
    name="referral",
    decider=REFERRAL,
    events=get_args(ReferralEvent),
    error_mark=ReferralEnteredInError,
)


# --- rules ----------------------------------------------------------------------------------------


def request(history: History, asked: ReferralRequested, *, time: StatedTime) -> list[ReferralEvent]:
    """Request a referral. The time of ``asked`` must be that of ``time``.

    Raises:
        AnotherPatient: The stream has events of another source record.
        TargetMissing: The target names no organisation and no pool.
        SameOrganisationAndPerson: Requester and target are the same party.
        DomainError: See ``domain.decider.decide``.
    """
    if any(each.event.record != asked.record for each in history):
        raise AnotherPatient
    target = asked.target
    if not (target.organisation or target.pool):
        raise TargetMissing
    if target == asked.requester:
        raise SameOrganisationAndPerson(target.organisation, target.person)
    return decide(REFERRAL, history, [asked], time=time)


def accept(
    history: History, *, by: Party, expected_by: date | None = None, time: StatedTime
) -> list[ReferralEvent]:
    """Accept a referral as its target.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    asked = _request_of(history, ReferralAccepted)
    accepted = ReferralAccepted(
        record=asked.record,
        mode=asked.mode,
        happened_at=time.moment,
        by=by,
        expected_by=expected_by,
    )
    return decide(REFERRAL, history, [accepted], time=time)


def close(
    history: History,
    *,
    acknowledged_by: Party,
    need_met: NeedMet = "unknown",
    plan_told_to_patient_on: date | None = None,
    outcome: ReferralOutcome | None = None,
    time: StatedTime,
) -> list[ReferralEvent]:
    """Close a referral as its requester. ``outcome`` is recorded first, if it is stated.

    Raises:
        OutcomeMissing: The outcome is not stated and was not recorded before.
        ReferralNotAccepted: The target has not accepted.
        DomainError: See ``domain.decider.decide``.
    """
    asked = _request_of(history, ReferralClosed)
    steps: list[ReferralEvent] = []
    if outcome is not None:
        steps.append(
            ReferralOutcomeReceived(
                record=asked.record,
                mode=asked.mode,
                happened_at=time.moment,
                how=outcome.how,
                document=outcome.document,
            )
        )
    steps.append(
        ReferralClosed(
            record=asked.record,
            mode=asked.mode,
            happened_at=time.moment,
            acknowledged_by=acknowledged_by,
            need_met=need_met,
            plan_told_to_patient_on=plan_told_to_patient_on,
        )
    )
    return decide(REFERRAL, history, steps, time=time)


def _request_of(history: History, step: type[ReferralEvent]) -> ReferralRequested:
    """Return the request that is in force. Every later step names the patient of the request.

    Raises:
        MoveNotAllowed: No request is in force, so ``step`` is not allowed.
    """
    state = fold(REFERRAL, history).state
    if isinstance(state, NotRequested):
        raise MoveNotAllowed(step.move(), state=state.WORD, allowed=moves(state))
    return state.request
