"""Write the results as a Markdown table, to print and to put on a page."""

import re
import statistics
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final, Self

from benchmarks.measures import MemoryGrowth, Rates

_HEAD: Final = ("what", "from libraries", "caretrail", "ratio", "goal")
_FLAT: Final = 0.10  # the most that memory may grow
_PLACE: Final = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of the table, ready to print."""

    what: str
    baseline: str
    ours: str
    ratio: str
    goal: str

    @classmethod
    def rates(cls, what: str, rates: Rates, goal: float) -> Self:
        """Return a line with the median rates of both sides, their ratio and its goal."""
        return cls(
            what,
            f"{statistics.median(rates.baseline):,.0f}",
            f"{statistics.median(rates.ours):,.0f}",
            f"{rates.ratio:.1f} x",
            f"{goal:g} x{_verdict(reached=rates.ratio >= goal)}",
        )

    @classmethod
    def waits(cls, what: str, baseline: float, ours: float) -> Self:
        """Return a line with the seconds of both sides, in milliseconds."""
        return cls(what, f"{baseline * 1000:.1f}", f"{ours * 1000:.1f}", "", "")

    @classmethod
    def growth(cls, what: str, grown: MemoryGrowth) -> Self:
        """Return a line with the memory of a process at two times."""
        verdict = _verdict(reached=grown.growth <= _FLAT)
        sizes = f"{grown.few:.0f}, {grown.many:.0f}"
        return cls(what, "", sizes, f"{grown.growth:+.0%}", f"{_FLAT:.0%}{verdict}")

    @classmethod
    def times(cls, what: str, few: float, many: float, goal: float) -> Self:
        """Return a line with the milliseconds that something takes with few and with many."""
        ratio = many / few
        verdict = _verdict(reached=ratio <= goal)
        return cls(what, "", f"{few:.1f}, {many:.1f}", f"{ratio:.2f} x", f"{goal:g} x{verdict}")


def _verdict(*, reached: bool) -> str:
    return "" if reached else ", missed"


def markdown(lines: list[TableLine]) -> str:
    """Return the table with aligned columns."""
    cells = [_HEAD, *map(astuple, lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([rows[0], rule, *rows[1:]])


def put(page: Path, text: str) -> None:
    """Replace the text between the two marks of a page."""
    before = page.read_text("utf-8")
    page.write_text(_PLACE.sub(lambda _: f"\n{text}\n\n", before), "utf-8")
