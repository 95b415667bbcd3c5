"""Statements that were sent at one instant: which of them was sent first (R1.2, R1.6).

Most feeds have few of them. Some senders write the time of the admission into MSH-7 of every
message of a visit, so that MSH-7 orders nothing.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from domain.interpretation.times import BEFORE_ALL
from domain.statement import Statement
from domain.triggers import trigger_of

_DIGITS: Final = re.compile(r"([0-9]+)")
#: Of more moves of one visit than this, sent at one instant, the chain of places is not followed.
_LONGEST_CHAIN: Final = 32
#: So many statements are looked at to find where a patient was before.
_LOOK_BACK: Final = 64

_Ranked: TypeAlias = tuple[datetime, Statement]
_Natural: TypeAlias = tuple[tuple[int, str], ...]
#: Record, namespace and number of a visit.
VisitKey: TypeAlias = tuple[str, str, str | None]


def sort_ties(ranked: list[_Ranked]) -> dict[int, int]:
    """Sort the statements that were sent at one instant.

    Return the positions of the statements whose order nothing tells, each with a number that is
    equal for statements of one visit and instant.

    Args:
        ranked: Statements with the instants at which they were sent, sorted by instant.
    """
    ties: dict[int, int] = {}
    first = 0
    for position in range(1, len(ranked) + 1):
        if position < len(ranked) and ranked[position][0] == ranked[first][0]:
            continue
        if position - first > 1:
            ranked[first:position] = sorted(ranked[first:position], key=_stated_order)
            _sort_equal_times(ranked, first, position, ties)
        first = position
    return ties


def natural_number(digits: str) -> tuple[int, str]:
    """Return a key that compares digits as numbers. They may be longer than ``int`` converts."""
    plain = digits.lstrip("0")
    return len(plain), plain


def _sort_equal_times(ranked: list[_Ranked], start: int, stop: int, ties: dict[int, int]) -> None:
    """Sort the statements of a run whose MSH-13 and EVN-2 are equal too."""
    first = start
    for position in range(start + 1, stop + 1):
        if position < stop and _stated_order(ranked[position]) == _stated_order(ranked[first]):
            continue
        if position - first > 1:
            run = [each for _, each in ranked[first:position]]
            before = ranked[max(first - _LOOK_BACK, 0) : first]
            if _is_one_counter(run):
                run.sort(key=lambda each: (natural(each.control_id), *_by_content(each)))
                run = _in_whole_chains(run, before)
            else:
                run, tied = _by_chain(sorted(run, key=_by_content), before)
                for offset, tie in tied.items():
                    ties[first + offset] = first + tie
            sent = ranked[first][0]
            ranked[first:position] = [(sent, each) for each in run]
        first = position


def _stated_order(ranked: _Ranked) -> tuple[_Natural, datetime]:
    """Return MSH-13 and EVN-2."""
    each = ranked[1]
    return natural(each.sequence), BEFORE_ALL if each.entered is None else each.entered.at


def _by_content(each: Statement) -> tuple[str, str, str, str]:
    """Return a key that means nothing, so that the order is always the same."""
    return each.sender, each.application, each.content, each.ref


def natural(text: str) -> _Natural:
    """Return a key that compares runs of digits as numbers: x9 comes before x10."""
    return tuple(
        natural_number(piece) if position % 2 else (0, piece)
        for position, piece in enumerate(_DIGITS.split(text))
    )


def _is_one_counter(run: Sequence[Statement]) -> bool:
    """Tell whether the control ids of some statements count (R1.2).

    One sender gave them, all are different, and they differ in their digits only. Example: x9 and
    x10 count. AAA1 and ZZZ1 do not.
    """
    return (
        len({_counter(each) for each in run}) == 1
        and len(_DIGITS.split(run[0].control_id)) > 1
        and len({each.control_id for each in run}) == len(run)
    )


def _counter(each: Statement) -> tuple[str, ...]:
    return each.sender, each.application, *_DIGITS.split(each.control_id)[::2]


def _in_whole_chains(run: Sequence[Statement], before: Sequence[_Ranked]) -> list[Statement]:
    """Sort the moves of each visit by their chain of places, if the chain is whole (R1.2).

    Other statements keep their order.

    Args:
        run: The statements of one instant, in the order of their control ids.
        before: The last statements that were sent earlier.
    """
    of_visit: dict[VisitKey, list[int]] = defaultdict(list)
    for position, each in enumerate(run):
        if trigger_of(each.trigger).location == "current":
            of_visit[visit_key(each)].append(position)
    found = list(run)
    for visit, positions in of_visit.items():
        if 1 < len(positions) <= _LONGEST_CHAIN:
            chain = _whole_chain([run[at] for at in positions], _place_before(visit, before))
            for at, each in zip(positions, chain, strict=True):
                found[at] = each
    return found


def _whole_chain(moves: Sequence[Statement], current: str) -> Sequence[Statement]:
    """Return the only order in which each move leaves the place that the one before it reached.

    If there is no such order, or several, return the moves as they are. Example: a patient in bed
    1, control id 101 from bed 2 to bed 3, control id 102 from bed 1 to bed 2. Id 102 comes first.

    Args:
        moves: The beginnings and moves of one visit and instant.
        current: Where the patient was before; empty if that is not known.
    """
    left = list(moves)
    found: list[Statement] = []
    if not current:
        reached = {_place(each) for each in left}
        first = [each for each in left if not _prior(each) or _prior(each) not in reached]
        if len(first) != 1:
            return moves
        found.append(first[0])
        left.remove(first[0])
        current = _place(first[0])
    while left:
        possible = [each for each in left if current and _prior(each) == current]
        if len(possible) != 1:
            return moves
        found.append(possible[0])
        left.remove(possible[0])
        current = _place(possible[0])
    return found


def _by_chain(
    run: Sequence[Statement], before: Sequence[_Ranked]
) -> tuple[list[Statement], dict[int, int]]:
    """Sort statements of one instant by the chain of places: PV1-6 of one is PV1-3 of another.

    Return also the positions of the statements whose order nothing tells.

    Args:
        run: The statements, in an order that means nothing.
        before: The last statements that were sent earlier.
    """
    of_visit: dict[VisitKey, list[int]] = defaultdict(list)
    for position, each in enumerate(run):
        of_visit[visit_key(each)].append(position)
    found = list(run)
    ties: dict[int, int] = {}
    for visit, positions in of_visit.items():
        if len(positions) == 1:
            continue
        placing = [at for at in positions if trigger_of(run[at].trigger).location == "current"]
        chain = [run[at] for at in placing]
        moving = set(placing)
        doubtful = {id(run[at]) for at in positions if at not in moving}
        if 1 < len(chain) <= _LONGEST_CHAIN:
            chain, unclear = _chained(chain, _place_before(visit, before))
            doubtful |= unclear
        else:
            doubtful |= {id(each) for each in chain}
        for at, each in zip(placing, chain, strict=True):
            found[at] = each
        ties |= {at: positions[0] for at in positions if id(found[at]) in doubtful}
    return found, ties


def _chained(moves: Sequence[Statement], current: str) -> tuple[list[Statement], set[int]]:
    """Put moves of one visit and instant into the order in which their places follow each other.

    Return also the ids of the moves whose order nothing tells. Example: a patient in A, a move from
    B to C and a move from A to B. The second one comes first.

    Args:
        moves: The moves, in an order that means nothing.
        current: Where the patient was before; empty if that is not known.
    """
    left = list(moves)
    found: list[Statement] = []
    unclear: set[int] = set()
    while left:
        possible = [each for each in left if current and _prior(each) == current]
        if not possible:
            reached = [_place(each) for each in left]
            possible = [each for each in left if not _prior(each) or _prior(each) not in reached]
        possible = possible or left
        if len(possible) > 1:
            if _is_one_counter(possible):
                possible = sorted(possible, key=lambda each: natural(each.control_id))
            else:
                unclear |= {id(each) for each in possible}
        following = possible[0]
        left.remove(following)
        found.append(following)
        current = _place(following) or current
    return found, unclear


def _place_before(visit: VisitKey, before: Sequence[_Ranked]) -> str:
    """Return where a patient was before an instant; empty if none of the last statements says."""
    for _, each in reversed(before):
        if visit_key(each) == visit and trigger_of(each.trigger).location == "current":
            return _place(each)
    return ""


def visit_key(each: Statement) -> VisitKey:
    """Return a key that statements of one visit share, before visits are joined."""
    return each.record, each.namespace, each.visit


def _place(each: Statement) -> str:
    return "" if each.place is None else each.place.ref


def _prior(each: Statement) -> str:
    return "" if each.prior_place is None else each.prior_place.ref
