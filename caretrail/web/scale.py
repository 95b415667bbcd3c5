"""The time axis: the window that is shown, the x of an instant, and the ticks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal, TypeAlias

from caretrail.web.words import Words, date_words, month

WIDTH: Final = 1120.0  # units of the picture
LEAST_WINDOW: Final = timedelta(hours=6)
_BEFORE, _AFTER, _AFTER_PLAN = 0.02, 0.08, 0.03  # free room at the edges, as shares of the span
_EDGE: Final = 18  # labels nearer to an edge are left out
_ROOM: Final = 10  # between two labels

Step: TypeAlias = Literal["quarter", "hour", "hours6", "half", "day", "week", "month", "year"]

_HOURS: Final[dict[Step, float]] = {"quarter": 0.25, "hour": 1, "hours6": 6, "half": 12}
#: Longest span, step of labelled ticks, step of small ticks, step to which the window is rounded.
_SPANS: Final[tuple[tuple[timedelta, Step, Step, Step], ...]] = (
    (timedelta(hours=12), "hour", "quarter", "quarter"),
    (timedelta(days=3), "hours6", "hour", "hour"),
    (timedelta(days=14), "day", "hours6", "hours6"),
    (timedelta(weeks=12), "week", "day", "half"),
    (timedelta(days=731), "month", "week", "day"),
    (timedelta.max, "year", "month", "month"),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The window from ``t0`` to ``t1``, drawn 1120 units wide."""

    t0: datetime
    t1: datetime

    def x(self, at: datetime) -> float:
        """Return the x of an instant; it may be outside of the window."""
        return (at - self.t0) / (self.t1 - self.t0) * WIDTH

    def within(self, at: datetime) -> float:
        """Return the x of an instant, or the nearer edge if it is outside of the window."""
        return min(WIDTH, max(0.0, self.x(at)))


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled tick; ``strong`` if the day, month or year changes here."""

    x: float
    label: str  # empty: too near to an edge or to the previous label
    strong: bool


def window(
    first: datetime | None, as_of: datetime, last_plan: datetime | None, zone: tzinfo
) -> Scale:
    """Return the window from ``first`` to as-of, or to the last planned visit if that is later.

    ``first`` is the start of the first encounter; None if there is no encounter.
    """
    begin = min(first, as_of) if first else as_of - LEAST_WINDOW
    end = max(as_of, last_plan) if last_plan else as_of
    span = max(end - begin, LEAST_WINDOW * 0.9)
    t0 = begin - span * _BEFORE
    t1 = max(as_of + span * _AFTER, last_plan + span * _AFTER_PLAN if last_plan else as_of)
    if t1 - t0 < LEAST_WINDOW:
        t0 = t1 - LEAST_WINDOW
    to = _steps(t1 - t0)[2]
    return Scale(_floor(t0, to, zone), _ceiling(t1, to, zone))


def ticks(scale: Scale, words: Words) -> tuple[list[Tick], list[float]]:
    """Return the labelled ticks, and the x of the small ticks."""
    labelled, small, _ = _steps(scale.t1 - scale.t0)
    made: list[Tick] = []
    before: datetime | None = None
    free_from = float(_EDGE)
    for at in _walk(scale, labelled, words.zone):
        text, strong = _label(words.local(at), before, labelled)
        x = scale.x(at)
        half = len(text) * 6.4 / 2
        fits = _EDGE <= x <= WIDTH - _EDGE and (not made or x - half >= free_from)
        if fits:
            free_from = x + half + _ROOM
            before = words.local(at)
        made.append(Tick(round(x, 1), text if fits else "", strong and fits))
    large = {tick.x for tick in made}
    minor = (round(scale.x(at), 1) for at in _walk(scale, small, words.zone))
    return made, [x for x in minor if x not in large]


def _steps(span: timedelta) -> tuple[Step, Step, Step]:
    for longest, labelled, small, rounded in _SPANS:
        if span <= longest:
            return labelled, small, rounded
    raise AssertionError(span)


def _label(at: datetime, before: datetime | None, step: Step) -> tuple[str, bool]:
    """Return the parts of the date that changed since the previous label; the first has all."""
    day = at.date()
    if step in ("hour", "hours6"):
        if before is None:
            return f"{date_words(day)} {at:%H:%M}", True
        if before.date() != day:
            return (date_words(day, year=False), True) if at.hour == 0 else (
                f"{date_words(day, year=False)} {at:%H:%M}", True)  # fmt: skip
        return f"{at:%H:%M}", False
    if step in ("day", "week"):
        new_year = before is None or before.year != day.year
        return date_words(
            day, year=new_year
        ), new_year or before is None or before.month != day.month
    if step == "month":
        new_year = before is None or before.year != day.year
        return (f"{month(day.month)} {day.year}", True) if new_year else (month(day.month), False)
    return str(day.year), before is None


def _floor(at: datetime, step: Step, zone: tzinfo) -> datetime:
    local = at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if step in _HOURS:
        hours = _HOURS[step]
        past = local.hour + local.minute / 60
        minutes = int(past // hours * hours * 60)
        # The local hour is set, not added, so that a change of the offset does not shift it.
        return midnight.replace(hour=minutes // 60, minute=minutes % 60).astimezone(UTC)
    if step == "week":
        midnight -= timedelta(days=midnight.weekday())
    elif step == "month":
        midnight = midnight.replace(day=1)
    elif step == "year":
        midnight = midnight.replace(month=1, day=1)
    return midnight.astimezone(UTC)


def _next(at: datetime, step: Step, zone: tzinfo) -> datetime:
    """Return the next multiple of ``step`` after ``at``, which is a multiple itself."""
    if step in _HOURS:
        span = timedelta(hours=_HOURS[step])
        after = _floor(at + span, step, zone)
        return after if after > at else at + span
    days = {"day": 1, "week": 7, "month": 31, "year": 366}[step]
    # Some hours more, because local days may have 23 or 25 hours.
    return _floor(at + timedelta(days=days, hours=6), step, zone)


def _ceiling(at: datetime, step: Step, zone: tzinfo) -> datetime:
    below = _floor(at, step, zone)
    return below if below == at else _next(below, step, zone)


def _walk(scale: Scale, step: Step, zone: tzinfo) -> Iterator[datetime]:
    at = _ceiling(scale.t0, step, zone)
    while at <= scale.t1:
        yield at
        at = _next(at, step, zone)
