"""Visit numbers whose authority is stated in two forms (R3.1).

A message may state the name and the universal id of an authority. It says that the number under one
form is the number under the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from domain.ids import VisitRef
from domain.interpretation.order import OrderedStatement, in_sent_order
from domain.interpretation.whose import people
from domain.statement import Statement
from domain.triggers import Kind

#: Statements of these kinds belong to no visit (R3.3).
NO_VISIT: Final[frozenset[Kind]] = frozenset({"merge", "person", "other"})
#: Visit numbers that are stated in several forms, and the form under which each of them counts.
NumberForms: TypeAlias = Mapping[VisitRef, VisitRef]


def number_forms(statements: Iterable[OrderedStatement]) -> NumberForms:
    """Return the visit numbers of a patient that have several forms, and the form that counts.

    It is the smallest form that is the visit number of a statement. Example: V1 of VIS, and V1 of
    1.2.9.4, if a statement states V1 of VIS&1.2.9.4&ISO.

    Args:
        statements: The statements of the patient that may belong to a visit.
    """
    stated: set[VisitRef] = set()
    joined: dict[VisitRef, set[VisitRef]] = {}
    for each in statements:
        visit, other = each.statement.visit, each.statement.visit_other_form
        if visit is None:
            continue
        stated.add(visit)
        if other is not None and other not in joined.get(visit, ()):
            forms = joined.get(visit, {visit}) | joined.get(other, {other})
            joined |= dict.fromkeys(forms, forms)
    counts = {id(forms): min(forms & stated) for forms in joined.values()}
    return {each: counts[id(forms)] for each, forms in joined.items()}


def with_one_form(statements: Iterable[Statement]) -> list[Statement]:
    """Return statements with the form of each visit number that counts, in the order given."""
    given = list(statements)
    if not [each for each in given if each.visit_other_form]:
        return given
    changed: dict[str, Statement] = {}
    for person in people(in_sent_order(given)):
        of_visits = [each for each in person.statements if each.kind not in NO_VISIT]
        forms = number_forms(of_visits)
        for each in of_visits:
            statement = each.statement
            visit = None if statement.visit is None else forms.get(statement.visit)
            if visit is not None:
                changed[statement.ref] = replace(statement, visit=visit, visit_other_form=None)
    return [changed.get(each.ref, each) for each in given]
