"""Draw the events of a patient on two clocks: when each happened, and when it became known.

An event is a line between the clocks. It is upright if the event became known when it happened, and
slanted if it was told late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from caretrail.web.bars import CHARACTER
from caretrail.web.scale import LEAST_WINDOW, WIDTH, Scale, Tick, ticks
from caretrail.web.words import Words, plural
from domain.precision import last_of
from projections.audit_trail import EventRow

#: An event that becomes known at least this long after it happened is late.
LATE: Final = timedelta(hours=1)
#: Events that the plot shows: those nearest to the one of the page.
MOST: Final = 200
_LEFT, _RIGHT = 80.0, 1112.0  # edges of both clocks, in units of the picture
_EDGE: Final = 0.02  # free room at the edges, as a share of the span
#: An event that happened farther than this from all times of learning is drawn at the edge.
_WIDEST: Final = timedelta(days=3_660)
_PADDING: Final = 12.0  # of the flag

#: Whether an event was known in time, was told late, is the one of the page, or is not yet known.
TieKind: TypeAlias = Literal["", "late", "here", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One event: a line from the upper clock to the lower one."""

    happened_x: float | None  # None: the time is not stated
    learned_x: float
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """When events became known: the rule of ``PatientReading.learned_at``, for rows of the log.

    The time of recording decides. It says nothing if the history was loaded long after it was sent,
    or if the event was recorded after the present of the home, as in the demo. Then a message
    became known when it was sent, and an event of the home when it happened.
    """

    present: datetime
    loaded_afterwards: bool = False

    def at(self, event: EventRow) -> datetime:
        """Return when an event became known."""
        is_loaded = self.loaded_afterwards and event.statement_ref is not None
        if event.recorded_at <= self.present and not is_loaded:
            return event.recorded_at
        return event.stated_at or event.happened_at or min(event.recorded_at, self.present)

    def behind(self, event: EventRow) -> timedelta | None:
        """Return by how much an event became known late; None: it is not known to be late.

        A time without an hour may be the end of its day, so lateness is counted from there.
        """
        if event.happened_at is None:
            return None
        behind = self.at(event) - last_of(event.happened_at, event.happened_precision or "second")
        return behind if behind >= LATE else None


def clocks(events: Sequence[EventRow], *, step: int, words: Words, learning: Learning) -> Clocks:
    """Return the plot of the events around one of them.

    Args:
        events: The events of the patient, in the order in which they were recorded; at least one.
        step: The number of the event of the page, from 1.
        words: The zone of the pages.
        learning: When each of them became known.
    """
    first = max(0, min(step - 1 - MOST // 2, len(events) - MOST))
    numbered = list(enumerate(events, 1))[first : first + MOST]
    here = learning.at(events[step - 1])
    learned = [learning.at(event) for _, event in numbered]
    scale = _scale([event for _, event in numbered], learned)
    ties = [
        Tie(
            happened_x=_x(scale, event.happened_at) if event.happened_at else None,
            learned_x=_x(scale, at),
            kind=_kind(event, number, step, learning),
        )
        for (number, event), at in zip(numbered, learned, strict=True)
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
        label=_label(events, len(numbered), step, learning),
    )


def _label(events: Sequence[EventRow], shown: int, step: int, learning: Learning) -> str:
    late = sum(learning.behind(each) is not None for each in events)
    after = len(events) - step
    nearest = f" The {shown} nearest are drawn." if shown < len(events) else ""
    return (
        f"{plural(len(events), 'event')} on two clocks, happened above, became known below."
        f"{nearest}"
        f" A slanted line is a late event: {late} of {len(events)}."
        f" Event {step} is the one shown; {after} {'is' if after == 1 else 'are'} not yet known at"
        " this moment."
    )


def _kind(event: EventRow, number: int, step: int, learning: Learning) -> TieKind:
    if number == step:
        return "here"
    if number > step:
        return "after"
    return "" if learning.behind(event) is None else "late"


def _scale(events: Sequence[EventRow], learned: Sequence[datetime]) -> Scale:
    happened = [each.happened_at for each in events if each.happened_at is not None]
    t0 = max(min([*learned, *happened]), min(learned) - _WIDEST)
    t1 = min(max([*learned, *happened]), max(learned) + _WIDEST)
    room = max((t1 - t0) * _EDGE, (LEAST_WINDOW - (t1 - t0)) / 2)
    return Scale(t0 - room, t1 + room)


def _x(scale: Scale, at: datetime) -> float:
    return _placed(scale.within(at))


def _placed(x: float) -> float:
    return _LEFT + x / WIDTH * (_RIGHT - _LEFT)
