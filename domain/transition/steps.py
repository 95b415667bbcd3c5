"""The steps of a transition: when each is due, what has done it, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.decider import StreamEvent
from domain.duties import Due
from domain.ids import EventId
from domain.precision import inside
from domain.rules import KindRule, Protocol, StepRule
from domain.transition.discharge import Discharge
from domain.transition.elsewhere import FoundElsewhere, StepDone
from domain.transition.events import (
    ELEMENTS,
    TransitionArrivalConfirmed,
    TransitionContactAttempted,
    TransitionContactMade,
    TransitionEvent,
    TransitionFollowUpCompleted,
    TransitionInformationReceived,
    TransitionInformationSent,
    TransitionMedicationsReconciled,
    TransitionServiceStarted,
    TransitionStepDone,
    TransitionStepWaived,
    deed_of,
)

#: These do a step only after the discharge. A document may be sent before the patient leaves.
_AFTER_DISCHARGE: Final = frozenset(
    each.move()
    for each in (
        TransitionContactMade,
        TransitionContactAttempted,
        TransitionFollowUpCompleted,
        TransitionArrivalConfirmed,
        TransitionServiceStarted,
    )
)
_INFORMATION: Final = frozenset(
    each.move() for each in (TransitionInformationSent, TransitionInformationReceived)
)


@dataclass(frozen=True, slots=True)
class StepWaiver:
    """A person decided that a step is not needed."""

    at: datetime
    reason: str
    event: EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionStep:
    """A step that the protocol asks for."""

    code: str
    due: Due
    done: StepDone | None
    waived: StepWaiver | None
    attempts: int = 0  # business days with an attempt to contact the patient; 0: none, or not asked
    elements_missing: tuple[str, ...] = ()  # of the discharge information

    @property
    def settled_at(self) -> datetime | None:
        """When the step was done or waived; None: it is owed."""
        settled = self.done or self.waived
        return settled.at if settled else None


def steps_of(
    rule: KindRule,
    discharge: Discharge,
    applied: Sequence[StreamEvent[TransitionEvent]],
    elsewhere: FoundElsewhere,
    *,
    protocol: Protocol,
    zone: str,
) -> tuple[TransitionStep, ...]:
    """Return the steps in the order of the protocol.

    Args:
        rule: The kind of the transition.
        discharge: The discharge.
        applied: What people recorded, by time.
        elsewhere: What else does steps: an admission to another facility, a reconciliation.
        protocol: The protocol in force at the discharge.
        zone: The zone of the facility.
    """
    counting = [
        each
        for each in applied
        if deed_of(each.event) not in _AFTER_DISCHARGE
        or each.event.happened_at.at >= discharge.earliest
    ]
    return tuple(
        _step(step, discharge, counting, elsewhere, protocol=protocol, zone=zone)
        for step in rule.steps
    )


def _step(
    rule: StepRule,
    discharge: Discharge,
    applied: Sequence[StreamEvent[TransitionEvent]],
    elsewhere: FoundElsewhere,
    *,
    protocol: Protocol,
    zone: str,
) -> TransitionStep:
    at, precision, _ = discharge
    start = at if rule.within.endswith("h") else inside(at, precision)
    present = set[str]()
    days = set[date]()
    done: StepDone | None = None
    waived: StepWaiver | None = None
    for each in applied:
        event, happened = each.event, each.event.happened_at.at
        does = False
        if isinstance(event, TransitionStepDone):
            does = event.step == rule.code and "step_done" in rule.done_by
        elif isinstance(event, TransitionStepWaived):
            if event.step == rule.code and waived is None:
                waived = StepWaiver(happened, event.reason, each.event_id)
        elif deed_of(event) in rule.done_by:
            does = True
            if isinstance(event, TransitionMedicationsReconciled):
                does = event.reconciliation not in elsewhere.void
            elif deed_of(event) in _INFORMATION:
                present.update(getattr(event, "elements", ()))  # a report states none
                does = rule.elements <= present
        elif isinstance(event, TransitionContactAttempted) and rule.attempts:
            local = happened.astimezone(ZoneInfo(zone)).date()
            days.add(protocol.calendar.after(local, 0))
            does = len(days) >= rule.attempts
        if does and done is None:
            done = StepDone(happened, event.move(), event=each.event_id)
    return TransitionStep(
        code=rule.code,
        due=protocol.due_by(rule, start, zone),
        done=elsewhere.first(rule, done),
        waived=waived,
        attempts=len(days),
        elements_missing=_missing(rule, present),
    )


def _missing(rule: StepRule, present: set[str]) -> tuple[str, ...]:
    """Return the elements that the information lacks: those that the protocol asks for, or all."""
    if not _INFORMATION & frozenset(rule.done_by):
        return ()
    wanted = rule.elements or frozenset(ELEMENTS)
    return tuple(each for each in ELEMENTS if each in wanted and each not in present)
