"""The verbs of ``transition`` that only read."""

import argparse

from caretrail.cli.arguments import code
from caretrail.cli.verbs import Verbs, add_instants, add_json, add_limit, add_verb


def transition_reads(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``transition show`` and ``transition ls``."""
    show = add_verb(
        verbs,
        "show",
        "transition:transition_show",
        "show what follows the discharges of a patient, or the discharge from one encounter",
    )
    show.add_argument(
        "of",
        metavar="PATIENT|ENCOUNTER",
        help="a patient id, AUTHORITY|IDENTIFIER, or the id of an encounter or of its statement",
    )
    add_instants(show)
    add_json(show)
    ls = add_verb(
        verbs, "ls", "transition:transition_ls", "list transitions, the most pressing first"
    )
    ls.add_argument("--open", action="store_true", help="only those that are open, in their window")
    ls.add_argument("--overdue", action="store_true", help="only those with an overdue step")
    ls.add_argument(
        "--facility", type=code, metavar="CODE", help="only discharges from this facility"
    )
    ls.add_argument(
        "--state",
        choices=["open", "suspended", "completed", "closed", "withdrawn"],
        help="only those in this state",
    )
    ls.add_argument(
        "--patient",
        metavar="PATIENT",
        help="only those of this patient: id, or AUTHORITY|IDENTIFIER",
    )
    add_limit(ls, 100)
    add_instants(ls)
    add_json(ls)
