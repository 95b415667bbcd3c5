"""Compute the bar of one encounter: where it is, its segments, their outlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from caretrail.web.scale import WIDTH, Scale
from domain.continuity import Stay
from domain.journey import EncounterSpan
from domain.statement import Precision

TALL, FLAT = 25.0, 14.0  # heights of bars: in an ordinary lane, in a dense lane
LEAST: Final = 6.0
NARROW: Final = 24.0
FADE: Final = 40.0
BETWEEN: Final = 1.5
TOUCH: Final = 3.0
LINK: Final = 24.0
CHARACTER: Final = 6.4
_TEETH: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BarPiece:
    """A segment of a bar: its position and its stay. ``stay`` is None if no place was stated."""

    x: float
    width: float  # as drawn
    stay: Stay | None
    start: datetime
    end: datetime | None
    start_precision: Precision
    end_precision: Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class BarExtent:
    """The position of a bar, and its segments."""

    x0: float
    x1: float
    pieces: tuple[BarPiece, ...]
    narrow: bool
    bounds: tuple[float, ...]  # the x at which each segment but the first begins


def extent(span: EncounterSpan, scale: Scale, as_of: datetime) -> BarExtent:
    """Return the position of the bar of ``span`` and its division by stays."""
    stays = _stays(span)
    x0 = scale.within(span.begin)
    last = span.end or (as_of if span.open else _last_start(span))
    x1 = scale.within(max(last, span.begin))
    if x1 - x0 < LEAST:
        x1 = x0 + LEAST
    if x1 > WIDTH:
        x0, x1 = min(x0, WIDTH - LEAST), WIDTH
    begin = span.begin, span.begin_precision
    starts = [begin, *(max(_start(stay) or begin, begin, key=_instant) for stay in stays[1:])]
    ends = [*starts[1:], (span.end, span.end_precision)]
    marks = [x0, *(min(max(scale.x(at), x0), x1) for at, _ in starts[1:]), x1]
    true = [b - a for a, b in pairwise(marks)]
    width = x1 - x0
    narrow = width < NARROW or len(true) * LEAST > width
    widths = true if narrow else share(true)
    pieces: list[BarPiece] = []
    bounds: list[float] = []
    at = x0
    for number, wide in enumerate(widths):
        final = number == len(widths) - 1
        drawn = wide if narrow or final else wide - BETWEEN
        if number and not narrow:
            bounds.append(at - BETWEEN / 2)
        if not narrow or wide >= 1 or len(widths) == 1:
            stay = stays[number] if stays else None
            (start, start_precision), (end, end_precision) = starts[number], ends[number]
            pieces.append(
                BarPiece(
                    x=at,
                    width=drawn,
                    stay=stay,
                    start=start,
                    end=end,
                    start_precision=start_precision,
                    end_precision=end_precision,
                )
            )
        at += wide
    return BarExtent(x0=x0, x1=x1, pieces=tuple(pieces), narrow=narrow, bounds=tuple(bounds))


def share(widths: Sequence[float]) -> list[float]:
    """Return widths of at least 6; the difference is taken from the widest one."""
    made = list(widths)
    for number in sorted(range(len(made)), key=made.__getitem__):
        missing = LEAST - made[number]
        if missing > 0:
            widest = max(range(len(made)), key=made.__getitem__)
            made[widest] -= missing
            made[number] = LEAST
    return made


def outline(
    x: float, y: float, width: float, height: float, *, left: str = "cut", right: str = "cut"
) -> str:
    """Return the path of a segment; its ends are ``round``, ``torn`` or ``cut``."""
    r = 4.0 if width >= 8 else min(2.0, width / 2)  # noqa: PLR2004
    right_end, left_start = x + width, x
    tooth = height / (2 * _TEETH)
    path = [f"M{n(left_start + r if left == 'round' else left_start)} {n(y)}"]
    if right == "round":
        side = height - 2 * r
        path.append(f"H{n(right_end - r)}q{n(r)} 0 {n(r)} {n(r)}v{n(side)}q0 {n(r)} {n(-r)} {n(r)}")
    elif right == "torn":
        path.append(f"H{n(right_end)}" + f"l4 {n(tooth)}l-4 {n(tooth)}" * _TEETH)
    else:
        path.append(f"H{n(right_end)}v{n(height)}")
    if left == "round":
        side = height - 2 * r
        path.append(f"H{n(left_start + r)}q{n(-r)} 0 {n(-r)} {n(-r)}v{n(-side)}")
        path.append(f"q0 {n(-r)} {n(r)} {n(-r)}Z")
    elif left == "torn":
        path.append(f"H{n(left_start)}" + f"l-4 {n(-tooth)}l4 {n(-tooth)}" * _TEETH + "Z")
    else:
        path.append(f"H{n(left_start)}Z")
    return "".join(path)


def ring(x0: float, x1: float, y: float, height: float) -> tuple[float, float, float, float]:
    """Return the area of the link: 3 units around the bar, at least 24 by 24, in the picture."""
    width = max(LINK, x1 - x0 + 6)
    tall = max(LINK, height + 7)
    left = min(max(0.0, (x0 + x1) / 2 - width / 2), WIDTH - width)
    return (round(left, 1), round(y + height / 2 - tall / 2, 1), round(width, 1), round(tall, 1))


def n(value: float) -> str:
    """Return a number of the drawing as text, with one decimal if it is not whole."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def _stays(span: EncounterSpan) -> list[Stay]:
    """Return the stays that divide the bar; cancelled ones only if the encounter is cancelled."""
    if span.encounter.cancelled:
        return list(span.encounter.stays)
    return [stay for stay in span.encounter.stays if not stay.cancelled]


def _start(stay: Stay) -> tuple[datetime, Precision] | None:
    return (stay.start, stay.start_precision) if stay.start else None


def _instant(time: tuple[datetime, Precision]) -> datetime:
    return time[0]


def _last_start(span: EncounterSpan) -> datetime:
    """Return the last known instant of an encounter whose end is not stated."""
    return max((stay.start for stay in _stays(span) if stay.start), default=span.begin)
