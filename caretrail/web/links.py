"""Draw the lines between bars: transfers, readmissions, gaps."""

from typing import Final

from caretrail.web.bars import CHARACTER, n
from caretrail.web.scale import WIDTH, Scale
from caretrail.web.shapes import Arrow, Bracket, DrawnText, GapLine
from caretrail.web.words import gap_words, length
from domain.journey import Gap, Readmission

_STRAIGHT: Final = 8.0
_CURVE: Final = 6.0
_BRACKET_Y: Final = 50.0


def arrow(x1: float, x2: float, source: tuple[float, float], target: tuple[float, float]) -> Arrow:
    """Return the arrow from the end of one bar (x1) to the beginning of another (x2).

    ``source`` and ``target`` are top and bottom of the bars.
    """
    down = target[0] >= source[1]
    way = 1 if down else -1
    start, end = x1 - 2.5, min(x2 + 3, WIDTH - 4)
    y0 = source[1] if down else source[0]
    y1 = target[0] - 4.5 if down else target[1] + 4.5
    head = f"M{n(end - 3.5)} {n(y1 - 2 * way)}h7l-3.5 {n(6.0 * way)}Z"
    if abs(y1 - y0) < 3 * _CURVE or abs(end - start) < 1:
        return Arrow(path=f"M{n(end)} {n(y0)}V{n(y1)}", head=head)
    if end - start < -_STRAIGHT:  # the encounters overlap
        return Arrow(path=f"M{n(end)} {n(y0)}V{n(y1)}", head=head)
    turn = y1 - 6 * way
    side = 1 if end >= start else -1
    bend = min(_CURVE, abs(end - start) / 2)
    path = (
        f"M{n(start)} {n(y0)}V{n(turn - 6 * way)}"
        f"Q{n(start)} {n(turn)} {n(start + side * bend)} {n(turn)}"
        f"H{n(end - side * bend)}Q{n(end)} {n(turn)} {n(end)} {n(y1)}"
    )
    return Arrow(path=path, head=head)


def bracket(
    readmission: Readmission, scale: Scale, *, to: float, blocked: tuple[float, float]
) -> Bracket:
    """Return the bracket of a readmission, in the row above the lanes.

    Args:
        readmission: What it shows.
        scale: The time axis.
        to: The y that its right end reaches down to.
        blocked: Left and right edge of the as-of flag.
    """
    x1, x2 = scale.within(readmission.discharged_at), scale.within(readmission.admitted_at)
    text: DrawnText | None = None
    for words in (
        f"readmission on day {readmission.day} of 30", f"day {readmission.day} of 30",
        f"day {readmission.day}",
    ):  # fmt: skip
        half = len(words) * CHARACTER / 2 + 6
        middle = (x1 + x2) / 2
        clear = middle + half < blocked[0] or middle - half > blocked[1]
        if x2 - x1 >= 2 * half + 12 and clear:
            text = DrawnText(x=round(middle, 1), y=_BRACKET_Y + 4, text=words)
            line = f"H{n(middle - half)}M{n(middle + half)} {n(_BRACKET_Y)}H{n(x2)}"
            break
    else:
        line = f"H{n(x2)}"
    y = n(_BRACKET_Y)
    flag_y = n(_BRACKET_Y - 6)
    return Bracket(
        path=f"M{n(x1)} {n(_BRACKET_Y + 7)}V{y}{line}V{n(to)}",
        flag=f"M{n(x2)} {flag_y}l11 5.5l-11 5.5Z",
        text=text,
    )


def gap_line(gap: Gap, scale: Scale, y: float) -> GapLine | None:
    """Return the line of a gap; None if it is outside of the window."""
    x1, x2 = scale.within(gap.start) + 2, scale.within(gap.until) - 2
    if x2 - x1 < 3:  # noqa: PLR2004  # too short to see
        return None
    ends = f"M{n(x1)} {n(y - 6)}v12M{n(x1)} {n(y)}H{n(x2)}"
    if gap.end is not None:
        ends += f"M{n(x2)} {n(y - 6)}v12"
    whole = gap_words(gap)
    short = f"{gap.days} d" if gap.days else length(gap.until - gap.start)
    for words in (whole, whole.partition(",")[0], short):
        if len(words) * CHARACTER + 18 <= x2 - x1:
            middle = round((x1 + x2) / 2, 1)
            return GapLine(path=ends, text=DrawnText(x=middle, y=y + 4, text=words))
    return GapLine(path=ends, text=None)
