"""The duties of a referral: who owes what, from when on, and when it was done.

The protocol in force when the referral was requested gives the times of all its duties. A duty that
is done stays, with its time. A duty that is not done goes when its cause goes: a cancelled referral
owes nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.decider import fold
from domain.duties import Due, Duty, duty, in_time_until
from domain.ids import StreamId
from domain.party import Party
from domain.referral import (
    REFERRAL,
    Folded,
    History,
    ReferralAccepted,
    ReferralAppointmentCancelled,
    ReferralCancelled,
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
#: Results of a call after which the patient need not be called again.
_SETTLED: Final = frozenset({"reached", "left_message", "refused"})


@dataclass(frozen=True, slots=True)
class _Owed:
    """A piece of work between the step that asks for it and the step that does it."""

    code: str
    opened_at: datetime
    responsible: Party
    done_at: datetime | None = None


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
    protocol = protocols.at(asked.happened_at.at)
    found = list[Duty]()
    for owed in _owed(folded, state):
        zone = protocol.zone_of(owed.responsible.organisation or asked.requester.organisation)
        due = protocol.due(owed.code, owed.opened_at, zone)
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
    for owed in _of_the_target(folded, state.request):
        if owed.done_at is not None or goes_on:
            yield owed
    yield from _of_the_requester(folded, state)


def _of_the_target(folded: Folded, asked: ReferralRequested) -> Iterator[_Owed]:
    target, requester, urgency = asked.target, asked.requester, asked.urgency
    yield from _spans(
        folded, f"referral.acknowledge.{urgency}", target,
        begin={ReferralRequested, ReferralInformationSent}, end=_ANSWERS,
    )  # fmt: skip
    yield from _spans(
        folded, "referral.information", requester,
        begin={ReferralReturnedForInformation},
        end={ReferralInformationSent, ReferralAccepted, ReferralDeclined},
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
    yield from _spans(
        folded, "referral.missed", requester,
        begin={ReferralMissed}, end={ReferralScheduled, ReferralSeen, *_OUTCOMES},
    )  # fmt: skip
    yield from _spans(folded, "referral.outcome", target, begin={ReferralSeen}, end=_OUTCOMES)


def _of_the_requester(folded: Folded, state: RequestedReferral) -> Iterator[_Owed]:
    """Yield what the requester owes at the end: to read a refusal, and to tell the patient."""
    asked = state.request
    yield from _spans(
        folded, "referral.refusal", asked.requester,
        begin={ReferralDeclined, ReferralPatientDeclined},
        end={ReferralClosed, ReferralReopened},
    )  # fmt: skip
    told = next((each.event.happened_at.at for each in folded.applied if _tells(each.event)), None)
    outcome = _outcome_to_tell(folded, state)
    if outcome is not None and (told is not None or state.step not in _WITHOUT_A_PLAN):
        yield _Owed("referral.tell_patient", outcome, asked.requester, told)


#: A referral that ended like this has no plan that the patient could be told.
_WITHOUT_A_PLAN: Final = frozenset({"redirected", "cancelled", "patient_declined", "declined"})


def _outcome_to_tell(folded: Folded, state: RequestedReferral) -> datetime | None:
    """Return from when on the patient is to be told the plan; None if there is no plan yet.

    The patient is told of an outcome, and of a refusal by the target when the requester has read
    it. A patient who declined knows it.
    """
    for step in (ReferralOutcomeReceived, ReferralOutcomeSent):
        for each in folded.applied:
            if step_of(each.event) is step:
                return each.event.happened_at.at
    if state.step == "closed" and state.before is not None and state.before.step == "declined":
        return next(
            each.event.happened_at.at
            for each in folded.applied
            if isinstance(each.event, ReferralClosed)
        )
    return None


def _tells(event: ReferralEvent) -> bool:
    return isinstance(event, ReferralClosed) and event.plan_told_to_patient_on is not None


def _spans(
    folded: Folded,
    code: str,
    responsible: Party,
    *,
    begin: Collection[Step],
    end: Collection[Step],
) -> Iterator[_Owed]:
    """Yield one piece of work from each step of ``begin`` to the next step of ``end``."""
    opened: datetime | None = None
    for each in folded.applied:
        step, at = step_of(each.event), each.event.happened_at.at
        if opened is not None and (step in end or _settles(code, each.event)):
            yield _Owed(code, opened, responsible, at)
            opened = None
        if step in begin and opened is None:
            opened = at
            if _settles(code, each.event):
                yield _Owed(code, opened, responsible, at)
                opened = None
        if step is ReferralCancelled:
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
