"""The verbs of ``duty``."""

import argparse

from caretrail.cli.arguments import code, instant
from caretrail.cli.list_verbs import add_list
from caretrail.cli.verbs import Verbs, add_group, add_instants, add_json, add_verb


def duty_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``duty ls`` and ``duty report``."""
    group = add_group(verbs, "duty", "list what is or was owed to patients, and whether in time")
    add_list(group, "duty")
    report = add_verb(
        group,
        "report",
        "duty:duty_report",
        "count duties by code: done in time, done late, overdue, not yet due, waived",
    )
    report.add_argument("--org", type=code, metavar="CODE", help="only duties of this organisation")
    report.add_argument(
        "--since",
        type=instant,
        metavar="T",
        help="only duties that began at this time or later (RFC 3339); all if not given",
    )
    report.set_defaults(patient=None)
    add_instants(report)
    add_json(report)
