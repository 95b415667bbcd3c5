"""A visit, and the means to ask it while statements are still assigned to it."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.flags import Flag
from domain.ids import VisitRef
from domain.interpretation.cancel_candidates import BY_ORDER
from domain.interpretation.cancel_ledger import CancelLedger
from domain.interpretation.discharges import deletes_discharge
from domain.interpretation.order import OrderedStatement
from domain.interpretation.spell import Spell
from domain.interpretation.visit_history import VisitHistory, history_of


@dataclass(slots=True, eq=False)
class Visit:
    """The statements of one visit."""

    namespace: str
    statements: list[OrderedStatement]  # in sent order
    number: VisitRef | None = None
    numbers: set[VisitRef] = field(default_factory=set)  # all that it ever had
    replaced: dict[VisitRef, OrderedStatement] = field(default_factory=dict)  # by A06 or A07
    flags: set[Flag] = field(default_factory=set)


class KnownHistories:
    """The histories of the last interpretation and of this one, by the statements of the visit."""

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        self._before: dict[tuple[OrderedStatement, ...], VisitHistory] = {}
        self._now: dict[tuple[OrderedStatement, ...], VisitHistory] = {}

    def of(self, statements: Sequence[OrderedStatement]) -> VisitHistory:
        """Return the history of a visit that always had the number that it has."""
        key = tuple(statements)
        history = self._now.get(key) or self._before.get(key) or history_of(list(key))
        self._now[key] = history
        return history

    def renew(self) -> None:
        """Forget the histories that this interpretation did not ask for."""
        self._before, self._now = self._now, {}


class GrowingVisit:
    """A visit to which statements are added one after the other.

    It keeps its history and its ledger of cancels between two questions. Without that, each
    question would read the whole visit again.
    """

    __slots__ = ("_histories", "_history", "_ledger", "_outline", "visit")

    def __init__(self, visit: Visit, histories: KnownHistories | None = None) -> None:
        self.visit = visit
        self._histories = histories
        self._history: VisitHistory | None = None
        self._outline: VisitHistory | None = None
        self._ledger: CancelLedger | None = None

    @property
    def history(self) -> VisitHistory:
        """The history of the visit, with all statements that it has now."""
        if self._history is None:
            visit = self.visit
            if self._histories is None or visit.replaced:
                self._history = history_of(visit.statements, replaced=visit.replaced)
            else:
                self._history = self._histories.of(visit.statements)
            self._outline = self._history
        return self._history

    @property
    def outline(self) -> VisitHistory:
        """A history that is right about starts and ends, but may lack the last statements.

        Most statements change neither, so that the visit need not be read again.
        """
        return self.history if self._outline is None else self._outline

    @property
    def valid_spells(self) -> list[Spell]:
        """The encounters that are not cancelled, as far as their starts and ends go."""
        return [spell for spell in self.outline.spells if not spell.cancelled]

    def add(self, statements: Sequence[OrderedStatement]) -> None:
        """Add statements to the visit."""
        for each in statements:
            insort(self.visit.statements, each, key=BY_ORDER)
            self._add_to_ledger(each)
        self._history = None
        if any(map(self._may_change_times, statements)):
            self._outline = None

    def forget(self) -> None:
        """Read the visit again at the next question."""
        self._history = self._outline = None

    def target_of(self, cancel: OrderedStatement) -> OrderedStatement | None:
        """Return what a cancel would void. If there is something, the cancel must be added next."""
        ledger = self._ledger
        if ledger is None or not ledger.may_be_added(cancel):
            ledger = CancelLedger(self.visit.statements)
            for each in self.visit.statements:
                if each.kind == "cancel" and each.order < cancel.order:
                    ledger.apply(each)
        self._ledger = ledger if ledger.may_be_added(cancel) else None
        return ledger.try_cancel(cancel)

    def covers(self, at: datetime) -> bool:
        """Tell whether the patient was in this visit at an instant."""
        return any(
            (spell.start is None or spell.start <= at) and (spell.end is None or at <= spell.end)
            for spell in self.valid_spells
        )

    def _add_to_ledger(self, each: OrderedStatement) -> None:
        ledger = self._ledger
        if ledger is None:
            return
        applied = each.kind != "cancel" or each in ledger.effects.target
        if applied and ledger.may_be_added(each):
            ledger.add(each)
        else:
            self._ledger = None

    def _may_change_times(self, each: OrderedStatement) -> bool:
        """Tell whether a statement may begin, end or correct an encounter of the visit.

        A transfer, or its cancel, may also show which part an end closes (R7.7, R7.9), and it
        takes the place of the statement that opened a visit (R7.10 to R7.12). The cancel of a
        transfer with a PV1-44 may take back a correction (R5.4).
        """
        outline = self._outline
        if outline is None or not outline.spells:
            return True
        statement = each.statement
        if each.trigger.is_transfer or each.trigger.cancels == "move":
            return (
                statement.admitted is not None
                or any(spell.opened_by or spell.ends or spell.part_ends for spell in outline.spells)
                or (each.kind == "cancel" and self._voids_admit_time(each))
            )
        return (
            each.kind != "update"
            or statement.admitted is not None
            or statement.discharged is not None
            or deletes_discharge(each)
        )

    def _voids_admit_time(self, cancel: OrderedStatement) -> bool:
        """Tell whether a cancel of a transfer voids one that states a PV1-44, or may void one."""
        ledger = self._ledger
        target = None if ledger is None else ledger.effects.target.get(cancel)
        return target is None or target.statement.admitted is not None
