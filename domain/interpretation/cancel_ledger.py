"""The ledger of the cancels of one visit: what each one voids (section 6).

A cancel voids a fact, not a message. Which statement it means is decided in ``cancel_meaning``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.flags import Flag
from domain.interpretation.cancel_candidates import BY_ORDER, BY_SENT, CancelCandidates
from domain.interpretation.cancel_meaning import (
    beginning_meant,
    bounds_of_fact,
    content_of_cancel,
    is_of_earlier_encounter,
    named_by,
    transfer_meant,
    without_restatements,
)
from domain.interpretation.order import OrderedStatement, sent_before
from domain.interpretation.recurring import recurs

#: Kinds that an A11 voids with the beginning on which they were built (R6.4).
_BUILT: Final = frozenset({"move", "end", "update"})


@dataclass(slots=True)
class CancelEffects:
    """The effects of the cancels of one visit."""

    voided_by: dict[OrderedStatement, OrderedStatement] = field(default_factory=dict)
    target: dict[OrderedStatement, OrderedStatement] = field(default_factory=dict)  # by cancel
    repeats: dict[OrderedStatement, OrderedStatement] = field(default_factory=dict)  # R4.3
    without_effect: dict[OrderedStatement, Flag] = field(default_factory=dict)  # and why


def effects_of_cancels(statements: Sequence[OrderedStatement]) -> CancelEffects:
    """Apply the cancels among the statements of one visit, in sent order. Give no resends."""
    cancels = [each for each in statements if each.kind == "cancel"]
    if not cancels:
        return CancelEffects()
    ledger = CancelLedger(statements)
    for cancel in cancels:
        ledger.apply(cancel)
    return ledger.effects


class CancelLedger:
    """The statements of one visit, and what is void so far.

    Statements that were sent later can be added, so that a visit that grows is not read again for
    every cancel.
    """

    def __init__(self, statements: Sequence[OrderedStatement]) -> None:
        self.effects = CancelEffects()
        self._statements = list(statements)
        self._beginnings = [each for each in statements if each.kind == "beginning"]
        self._ends = [each for each in statements if each.kind == "end"]
        self._candidates: dict[frozenset[str], CancelCandidates] = {}
        self._last_cancel: dict[str | tuple[str | None, ...], OrderedStatement] = {}  # by content
        self._senders = {_sender(each) for each in statements}

    def may_be_added(self, each: OrderedStatement) -> bool:
        """Tell whether a statement was sent after all others, by the same sender.

        An earlier cancel may name a later statement of another sender (R6.8).
        """
        last = self._statements[-1]
        return (
            last.order < each.order and last.sent < each.sent and self._senders <= {_sender(each)}
        )

    def add(self, each: OrderedStatement) -> None:
        """Add a statement that may be added. A cancel must have been applied already."""
        self._statements.append(each)
        if each.kind == "beginning":
            self._beginnings.append(each)
        elif each.kind == "end":
            self._ends.append(each)
        for triggers, candidates in self._candidates.items():
            if each.statement.trigger in triggers:
                candidates.add(each)

    def try_cancel(self, cancel: OrderedStatement) -> OrderedStatement | None:
        """Apply a cancel and return what it voids. If it voids nothing, leave no trace of it."""
        content = content_of_cancel(cancel)
        before = self._last_cancel.get(content)
        self.apply(cancel)
        target = self.effects.target.get(cancel)
        if target is None and before is not None:
            self._last_cancel[content] = before
        elif target is None:
            self._last_cancel.pop(content, None)
        return target

    def apply(self, cancel: OrderedStatement) -> None:
        """Void what a cancel means. Cancels must be applied in sent order."""
        triggers = cancel.trigger.voids
        candidates = self._candidates.get(triggers)
        if candidates is None:
            candidates = self._candidates[triggers] = CancelCandidates(self._statements, triggers)
        if self._is_repeated(cancel, candidates):
            return
        named = named_by(cancel, candidates)
        if named is None:
            self.effects.without_effect[cancel] = Flag.WAITS
        elif cancel.trigger.cancels == "move":
            self._void_transfer(cancel, named, candidates)
        elif named:
            self._void_fact(cancel, self._valid(named), candidates)
        else:
            self._void_latest(cancel, candidates)

    def _valid(self, some: Iterable[OrderedStatement]) -> list[OrderedStatement]:
        return [each for each in some if each not in self.effects.voided_by]

    def _is_repeated(self, cancel: OrderedStatement, candidates: CancelCandidates) -> bool:
        """Note a repeated cancel: no statement that it could void was sent since (R4.3)."""
        content = content_of_cancel(cancel)
        if not content:
            return False
        before = self._last_cancel.get(content)
        self._last_cancel[content] = cancel
        if before is None:
            return False
        between = bisect_left(candidates.orders, cancel.order)
        if between and candidates.orders[between - 1] > before.order:
            return False
        self.effects.repeats[cancel] = self.effects.repeats.get(before, before)
        return True

    def _void_transfer(
        self,
        cancel: OrderedStatement,
        named: Sequence[OrderedStatement],
        candidates: CancelCandidates,
    ) -> None:
        """Void one transfer, and those that equal it in everything but EVN-2 (R6.5)."""
        meant = transfer_meant(cancel, named, candidates, self.effects.voided_by)
        if meant is None:
            self.effects.without_effect[cancel] = Flag.NO_EFFECT
            return
        self._void(cancel, meant)
        for each in candidates.equal_to(meant):
            if sent_before(each, cancel):
                self._void(cancel, each)

    def _void_latest(self, cancel: OrderedStatement, candidates: CancelCandidates) -> None:
        """Void the latest beginning or end before a cancel that names none (R6.10, R6.11)."""
        before = candidates.sent_before(cancel)
        cancels_beginning = cancel.trigger.cancels == "beginning"
        if not before:
            if cancels_beginning:
                self._void_built(cancel, None)
            if cancel not in self.effects.target:
                self.effects.without_effect[cancel] = Flag.NO_EFFECT
            return
        meant: OrderedStatement | None = before[-1]
        voided = self.effects.voided_by
        if cancels_beginning:
            meant = beginning_meant(cancel, before, self._ends, voided)
        elif meant in voided:
            meant = None
        self._void_fact(cancel, [meant] if meant else [], candidates)

    def _void_fact(
        self,
        cancel: OrderedStatement,
        meant: Sequence[OrderedStatement],
        candidates: CancelCandidates,
    ) -> None:
        """Void the statements that a cancel means, and all others about that fact (R6.1 to R6.4).

        If one EVN-6 names an A04 and an A01, the one that was sent last is meant (R6.6).
        """
        if not meant:
            self.effects.without_effect[cancel] = Flag.NO_EFFECT
            return
        latest = meant[-1]
        about_fact = {each for each in meant if each.trigger.code == latest.trigger.code}
        about_fact.update(self._about_fact_of(latest, cancel, candidates))
        newly_void = sorted(about_fact.difference(self.effects.voided_by), key=BY_ORDER)
        self._void(cancel, latest)
        for each in newly_void:
            self._void(cancel, each)
        if latest.kind == "beginning":
            self._void_built(cancel, newly_void[0])

    def _about_fact_of(
        self, latest: OrderedStatement, cancel: OrderedStatement, candidates: CancelCandidates
    ) -> Iterable[OrderedStatement]:
        """Return the statements sent before a cancel that are about the fact of one of them."""
        void = self.effects.voided_by
        if latest.kind == "beginning":
            separating = self._ends
        else:
            separating = without_restatements(self._valid(self._beginnings))
        last = self._statements[-1].order
        low, high = bounds_of_fact(latest, separating, void, last)
        for position in range(bisect_right(candidates.orders, low), len(candidates.statements)):
            each = candidates.statements[position]
            if each.order >= high or each.sent > cancel.sent:
                break
            if (
                each.trigger.code == latest.trigger.code
                and sent_before(each, cancel)
                and not is_of_earlier_encounter(each, latest, self._ends, void)
                and not recurs(each, latest)
            ):
                yield each
        if latest.kind == "beginning" and latest.statement.admitted is not None:
            # A beginning that is restated after the discharge is the same one (R6.3).
            for each in candidates.with_admission_of(latest):
                if sent_before(each, cancel):
                    yield each

    def _void_built(self, cancel: OrderedStatement, beginning: OrderedStatement | None) -> None:
        """Void the statements built on a beginning (R6.4). None: the beginning never reached us."""
        start = 0
        if beginning is not None:
            start = bisect_left(self._statements, beginning.sent, key=BY_SENT)
        ended = False
        for position in range(start, len(self._statements)):
            each = self._statements[position]
            if each.sent > cancel.sent:
                break
            if beginning is not None and not _was_sent_after(beginning, each):
                continue
            if each in self.effects.voided_by or not sent_before(each, cancel):
                continue
            if each.kind == "beginning" and (
                ended or (beginning is not None and recurs(each, beginning))
            ):
                break
            restores = each.trigger.location == "restored" and each is not cancel
            if each.kind in _BUILT or restores:
                ended = ended or each.kind == "end"
                self._void(cancel, each)

    def _void(self, cancel: OrderedStatement, each: OrderedStatement) -> None:
        self.effects.voided_by.setdefault(each, cancel)
        self.effects.target.setdefault(cancel, each)


def _was_sent_after(beginning: OrderedStatement, each: OrderedStatement) -> bool:
    return each.order > beginning.order or (
        each.sent == beginning.sent and sent_before(beginning, each)
    )


def _sender(each: OrderedStatement) -> tuple[str, str]:
    return each.statement.sender, each.statement.application
