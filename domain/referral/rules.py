"""The decisions on referrals that ask for more than the state of the referral."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias, get_args

from domain import decider
from domain.decider import StatedTime, StreamEvent, decide, fold
from domain.errors import (
    AnotherPatient,
    DuplicateOfItself,
    MoveNotAllowed,
    SameOrganisationAndPerson,
    TargetMissing,
)
from domain.events import Code
from domain.ids import StreamId
from domain.party import Party
from domain.referral.codes import Claim, NeedMet
from domain.referral.ending import ReferralClosed, ReferralEnteredInError, ReferralReported
from domain.referral.events import ReferralEvent
from domain.referral.moves import REFERRAL, Step, moves
from domain.referral.requesting import ReferralRequested
from domain.referral.states import NotRequested, Referral
from domain.referral.visiting import ReferralOutcome, ReferralOutcomeReceived
from domain.stream_kind import StreamKind

History: TypeAlias = Sequence[StreamEvent[ReferralEvent]]

KIND: Final = StreamKind[Referral, ReferralEvent](
    name="referral",
    decider=REFERRAL,
    events=get_args(ReferralEvent),
    error_mark=ReferralEnteredInError,
)


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


def take(
    history: History, step: Step, facts: Mapping[str, Any], *, time: StatedTime
) -> list[ReferralEvent]:
    """Take a step after the request.

    Args:
        history: The events of the referral.
        step: The type of the event.
        facts: Its members, without patient and time: they are those of the request and of ``time``.
        time: When it happened.

    Raises:
        DomainError: See ``domain.decider.decide``.
    """
    return decide(REFERRAL, history, [_event(history, step, facts, time)], time=time)


def report(
    history: History, claim: Claim, *, partner: Code, need_met: NeedMet, time: StatedTime
) -> list[ReferralEvent]:
    """Record what another system says about a referral, whether its state allows it or not.

    Args:
        history: The events of the referral; at least one is its request.
        claim: Where the referral is, as that system says.
        partner: The system or organisation that says so.
        need_met: Whether the need of the patient was met, as that system says.
        time: When it was so.

    Raises:
        InTheFuture: The time is after the present time.
    """
    asked = next(each.event for each in history if isinstance(each.event, ReferralRequested))
    told = ReferralReported(
        record=asked.record,
        mode=asked.mode,
        happened_at=time.moment,
        partner=partner,
        claim=claim,
        need_met=need_met,
    )
    return decider.report(history, told, time=time)


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

    A referral that was closed before the patient was told the plan is closed again, with the day.

    Raises:
        OutcomeMissing: The outcome is not stated and was not recorded before.
        ReferralNotAccepted: The target has not accepted.
        DomainError: See ``domain.decider.decide``.
    """
    facts = {
        "acknowledged_by": acknowledged_by,
        "need_met": need_met,
        "plan_told_to_patient_on": plan_told_to_patient_on,
    }
    steps = [_event(history, ReferralClosed, facts, time)]
    if outcome is not None and not _knows(history, outcome, time):
        steps.insert(0, _event(history, ReferralOutcomeReceived, outcome.model_dump(), time))
    return decide(REFERRAL, history, steps, time=time)


def compare(
    stream: StreamId,
    history: History,
    step: Step,
    facts: Mapping[str, Any],
    *,
    time: StatedTime,
) -> list[ReferralEvent]:
    """Say of a referral whether it is a duplicate of another one: see ``take``.

    Raises:
        DuplicateOfItself: The other referral is this one.
        DomainError: See ``domain.decider.decide``.
    """
    if facts["other"] == stream:
        raise DuplicateOfItself
    return take(history, step, facts, time=time)


def _knows(history: History, outcome: ReferralOutcome, time: StatedTime) -> bool:
    """Tell whether the last outcome that was known at a time is this one."""
    known = [
        each.event
        for each in fold(REFERRAL, history).applied
        if isinstance(each.event, ReferralOutcomeReceived)
        and each.event.happened_at.at <= time.moment.at
    ]
    return bool(known) and (known[-1].how, known[-1].document) == (outcome.how, outcome.document)


def _event(
    history: History, step: Step, facts: Mapping[str, Any], time: StatedTime
) -> ReferralEvent:
    asked = _request_of(history, step)
    return step(record=asked.record, mode=asked.mode, happened_at=time.moment, **facts)


def _request_of(history: History, step: Step) -> ReferralRequested:
    """Return the request that is in force. Every later step names the patient of the request.

    Raises:
        MoveNotAllowed: No request is in force, so ``step`` is not allowed.
    """
    state = fold(REFERRAL, history).state
    if isinstance(state, NotRequested):
        raise MoveNotAllowed(step.move(), state=state.word, allowed=moves(state))
    return state.request
