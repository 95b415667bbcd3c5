"""Order the lanes of facilities, and stack the bars of a lane that would touch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from caretrail.web.bars import LEAST, NARROW, TOUCH, BarExtent
from domain.journey import EncounterSpan
from domain.statement import EncounterClass

SUBLANES: Final = 4
_MERGED: Final = 84.0  # neighbours are joined up to this width, which "12 visits" needs

_ACUTE: Final[frozenset[EncounterClass]] = frozenset({"EMER", "IMP", "OBSENC", "SS", "unknown"})
_POST_ACUTE: Final[frozenset[EncounterClass]] = frozenset({"NONAC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBar:
    """One bar: an encounter, or several neighbours that are drawn as one."""

    spans: tuple[EncounterSpan, ...]
    extent: BarExtent
    sublane: int = 0

    @property
    def span(self) -> EncounterSpan:
        """Return the first encounter of the bar."""
        return self.spans[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneBars:
    """The bars of one lane."""

    facility: str
    drawn: tuple[DrawnBar, ...]

    @property
    def dense(self) -> bool:
        """Tell whether bars are stacked; stacked bars are flat and have no captions."""
        return self.sublanes > 1

    @property
    def sublanes(self) -> int:
        """Return how many bars are stacked at most."""
        return 1 + max((d.sublane for d in self.drawn), default=0)


def rows(pairs: Sequence[tuple[EncounterSpan, BarExtent]]) -> list[LaneBars]:
    """Return one lane per facility: acute, post-acute, community; within, by first encounter."""
    by_facility: dict[str, list[tuple[EncounterSpan, BarExtent]]] = {}
    for span, extent in pairs:
        by_facility.setdefault(span.encounter.facility, []).append((span, extent))
    order = sorted(
        by_facility,
        key=lambda code: (
            _rank(span for span, _ in by_facility[code]),
            min(span.begin for span, _ in by_facility[code]),
            code,
        ),
    )
    return [LaneBars(facility=code, drawn=_stack(by_facility[code])) for code in order]


def _rank(spans: Iterable[EncounterSpan]) -> int:
    classes: set[EncounterClass] = set()
    for span in spans:
        classes.add(span.encounter.class_code)
        classes.update(stay.class_code for stay in span.encounter.stays)
    return 0 if classes & _ACUTE else 1 if classes & _POST_ACUTE else 2


def _stack(pairs: Sequence[tuple[EncounterSpan, BarExtent]]) -> tuple[DrawnBar, ...]:
    bars = [DrawnBar(spans=(span,), extent=extent) for span, extent in pairs]
    placed = _place(bars)
    if 1 + max(d.sublane for d in placed) <= SUBLANES:
        return placed
    placed = _place(_gather(bars, only_narrow=True))
    if 1 + max(d.sublane for d in placed) <= SUBLANES:
        return placed
    return _place(_gather(bars, only_narrow=False))


def _place(bars: Sequence[DrawnBar]) -> tuple[DrawnBar, ...]:
    """Give each bar the first sub-lane in which it touches no other bar."""
    ends: list[float] = []
    made: list[DrawnBar] = []
    for bar in sorted(bars, key=lambda b: (b.extent.x0, b.span.begin)):
        free = next((k for k, end in enumerate(ends) if bar.extent.x0 - end >= TOUCH), len(ends))
        if free == len(ends):
            ends.append(0.0)
        ends[free] = bar.extent.x1
        made.append(DrawnBar(spans=bar.spans, extent=bar.extent, sublane=free))
    return tuple(made)


def _gather(bars: Sequence[DrawnBar], *, only_narrow: bool) -> list[DrawnBar]:
    """Join neighbours that touch into one bar; with ``only_narrow``, wide bars stay alone."""
    made: list[DrawnBar] = []
    group: list[DrawnBar] = []

    def close() -> None:
        if len(group) == 1:
            made.append(group[0])
        elif group:
            x0 = group[0].extent.x0
            x1 = max(bar.extent.x1 for bar in group)
            whole = BarExtent(x0=x0, x1=x1, pieces=(), narrow=x1 - x0 < NARROW, bounds=())
            made.append(DrawnBar(spans=tuple(bar.span for bar in group), extent=whole))
        group.clear()

    for bar in sorted(bars, key=lambda b: (b.extent.x0, b.span.begin)):
        wide = bar.extent.x1 - bar.extent.x0 >= NARROW
        if only_narrow and (wide or not bar.span.valid):
            made.append(bar)
            continue
        if group:
            end = max(g.extent.x1 for g in group)
            full = end - group[0].extent.x0 >= _MERGED and only_narrow
            if full or bar.extent.x0 - end >= TOUCH:
                close()
        group.append(bar)
    close()
    return _apart(made)


def _apart(bars: Sequence[DrawnBar]) -> list[DrawnBar]:
    """Cut a joined bar where the next one begins. Its width is not a length of time."""
    made = sorted(bars, key=lambda b: (b.extent.x0, b.span.begin))
    for number, (bar, after) in enumerate(pairwise(made)):
        if len(bar.spans) > 1 and after.extent.x0 - bar.extent.x0 >= TOUCH:
            x1 = max(bar.extent.x0 + LEAST, min(bar.extent.x1, after.extent.x0 - TOUCH))
            made[number] = replace(bar, extent=replace(bar.extent, x1=x1))
    return made
