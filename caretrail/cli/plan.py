"""``plan ls`` and ``plan compare``."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, json_lines, line
from caretrail.cli.own_streams import NO_PATIENT
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.reading.care_plans import plan_json
from caretrail.reading.plan_comparisons import NoSuchRevision, plan_comparison
from domain.ids import StreamId
from projections.care_plan import care_plans


def plan_ls(options: Namespace) -> None:
    """List care plans."""
    with open_home_reader() as reader:
        patient = None
        if options.patient:
            with shared_number_listed(as_json=options.json):
                patient = reader.resolve(options.patient)
            if patient is None:
                raise Failed(NO_PATIENT)
        with reader.connection() as connection:
            found = care_plans(
                connection, state=options.state, patient=patient, limit=options.limit
            )
    shown = [plan_json(each) for each in found]
    if options.json:
        json_lines(shown)
        return
    columns(
        ("plan", "category", "state", "begun", "revision", "goals", "activities", "patient"),
        [
            (
                each["stream_id"],
                each["category"],
                each["state"],
                as_stated(each["drafted_at"], each["drafted_precision"]),
                "" if each["revision"] is None else str(each["revision"]),
                str(each["open_goals"]),
                str(each["open_activities"]),
                each["patient_id"],
            )
            for each in shown
        ],
    )


def plan_compare(options: Namespace) -> None:
    """Compare two revisions of a care plan."""
    with open_home_reader() as reader, reader.connection() as connection:
        try:
            shown = plan_comparison(
                connection, StreamId(options.stream), options.earlier, options.later
            )
        except NoSuchRevision as error:
            known = ", ".join(map(str, error.known)) or "none"
            raise Failed(f"no revision {error.number}; this plan has: {known}") from None
    if options.json:
        json_line(shown)
        return
    for side in ("earlier", "later"):
        one = shown[side]
        at = as_stated(one["revised_at"], one["revised_precision"])
        line(f"revision {one['number']}, {at}, {one['reason'] or 'as it came into force'}")
    line()
    columns(
        ("part", "kind", "", "what differs"),
        [
            (each["part_id"], each["kind"], word, ", ".join(each.get("members", ())))
            for word in ("added", "removed", "changed")
            for each in shown[word]
        ],
    )
