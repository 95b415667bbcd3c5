"""The duties of a transition: one for each step, and a call after each missed visit."""

from collections.abc import Iterator
from typing import Final

from domain.duties import Duty, duty
from domain.transition.derived import BACKLOG, OpenTransition, Transition

#: A duty has this code, followed by the code of the step.
PREFIX: Final = "transition."
#: The code of the call after a missed visit. The protocol lists it among its duties.
MISSED_VISIT: Final = f"{PREFIX}missed_visit"


def duties(transition: Transition) -> list[Duty]:
    """Return the duties of a transition: the steps in the order of the protocol, then the calls.

    A step that is done stays a duty, with its time. A step that is waived is none. While the
    transition is not open, the other steps are not owed. A discharge of the backlog owes nothing.
    The end of the window ends no duty: a step that is late is still to be done.
    """
    if BACKLOG in transition.flags:
        return []
    is_open = isinstance(transition.state, OpenTransition)
    steps = [
        duty(
            f"{PREFIX}{step.code}",
            step.due,
            about=transition.encounter_id,
            opened_at=transition.discharge_at,
            responsible=transition.responsible,
            done_at=step.done.at if step.done else None,
        )
        for step in transition.steps
        if step.done or (is_open and not step.waived)
    ]
    return [*steps, *_calls(transition, is_open=is_open)]


def _calls(transition: Transition, *, is_open: bool) -> Iterator[Duty]:
    """Yield the call after each missed visit; none if the protocol states no time for it."""
    for missed in transition.missed:
        protocol = transition.protocols.at(transition.discharge_at, begins=missed.at)
        due = protocol.due(MISSED_VISIT, missed.at, transition.zone)
        if due is not None and (is_open or missed.settled_at is not None):
            yield duty(
                MISSED_VISIT,
                due,
                about=transition.encounter_id,
                opened_at=missed.at,
                responsible=transition.responsible,
                done_at=missed.settled_at,
            )
