"""Draw the events of a patient on two clocks: when each happened, and when it became known.

An event is a line between the clocks. It is upright if the event was recorded when it happened, and
slanted if it was told late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from caretrail.web.bars import CHARACTER
from caretrail.web.scale import LEAST_WINDOW, WIDTH, Scale, Tick, ticks
from caretrail.web.words import Words, plural
from projections.audit_trail import EventRow

#: An event that is recorded at least this long after it happened is late.
LATE: Final = timedelta(hours=1)
#: Events that the plot shows: those nearest to the one of the page.
MOST: Final = 200
_LEFT, _RIGHT = 80.0, 1112.0  # edges of both clocks, in units of the picture
_EDGE: Final = 0.02  # free room at the edges, as a share of the span
#: An event that happened farther than this from all times of recording is drawn at the edge.
_WIDEST: Final = timedelta(days=3_660)
_PADDING: Final = 12.0  # of the flag

#: Whether an event was known in time, was told late, is the one of the page, or is not yet known.
TieKind: TypeAlias = Literal["", "late", "here", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One event: a line from the upper clock to the lower one."""

    happened_x: float | None  # None: the time is not stated
    recorded_x: float
    kind: TieKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The plot."""

    ties: Sequence[Tie]
    ticks: Sequence[Tick]
    here_x: float  # of the moment at which the event of the page became known
    flag_x: float  # left edge of its label
    flag_width: float
    flag: str
    label: str  # what the plot shows, in words


def clocks(events: Sequence[EventRow], *, step: int, words: Words) -> Clocks:
    """Return the plot of the events around one of them.

    Args:
        events: The events of the patient, in the order in which they were recorded; at least one.
        step: The number of the event of the page, from 1.
        words: The zone of the pages.
    """
    first = max(0, min(step - 1 - MOST // 2, len(events) - MOST))
    numbered = list(enumerate(events, 1))[first : first + MOST]
    here = events[step - 1].recorded_at
    scale = _scale([event for _, event in numbered])
    ties = [
        Tie(
            happened_x=_x(scale, event.happened_at) if event.happened_at else None,
            recorded_x=_x(scale, event.recorded_at),
            kind=_kind(event, number, step),
        )
        for number, event in numbered
    ]
    # The event of the page is drawn above its neighbours.
    ties.sort(key=lambda each: each.kind == "here")
    flag = f"known here: {words.moment(here)}"
    width = len(flag) * CHARACTER + _PADDING
    here_x = _x(scale, here)
    return Clocks(
        ties=ties,
        ticks=[
            Tick(x=_placed(each.x), label=each.label, strong=each.strong)
            for each in ticks(scale, words)[0]
        ],
        here_x=here_x,
        flag_x=here_x if here_x + width <= WIDTH else here_x - width,
        flag_width=width,
        flag=flag,
        label=_label(events, len(numbered), step),
    )


def is_late(event: EventRow) -> bool:
    """Tell whether an event became known late."""
    return event.happened_at is not None and event.recorded_at - event.happened_at >= LATE


def _label(events: Sequence[EventRow], shown: int, step: int) -> str:
    late, after = sum(map(is_late, events)), len(events) - step
    nearest = f" The {shown} nearest are drawn." if shown < len(events) else ""
    return (
        f"{plural(len(events), 'event')} on two clocks, happened above, recorded below.{nearest}"
        f" A slanted line is a late event: {late} of {len(events)}."
        f" Event {step} is the one shown; {after} {'is' if after == 1 else 'are'} not yet known at"
        " this moment."
    )


def _kind(event: EventRow, number: int, step: int) -> TieKind:
    if number == step:
        return "here"
    if number > step:
        return "after"
    return "late" if is_late(event) else ""


def _scale(events: Sequence[EventRow]) -> Scale:
    recorded = [each.recorded_at for each in events]
    happened = [each.happened_at for each in events if each.happened_at is not None]
    t0 = max(min(recorded + happened), min(recorded) - _WIDEST)
    t1 = min(max(recorded + happened), max(recorded) + _WIDEST)
    room = max((t1 - t0) * _EDGE, (LEAST_WINDOW - (t1 - t0)) / 2)
    return Scale(t0 - room, t1 + room)


def _x(scale: Scale, at: datetime) -> float:
    return _placed(scale.within(at))


def _placed(x: float) -> float:
    return _LEFT + x / WIDTH * (_RIGHT - _LEFT)
