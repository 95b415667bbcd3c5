"""Which visit: the numbered and the renumbered, and the adoption of the unnumbered.

Source of the rules: interpretation, section 3. Everything here is about one person.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.flags import Flag
from domain.ids import VisitRef
from domain.interpretation.cancels import Ledger
from domain.interpretation.order import Said
from domain.interpretation.reading import Reading, read
from domain.triggers import Kind

#: Of a person, not of a visit.
_NO_VISIT: Final[frozenset[Kind]] = frozenset({"merge", "person", "other"})

#: Inpatient classes; the rest are the other class of A06 and A07.
INPATIENT: Final = frozenset({"IMP", "OBSENC", "NONAC", "SS"})


@dataclass(slots=True, eq=False)
class Visit:
    """The statements of one visit in sent order, and what they add up to."""

    namespace: str
    said: list[Said]
    number: VisitRef | None = None
    numbers: set[VisitRef] = field(default_factory=set)  # it ever had
    replaced: dict[VisitRef, Said] = field(default_factory=dict)  # numbers, by which A06 or A07
    flags: set[str] = field(default_factory=set)
    _reading: Reading | None = None
    _outline: Reading | None = None
    _ledger: Ledger | None = None

    @property
    def reading(self) -> Reading:
        """The visit read with all that is assigned to it so far."""
        if self._reading is None:
            self._reading = self._outline = read(self.said, replaced=self.replaced)
        return self._reading

    @property
    def outline(self) -> Reading:
        """The same as far as beginnings and ends go: much of what is added changes neither."""
        return self.reading if self._outline is None else self._outline

    def add(self, said: Sequence[Said]) -> None:
        """Assign more statements."""
        for each in said:
            insort(self.said, each, key=_order)
            self._note(each)
        self._reading = None
        outline = self._outline
        if outline is None or not outline.spells or any(map(_changes_times, said)):
            self._outline = None

    def target_of(self, cancel: Said) -> Said | None:
        """Return what a cancel would take back; where there is something, add the cancel next."""
        ledger = self._ledger
        if ledger is None or not ledger.follows(cancel):
            ledger = Ledger(self.said)
            for each in self.said:
                if each.kind == "cancel" and each.order < cancel.order:
                    ledger.apply(each)
        self._ledger = ledger if ledger.follows(cancel) else None
        return ledger.tried(cancel)

    def _note(self, each: Said) -> None:
        ledger = self._ledger
        if ledger is None:
            return
        if ledger.follows(each) and (each.kind != "cancel" or each in ledger.done.target):
            ledger.add(each)
        else:
            self._ledger = None

    def forget(self) -> None:
        """Read anew when asked next."""
        self._reading = self._outline = None

    def covers(self, at: datetime) -> bool:
        """Whether the patient was in this visit at an instant."""
        return any(
            (spell.start is None or spell.start <= at)
            and (spell.end is None or at <= spell.end)
            and not spell.cancelled
            for spell in self.outline.spells
        )


def _changes_times(said: Said) -> bool:
    """Whether a statement may begin, end or correct an encounter that is known already."""
    if said.row.is_transfer or said.row.cancels == "move":
        return said.of.admitted is not None
    return said.kind != "update" or said.of.admitted is not None or said.of.discharged is not None


def _order(said: Said) -> int:
    return said.order


def numbered_visits(said: Sequence[Said]) -> tuple[list[Visit], list[Said]]:
    """Group a person's statements by visit number; return what has none beside.

    Statements that are about nobody's visit are in neither.
    """
    by_number: dict[VisitRef, list[Said]] = defaultdict(list)
    without: list[Said] = []
    renumbering: list[Said] = []
    for each in said:
        if each.kind in _NO_VISIT:
            continue
        number = each.of.visit
        if number is None:
            without.append(each)
            continue
        by_number[number].append(each)
        if each.row.changes_class:
            renumbering.append(each)
    visits = {
        number: Visit(each[0].of.namespace, each, number, {number})
        for number, each in by_number.items()
    }
    if renumbering:
        _renumber(visits, renumbering)
    return list(dict.fromkeys(visits.values())), without


def _renumber(visits: dict[VisitRef, Visit], renumbering: Sequence[Said]) -> None:
    """Join what A06 and A07 say is one visit."""
    for each in renumbering:
        new = visits[_number(each)]
        prior = each.of.prior_visit
        if prior is not None:
            if prior in visits:
                _continue(visits, visits[prior], new, each)
            else:  # nothing is known under the old number yet
                new.numbers.add(prior)
                visits[prior] = new
    for each in renumbering:
        if each.of.prior_visit is not None:
            continue
        new = visits[_number(each)]
        if any(said.kind == "beginning" for said in new.said):
            continue
        candidates = [
            visit
            for visit in dict.fromkeys(visits.values())
            if visit is not new
            and visit.namespace == new.namespace
            and visit.covers(each.at)
            and is_inpatient(visit, observed=False) != each.row.admits
        ]
        if len(candidates) > 1:  # a visit whose beginning nobody knows covers all before it
            candidates = [visit for visit in candidates if visit.reading.begun is not None]
        if len(candidates) == 1:
            _continue(visits, candidates[0], new, each)


def _number(each: Said) -> VisitRef:
    assert each.of.visit is not None  # noqa: S101  # numbered_visits() saw to it
    return each.of.visit


def _continue(visits: dict[VisitRef, Visit], old: Visit, new: Visit, by: Said) -> None:
    """Make one visit of two; the number said last stays."""
    if old is not new:
        new.replaced |= dict.fromkeys(old.numbers, by)
        new.replaced |= old.replaced
        new.numbers |= old.numbers
        for each in old.numbers:
            visits[each] = new
        new.add(old.said)
    new.number = _number(by)
    new.replaced.pop(new.number, None)
    new.flags.add(Flag.RENUMBERED)
    new.forget()


def is_inpatient(visit: Visit, *, observed: bool = True) -> bool:
    """Whether a visit is of inpatient class, by what was said last of it.

    ``observed`` False: whoever is only observed is an outpatient yet, as A06 and A07 have it.
    """
    for spell in reversed(visit.reading.spells):
        said = [*spell.first, *spell.change, *(move for _, move in spell.moves)]
        for each in sorted(said, key=lambda each: each.order, reverse=True):
            if each.of.class_code != "unknown":
                coded = each.of.class_code
                return coded in INPATIENT and (observed or coded != "OBSENC")
        if said:
            return said[0].row.is_admission
    return False
