"""Visits after a discharge that the patient missed: the team has to call the patient."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from domain.decider import StreamEvent
from domain.transition.events import (
    TransitionContactAttempted,
    TransitionContactMade,
    TransitionEvent,
    TransitionFollowUpCompleted,
    TransitionFollowUpMissed,
    TransitionFollowUpScheduled,
    deed_of,
)

#: Results of a call after which the patient need not be called again, as after a missed visit of a
#: referral.
_SETTLED: Final = frozenset({"left_message", "refused"})
#: After these, whether our people recorded them or another system reports them, too.
_SETTLES: Final = frozenset(
    each.move()
    for each in (TransitionContactMade, TransitionFollowUpScheduled, TransitionFollowUpCompleted)
)


class MissedVisit(NamedTuple):
    """A visit that the patient missed, and when that was settled; None: it is not."""

    at: datetime
    settled_at: datetime | None = None


def missed_visits(applied: Sequence[StreamEvent[TransitionEvent]]) -> tuple[MissedVisit, ...]:
    """Return the missed visits after which the patient is to be called, by time.

    A miss is settled when the patient is reached, refuses or gets a message, or when the visit has
    a new appointment or took place. A further miss before that adds nothing.

    Args:
        applied: What people recorded and other systems reported about the encounter, by time.
    """
    found = list[MissedVisit]()
    for each in applied:
        event, at = each.event, each.event.happened_at.at
        is_open = bool(found) and found[-1].settled_at is None
        if isinstance(event, TransitionFollowUpMissed):
            if not is_open:
                found.append(MissedVisit(at))
        elif is_open and _settles(event):
            found[-1] = found[-1]._replace(settled_at=at)
    return tuple(found)


def _settles(event: TransitionEvent) -> bool:
    if isinstance(event, TransitionContactAttempted):
        return event.result in _SETTLED
    return deed_of(event) in _SETTLES
