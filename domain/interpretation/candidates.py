"""What a cancel may mean: the statements of its kind, by what it can name them with.

Source of the rules: interpretation, section 6. Indexes, so that a visit with many cancels costs no
more than its statements; each is built when first asked for, most visits need none.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from domain.interpretation.order import Said, sent_before
from domain.interpretation.times import same
from domain.statement import Moment

by_order: Final = attrgetter("order")
by_sent: Final = attrgetter("sent")


class Index:
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

    def add(self, each: Said) -> None:
        """Add a statement that was sent after these."""
        self.said.append(each)
        self.orders.append(each.order)
        self.moving = self.moving or each.of.movement is not None
        if self._times is not None:
            self._note_times(self._times, each)
        if self._origins is not None:
            self._origins.setdefault(came_from(each), []).append(each)
        if self._contents is not None:
            self._contents.setdefault(each.of.content_but_entered, []).append(each)
        if self._admitted is not None:
            _note_admitted(self._admitted, each)

    def before(self, cancel: Said) -> list[Said]:
        """Return what was sent before a cancel."""
        position = bisect_right(self.said, cancel.sent, key=by_sent)
        before = self.said[:position]
        if before and before[-1].sent == cancel.sent:
            before = [each for each in before if sent_before(each, cancel)]
        return before

    def named_by(self, stated: Moment) -> list[Said]:
        """Return what has a stated time equal to an EVN-6, at the coarser precision of both."""
        if self._times is None:
            self._times = {}
            for each in self.said:
                self._note_times(self._times, each)
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
        return sorted(found, key=by_order)

    def from_place(self, ref: str) -> Sequence[Said]:
        """Return the transfers from a place."""
        if self._origins is None:
            self._origins = {}
            for each in self.said:
                self._origins.setdefault(came_from(each), []).append(each)
        return self._origins.get(ref, ())

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
                _note_admitted(self._admitted, each)
        admitted = said.of.admitted
        return [] if admitted is None else self._admitted[said.of.trigger, admitted.at]

    def _note_times(self, times: dict[datetime, list[Said]], each: Said) -> None:
        for moment in _names_of(each):
            if moment.until is None:
                times.setdefault(moment.at, []).append(each)
            else:
                self._coarse.append((moment, each))


def came_from(each: Said) -> str:
    """Return the ref of PV1-6, "" with none."""
    return "" if each.of.prior_place is None else each.of.prior_place.ref


def _names_of(each: Said) -> list[Moment]:
    """Return the stated times by which a cancel can name a statement."""
    statement = each.of
    fact = statement.discharged if each.kind == "end" else statement.admitted
    moments = [statement.occurred, None if each.kind == "move" else fact]
    return [moment for moment in moments if moment is not None]


def _note_admitted(admitted: dict[tuple[str, datetime], list[Said]], each: Said) -> None:
    if each.of.admitted is not None:
        admitted.setdefault((each.of.trigger, each.of.admitted.at), []).append(each)
