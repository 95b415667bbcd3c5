"""The steps of a referral: from which states each is allowed, and to which state it leads.

The states and steps are those that the IHE profile 360X and the HL7 guide BSeR publish. Where the
guide allows a step in a state, this table allows it too: a decline after a missed visit, an outcome
although a cancellation was requested, a further visit after a visit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from domain.decider import Decider
from domain.errors import (
    AlreadyClosed,
    CancelNeedsConfirmation,
    DomainError,
    MoveNotAllowed,
    NotOpen,
    OutcomeMissing,
    ReferralNotAccepted,
    ReferralNotScheduled,
)
from domain.referral.codes import Claim
from domain.referral.ending import (
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralDuplicateCleared,
    ReferralDuplicateMarked,
    ReferralEnteredInError,
    ReferralReopened,
    ReferralReported,
)
from domain.referral.events import ReferralEvent
from domain.referral.requesting import (
    ReferralAccepted,
    ReferralAuthorisationRefused,
    ReferralAuthorised,
    ReferralDeclined,
    ReferralInformationSent,
    ReferralPatientDeclined,
    ReferralReceived,
    ReferralRedirected,
    ReferralRequested,
    ReferralReturnedForInformation,
    ReferralSent,
)
from domain.referral.states import (
    ACCEPTED,
    ENDED,
    OPEN,
    UNANSWERED,
    WORDS,
    NotRequested,
    Referral,
    RequestedReferral,
    StateWord,
)
from domain.referral.visiting import (
    ReferralAppointmentCancelled,
    ReferralContactAttempted,
    ReferralHeld,
    ReferralInterimNoteSent,
    ReferralMissed,
    ReferralOutcomeReceived,
    ReferralOutcomeSent,
    ReferralRescheduled,
    ReferralResumed,
    ReferralScheduled,
    ReferralSeen,
)

Step: TypeAlias = type[ReferralEvent]


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table. ``to`` is None if the step is noted and the state stays."""

    before: tuple[StateWord, ...]
    to: StateWord | None = None


#: Of each step after the request. Reports and error marks are no steps of their own.
MOVES: Final[Mapping[Step, Move]] = {
    ReferralSent: Move(UNANSWERED),
    ReferralReceived: Move(("requested", "information_sent"), "received"),
    ReferralReturnedForInformation: Move(
        ("requested", "received", "information_sent"), "returned_for_information"
    ),
    ReferralInformationSent: Move(("returned_for_information",), "information_sent"),
    ReferralAccepted: Move(("requested", "received", "information_sent"), "accepted"),
    ReferralDeclined: Move(OPEN, "declined"),
    ReferralRedirected: Move(OPEN, "redirected"),
    ReferralPatientDeclined: Move(OPEN, "patient_declined"),
    ReferralAuthorised: Move(OPEN),
    ReferralAuthorisationRefused: Move(OPEN),
    ReferralScheduled: Move(("accepted", "missed", "appointment_cancelled", "seen"), "scheduled"),
    ReferralRescheduled: Move(("scheduled",), "scheduled"),
    ReferralAppointmentCancelled: Move(("scheduled", "missed", "seen"), "appointment_cancelled"),
    ReferralMissed: Move(("scheduled",), "missed"),
    ReferralContactAttempted: Move(WORDS),
    ReferralHeld: Move(ACCEPTED),
    ReferralResumed: Move(ACCEPTED),
    ReferralSeen: Move(
        ("accepted", "scheduled", "missed", "appointment_cancelled", "seen"), "seen"
    ),
    ReferralInterimNoteSent: Move(ACCEPTED),
    ReferralOutcomeSent: Move((*ACCEPTED, "cancellation_requested"), "outcome_sent"),
    ReferralOutcomeReceived: Move((*ACCEPTED, "cancellation_requested"), "outcome_received"),
    ReferralClosed: Move(
        ("outcome_received", "outcome_sent", "declined", "patient_declined"), "closed"
    ),
    ReferralCancellationRequested: Move(
        tuple(
            each
            for each in OPEN
            if each not in {"outcome_sent", "outcome_received", "cancellation_requested"}
        ),
        "cancellation_requested",
    ),
    ReferralCancelled: Move(("requested", "received", "cancellation_requested"), "cancelled"),
    ReferralReopened: Move(ENDED),
    ReferralDuplicateMarked: Move(WORDS),
    ReferralDuplicateCleared: Move(WORDS),
}

#: The step that leads to the state that another system claims; None: a mark.
CLAIMED: Final[Mapping[Claim, Step | None]] = {
    "received": ReferralReceived,
    "returned_for_information": ReferralReturnedForInformation,
    "accepted": ReferralAccepted,
    "declined": ReferralDeclined,
    "redirected": ReferralRedirected,
    "patient_declined": ReferralPatientDeclined,
    "scheduled": ReferralScheduled,
    "missed": ReferralMissed,
    "appointment_cancelled": ReferralAppointmentCancelled,
    "held": ReferralHeld,
    "seen": ReferralSeen,
    "outcome_sent": ReferralOutcomeSent,
    "cancellation_requested": ReferralCancellationRequested,
    "cancelled": ReferralCancelled,
    "expired": None,
}


