"""What one interpretation leaves for the next one, which has some statements more.

A patient may have thousands of statements, and one more statement changes one visit of many. A
visit is interpreted again only if one of its statements is new, is gone, or has another place in
sent order.
"""

from datetime import datetime
from typing import NamedTuple

from domain.continuity import Encounter, Entry
from domain.flags import Flag
from domain.ids import VisitRef
from domain.interpretation.fuller_places import FullerStatements
from domain.interpretation.growing_visit import KnownHistories, Visit
from domain.interpretation.order import OrderedStatement, SentOrder
from domain.interpretation.repeated_texts import RepeatedTexts


class VisitOutcome(NamedTuple):
    """The encounters of a visit, and the entries of its statements."""

    encounters: list[Encounter]
    entries: dict[OrderedStatement, Entry]  # without the marks of the patient


class _KnownVisit(NamedTuple):
    """A visit as it was interpreted. Its outcome depends on these members, and on no others."""

    statements: tuple[OrderedStatement, ...]
    number: VisitRef | None
    replaced: dict[VisitRef, OrderedStatement]
    flags: frozenset[Flag]
    last_sent: datetime
    outcome: VisitOutcome

    def holds(self, visit: Visit, last_sent: datetime) -> bool:
        """Tell whether the outcome is that of ``visit`` still."""
        return (
            self.number == visit.number
            and self.statements
            == tuple(visit.statements)  # equal only if they are the same objects
            and self.replaced == visit.replaced
            and self.flags == visit.flags
            and (self.last_sent == last_sent or self._holds_at(last_sent))
        )

    def _holds_at(self, last_sent: datetime) -> bool:
        """Tell whether a rule closes the same emergency encounters at another instant (R9.4).

        An encounter that is closed stays so while later statements arrive.
        """
        for encounter in self.outcome.encounters:
            if encounter.class_code == "EMER" and encounter.status == "in-progress":
                return False
            if Flag.CLOSED_BY_RULE in encounter.flags and last_sent < self.last_sent:
                return False
        return True


class KnownVisits:
    """The visits of one component as they were interpreted last.

    ``interpret`` reads it and renews it. It changes how long an interpretation takes, and never the
    result.
    """

    __slots__ = ("_found", "_visits", "fuller", "histories", "order", "order_of_fuller", "repeated")

    def __init__(self) -> None:
        self.repeated = RepeatedTexts()
        self.order = SentOrder()
        self.fuller = FullerStatements()
        self.order_of_fuller = SentOrder()  # of statements with their fuller places (R8.12)
        self.histories = KnownHistories()
        self._visits: dict[OrderedStatement, _KnownVisit] = {}  # by first statement
        self._found: dict[OrderedStatement, _KnownVisit] = {}  # in this interpretation

    def outcome(self, visit: Visit, last_sent: datetime) -> VisitOutcome | None:
        """Return the outcome of a visit; None: it is to be interpreted."""
        known = self._visits.get(visit.statements[0])
        if known is None or not known.holds(visit, last_sent):
            return None
        self._found[visit.statements[0]] = known
        return known.outcome

    def keep(self, visit: Visit, last_sent: datetime, outcome: VisitOutcome) -> None:
        """Keep the outcome of a visit for the next interpretation."""
        self._found[visit.statements[0]] = _KnownVisit(
            tuple(visit.statements),
            visit.number,
            dict(visit.replaced),
            frozenset(visit.flags),
            last_sent,
            outcome,
        )

    def renew(self) -> None:
        """Forget the visits that this interpretation did not find."""
        self._visits, self._found = self._found, {}
        self.histories.renew()
