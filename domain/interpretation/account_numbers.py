"""Account numbers as visit numbers: what an account number in place of a visit number says (R3.23).

Everything here is about the statements of one patient.
"""

from collections import defaultdict
from collections.abc import Sequence

from domain.ids import VisitRef
from domain.interpretation.number_forms import NumberForms
from domain.interpretation.order import OrderedStatement

_ACCOUNT = "PID-18"


def numbers_by_account(
    statements: Sequence[OrderedStatement], forms: NumberForms
) -> dict[OrderedStatement, VisitRef | None]:
    """Return the statements whose account number is not their visit number, and which number is.

    The value is the number of the visit; None: the statement has no number. A statement without a
    visit number may carry an account number in its place (R3.23). It belongs to the visit whose
    statements carry the same account, if there is exactly one. Otherwise the account counts as a
    visit number if a beginning or a plan carries it alone. Otherwise it says nothing: many senders
    state the account only at the discharge.

    Args:
        statements: The statements of the patient, in sent order.
        forms: The numbers that are stated in several forms.
    """
    alone = [each for each in statements if each.statement.visit_field == _ACCOUNT]
    if not alone:
        return {}
    numbers: dict[OrderedStatement, VisitRef | None] = {}
    visits = _visits_of_accounts(statements, forms)
    accounts = {
        each: forms.get(each.statement.visit, each.statement.visit)
        for each in alone
        if each.statement.visit is not None
    }
    begun = {account for each, account in accounts.items() if each.kind in {"beginning", "plan"}}
    for each in alone:
        account = accounts.get(each)
        known = visits.get(account, set()) if account else set()
        if len(known) == 1:
            numbers[each] = next(iter(known))
        elif account not in begun:
            numbers[each] = None
    return numbers


def _visits_of_accounts(
    statements: Sequence[OrderedStatement], forms: NumberForms
) -> dict[VisitRef, set[VisitRef]]:
    """Return the visit numbers that are stated together with each account number."""
    found: dict[VisitRef, set[VisitRef]] = defaultdict(set)
    for each in statements:
        statement = each.statement
        if statement.visit is None or statement.visit_field:
            continue
        for identifier in statement.identifiers:
            if identifier.field == _ACCOUNT:
                account = VisitRef(identifier.ref)
                visit = forms.get(statement.visit, statement.visit)
                found[forms.get(account, account)].add(visit)
    return found
