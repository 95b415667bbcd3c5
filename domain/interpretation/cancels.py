"""Cancels: what each one takes back. It voids a fact, not a message.

Source of the rules: interpretation, section 6; the repetition of a cancel is section 4.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.interpretation.kinds import VOIDS
from domain.interpretation.order import Said, sent_before
from domain.interpretation.times import same
from domain.statement import Moment

#: What an A11 takes down with the beginning that it was built on.
_BUILT: Final = frozenset({"move", "end", "update"})
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
    """The statements of one visit by trigger, and what is void so far."""

    def __init__(self, said: Sequence[Said]) -> None:
        self.done = Voided()
        self._said = said
        self._orders = [each.order for each in said]
        self._sent = [each.sent for each in said]
        self._by_trigger: dict[str, list[Said]] = {}
        for each in said:
            self._by_trigger.setdefault(each.of.trigger, []).append(each)
        self._beginnings = [each for each in said if each.kind == "beginning"]
        self._ends = self._by_trigger.get("A03", [])
        self._last_equal: dict[str, Said] = {}

    def apply(self, cancel: Said) -> None:
        triggers = VOIDS.get(cancel.of.trigger)
        if triggers is None:
            return
        ours = self._of(triggers)
        if self._is_repeated(cancel, ours):
            return
        named = self._named(cancel, ours)
        if named is None:
            self.done.idle[cancel] = "waits"
        elif cancel.of.trigger == "A12":
            self._void_one(cancel, self._standing(named))
        elif named:
            self._void_fact(cancel, self._standing(named))
        else:
            self._void_latest(cancel, [each for each in ours if sent_before(each, cancel)])

    def _of(self, triggers: frozenset[str]) -> list[Said]:
        if triggers == {"A01", "A04"}:
            return self._beginnings
        (trigger,) = triggers
        return self._by_trigger.get(trigger, [])

    def _standing(self, some: Sequence[Said]) -> list[Said]:
        return [each for each in some if each not in self.done.by]

    def _is_repeated(self, cancel: Said, ours: Sequence[Said]) -> bool:
        """A cancel repeated with nothing of its kind sent between is one cancel."""
        content = cancel.of.content_but_entered
        if not content:
            return False
        before = self._last_equal.get(content)
        self._last_equal[content] = cancel
        if before is None:
            return False
        between = bisect_right(ours, cancel.order, key=_order)
        if between and ours[between - 1].order > before.order:
            return False
        self.done.repeats[cancel] = self.done.repeats.get(before, before)
        return True

    def _named(self, cancel: Said, ours: Sequence[Said]) -> list[Said] | None:
        """Return what the cancel names, or all that an A12 may mean; None: it waits.

        Empty where a cancel other than A12 names nothing: then the latest sent before is meant.
        """
        statement = cancel.of
        before = [each for each in ours if sent_before(each, cancel)]
        others = before if statement.trigger == "A12" else []
        if statement.movement is not None:
            ref = statement.movement.ref
            named = [each for each in ours if each.of.movement and each.of.movement.ref == ref]
            if named:
                return named
            if any(each.of.movement for each in before):
                return None
        if statement.occurred is None:
            return others
        stated = statement.occurred
        near = [each for each in ours if _another_sender(each, cancel) or sent_before(each, cancel)]
        named = [each for each in near if _is_named(each, stated)]
        if not named:
            named = [each for each in before if _is_entered_at(each, stated)]
        if named or statement.trigger != "A12" or _own_time(cancel, stated):
            return named or others
        return None

    def _void_one(self, cancel: Said, standing: Sequence[Said]) -> None:
        """Only A12 takes back one statement, with all that equal it but for EVN-2."""
        if not standing:
            self.done.idle[cancel] = "no_effect"
            return
        back_to = cancel.of.place
        latest = standing[-1]
        if len(standing) > 1 and back_to is not None:
            latest = next(
                (
                    each
                    for each in reversed(standing)
                    if each.of.prior_place is not None and each.of.prior_place.ref == back_to.ref
                ),
                latest,
            )
        content = latest.of.content_but_entered
        self._void(cancel, latest)
        for each in self._by_trigger.get("A02", []):
            if content and each.of.content_but_entered == content and sent_before(each, cancel):
                self._void(cancel, each)

    def _void_latest(self, cancel: Said, before: Sequence[Said]) -> None:
        if not before:
            if cancel.of.trigger == "A11":
                self._void_built(cancel, None)
            if cancel not in self.done.target:
                self.done.idle[cancel] = "no_effect"
            return
        latest = before[-1]
        if latest in self.done.by and cancel.of.trigger == "A11":
            latest = self._earlier_registration(before) or latest
        self._void_fact(cancel, [] if latest in self.done.by else [latest])

    def _earlier_registration(self, before: Sequence[Said]) -> Said | None:
        """After the admission, a further A11 means the registration that came before it."""
        latest = before[-1]
        for each in reversed(before):
            if each.of.trigger != latest.of.trigger and each not in self.done.by:
                ended = any(
                    end.order > each.order and sent_before(end, latest)
                    for end in self._standing(self._ends)
                )
                return None if ended else each
        return None

    def _void_fact(self, cancel: Said, named: Sequence[Said]) -> None:
        """Take back what is named and every statement of that beginning, end or plan before it."""
        if not named:
            self.done.idle[cancel] = "no_effect"
            return
        latest = named[-1]
        alike = self._by_trigger[latest.of.trigger]
        fact = {each for each in named if each.of.trigger == latest.of.trigger}
        low, high = self._bounds(latest)
        for each in alike[bisect_right(alike, low, key=_order) :]:
            if each.order >= high or each.sent > cancel.sent:
                break
            if sent_before(each, cancel):
                fact.add(each)
        if cancel.of.trigger == "A11" and (began := latest.of.admitted) is not None:
            for each in alike:  # a restatement after the discharge is of the same beginning
                stated = each.of.admitted
                if stated is not None and same(stated, began) and sent_before(each, cancel):
                    fact.add(each)
        taken = [each for each in alike if each in fact and each not in self.done.by]
        self._void(cancel, latest)
        for each in taken:
            self._void(cancel, each)
        if cancel.of.trigger == "A11":
            self._void_built(cancel, taken[0])

    def _bounds(self, latest: Said) -> tuple[int, int]:
        """Between which orders statements are of one fact with this one.

        What separates two beginnings is an end, two ends a beginning; not a restated one.
        """
        if latest.kind == "beginning":
            apart = self._standing(self._ends)
        elif latest.kind == "end":
            apart = [
                each for each in self._standing(self._beginnings) if not self._is_restated(each)
            ]
        else:
            apart = []
        position = bisect_left(apart, latest.order, key=_order)
        low = apart[position - 1].order if position else -1
        high = apart[position].order if position < len(apart) else self._said[-1].order + 1
        return low, high

    def _is_restated(self, beginning: Said) -> bool:
        began = beginning.of.admitted
        return began is not None and any(
            each.order < beginning.order
            and each.of.trigger == beginning.of.trigger
            and each.of.admitted is not None
            and same(each.of.admitted, began)
            for each in self._beginnings
        )

    def _void_built(self, cancel: Said, beginning: Said | None) -> None:
        """A11 takes back what was built on the beginning, also on one that never reached us."""
        start = 0 if beginning is None else bisect_left(self._sent, beginning.sent)
        ended = False
        for each in self._said[start:]:
            if each.sent > cancel.sent:
                break
            if beginning is not None and not _built_after(beginning, each):
                continue
            if not sent_before(each, cancel) or each in self.done.by:
                continue
            if each.kind == "beginning" and ended:
                break
            if each.kind in _BUILT or (each.of.trigger in _BACK and each is not cancel):
                ended = ended or each.kind == "end"
                self._void(cancel, each)

    def _void(self, cancel: Said, each: Said) -> None:
        self.done.by.setdefault(each, cancel)
        self.done.target.setdefault(cancel, each)


def _order(said: Said) -> int:
    return said.order


def _built_after(beginning: Said, each: Said) -> bool:
    return each.order > beginning.order or (
        each.sent == beginning.sent and sent_before(beginning, each)
    )


def _another_sender(each: Said, cancel: Said) -> bool:
    return (each.of.sender, each.of.application) != (cancel.of.sender, cancel.of.application)


def _is_named(each: Said, stated: Moment) -> bool:
    """Compare an EVN-6 at the coarser precision with the times that a statement states."""
    statement = each.of
    if statement.occurred is not None and same(statement.occurred, stated):
        return True
    if each.kind == "end":
        return statement.discharged is not None and same(statement.discharged, stated)
    if each.kind == "move":
        return False
    return statement.admitted is not None and same(statement.admitted, stated)


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
