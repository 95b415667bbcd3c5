"""Cancels: what each one takes back. It voids a fact, not a message.

Source of the rules: interpretation, section 6; the repetition of a cancel is section 4.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.interpretation.kinds import VOIDS
from domain.interpretation.order import Said, sent_before
from domain.interpretation.times import same
from domain.statement import Moment

#: What an A11 takes down with the beginning that it was built on.
_BUILT: Final = frozenset({"move", "end", "update"})
_BEGIN: Final = VOIDS["A11"]
_BACK: Final = frozenset({"A12", "A13"})


@dataclass(slots=True)
class Voided:
    """What the cancels of one visit did."""

    by: dict[Said, Said] = field(default_factory=dict)  # what was taken back, by which cancel
    target: dict[Said, Said] = field(default_factory=dict)  # what a cancel took back, if anything
    repeats: dict[Said, Said] = field(default_factory=dict)  # a cancel said again
    idle: dict[Said, str] = field(default_factory=dict)  # no effect, and why


def voided(said: Sequence[Said]) -> Voided:
    """Apply the cancels among the counted statements of one visit, in sent order."""
    cancels = [each for each in said if each.kind == "cancel"]
    if not cancels:
        return Voided()
    ledger = _Ledger(said)
    for cancel in cancels:
        ledger.apply(cancel)
    return ledger.done


def target_of(said: Sequence[Said], cancel: Said) -> Said | None:
    """Return what a cancel would take back among the counted statements of a visit."""
    ledger = _Ledger(said)
    for each in said:
        if each.kind == "cancel" and each.order < cancel.order:
            ledger.apply(each)
    ledger.apply(cancel)
    return ledger.done.target.get(cancel)


class _Ledger:
    """The statements of one visit by what a cancel looks for, and what is void so far."""

    def __init__(self, said: Sequence[Said]) -> None:
        self.done = Voided()
        self._said = said
        self._beginnings = [each for each in said if each.kind == "beginning"]
        self._ends = [each for each in said if each.kind == "end"]
        self._indexes: dict[frozenset[str], _Index] = {}
        self._last_equal: dict[str | tuple[str | None, ...], Said] = {}

    def apply(self, cancel: Said) -> None:
        """Take back what a cancel means; give cancels in sent order."""
        triggers = VOIDS.get(cancel.of.trigger)
        if triggers is None:
            return
        ours = self._indexes.get(triggers)
        if ours is None:
            ours = self._indexes[triggers] = _Index(self._said, triggers)
        if self._is_repeated(cancel, ours):
            return
        named = _named(cancel, ours)
        if named is None:
            self.done.idle[cancel] = "waits"
        elif cancel.of.trigger == "A12":
            self._void_one(cancel, named, ours)
        elif named:
            self._void_fact(cancel, self._standing(named), ours)
        else:
            self._void_latest(cancel, ours)

    def _standing(self, some: Iterable[Said]) -> list[Said]:
        return [each for each in some if each not in self.done.by]

    def _is_repeated(self, cancel: Said, ours: "_Index") -> bool:
        """A cancel repeated with nothing of its kind sent between is one cancel."""
        content = _without_its_own_time(cancel)
        if not content:
            return False
        before = self._last_equal.get(content)
        self._last_equal[content] = cancel
        if before is None:
            return False
        between = bisect_left(ours.orders, cancel.order)
        if between and ours.orders[between - 1] > before.order:
            return False
        self.done.repeats[cancel] = self.done.repeats.get(before, before)
        return True

    def _void_one(self, cancel: Said, named: Sequence[Said], ours: "_Index") -> None:
        """Only A12 takes back one statement, with all that equal it but for EVN-2.

        Of several it prefers the transfer whose PV1-6 is its PV1-3, else the latest.
        """
        place = cancel.of.place
        if named:
            came = [each for each in named if place and _came_from(each) == place.ref]
            some, alike = named, came
        else:
            some = ours.before(cancel)
            alike = ours.from_place(place.ref, cancel) if place else []
        standing = (each for each in reversed(some) if each not in self.done.by)
        latest = next((each for each in reversed(alike) if each not in self.done.by), None)
        latest = latest or next(standing, None)
        if latest is None:
            self.done.idle[cancel] = "no_effect"
            return
        self._void(cancel, latest)
        for each in ours.equal_to(latest):
            if sent_before(each, cancel):
                self._void(cancel, each)

    def _void_latest(self, cancel: Said, ours: "_Index") -> None:
        before = ours.before(cancel)
        if not before:
            if cancel.of.trigger == "A11":
                self._void_built(cancel, None)
            if cancel not in self.done.target:
                self.done.idle[cancel] = "no_effect"
            return
        latest: Said | None = before[-1]
        if latest in self.done.by:
            latest = self._registration_before(before) if cancel.of.trigger == "A11" else None
        self._void_fact(cancel, [latest] if latest else [], ours)

    def _registration_before(self, before: Sequence[Said]) -> Said | None:
        """After the admission, a further A11 means the registration that came before it."""
        latest = before[-1]
        for each in reversed(before):
            if each.of.trigger != latest.of.trigger and each not in self.done.by:
                ended = any(
                    each.order < end.order and sent_before(end, latest)
                    for end in self._standing(self._ends)
                )
                return None if ended else each
        return None

    def _void_fact(self, cancel: Said, named: Sequence[Said], ours: "_Index") -> None:
        """Take back what is named and every statement of that beginning, end or plan before it.

        An A04 and an A01 are two facts even where one time names both: the one sent last is meant.
        """
        if not named:
            self.done.idle[cancel] = "no_effect"
            return
        latest = named[-1]
        trigger = latest.of.trigger
        fact = {each for each in named if each.of.trigger == trigger}
        low, high = self._bounds(latest)
        start = bisect_right(ours.orders, low)
        for position in range(start, len(ours.said)):
            each = ours.said[position]
            if each.order >= high or each.sent > cancel.sent:
                break
            if each.of.trigger == trigger and sent_before(each, cancel):
                fact.add(each)
        if trigger in _BEGIN and latest.of.admitted is not None:
            # A restatement after the discharge is of the same beginning.
            for each in ours.admitted_at(latest):
                if sent_before(each, cancel):
                    fact.add(each)
        taken = sorted(fact.difference(self.done.by), key=_order)
        self._void(cancel, latest)
        for each in taken:
            self._void(cancel, each)
        if trigger in _BEGIN:
            self._void_built(cancel, taken[0])

    def _bounds(self, latest: Said) -> tuple[int, int]:
        """Between which orders statements are of one fact with this one.

        What separates two beginnings is an end, two ends a beginning; not a restated one.
        """
        if latest.kind == "beginning":
            apart = self._ends
        elif latest.kind == "end":
            apart = self._restated_left_out()
        else:
            apart = []
        position = bisect_left(apart, latest.order, key=_order)
        by = self.done.by
        before = (each.order for each in reversed(apart[:position]) if each not in by)
        after = (each.order for each in apart[position:] if each not in by)
        return next(before, -1), next(after, self._said[-1].order + 1)

    def _restated_left_out(self) -> list[Said]:
        known: set[tuple[str, datetime]] = set()
        apart: list[Said] = []
        for each in self._standing(self._beginnings):
            admitted = each.of.admitted
            beginning = None if admitted is None else (each.of.trigger, admitted.at)
            if beginning is None or beginning not in known:
                apart.append(each)
            if beginning is not None:
                known.add(beginning)
        return apart

    def _void_built(self, cancel: Said, beginning: Said | None) -> None:
        """A11 takes back what was built on the beginning, also on one that never reached us."""
        start = 0
        if beginning is not None:
            start = bisect_left(self._said, beginning.sent, key=_sent)
        ended = False
        for position in range(start, len(self._said)):
            each = self._said[position]
            if each.sent > cancel.sent:
                break
            if beginning is not None and not _built_after(beginning, each):
                continue
            if each in self.done.by or not sent_before(each, cancel):
                continue
            if each.kind == "beginning" and ended:
                break
            if each.kind in _BUILT or (each.of.trigger in _BACK and each is not cancel):
                ended = ended or each.kind == "end"
                self._void(cancel, each)

    def _void(self, cancel: Said, each: Said) -> None:
        self.done.by.setdefault(each, cancel)
        self.done.target.setdefault(cancel, each)


class _Index:
    """The statements of one visit that one kind of cancel may mean, in sent order."""

    def __init__(self, said: Sequence[Said], triggers: frozenset[str]) -> None:
        self.said = [each for each in said if each.of.trigger in triggers]
        self.orders = [each.order for each in self.said]
        self.moving = any(each.of.movement is not None for each in self.said)
        self._times: dict[datetime, list[Said]] | None = None
        self._coarse: list[tuple[Moment, Said]] = []
        self._origins: dict[str, list[Said]] | None = None
        self._contents: dict[str, list[Said]] | None = None
        self._admitted: dict[tuple[str, datetime], list[Said]] | None = None

    def before(self, cancel: Said) -> list[Said]:
        """Return what was sent before a cancel."""
        position = bisect_right(self.said, cancel.sent, key=_sent)
        before = self.said[:position]
        if before and before[-1].sent == cancel.sent:
            before = [each for each in before if sent_before(each, cancel)]
        return before

    def named_by(self, stated: Moment) -> list[Said]:
        """Return what has a stated time equal to an EVN-6, at the coarser precision of both."""
        if self._times is None:
            self._times = {}
            for each in self.said:
                for moment in _names_of(each):
                    if moment.until is None:
                        self._times.setdefault(moment.at, []).append(each)
                    else:
                        self._coarse.append((moment, each))
        if stated.until is None:
            found = set(self._times.get(stated.at, ()))
        else:
            found = {
                each
                for at, some in self._times.items()
                if stated.at <= at <= stated.last
                for each in some
            }
        found.update(each for moment, each in self._coarse if same(moment, stated))
        return sorted(found, key=_order)

    def from_place(self, ref: str, cancel: Said) -> list[Said]:
        """Return the transfers from a place that were sent before a cancel."""
        if self._origins is None:
            self._origins = {}
            for each in self.said:
                self._origins.setdefault(_came_from(each), []).append(each)
        return [each for each in self._origins.get(ref, ()) if sent_before(each, cancel)]

    def equal_to(self, said: Said) -> list[Said]:
        """Return what is equal to one of these but for EVN-2."""
        if self._contents is None:
            self._contents = {}
            for each in self.said:
                self._contents.setdefault(each.of.content_but_entered, []).append(each)
        content = said.of.content_but_entered
        return self._contents[content] if content else [said]

    def admitted_at(self, said: Said) -> list[Said]:
        """Return the beginnings of one kind with one PV1-44."""
        if self._admitted is None:
            self._admitted = {}
            for each in self.said:
                if each.of.admitted is not None:
                    key = (each.of.trigger, each.of.admitted.at)
                    self._admitted.setdefault(key, []).append(each)
        admitted = said.of.admitted
        return [] if admitted is None else self._admitted[said.of.trigger, admitted.at]


def _without_its_own_time(cancel: Said) -> str | tuple[str | None, ...]:
    """Return what a cancel says but when: many senders put its own time into EVN-6 too."""
    of = cancel.of
    if of.occurred is None or of.entered is None or not same(of.occurred, of.entered):
        return of.content_but_entered
    return of.trigger, of.visit, of.class_as_sent, of.place.ref if of.place else None


def _named(cancel: Said, ours: _Index) -> list[Said] | None:
    """Return what a cancel names; None: what it names is not known yet, so it waits.

    Empty where it names nothing: then the latest sent before is meant.
    """
    statement = cancel.of
    if statement.movement is not None and ours.moving:
        ref = statement.movement.ref
        named = [each for each in ours.said if each.of.movement and each.of.movement.ref == ref]
        return named or None
    stated = statement.occurred
    if stated is None:
        return []
    named = [
        each
        for each in ours.named_by(stated)
        if sent_before(each, cancel) or _another_sender(each, cancel)
    ]
    if not named and statement.trigger == "A12" and not _own_time(cancel, stated):
        named = [each for each in ours.before(cancel) if _is_entered_at(each, stated)]
        return named or None
    return named


def _order(said: Said) -> int:
    return said.order


def _sent(said: Said) -> datetime:
    return said.sent


def _came_from(each: Said) -> str:
    return "" if each.of.prior_place is None else each.of.prior_place.ref


def _names_of(each: Said) -> list[Moment]:
    """Return the stated times by which a cancel can name a statement."""
    statement = each.of
    fact = statement.discharged if each.kind == "end" else statement.admitted
    moments = [statement.occurred, None if each.kind == "move" else fact]
    return [moment for moment in moments if moment is not None]


def _built_after(beginning: Said, each: Said) -> bool:
    return each.order > beginning.order or (
        each.sent == beginning.sent and sent_before(beginning, each)
    )


def _another_sender(each: Said, cancel: Said) -> bool:
    return (each.of.sender, each.of.application) != (cancel.of.sender, cancel.of.application)


def _is_entered_at(each: Said, stated: Moment) -> bool:
    """What states no time of its own can only be named by EVN-2."""
    entered = each.of.entered
    return not each.stated and entered is not None and same(entered, stated)


def _own_time(cancel: Said, stated: Moment) -> bool:
    """Many senders put the cancel's own time into EVN-6: then it names nothing."""
    entered = cancel.of.entered
    if entered is not None and same(entered, stated):
        return True
    return cancel.of.sent is not None and stated.last >= cancel.of.sent.at
