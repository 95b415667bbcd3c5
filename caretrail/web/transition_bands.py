"""Draw what follows a discharge: a band with its steps, hatched while the call is overdue."""

from collections.abc import Collection, Iterable
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from caretrail.reading.transitions import TransitionReading
from caretrail.web.bars import CHARACTER, n
from caretrail.web.plan_words import spaced
from caretrail.web.scale import WIDTH, Scale
from caretrail.web.shapes import DrawnText, StepMark, TransitionBand
from caretrail.web.words import Words, date_words
from domain.duties import Due, is_past
from domain.transition.derived import (
    ClosedTransition,
    CompletedTransition,
    OpenTransition,
    Transition,
    state_at,
)
from domain.transition.steps import TransitionStep

HEIGHT: Final = 44.0  # of the row
_BAND: Final = 14.0
_SHORTEST: Final = 24.0
_HATCH: Final = 6.0
#: The step that is the call after the discharge.
_CALL: Final = "contact"
_NOT_CALLED: Final = "discharged and not called"


def transition_bands(
    readings: Iterable[TransitionReading],
    scale: Scale,
    top: float,
    words: Words,
    patient: str,
    *,
    stays: Collection[datetime] = (),
) -> tuple[TransitionBand, ...]:
    """Return the bands of the transitions in the window. A withdrawn one has no band.

    Args:
        readings: The transitions.
        scale: The time axis.
        top: The upper edge of the row.
        words: The words of the pages.
        patient: The patient, for the link.
        stays: When stays in facilities began: no call is missed while the patient is in one.
    """
    return tuple(
        _band(each.transition, each.at, scale, top, words, patient, stays)
        for each in readings
        if isinstance(each.transition, Transition)
        and scale.t0 <= each.transition.window_ends_at
        and each.transition.discharge_at <= scale.t1
    )


def uncalled_until(
    transition: Transition, at: datetime, stays: Collection[datetime] = ()
) -> datetime | None:
    """Return until when a patient was not called although the call was overdue.

    None if no call is owed, if it was made in time, or if it is not overdue yet at ``at``.
    """
    state = state_at(transition, at)
    end = state.at if isinstance(state, ClosedTransition | CompletedTransition) else at
    end = min([end, *(each for each in stays if each > transition.discharge_at)])
    for step in transition.steps:
        if step.code == _CALL:
            until = min(step.settled_at or end, end)
            return until if is_past(step.due, until) else None
    return None


def _band(  # the picture and the instant
    one: Transition,
    at: datetime,
    scale: Scale,
    top: float,
    words: Words,
    patient: str,
    stays: Collection[datetime],
) -> TransitionBand:
    state = state_at(one, at)
    is_open = isinstance(state, OpenTransition)
    ends = [each.settled_at or _due_at(each.due) for each in one.steps]
    end = state.at if isinstance(state, ClosedTransition) else max(ends, default=at)
    x0 = min(scale.within(one.discharge_at), WIDTH - _SHORTEST)
    x1 = min(max(scale.within(end), x0 + _SHORTEST), WIDTH)
    y = top + (HEIGHT - _BAND) / 2
    uncalled = uncalled_until(one, at, stays)
    hatched = edge = ""
    said, css = f"{spaced(one.kind)} transition", "halo"
    if uncalled is not None:
        right = min(max(scale.within(uncalled), x0 + 2), x1)
        edge = f"M{n(x0)} {n(y)}H{n(right)}V{n(y + _BAND)}H{n(x0)}Z"
        hatched = _hatching(x0, right, y)
        said, css = _NOT_CALLED, "late-t halo"
    fits = len(said) * CHARACTER <= WIDTH - x0
    return TransitionBand(
        href=f"/ui/patients/{patient}#open",
        link_text=", ".join(
            filter(
                None,
                (
                    f"After the discharge from {words.facility(one.facility)}",
                    words.moment(one.discharge_at, one.discharge_precision),
                    "open" if is_open else "",
                    _NOT_CALLED if uncalled is not None else "",
                ),
            )
        ),
        path=f"M{n(x0)} {n(y)}H{n(x1)}V{n(y + _BAND)}H{n(x0)}Z",
        is_open=is_open,
        uncalled=hatched,
        edge=edge,
        marks=tuple(_mark(each, at, scale, y + _BAND / 2, words) for each in one.steps),
        text=DrawnText(x=round(x0, 1), y=round(y - 3, 1), text=said, anchor="start", css=css)
        if fits
        else None,
        ring=(round(x0 - 2, 1), round(y - 5, 1), round(max(x1 - x0 + 4, 24), 1), 24.0),
    )


def _mark(step: TransitionStep, at: datetime, scale: Scale, y: float, words: Words) -> StepMark:
    settled = step.settled_at
    when = settled or _due_at(step.due)
    if step.done is not None:
        css, said = "full", "done"
    elif step.waived is not None:
        css, said = "hollow", "waived"
    elif is_past(step.due, at):
        css, said = "over", "overdue, was due"
    else:
        css, said = "todo", "due"
    name = spaced(step.code.rpartition(".")[2]).capitalize()
    day = step.due.on if settled is None else None
    shown = words.moment(when) if day is None else date_words(day, year=False)
    title = f"{name}: {said} {shown}"
    return StepMark(x=round(scale.within(when), 1), y=round(y, 1), css=css, title=title)


def _due_at(due: Due) -> datetime:
    if due.at is not None:
        return due.at
    assert due.on is not None  # noqa: S101  # a due time is an instant or a day
    return datetime.combine(due.on, time(23, 59), ZoneInfo(due.zone))


def _hatching(x0: float, x1: float, y: float) -> str:
    lines = []
    x = x0
    while x < x1:
        rise = min(_BAND, x1 - x)
        lines.append(f"M{n(x)} {n(y + _BAND)}l{n(rise)} {n(-rise)}")
        x += _HATCH
    return "".join(lines)
