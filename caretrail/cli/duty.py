"""``duty ls`` and ``duty report``: what is or was owed, and how much of it was done in time."""

from argparse import Namespace

from caretrail.cli.output import as_stated, columns, json_lines
from caretrail.cli.own_streams import listed_at
from caretrail.reading.duty_lists import counts_json, duty_json
from projections.duty_list import DutyFilter, listed_duties
from projections.duty_report import duty_counts


def duty_ls(options: Namespace) -> None:
    """List duties, those that are not done first."""
    with listed_at(options) as (past, patient, at):
        wanted = DutyFilter(
            organisation=options.org or "",
            person=options.person or "",
            pool=options.pool or "",
            kind=options.kind or "",
            duty=options.duty or "",
            patient=patient,
            only_open=options.open,
            only_overdue=options.overdue,
        )
        found = listed_duties(past.connection, wanted, at=at, limit=options.limit, relations=past)
    shown = [duty_json(each, at) for each in found]
    if options.json:
        json_lines(shown)
        return
    columns(
        ("duty", "due", "done", "", "responsible", "about", "patient"),
        [
            (
                each["duty"],
                each["due_on"] or as_stated(each["due_at"]),
                as_stated(each["done_at"]),
                ("late" if each["done_at"] else "overdue") if each["late"] else "",
                ", ".join(filter(None, (each["responsible"] or {}).values())),
                each["about"],
                each["patient_id"],
            )
            for each in shown
        ],
    )


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
