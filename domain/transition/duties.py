"""The duties of a transition: one for each step that is owed or done."""

from typing import Final

from domain.duties import Duty, duty
from domain.transition.derived import BACKLOG, OpenTransition, Transition

#: A duty has this code, followed by the code of the step.
PREFIX: Final = "transition."


def duties(transition: Transition) -> list[Duty]:
    """Return the duties of a transition, in the order of the protocol.

    A step that is done stays a duty, with its time. A step that is waived is none. While the
    transition is not open, the other steps are not owed. A discharge of the backlog owes nothing.
    The end of the window ends no duty: a step that is late is still to be done.
    """
    if BACKLOG in transition.flags:
        return []
    is_open = isinstance(transition.state, OpenTransition)
    return [
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