def step_of(event: ReferralEvent) -> Step | None:
    """Return the step that an event is, or that it reports; None for a mark."""
    if isinstance(event, ReferralReported):
        return CLAIMED[event.claim]
    return None if isinstance(event, ReferralEnteredInError) else type(event)


def evolve(state: Referral, event: ReferralEvent) -> Referral:
    """Apply one fact. A fact that the state does not allow changes nothing."""
    step = step_of(event)
    if step is None or refusal(state, event) is not None:
        return state
    if isinstance(event, ReferralRequested):
        return RequestedReferral("requested", event)
    return state if isinstance(state, NotRequested) else _after(state, event, step)


def _after(state: RequestedReferral, event: ReferralEvent, step: Step) -> RequestedReferral:
    if step is ReferralHeld or step is ReferralResumed:
        return replace(state, held=step is ReferralHeld)
    if step is ReferralReopened:
        return state.before or state
    to = MOVES[step].to
    if to is None or (isinstance(event, ReferralReported) and to == state.step):
        return state
    told = isinstance(event, ReferralClosed) and event.plan_told_to_patient_on is not None
    if state.step == "closed":
        return replace(state, told=told)
    return RequestedReferral(to, state.request, told=told, before=state if to in ENDED else None)


def refusal(state: Referral, event: ReferralEvent) -> DomainError | None:
    """Return why the state does not allow an event; None if it allows the event."""
    step = step_of(event)
    if isinstance(event, ReferralReported) and _confirms(state, step):
        return None
    if step is None:
        return MoveNotAllowed(event.move(), state=state.word, allowed=moves(state))
    if _allows(state, step) or _tells_the_patient(state, event):
        return None
    return _why_not(state, step)(event.move(), state=state.word, allowed=moves(state))


def _confirms(state: Referral, step: Step | None) -> bool:
    """Tell whether a report changes nothing: a mark, or the state that the referral has."""
    if isinstance(state, NotRequested):
        return False
    if step is ReferralHeld:
        return state.held
    return step is None or MOVES[step].to == state.step


def moves(state: Referral) -> tuple[str, ...]:
    """Return the steps that a state allows, in the order of the table."""
    steps = (ReferralRequested, *MOVES)
    return tuple(step.move() for step in steps if _allows(state, step))


def _allows(state: Referral, step: Step) -> bool:
    if isinstance(state, NotRequested):
        return step is ReferralRequested
    if step is ReferralRequested or state.step not in MOVES[step].before:
        return False
    if step is ReferralCancelled and state.step != "cancellation_requested":
        return state.within_one_organisation
    if step is ReferralHeld or step is ReferralResumed:
        return state.held is (step is ReferralResumed)
    return True


def _tells_the_patient(state: Referral, event: ReferralEvent) -> bool:
    """Tell whether an event says of a closed referral that the patient was told the plan."""
    return (
        isinstance(state, RequestedReferral)
        and state.step == "closed"
        and not state.told
        and isinstance(event, ReferralClosed)
        and event.plan_told_to_patient_on is not None
    )


_OF_A_VISIT: Final[frozenset[Step]] = frozenset(
    {ReferralRescheduled, ReferralAppointmentCancelled, ReferralMissed}
)
_NEEDS_ACCEPTANCE: Final[frozenset[Step]] = frozenset(
    {
        *_OF_A_VISIT,
        ReferralScheduled,
        ReferralHeld,
        ReferralSeen,
        ReferralInterimNoteSent,
        ReferralOutcomeSent,
        ReferralOutcomeReceived,
        ReferralClosed,
    }
)

_ENDING: Final[Mapping[Step, type[MoveNotAllowed]]] = {
    ReferralClosed: OutcomeMissing,
    ReferralCancelled: CancelNeedsConfirmation,
}


def _why_not(state: Referral, step: Step) -> type[MoveNotAllowed]:
    """Return the kind of refusal of a step that a state does not allow."""
    if isinstance(state, NotRequested):
        return MoveNotAllowed
    if state.step not in OPEN:
        return AlreadyClosed if state.step == "closed" else NotOpen
    if step in _NEEDS_ACCEPTANCE and state.step in UNANSWERED:
        return ReferralNotAccepted
    if step in _OF_A_VISIT and state.step in ACCEPTED:
        return ReferralNotScheduled
    return _ENDING.get(step, MoveNotAllowed)


REFERRAL: Final = Decider[Referral, ReferralEvent](NotRequested(), evolve, refusal)
