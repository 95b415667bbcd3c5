"""The verbs of ``duty``."""

import argparse

from caretrail.cli.arguments import code, instant
from caretrail.cli.verbs import Verbs, add_group, add_instants, add_json, add_limit, add_verb


def duty_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``duty ls`` and ``duty report``."""
    group = add_group(verbs, "duty", "list what is or was owed to patients, and whether in time")
    ls = add_verb(group, "ls", "duty:duty_ls", "list duties, those that are not done first")
    for flag, words in (
        ("--org", "only duties of this organisation"),
        ("--person", "only duties of this person"),
        ("--pool", "only duties of this pool"),
        ("--kind", "only duties about this kind of stream, such as referral"),
        ("--duty", "only duties with this code, such as referral.outcome"),
    ):
        ls.add_argument(flag, type=code, metavar="CODE", help=words)
    ls.add_argument("--open", action="store_true", help="only duties that are not done")
    ls.add_argument("--overdue", action="store_true", help="only duties that are overdue")
    ls.add_argument(
        "--patient",
        metavar="PATIENT",
        help="only duties of this patient: id, or AUTHORITY|IDENTIFIER",
    )
    add_limit(ls, 100)
    add_instants(ls)
    add_json(ls)

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
