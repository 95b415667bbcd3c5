"""Find room for labels in, under and above bars. A label without room is only in the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from caretrail.web.bars import CHARACTER
from caretrail.web.scale import WIDTH

CLEAR: Final = 5.0
LABEL_ROWS: Final = 4
_CAPTION_CHARACTER: Final = 7.0
_ARROW_ROOM: Final = 12.0  # a caption starts right of the arrow that ends at its bar


@dataclass(slots=True)
class UsedSpace:
    """The used spaces along one line, as (left, right)."""

    spaces: list[tuple[float, float]] = field(default_factory=list)

    def free(self, left: float, right: float, clear: float = CLEAR) -> bool:
        """Tell whether the space is free, with ``clear`` units on both sides."""
        return all(right + clear <= a or left - clear >= b for a, b in self.spaces)

    def take(self, left: float, right: float) -> None:
        """Use a space."""
        self.spaces.append((left, right))


@dataclass(slots=True)
class LabelRows:
    """The rows of labels under the bars of a lane."""

    rows: list[UsedSpace] = field(default_factory=list)
    blocked: list[tuple[float, float]] = field(default_factory=list)

    def block(self, left: float, right: float) -> None:
        """Keep labels of all rows away from an arrow."""
        self.blocked.append((left, right))

    def put(self, text: str, x: float, *, as_of_x: float = WIDTH) -> tuple[int, float] | None:
        """Return row and centre for a label that belongs to ``x``; None if there is no room.

        A label stays on its side of the as-of line if there is room for it.
        """
        half = len(text) * CHARACTER / 2
        least, most = half, WIDTH - half
        if x <= as_of_x:
            most = max(least, min(most, as_of_x - half - 3))
        else:
            least = min(most, max(least, as_of_x + half + 3))
        centre = min(max(x, least), most)
        for left, right in self.blocked:
            if centre - half < right + 3 and left - 3 < centre + half:
                # Put it beside the arrow, on the side where its bar is.
                centre = right + 3 + half if x >= left else left - 3 - half
                centre = min(max(centre, half), WIDTH - half)
        for number in range(LABEL_ROWS):
            if number == len(self.rows):
                self.rows.append(UsedSpace())
            if self.rows[number].free(centre - half, centre + half):
                self.rows[number].take(centre - half, centre + half)
                return number, round(centre, 1)
        return None

    @property
    def used(self) -> int:
        """Return how many rows hold a label."""
        return sum(bool(row.spaces) for row in self.rows)


def fits_inside(text: str, width: float) -> bool:
    """Tell whether a label fits in a segment of this width."""
    return len(text) * CHARACTER + 8 <= width


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionPosition:
    """The position of a caption, and the words that fit there."""

    x: float
    anchor: str
    key: str


def caption(
    taken: UsedSpace,
    keys: Sequence[str],
    rest: str,
    bar: tuple[float, float],
    *,
    as_of_x: float,
    arrow_from: float | None = None,
    ahead: bool = False,
) -> CaptionPosition | None:
    """Find room for a caption; return None if there is none.

    A caption never crosses the as-of line and never touches another caption.

    Args:
        taken: The used spaces of the line of captions.
        keys: The first words of the caption, from the longest to the shortest.
        rest: The other words.
        bar: Left and right edge of the bar.
        as_of_x: The x of the as-of line.
        arrow_from: The x from which an arrow comes down to the bar.
        ahead: The bar is right of the as-of line.
    """
    x0, x1 = bar
    start = x0 if arrow_from is None else x0 + _ARROW_ROOM
    before = x0 - CLEAR if arrow_from is None else min(x0 - CLEAR - 1, arrow_from - CLEAR - 1)
    for key in keys:
        wide = len(" ".join(filter(None, (key, rest)))) * _CAPTION_CHARACTER
        tries = (
            (start, start + wide, start, "start"),
            (x1 - wide, x1, x1, "end"),
            (before - wide, before, before, "end"),
        )
        for left, right, x, anchor in tries:
            inside = (as_of_x + 2 if ahead else 0) <= left and right <= WIDTH
            crosses = not ahead and left < as_of_x + 2 and right > as_of_x - 2
            if inside and not crosses and taken.free(left, right):
                taken.take(left, right)
                return CaptionPosition(x=round(x, 1), anchor=anchor, key=key)
    return None
