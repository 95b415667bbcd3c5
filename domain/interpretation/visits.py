"""Which visit a statement is of: visits with a number, and changes of the number (R3.1 to R3.8).

Everything here is about the statements of one patient.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.flags import Flag
from domain.ids import VisitRef
from domain.interpretation.account_numbers import numbers_by_account
from domain.interpretation.growing_visit import GrowingVisit, KnownHistories, Visit
from domain.interpretation.number_forms import NO_VISIT, NumberForms, number_forms
from domain.interpretation.order import OrderedStatement
from domain.interpretation.resends import resent
from domain.statement import INPATIENT


def numbered_visits(
    statements: Sequence[OrderedStatement], histories: KnownHistories | None = None
) -> tuple[list[GrowingVisit], list[OrderedStatement]]:
    """Group the statements of a patient by visit number (R3.1).

    Return the visits, and the statements without a number. Statements that belong to no visit are
    in neither.

    Args:
        statements: The statements of the patient, in sent order.
        histories: What the last interpretation left.
    """
    by_number: dict[VisitRef, list[OrderedStatement]] = defaultdict(list)
    without: list[OrderedStatement] = []
    changes: dict[OrderedStatement, VisitRef] = {}  # with the new number
    by_account: Mapping[OrderedStatement, VisitRef | None] = {}
    forms: NumberForms = {}
    if [
        each for each in statements if each.statement.visit_field or each.statement.visit_other_form
    ]:
        of_visits = [each for each in statements if each.kind not in NO_VISIT]
        forms = number_forms(of_visits)
        by_account = numbers_by_account(of_visits, forms)
    for each in statements:
        if each.kind in NO_VISIT:
            continue
        number = each.statement.visit
        if by_account:
            number = by_account.get(each, number)
        if number is None:
            without.append(each)
            continue
        if forms:
            number = forms.get(number, number)
        by_number[number].append(each)
        if each.trigger.changes_class:
            changes[each] = number
    visits = {
        number: GrowingVisit(Visit(some[0].statement.namespace, some, number, {number}), histories)
        for number, some in by_number.items()
    }
    _add_forms(visits, forms)
    if changes:
        resends = {each for number in set(changes.values()) for each in resent(by_number[number])}
        counted = {each: number for each, number in changes.items() if each not in resends}
        _join_renumbered(visits, counted)
    return list(dict.fromkeys(visits.values())), without


def _add_forms(visits: dict[VisitRef, GrowingVisit], forms: NumberForms) -> None:
    """Find a visit under each form of its number."""
    for form, number in forms.items():
        if number in visits:
            visits[number].visit.numbers.add(form)
            visits[form] = visits[number]


def _join_renumbered(
    visits: dict[VisitRef, GrowingVisit], changes: Mapping[OrderedStatement, VisitRef]
) -> None:
    """Join the visits that an A06 or A07 continues under another number (R3.4, R3.5).

    Example: A04 under V1 and A06 under V2 with MRG-5 V1 are one visit, V2. A resend changes no
    number (R4.1), so the caller leaves resends out.

    Args:
        visits: The visits by number. Joined visits stand under all of their numbers afterwards.
        changes: The A06 and A07 with a number, in sent order, and the number of each.
    """
    for each, number in changes.items():
        new = visits[number]
        prior = each.statement.prior_visit
        if prior is not None:
            if prior in visits:
                _continue(visits, visits[prior], new, each, number)
            else:  # no statement under the old number has arrived yet
                new.visit.numbers.add(prior)
                visits[prior] = new
    for each, number in changes.items():
        if each.statement.prior_visit is not None:
            continue
        new = visits[number]
        if any(member.kind == "beginning" for member in new.visit.statements):
            continue
        continued = _continued_without_number(each, new, list(dict.fromkeys(visits.values())))
        if continued is not None:
            _continue(visits, continued, new, each, number)


def _continued_without_number(
    change: OrderedStatement, new: GrowingVisit, visits: Sequence[GrowingVisit]
) -> GrowingVisit | None:
    """Return the only visit that an A06 or A07 without MRG-5 and MRG-3 can continue (R3.5)."""
    candidates = [
        visit
        for visit in visits
        if visit is not new
        and visit.visit.namespace == new.visit.namespace
        and visit.covers(change.at)
        and is_inpatient(visit) != change.trigger.admits
    ]
    if len(candidates) > 1:  # a visit without a known start covers all times before its end
        candidates = [visit for visit in candidates if visit.history.start is not None]
    return candidates[0] if len(candidates) == 1 else None


def _continue(
    visits: dict[VisitRef, GrowingVisit],
    old: GrowingVisit,
    new: GrowingVisit,
    change: OrderedStatement,
    number: VisitRef,
) -> None:
    """Make one visit of two; it has the number of the change that was sent last (R3.7).

    The visit is flagged only if statements exist under both numbers. So an A06 that names a number
    without statements gives no flag, however often it is sent.
    """
    if old is not new:
        new.visit.flags.add(Flag.RENUMBERED)
        new.visit.replaced |= dict.fromkeys(old.visit.numbers, change)
        new.visit.replaced |= old.visit.replaced
        new.visit.numbers |= old.visit.numbers
        for each in old.visit.numbers:
            visits[each] = new
        new.add(old.visit.statements)
    elif (prior := change.statement.prior_visit) is not None:
        new.visit.replaced.setdefault(prior, change)
    new.visit.number = number
    new.visit.replaced.pop(new.visit.number, None)
    new.forget()


def is_inpatient(visit: GrowingVisit) -> bool:
    """Tell whether the class of a visit is an inpatient class, for R3.5.

    The last beginning or move that states a class decides. Observation counts as outpatient here.
    A visit that states no class is inpatient if an admission began it.
    """
    for spell in reversed(visit.history.spells):
        placing = spell.placing()
        for each in sorted(placing, key=lambda each: each.order, reverse=True):
            class_code = each.statement.class_code
            if class_code != "unknown":
                return class_code in INPATIENT
        if placing:
            return placing[0].trigger.is_admission
    return False
