"""The verb of ``work`` that only reads."""

import argparse

from caretrail.cli.arguments import code
from caretrail.cli.verbs import Verbs, add_instants, add_json, add_limit, add_verb


def work_reads(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``work ls``."""
    ls = add_verb(verbs, "ls", "work:work_ls", "list what is owed to each person")
    ls.add_argument("patient", metavar="PATIENT", nargs="?", help="only the items of this patient")
    for flag, words in (
        ("--org", "only items that this organisation owes"),
        ("--person", "only items that this person owes or has claimed"),
        ("--pool", "only items that this pool owes"),
        ("--kind", "only items about this kind of stream, such as referral"),
    ):
        ls.add_argument(flag, type=code, metavar="CODE", help=words)
    ls.add_argument(
        "--older",
        action="store_true",
        help="show also items that became due before the backlog of the protocol",
    )
    ls.add_argument("--waiting", action="store_true", help="show also items that are put off")
    ls.add_argument("--cursor", default="", metavar="CURSOR", help="`next` of the page before")
    add_limit(ls, 25)
    add_instants(ls)
    add_json(ls)
