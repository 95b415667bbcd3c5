"""Places: the stays of an encounter, and the places of void statements (section 8)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import TypeAlias

from domain.continuity import Stay
from domain.flags import Flag
from domain.interpretation.order import Mark, OrderedStatement
from domain.interpretation.spell import Spell
from domain.interpretation.times import BEFORE_ALL
from domain.statement import EncounterClass, Place, Precision

_order = attrgetter("order")


#: The instant, the place and the class from then on, the statement that states them, flags, and
#: how precisely the instant is stated.
_Step: TypeAlias = tuple[
    datetime, Place | None, EncounterClass, OrderedStatement, tuple[str, ...], Precision
]


def stays_of(spell: Spell, restoring: Sequence[OrderedStatement]) -> tuple[list[Stay], list[Mark]]:
    """Return where the patient was in one encounter, in order of time, and marks of moves.

    A class or place that a statement leaves out stays as before (R8.4). Consecutive stays in one
    place and class are one stay, and stays of no length are dropped (R8.5).

    Args:
        spell: The encounter.
        restoring: Its valid A12 and A13, for R6.16: they say where the patient is if no other
            statement says it.
    """
    steps, marks = _steps(spell)
    runs: list[_Step] = []
    place: Place | None = None
    class_code: EncounterClass = "unknown"
    for at, stated, coded, by, flags, precision in steps:
        if spell.end is not None and at > spell.end:
            marks.append((by, Flag.AFTER_END))  # R8.3
            continue
        place = stated or place
        class_code = class_code if coded == "unknown" else coded
        if runs and runs[-1][0] == at:
            runs.pop()
        if runs and _ref(runs[-1][1]) == _ref(place) and runs[-1][2] == class_code:
            continue
        runs.append((at, place, class_code, by, flags, precision))
    if runs and runs[-1][0] == spell.end:
        runs.pop()
    if place is None:
        runs = _restored(spell, runs, restoring)
    if not runs:
        return [], marks
    stays: list[Stay] = []
    end, until = spell.end, spell.end_precision
    for at, stated, coded, by, flags, precision in reversed(runs):
        start = None if at == BEFORE_ALL else at
        stays.append(
            Stay(  # by position, because keywords take three times as long
                stated,
                coded,
                start,
                end,
                spell.cancelled,
                by.statement.ref,
                flags,
                precision,
                until,
            )
        )
        end, until = start, precision
    stays.reverse()
    return stays, marks


def _steps(spell: Spell) -> tuple[list[_Step], list[Mark]]:
    """Return the beginning, the change of class and the moves, in order; and marks of moves.

    A move that happened before the beginning is placed at the beginning (R8.1). At one instant the
    change of class comes first. Then come the moves that happened before the beginning, in the
    order in which they happened, and the other moves in sent order (R8.2).
    """
    start = spell.start or BEFORE_ALL
    if spell.opened_by is not None:
        by = spell.opened_by
        precision = spell.start_precision
        return [(start, by.statement.place, by.statement.class_code, by, (), precision)], []
    steps: list[_Step] = []
    marks: list[Mark] = []
    if spell.beginnings:
        steps.append(_of_beginnings(spell.beginnings, start, spell.start_precision))
    later: list[tuple[datetime, int, int, _Step]] = []
    if spell.changes:
        at = max(spell.change_at or start, start)
        precision = spell.change_precision
        later.append((at, 0, spell.changes[0].order, _of_beginnings(spell.changes, at, precision)))
    for at, move in spell.moves:
        flags: tuple[str, ...] = ()
        rank = move.order
        if at < start and (move.moment is None or move.moment.last < start):
            flags = (Flag.BEFORE_BEGINNING,)
            marks.append((move, Flag.BEFORE_BEGINNING))
            rank = len(later) - len(spell.moves)  # negative, in the order of the moves
        placed = max(at, start)
        statement = move.statement
        precision = "second" if move.moment is None else move.moment.precision
        if at < start:
            precision = spell.start_precision
        step = (placed, statement.place, statement.class_code, move, flags, precision)
        later.append((placed, 1, rank, step))
    if len(later) > 1:
        later.sort(key=itemgetter(0, 1, 2))
    steps.extend(each[3] for each in later)
    return steps, marks


def _of_beginnings(
    beginnings: Sequence[OrderedStatement], at: datetime, precision: Precision
) -> _Step:
    """Return the step of one beginning; the place and the class sent last hold (R8.4)."""
    by = beginnings[0]
    if len(beginnings) == 1:
        return at, by.statement.place, by.statement.class_code, by, (), precision
    class_code: EncounterClass = "unknown"
    for each in sorted(beginnings, key=_order):
        if each.statement.class_code != "unknown":
            class_code = each.statement.class_code
        if each.statement.place is not None or by.statement.place is None:
            by = each
    return at, by.statement.place, class_code, by, (), precision


def _restored(
    spell: Spell, runs: list[_Step], restoring: Sequence[OrderedStatement]
) -> list[_Step]:
    """Return the steps with the PV1-3 of the last sent A12 or A13 as their place (R6.16)."""
    placing = [each for each in restoring if each.statement.place is not None]
    if not placing:
        return runs
    by = max(placing, key=_order)
    place = by.statement.place
    if runs:
        return [
            (at, place, class_code, by, flags, precision)
            for at, _, class_code, _, flags, precision in runs
        ]
    start = spell.start or BEFORE_ALL
    if spell.end is not None and spell.end <= start:
        return []
    return [(start, place, by.statement.class_code, by, (), spell.start_precision)]


def places_of_void(
    void: Iterable[tuple[OrderedStatement, OrderedStatement]],
    *,
    valid: Iterable[OrderedStatement],
    stays: Iterable[Stay],
) -> list[Stay]:
    """Return the places of a valid encounter that only void statements state, each once (R8.9).

    Example: A01 to bed A, A02 11:00 to bed B and its A12 of 11:10. Bed B is a cancelled stay from
    11:00 to 11:10.

    Args:
        void: The void statements of the encounter, each with its cancel.
        valid: Its valid statements.
        stays: Its stays.
    """
    known = {stay.place.ref for stay in stays if stay.place is not None}
    known.update(
        each.statement.place.ref
        for each in valid
        if each.statement.place is not None and _states_place(each)
    )
    found: dict[str, Stay] = {}
    for each, cancel in sorted(void, key=lambda pair: (pair[0].at, pair[0].order)):
        place = each.statement.place
        if place is None or place.ref in known or not _states_place(each):
            continue
        start = None if each.at == BEFORE_ALL else each.at
        until = None if cancel.sent == BEFORE_ALL else cancel.sent
        found.setdefault(
            place.ref,
            Stay(
                place=place,
                class_code=each.statement.class_code,
                start=start,
                end=max(until, start) if until and start else until,
                cancelled=True,
                statement=each.statement.ref,
                start_precision="second" if each.moment is None else each.moment.precision,
            ),
        )
    return list(found.values())


def in_order_of_time(stays: list[Stay]) -> tuple[Stay, ...]:
    """Sort the stays of an encounter, cancelled ones included; an unknown start comes first."""
    return tuple(sorted(stays, key=lambda stay: (stay.start or BEFORE_ALL, stay.cancelled)))


def ended_at(stays: list[Stay], end: datetime) -> list[Stay]:
    """Return the stays, the last of them ended at ``end``."""
    return [*stays[:-1], stays[-1]._replace(end=end)] if stays else stays


def _states_place(each: OrderedStatement) -> bool:
    """Tell whether a statement puts the patient in its PV1-3: beginnings, moves and A13 (R8.9)."""
    return each.trigger.location == "current" or each.trigger.cancels == "end"


def _ref(place: Place | None) -> str | None:
    return None if place is None else place.ref
