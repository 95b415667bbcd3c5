"""``duty report``: how much of what is or was owed was done in time."""

from argparse import Namespace

from caretrail.cli.output import as_stated, columns, json_lines
from caretrail.cli.own_streams import listed_at
from caretrail.reading.duty_lists import counts_json
from projections.duty_report import duty_counts


def duty_report(options: Namespace) -> None:
    """Count the duties of each code: done in time, late, overdue, not yet due, waived."""
    with listed_at(options) as (past, _, at):
        found = duty_counts(
            past.connection,
            at=at,
            since=options.since,
            organisation=options.org or "",
            relations=past,
        )
    shown = [counts_json(each) for each in found]
    if options.json:
        json_lines(shown)
        return
    columns(
        ("duty", "in time", "late", "overdue", "not yet due", "waived", "oldest overdue"),
        [
            (
                each["duty"],
                *(str(each[name]) for name in _COUNTED),
                as_stated(each["oldest_overdue"]),
            )
            for each in shown
        ],
    )


_COUNTED = ("done_in_time", "done_late", "overdue", "not_yet_due", "waived")
