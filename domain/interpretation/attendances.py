"""Attendances of a recurring visit that all repeat the PV1-44 of the series (R7.15)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from domain.interpretation.ties import VisitKey, visit_key
from domain.statement import Statement
from domain.triggers import TRIGGERS, Trigger

#: Recurring patient, HL7 table 0004.
RECURRING: Final = "R"
#: The rows of beginnings whose PV1-44 is not their time.
_AT_OWN_TIME: Final = {
    code: replace(row, admit_time="unused")
    for code, row in TRIGGERS.items()
    if row.kind == "beginning"
}

#: A visit, a trigger and a PV1-44.
_Series: TypeAlias = tuple[VisitKey, str, datetime]


def attendances(statements: Sequence[Statement], recurring: Sequence[int]) -> dict[int, Trigger]:
    """Return the positions of beginnings that repeat the PV1-44 of the series, with their rows.

    Their time is EVN-6, else EVN-2. Example: an A04 with PV1-44 and EVN-6 Monday, 8:00, and an A04
    with PV1-44 Monday, 8:00, and EVN-6 Wednesday, 8:00. The second one is of Wednesday.

    Args:
        statements: All statements, in sent order.
        recurring: The positions of the beginnings of class R.
    """
    series: dict[_Series, dict[int, datetime]] = defaultdict(dict)
    for position in recurring:
        each = statements[position]
        own = each.occurred or each.entered
        if each.admitted is not None and own is not None and each.settings.recurring != "one":
            series[visit_key(each), each.trigger, each.admitted.at][position] = own.at
    found: dict[int, Trigger] = {}
    for (_, trigger, admitted), times in series.items():
        earliest, latest = min(times.values()), max(times.values())
        for position, at in times.items():
            near = timedelta(hours=statements[position].settings.same_visit_hours)
            if latest - earliest > near and at - admitted > near:
                found[position] = _AT_OWN_TIME[trigger]
    return found
