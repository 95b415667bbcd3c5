"""The duties of a referral: who owes what, from when on, and when it was done.

The protocol in force when the referral was requested gives the times of all its duties. If it has
lines for payers, the payer of the patient when a duty begins chooses the line. A duty that is done
stays, with its time. A duty that is not done goes when its cause goes: a cancelled referral owes
nothing. If a cancellation is requested, the target can no longer accept, book or see the patient.
Then the duties before the visit go, and the other side owes an answer to the cancellation.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.decider import StreamEvent, fold
from domain.duties import Due, Duty, duty, in_time_until
from domain.ids import StreamId
from domain.party import Party
from domain.referral import (
    REFERRAL,
    Folded,
    History,
    Referral,
    ReferralAccepted,
    ReferralAppointmentCancelled,
    ReferralCancellationRequested,
    ReferralClosed,
    ReferralContactAttempted,
    ReferralDeclined,
    ReferralEvent,
    ReferralInformationSent,
    ReferralMissed,
    ReferralOutcomeReceived,
    ReferralOutcomeSent,
    ReferralPatientDeclined,
    ReferralRedirected,
    ReferralReopened,
    ReferralReported,
    ReferralRequested,
    ReferralReturnedForInformation,
    ReferralScheduled,
    ReferralSeen,
    RequestedReferral,
    is_open,
    step_of,
)
from domain.referral.moves import Step
from domain.rules import Protocol, Protocols

#: The source of a day that the requester stated.
STATED: Final = "stated in the request"

_ANSWERS: Final[frozenset[Step]] = frozenset(
    {
        ReferralAccepted,
        ReferralDeclined,
        ReferralRedirected,
        ReferralPatientDeclined,
        ReferralReturnedForInformation,
    }
)
_OUTCOMES: Final[frozenset[Step]] = frozenset({ReferralOutcomeSent, ReferralOutcomeReceived})
_WITH_OUTCOME: Final = frozenset({"outcome_sent", "outcome_received"})
#: The states in which the target can answer.
_TO_BE_ANSWERED: Final = frozenset({"requested", "received", "information_sent"})
_CANCELLING: Final = "cancellation_requested"
#: Results of a call after which the patient need not be called again.
_SETTLED: Final = frozenset({"reached", "left_message", "refused"})


@dataclass(frozen=True, slots=True)
class _Owed:
    """A piece of work between the step that asks for it and the step that does it."""

    code: str
    opened_at: datetime
    responsible: Party
    done_at: datetime | None = None
    rule: str = ""  # code of the duty whose time it has; empty: its own


def duties(stream: StreamId, history: History, protocols: Protocols) -> list[Duty]:
    """Return the duties of a referral, open and done, by the time at which they began.

    A likely duplicate is not among them: see ``duplicate_duty``.

    Args:
        stream: The referral.
        history: Its events.
        protocols: The published protocols.
    """
    folded = fold(REFERRAL, history)
    state = folded.state
    if not isinstance(state, RequestedReferral):
        return []
    asked = state.request
    found = list[Duty]()
    for owed in _owed(folded, state):
        protocol = protocols.at(asked.happened_at.at, begins=owed.opened_at)
        zone = protocol.zone_of(owed.responsible.organisation or asked.requester.organisation)
        due = protocol.due(owed.rule or owed.code, owed.opened_at, zone)
        if due is None:
            continue
        if owed.code.startswith("referral.seen."):
            due = _by_the_day_stated(due, asked)
        found.append(
            duty(
                owed.code,
                due,
                about=stream,
                opened_at=owed.opened_at,
                responsible=owed.responsible,
                done_at=owed.done_at,
            )
        )
    return sorted(found, key=lambda each: (each.opened_at, each.code))


def duplicate_duty(stream: StreamId, history: History, protocols: Protocols) -> Duty | None:
    """Return the duty to decide whether a referral is a duplicate; None if it is not in force.

    The caller asks only for a referral that is likely one: see ``domain.referral.duplicates``.
    """
    state = fold(REFERRAL, history).state
    if not isinstance(state, RequestedReferral) or not is_open(state):
        return None
    asked = state.request
    opened_at = asked.happened_at.at
    protocol = protocols.at(opened_at)
    zone = protocol.zone_of(asked.requester.organisation)
    due = protocol.due("referral.duplicate", opened_at, zone)
    if due is None:
        return None
    return duty(
        "referral.duplicate", due, about=stream, opened_at=opened_at, responsible=asked.requester
    )


def expires_at(asked: ReferralRequested, protocol: Protocol) -> datetime | None:
    """Return when a referral gets the mark ``expired``: at the end of its last day.

    None: the request states no day, and the protocol has no limit. Expiry is a mark and no lock:
    every later step is accepted.
    """
    name = protocol.zone_of(asked.target.organisation or asked.requester.organisation)
    if asked.expires_on is not None:
        zone = ZoneInfo(name)
        return datetime.combine(asked.expires_on + timedelta(days=1), time.min, zone)
    due = protocol.due("referral.expires", asked.happened_at.at, name)
    if due is None or due.on is None:
        return due.at if due else None
    return datetime.combine(due.on + timedelta(days=1), time.min, ZoneInfo(name))


def _by_the_day_stated(due: Due, asked: ReferralRequested) -> Due:
    """Return the earlier of the time of the protocol and the day that the requester stated."""
    if asked.needed_by is None:
        return due
    stated = replace(due, at=None, on=asked.needed_by, source=STATED)
    return min(due, stated, key=in_time_until)


def _owed(folded: Folded, state: RequestedReferral) -> Iterator[_Owed]:
    """Yield each piece of work; open work only while its cause lasts."""
    goes_on = is_open(state)
    for owed in _before_the_visit(folded, state.request):
        if owed.done_at is not None or (goes_on and state.step != _CANCELLING):
            yield owed
    for owed in _around_the_end(folded, state.request):
        if owed.done_at is not None or goes_on:
            yield owed
    yield from _of_the_requester(folded, state)


def _before_the_visit(folded: Folded, asked: ReferralRequested) -> Iterator[_Owed]:
    """Yield the work until the visit. No step does it once a cancellation is requested."""
    target, requester, urgency = asked.target, asked.requester, asked.urgency
    yield from _spans(
        folded, f"referral.acknowledge.{urgency}", target,
        begin={ReferralRequested, ReferralInformationSent}, end=_ANSWERS | _OUTCOMES,
        again=_TO_BE_ANSWERED,
    )  # fmt: skip
    yield from _spans(
        folded, "referral.information", requester,
        begin={ReferralReturnedForInformation},
        end={ReferralInformationSent, ReferralAccepted, ReferralDeclined, *_OUTCOMES},
        again={"returned_for_information"},
    )  # fmt: skip
    yield from _spans(
        folded, f"referral.appointment.{urgency}", target,
        begin={ReferralAccepted, ReferralMissed, ReferralAppointmentCancelled},
        end={ReferralScheduled, ReferralSeen, *_OUTCOMES},
    )  # fmt: skip
    yield from _spans(
        folded, f"referral.seen.{urgency}", target,
        begin={ReferralRequested}, end={ReferralSeen, *_OUTCOMES},
    )  # fmt: skip


def _around_the_end(folded: Folded, asked: ReferralRequested) -> Iterator[_Owed]:
    """Yield the work that is left although a cancellation is requested, and the answer to it."""
    yield from _spans(
        folded, "referral.missed", asked.requester,
        begin={ReferralMissed}, end={ReferralScheduled, ReferralSeen, *_OUTCOMES},
    )  # fmt: skip
    yield from _spans(
        folded, "referral.outcome", asked.target, begin={ReferralSeen}, end=_OUTCOMES
    )  # fmt: skip
    yield from _cancellations(folded, asked)


def _cancellations(folded: Folded, asked: ReferralRequested) -> Iterator[_Owed]:
    """Yield each answer to a requested cancellation, from the side that did not ask for it.

    The cancellation, a refusal and an outcome answer it. The answer is due as soon as an answer to
    the request.
    """
    owed: _Owed | None = None
    answering = asked.target
    for each, before, after in _steps(folded):
        at = each.event.happened_at.at
        if before != after == _CANCELLING:
            answering = _other_side(each.event, asked) or answering
            rule = f"referral.acknowledge.{asked.urgency}"
            owed = _Owed("referral.cancellation", at, answering, rule=rule)
        elif owed is not None and after != _CANCELLING:
            yield replace(owed, done_at=at)
            owed = None
    if owed is not None:
        yield owed


def _other_side(event: ReferralEvent, asked: ReferralRequested) -> Party | None:
    """Return who answers a requested cancellation; None: the event does not say who asks."""
    match event:
        case ReferralCancellationRequested():
            return asked.requester if event.asked_by == "target" else asked.target
        case ReferralReported():
            by_target = event.partner == asked.target.organisation
            return asked.requester if by_target else asked.target
        case _:  # it is reopened
            return None


def _of_the_requester(folded: Folded, state: RequestedReferral) -> Iterator[_Owed]:
    """Yield what the requester owes at the end: to read a refusal, and to tell the patient."""
    requester = state.request.requester
    yield from _spans(
        folded, "referral.refusal", requester,
        begin={ReferralDeclined, ReferralPatientDeclined},
        end={ReferralClosed, ReferralReopened},
        again={"declined", "patient_declined"},
    )  # fmt: skip
    for owed in _tellings(folded, requester):
        if owed.done_at is not None or state.step not in _WITHOUT_A_PLAN:
            yield owed


#: A referral that ended like this has no plan that the patient could be told.
_WITHOUT_A_PLAN: Final = frozenset({"redirected", "cancelled", "patient_declined", "declined"})


def _tellings(folded: Folded, requester: Party) -> Iterator[_Owed]:
    """Yield each time that the patient is to be told the plan.

    The patient is told of an outcome, and of a refusal by the target when the requester has read
    it. A patient who declined knows it. A referral that is reopened with its outcome is closed
    again, and the patient is told again.
    """
    opened: datetime | None = None
    received = False
    for each, before, after in _steps(folded):
        step, at = step_of(each.event), each.event.happened_at.at
        if step is ReferralOutcomeSent:
            opened = opened or at
        elif step is ReferralOutcomeReceived:
            opened = opened if opened and received else at
            received = True
        elif isinstance(each.event, ReferralClosed):
            if opened is None and before == "declined":
                opened = at
            if opened is not None and each.event.plan_told_to_patient_on is not None:
                yield _Owed("referral.tell_patient", opened, requester, at)
                opened, received = None, False
        elif step is ReferralReopened:
            opened = (opened or at) if after in _WITH_OUTCOME else None
            received = after == "outcome_received"
    if opened is not None:
        yield _Owed("referral.tell_patient", opened, requester)


def _steps(folded: Folded) -> Iterator[tuple[StreamEvent[ReferralEvent], str, str]]:
    """Yield each event that counts, with the states before and after it."""
    state = REFERRAL.initial
    for each in folded.applied:
        after = REFERRAL.evolve(state, each.event)
        yield each, _step_word(state), _step_word(after)
        state = after


def _step_word(state: Referral) -> str:
    return state.step if isinstance(state, RequestedReferral) else state.word


def _spans(
    folded: Folded,
    code: str,
    responsible: Party,
    *,
    begin: Collection[Step],
    end: Collection[Step],
    again: Collection[str] = (),
) -> Iterator[_Owed]:
    """Yield one piece of work from each step of ``begin`` to the next step of ``end``.

    The work begins again if the referral is reopened and is then in a state of ``again``.
    """
    opened: datetime | None = None
    for each, _, after in _steps(folded):
        step, at = step_of(each.event), each.event.happened_at.at
        if opened is not None and (step in end or _settles(code, each.event)):
            yield _Owed(code, opened, responsible, at)
            opened = None
        begins = step in begin or (step is ReferralReopened and after in again)
        if begins and opened is None:
            opened = at
            if _settles(code, each.event):
                yield _Owed(code, opened, responsible, at)
                opened = None
    if opened is not None:
        yield _Owed(code, opened, responsible)


def _settles(code: str, event: ReferralEvent) -> bool:
    """Tell whether an event settles the call after a missed visit."""
    if code != "referral.missed":
        return False
    if isinstance(event, ReferralContactAttempted):
        return event.result in _SETTLED
    return isinstance(event, ReferralMissed) and event.reached == "yes"
