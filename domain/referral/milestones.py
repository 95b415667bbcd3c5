"""When a referral reached each step: the times from which intervals and duties are derived."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from domain.decider import FoldedStream, StreamEvent
from domain.referral.ending import ReferralCancelled, ReferralClosed, ReferralReopened
from domain.referral.events import ReferralEvent
from domain.referral.moves import Step, step_of
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
from domain.referral.states import Referral
from domain.referral.visiting import (
    ReferralAppointmentCancelled,
    ReferralOutcomeReceived,
    ReferralOutcomeSent,
    ReferralRescheduled,
    ReferralScheduled,
    ReferralSeen,
)
from domain.statement import Moment

#: The steps between which the time is shown. The first six are those of 38 USC 1703G.
Milestone: TypeAlias = Literal[
    "need_determined",
    "sent",
    "accepted",
    "complete",
    "appointment_made",
    "appointment_held",
    "outcome",
    "acknowledged",
]

Folded: TypeAlias = FoldedStream[Referral, ReferralEvent]
Applied: TypeAlias = Sequence[StreamEvent[ReferralEvent]]


@dataclass(frozen=True, slots=True)
class Interval:
    """The time from one milestone to the next one that is reached, or that is still to come."""

    milestone: Milestone  # that ends it
    since: Milestone
    began_at: Moment
    ended_at: Moment | None  # None: not reached yet


def milestones(folded: Folded) -> dict[Milestone, Moment | None]:
    """Return when each milestone was reached; None if it was not.

    A referral that was reopened is not acknowledged any more. A milestone is reached once: its
    time is that of the first step of the kind, and a later appointment or visit does not move it.
    """
    applied = folded.applied
    return {
        "need_determined": first(applied, ReferralRequested),
        "sent": first(applied, ReferralSent),
        "accepted": first(applied, ReferralAccepted),
        "complete": _complete(applied),
        "appointment_made": first(applied, ReferralScheduled),
        "appointment_held": first(applied, ReferralSeen),
        "outcome": outcome_at(applied),
        "acknowledged": closed_at(applied),
    }


def intervals(folded: Folded) -> list[Interval]:
    """Return the time from each milestone to the next one.

    A milestone that was passed over, such as a referral that was accepted although no party
    recorded that it was sent, ends no interval. The same holds for one that was reached after a
    later one, such as the first appointment of a patient who had already been seen without one.
    Of those to come, only the next one has an interval, and a referral that has ended has none.
    """
    reached = _in_order(milestones(folded))
    names = list(reached)
    last = max((place for place, name in enumerate(names) if reached[name]), default=-1)
    found: list[Interval] = []
    since: Milestone = names[0]
    for place, name in enumerate(names[1:], 1):
        began, ended = reached[since], reached[name]
        if began is None or (ended is None and place <= last):
            continue
        if ended is None and not _goes_on(folded.state):
            break
        found.append(Interval(name, since, began, ended))
        if ended is None:
            break
        since = name
    return found


def _in_order(
    reached: Mapping[Milestone, Moment | None],
) -> dict[Milestone, Moment | None]:
    """Return the milestones without the times of those that were reached after a later one."""
    found: dict[Milestone, Moment | None] = {}
    next_one: Moment | None = None
    for name in reversed(list(reached)):
        moment = reached[name]
        if moment is not None and (next_one is None or moment.at <= next_one.at):
            next_one = found[name] = moment
        else:
            found[name] = None
    return dict(reversed(found.items()))


def first(applied: Applied, *steps: Step) -> Moment | None:
    """Return when one of the steps was taken first; None: never."""
    return _moment(applied, steps, min)


def last(applied: Applied, *steps: Step) -> Moment | None:
    """Return when one of the steps was taken last; None: never."""
    return _moment(applied, steps, max)


def outcome_at(applied: Applied) -> Moment | None:
    """Return when the requester got the outcome; if that is not recorded, when it was sent."""
    return first(applied, ReferralOutcomeReceived) or first(applied, ReferralOutcomeSent)


def ended_at(folded: Folded) -> Moment | None:
    """Return when a referral that is declined, redirected, cancelled or closed ended.

    A referral that is closed once more, because the patient was told the plan later, ended before.
    """
    word = folded.state.word
    if word == "closed":
        return closed_at(folded.applied)
    return last(folded.applied, _ENDS[word]) if word in _ENDS else None


_ENDS: Final[Mapping[str, Step]] = {
    "declined": ReferralDeclined,
    "patient_declined": ReferralPatientDeclined,
    "redirected": ReferralRedirected,
    "cancelled": ReferralCancelled,
}


def starts_at(applied: Applied) -> ReferralScheduled | ReferralRescheduled | None:
    """Return the event that states the present appointment; None: there is none."""
    found: ReferralScheduled | ReferralRescheduled | None = None
    for each in applied:
        if isinstance(each.event, ReferralScheduled | ReferralRescheduled):
            found = each.event
        elif step_of(each.event) is ReferralAppointmentCancelled:
            found = None
    return found


def received_at(applied: Applied) -> Moment | None:
    """Return when the target had the request; an answer shows that it had it."""
    return first(
        applied,
        ReferralReceived,
        ReferralReturnedForInformation,
        ReferralAccepted,
        ReferralDeclined,
    )


def _goes_on(state: Referral) -> bool:
    return state.word not in {"redirected", "cancelled", "closed", "declined", "patient_declined"}


def _complete(applied: Applied) -> Moment | None:
    """Return when the target had accepted, nothing was missing, and the payer had agreed.

    The payer has agreed if no authorisation was refused, or if one was given afterwards. Of several
    that were given, the first one after the refusal counts.
    """
    accepted = first(applied, ReferralAccepted)
    asked = last(applied, ReferralReturnedForInformation)
    answered = last(applied, ReferralInformationSent)
    refused = last(applied, ReferralAuthorisationRefused)
    agreed = first(
        [each for each in applied if refused is None or each.event.happened_at.at >= refused.at],
        ReferralAuthorised,
    )
    if accepted is None or (refused and not agreed):
        return None
    if asked and not answered and asked.at >= accepted.at:
        return None
    needed = [accepted, *(each for each in (answered, agreed) if each is not None)]
    return max(needed, key=lambda each: each.at)


def closed_at(applied: Applied) -> Moment | None:
    """Return when the referral was closed, unless it was reopened since."""
    found: Moment | None = None
    for each in applied:
        if isinstance(each.event, ReferralClosed):
            found = found or each.event.happened_at
        elif isinstance(each.event, ReferralReopened):
            found = None
    return found


def _moment(
    applied: Applied, steps: Sequence[Step], choose: Callable[..., Moment]
) -> Moment | None:
    found = [each.event.happened_at for each in applied if step_of(each.event) in steps]
    return choose(found, key=lambda each: each.at) if found else None
