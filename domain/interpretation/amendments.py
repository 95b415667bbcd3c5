"""Admissions that a later admission of the same visit amends (R7.16).

Example: an A01 of class E at 8:00 in the emergency department, and under the same number an A01 of
class I at 15:00 on a ward. The first one counts as a registration.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from domain.ids import PlaceRef
from domain.interpretation.ties import VisitKey, visit_key
from domain.interpretation.times import BEFORE_ALL, happened
from domain.statement import INPATIENT, EncounterClass, Statement
from domain.triggers import TRIGGERS, Trigger

#: How far the care of a patient has gone. An admission of a higher step amends one of a lower step.
STEPS: Final[Mapping[EncounterClass, int]] = {
    "AMB": 0,
    "EMER": 1,
    "OBSENC": 2,
    **dict.fromkeys(INPATIENT, 3),
}
_ENDS: Final = frozenset(code for code, row in TRIGGERS.items() if row.kind == "end")
_CANCELS: Final = frozenset(code for code, row in TRIGGERS.items() if row.cancels == "beginning")
_REGISTRATION: Final = next(row for row in TRIGGERS.values() if row.is_registration)
#: The rows of an admission between two others: a change of class at its EVN-6, or at its PV1-44.
_CHANGE: Final = next(row for row in TRIGGERS.values() if row.changes_class and row.admits)
_CHANGE_AT_ITS_TIME: Final = replace(_CHANGE, admit_time="own")
#: Without a visit number, two admissions further apart than this are two visits (R3.11).
_NEAR: Final = timedelta(hours=48)

#: PV1-44, and EVN-6 if it is later.
_Times: TypeAlias = tuple[datetime, datetime]


class _Admission(NamedTuple):
    position: int
    step: int
    times: _Times
    place: PlaceRef | None


def amended(statements: Sequence[Statement], admissions: Sequence[int]) -> dict[int, Trigger]:
    """Return the positions of admissions that a later one amends, with the row that each counts as.

    Args:
        statements: All statements, in sent order.
        admissions: The positions of the admissions whose class has a step.
    """
    by_visit: dict[VisitKey, list[int]] = defaultdict(list)
    for position in admissions:
        by_visit[visit_key(statements[position])].append(position)
    found: dict[int, Trigger] = {}
    parting = _Parting(statements)
    for visit, positions in by_visit.items():
        if len({STEPS[statements[position].class_code] for position in positions}) > 1:
            found.update(_VisitAdmissions(statements, visit, positions, parting).amended())
    return found


class _Parting:
    """The ends, and the cancels of admissions, by visit. They are looked up when asked for."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._known = False
        self._first_end: dict[VisitKey, tuple[int, datetime]] = {}  # least position, least time
        self._cancels: dict[VisitKey, list[int]] = defaultdict(list)

    def has_end_before(self, visit: VisitKey, each: _Admission) -> bool:
        """Tell whether an end of a visit was sent or happened before an admission."""
        self._look_up()
        end = self._first_end.get(visit)
        return end is not None and (end[0] < each.position or end[1] <= each.times[0])

    def has_cancel_between(self, visit: VisitKey, position: int, last: int) -> bool:
        """Tell whether a cancel of an admission was sent between two positions."""
        self._look_up()
        cancels = self._cancels.get(visit, [])
        after = bisect_right(cancels, position)
        return after < len(cancels) and cancels[after] < last

    def _look_up(self) -> None:
        if self._known:
            return
        self._known = True
        for position, each in enumerate(self._statements):
            if each.trigger in _ENDS:
                visit, at = visit_key(each), happened(each)[0] or BEFORE_ALL
                first, earliest = self._first_end.get(visit, (position, at))
                self._first_end[visit] = first, min(earliest, at)
            elif each.trigger in _CANCELS:
                self._cancels[visit_key(each)].append(position)


class _VisitAdmissions:
    """The admissions of one visit, so that each is compared with few others."""

    def __init__(
        self,
        statements: Sequence[Statement],
        visit: VisitKey,
        positions: Sequence[int],
        parting: _Parting,
    ) -> None:
        self._statements = statements
        self._parting = parting
        self._visit = visit
        self._numbered = visit[2] is not None
        self._all = [_admission(statements[each], each) for each in positions]
        self._times: dict[int, list[_Times]] = defaultdict(list)  # by step, sorted
        # By step and PV1-44: the last position of each place.
        self._places: dict[tuple[int, datetime], dict[PlaceRef, int]] = defaultdict(dict)
        self._last = -1  # position of the last one
        seen: set[str] = set()
        for each in self._all:
            content = statements[each.position].content
            if content in seen:  # a resend does not count
                continue
            if content:
                seen.add(content)
            self._last = each.position
            insort(self._times[each.step], each.times)
            if each.place is not None:
                self._places[each.step, each.times[0]][each.place] = each.position

    def amended(self) -> Iterator[tuple[int, Trigger]]:
        """Return the admissions that a later one amends, with the row that each counts as."""
        for each in self._all:
            if self._statements[each.position].settings.second_admission == "corrects":
                continue
            if self._has_later(each) or self._has_other_place(each):
                row = self._row(each)
                if row is not None:
                    yield each.position, row

    def _has_later(self, each: _Admission) -> bool:
        """Tell whether an admission of a higher step is later."""
        for step, times in self._times.items():
            if step > each.step:
                after = bisect_right(times, each.times)
                if after < len(times) and self._is_near(times[after], each.times):
                    return True
        return False

    def _has_other_place(self, each: _Admission) -> bool:
        """Tell whether one of a higher step has the same PV1-44, another place, and came later."""
        if each.place is None:
            return False
        return any(
            position > each.position and place != each.place
            for step in self._times
            if step > each.step
            for place, position in _last_two(self._places.get((step, each.times[0]), {}))
        )

    def _row(self, each: _Admission) -> Trigger | None:
        """Return the row of an amended admission; None: it counts as it is.

        It counts as a registration, or, if it amends another one itself, as a change of class. An
        end may part it from that one: then it is a registration. A cancel sent before the last
        admission may mean it: then it counts as it is.
        """
        earlier = [
            times[before - 1]
            for step, times in self._times.items()
            if step < each.step
            and (before := bisect_left(times, each.times))
            and self._is_near(each.times, times[before - 1])
        ]
        if not earlier or self._parting.has_end_before(self._visit, each):
            return _REGISTRATION
        if self._parting.has_cancel_between(self._visit, each.position, self._last):
            return None
        at = each.times[0]
        return _CHANGE_AT_ITS_TIME if any(first < at for first, _ in earlier) else _CHANGE

    def _is_near(self, later: _Times, earlier: _Times) -> bool:
        return self._numbered or later[0] - earlier[0] <= _NEAR


def _admission(each: Statement, position: int) -> _Admission:
    at = happened(each)[0] or BEFORE_ALL
    occurred = at if each.occurred is None else max(each.occurred.at, at)
    place = None if each.place is None else each.place.ref
    return _Admission(position, STEPS[each.class_code], (at, occurred), place)


def _last_two(positions: Mapping[PlaceRef, int]) -> list[tuple[PlaceRef, int]]:
    """Return the places of the last positions. One of two differs from any given place."""
    return sorted(positions.items(), key=lambda item: item[1])[-2:]
