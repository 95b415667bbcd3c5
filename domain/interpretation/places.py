"""Places: the stays of an encounter, and the ghosts of what was voided.

Source of the rules: interpretation, section 8.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import TypeAlias

from domain.continuity import Stay
from domain.flags import Flag
from domain.interpretation.facts import Spell
from domain.interpretation.order import Said
from domain.interpretation.times import BEFORE_ALL
from domain.statement import EncounterClass, Place

#: From when, where, of which class, who says so, flags.
_Step: TypeAlias = tuple[datetime, Place | None, EncounterClass, Said, tuple[str, ...]]

_order = attrgetter("order")


def stays_of(spell: Spell, *, back_to: Sequence[Said], cancelled: bool) -> list[Stay]:
    """Return where the patient was in one encounter, in order; flags what could not be placed.

    Args:
        spell: The encounter.
        back_to: Its A12 and A13 that stand: they say where, when nothing else does.
        cancelled: Marks every stay.
    """
    runs: list[_Step] = []
    place: Place | None = None
    class_code: EncounterClass = "unknown"
    for at, stated, coded, by, flags in _steps(spell):
        if spell.end is not None and at > spell.end:
            by.flags.append(Flag.AFTER_END)
            continue
        place = stated or place
        class_code = class_code if coded == "unknown" else coded
        if runs and runs[-1][0] == at:
            runs.pop()  # a stay of no length
        if runs and _ref(runs[-1][1]) == _ref(place) and runs[-1][2] == class_code:
            continue
        runs.append((at, place, class_code, by, flags))
    if runs and runs[-1][0] == spell.end:
        runs.pop()
    if place is None:
        runs = _fallback(spell, runs, back_to)
    if not runs:
        return []
    starts = [None if run[0] == BEFORE_ALL else run[0] for run in runs]
    return [
        Stay(
            place=run[1],
            class_code=run[2],
            start=start,
            end=end,
            cancelled=cancelled,
            statement=run[3].of.ref,
            flags=run[4],
        )
        for run, start, end in zip(runs, starts, [*starts[1:], spell.end], strict=True)
    ]


def _steps(spell: Spell) -> list[_Step]:
    start = spell.start or BEFORE_ALL
    if spell.opened_by is not None:
        by = spell.opened_by
        return [(start, by.of.place, by.of.class_code, by, ())]
    steps: list[_Step] = []
    if spell.first:
        steps.append(_fact(spell.first, start))
    later: list[tuple[datetime, int, int, _Step]] = []
    if spell.change:
        at = max(spell.change_at or start, start)
        later.append((at, 0, spell.change[0].order, _fact(spell.change, at)))
    for at, move in spell.moves:
        flags: tuple[str, ...] = ()
        if at < start and (move.moment is None or move.moment.last < start):
            flags = (Flag.BEFORE_BEGINNING,)
            move.flags.append(Flag.BEFORE_BEGINNING)
        placed = max(at, start)
        # Before the beginning as they happened; at one instant, coarse or not, as they were sent.
        key = (placed, 1, len(later) - len(spell.moves)) if flags else (placed, 1, move.order)
        later.append((*key, (placed, move.of.place, move.of.class_code, move, flags)))
    if len(later) > 1:
        later.sort(key=itemgetter(0, 1, 2))
    steps.extend(each[3] for each in later)
    return steps


def _fact(said: Sequence[Said], at: datetime) -> _Step:
    """Of what is said about one beginning, the place and class sent last hold."""
    by = said[0]
    if len(said) == 1:
        return at, by.of.place, by.of.class_code, by, ()
    class_code: EncounterClass = "unknown"
    for each in sorted(said, key=_order):
        if each.of.class_code != "unknown":
            class_code = each.of.class_code
        if each.of.place is not None or by.of.place is None:
            by = each
    return at, by.of.place, class_code, by, ()


def _fallback(spell: Spell, runs: list[_Step], back_to: Sequence[Said]) -> list[_Step]:
    """When nothing left says where the patient is, the PV1-3 of an A12 or A13 does."""
    places = [each for each in back_to if each.of.place is not None]
    if not places:
        return runs
    by = max(places, key=_order)
    if not runs:
        start = spell.start or BEFORE_ALL
        if spell.end is not None and spell.end <= start:
            return []  # a stay of no length
        return [(start, by.of.place, by.of.class_code, by, ())]
    return [(at, by.of.place, coded, by, flags) for at, _, coded, _, flags in runs]


def ghosts_of(
    voided: Iterable[tuple[Said, Said]], *, standing: Iterable[Said], stays: Iterable[Stay]
) -> list[Stay]:
    """Return the places of a standing encounter that only voided statements state, each once.

    Args:
        voided: What was taken back, with the cancel.
        standing: What else is said of the encounter.
        stays: Where the patient was.
    """
    known = {stay.place.ref for stay in stays if stay.place is not None}
    known.update(
        each.of.place.ref for each in standing if each.of.place is not None and _states_place(each)
    )
    ghosts: dict[str, Stay] = {}
    for each, cancel in sorted(voided, key=lambda pair: (pair[0].at, pair[0].order)):
        place = each.of.place
        if place is None or place.ref in known or not _states_place(each):
            continue
        start = None if each.at == BEFORE_ALL else each.at
        until = None if cancel.sent == BEFORE_ALL else cancel.sent
        ghosts.setdefault(
            place.ref,
            Stay(
                place=place,
                class_code=each.of.class_code,
                start=start,
                end=max(until, start) if until and start else until,
                cancelled=True,
                statement=each.of.ref,
            ),
        )
    return list(ghosts.values())


def in_order_of_time(stays: list[Stay]) -> tuple[Stay, ...]:
    """Sort stays and ghosts; an unknown start comes first."""
    return tuple(sorted(stays, key=lambda stay: (stay.start or BEFORE_ALL, stay.cancelled)))


def close(stays: list[Stay], end: datetime) -> list[Stay]:
    """End the last stay of an encounter that a rule closed."""
    return [*stays[:-1], stays[-1]._replace(end=end)] if stays else stays


def _states_place(each: Said) -> bool:
    return each.row.location == "current" or each.row.cancels == "end"


def _ref(place: Place | None) -> str | None:
    return None if place is None else place.ref
