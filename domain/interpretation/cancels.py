"""Cancels: what each one takes back. It voids a fact, not a message.

Source of the rules: interpretation, section 6; the repetition of a cancel is section 4.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.flags import Flag
from domain.interpretation.candidates import Index, by_order, by_sent, came_from
from domain.interpretation.order import Said, sent_before
from domain.interpretation.times import same
from domain.statement import Moment

#: What an A11 takes down with the beginning that it was built on.
_BUILT: Final = frozenset({"move", "end", "update"})


@dataclass(slots=True)
class Voided:
    """What the cancels of one visit did."""

    by: dict[Said, Said] = field(default_factory=dict)  # what was taken back, by which cancel
    target: dict[Said, Said] = field(default_factory=dict)  # what a cancel took back, if anything
    repeats: dict[Said, Said] = field(default_factory=dict)  # a cancel said again
    idle: dict[Said, Flag] = field(default_factory=dict)  # no effect, and why


def voided(said: Sequence[Said]) -> Voided:
    """Apply the cancels among the counted statements of one visit, in sent order."""
    cancels = [each for each in said if each.kind == "cancel"]
    if not cancels:
        return Voided()
    ledger = Ledger(said)
    for cancel in cancels:
        ledger.apply(cancel)
    return ledger.done


class Ledger:
    """The statements of one visit by what a cancel looks for, and what is void so far."""

    def __init__(self, said: Sequence[Said]) -> None:
        self.done = Voided()
        self._said = list(said)
        self._beginnings = [each for each in said if each.kind == "beginning"]
        self._ends = [each for each in said if each.kind == "end"]
        self._indexes: dict[frozenset[str], Index] = {}
        self._last_equal: dict[str | tuple[str | None, ...], Said] = {}
        self._senders = {(each.of.sender, each.of.application) for each in said}

    def follows(self, each: Said) -> bool:
        """Tell whether a statement was sent after all that is here, and can be added to it.

        What another sender says later may still be what an earlier cancel names.
        """
        last = self._said[-1]
        return (
            last.order < each.order
            and last.sent < each.sent
            and self._senders <= {(each.of.sender, each.of.application)}
        )

    def add(self, each: Said) -> None:
        """Add a statement that follows; a cancel has been tried already."""
        self._said.append(each)
        if each.kind == "beginning":
            self._beginnings.append(each)
        elif each.kind == "end":
            self._ends.append(each)
        for triggers, index in self._indexes.items():
            if each.of.trigger in triggers:
                index.add(each)

    def tried(self, cancel: Said) -> Said | None:
        """Return what a cancel takes back, and take it back."""
        content = _without_its_own_time(cancel)
        before = self._last_equal.get(content)
        self.apply(cancel)
        target = self.done.target.get(cancel)
        if target is None and before is not None:
            self._last_equal[content] = before
        elif target is None:
            self._last_equal.pop(content, None)
        return target

    def apply(self, cancel: Said) -> None:
        """Take back what a cancel means; give cancels in sent order."""
        triggers = cancel.row.voids
        ours = self._indexes.get(triggers)
        if ours is None:
            ours = self._indexes[triggers] = Index(self._said, triggers)
        if self._is_repeated(cancel, ours):
            return
        named = _named(cancel, ours)
        if named is None:
            self.done.idle[cancel] = Flag.WAITS
        elif cancel.row.cancels == "move":
            self._void_one(cancel, named, ours)
        elif named:
            self._void_fact(cancel, self._standing(named), ours)
        else:
            self._void_latest(cancel, ours)

    def _standing(self, some: Iterable[Said]) -> list[Said]:
        return [each for each in some if each not in self.done.by]

    def _is_repeated(self, cancel: Said, ours: Index) -> bool:
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

    def _void_one(self, cancel: Said, named: Sequence[Said], ours: Index) -> None:
        """Only A12 takes back one statement, with all that equal it but for EVN-2.

        Of several it prefers the transfer whose PV1-6 is its PV1-3, else the latest.
        """
        place = cancel.of.place
        by = self.done.by
        if named:
            some: Sequence[Said] = named
            alike: Sequence[Said] = [
                each for each in named if place and came_from(each) == place.ref
            ]
        else:
            some = ours.before(cancel)
            alike = ours.from_place(place.ref) if place else []
        latest = next(
            (
                each
                for each in reversed(alike)
                if each not in by and (named or sent_before(each, cancel))
            ),
            None,
        )
        latest = latest or next((each for each in reversed(some) if each not in by), None)
        if latest is None:
            self.done.idle[cancel] = Flag.NO_EFFECT
            return
        self._void(cancel, latest)
        for each in ours.equal_to(latest):
            if sent_before(each, cancel):
                self._void(cancel, each)

    def _void_latest(self, cancel: Said, ours: Index) -> None:
        before = ours.before(cancel)
        if not before:
            if cancel.row.cancels == "beginning":
                self._void_built(cancel, None)
            if cancel not in self.done.target:
                self.done.idle[cancel] = Flag.NO_EFFECT
            return
        latest: Said | None = self._shown_by(cancel, before)
        if latest in self.done.by:
            admission = cancel.row.cancels == "beginning"
            latest = self._registration_before(before) if admission else None
        self._void_fact(cancel, [latest] if latest else [], ours)

    def _shown_by(self, cancel: Said, before: Sequence[Said]) -> Said:
        """Return the latest; of an A04 sent late the A01 that it came before, if A11 shows that."""
        latest = before[-1]
        if not latest.row.is_registration or _shows(cancel, latest):
            return latest
        after = (
            each
            for each in reversed(before)
            if each.row.is_admission and each.at >= latest.at and _shows(cancel, each)
        )
        return next(after, latest)

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

    def _void_fact(self, cancel: Said, named: Sequence[Said], ours: Index) -> None:
        """Take back what is named and every statement of that beginning, end or plan before it.

        An A04 and an A01 are two facts even where one time names both: the one sent last is meant.
        """
        if not named:
            self.done.idle[cancel] = Flag.NO_EFFECT
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
            if (
                each.of.trigger == trigger
                and sent_before(each, cancel)
                and not self._is_of_ended(each, latest)
            ):
                fact.add(each)
        if latest.kind == "beginning" and latest.of.admitted is not None:
            # A restatement after the discharge is of the same beginning.
            for each in ours.admitted_at(latest):
                if sent_before(each, cancel):
                    fact.add(each)
        taken = sorted(fact.difference(self.done.by), key=by_order)
        self._void(cancel, latest)
        for each in taken:
            self._void(cancel, each)
        if latest.kind == "beginning":
            self._void_built(cancel, taken[0])

    def _is_of_ended(self, each: Said, latest: Said) -> bool:
        """Whether a beginning was told after the end of its encounter, which was before another."""
        if each.kind != "beginning" or each.at >= latest.at:
            return False
        return any(
            end.order < each.order and each.at < end.at <= latest.at
            for end in self._standing(self._ends)
        )

    def _bounds(self, latest: Said) -> tuple[int, int]:
        """Between which orders statements are of one fact with this one.

        What separates two beginnings is an end, two ends a beginning; not a restated one.
        """
        apart = self._ends if latest.kind == "beginning" else self._restated_left_out()
        position = bisect_left(apart, latest.order, key=by_order)
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
            start = bisect_left(self._said, beginning.sent, key=by_sent)
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
            if each.kind in _BUILT or (each.row.location == "restored" and each is not cancel):
                ended = ended or each.kind == "end"
                self._void(cancel, each)

    def _void(self, cancel: Said, each: Said) -> None:
        self.done.by.setdefault(each, cancel)
        self.done.target.setdefault(cancel, each)


def _shows(cancel: Said, each: Said) -> bool:
    """Whether class and place of a cancel are those of a beginning."""
    ours, theirs = cancel.of.place, each.of.place
    same_place = ours is not None and theirs is not None and ours.ref == theirs.ref
    return same_place and cancel.of.class_code == each.of.class_code


def _without_its_own_time(cancel: Said) -> str | tuple[str | None, ...]:
    """Return what a cancel says but when: many senders put its own time into EVN-6 too."""
    of = cancel.of
    if of.occurred is None or of.entered is None or not same(of.occurred, of.entered):
        return of.content_but_entered
    return of.trigger, of.visit, of.class_as_sent, of.place.ref if of.place else None


def _named(cancel: Said, ours: Index) -> list[Said] | None:
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
    if not named and cancel.row.cancels == "move" and not _own_time(cancel, stated):
        named = [each for each in ours.before(cancel) if _is_entered_at(each, stated)]
        return named or None
    return named


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
