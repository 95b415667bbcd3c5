"""The verbs of ``plan`` that only read."""

import argparse

from caretrail.cli.arguments import id_of
from caretrail.cli.verbs import Verbs, add_instants, add_json, add_limit, add_verb


def plan_reads(plan: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verbs of ``plan`` that only read."""
    listed = add_verb(plan, "ls", "plan:plan_ls", "list care plans, the newest first")
    listed.add_argument(
        "--state",
        choices=["draft", "active", "held", "completed", "revoked", "entered_in_error"],
        help="only plans in this state",
    )
    listed.add_argument(
        "--patient",
        metavar="PATIENT",
        help="only plans of this patient: id, or AUTHORITY|IDENTIFIER",
    )
    add_limit(listed, 100)
    add_instants(listed)
    add_json(listed)
    compared = add_verb(
        plan, "compare", "plan:plan_compare", "compare two revisions of a plan, part by part"
    )
    compared.add_argument("stream", type=id_of, metavar="PLAN", help="id of the plan")
    compared.add_argument(
        "earlier", type=int, metavar="EARLIER", help="number of a revision; 0: as it was activated"
    )
    compared.add_argument("later", type=int, metavar="LATER", help="number of another revision")
    add_instants(compared)
    add_json(compared)


def medication_reads(medications: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verbs of ``medications`` that only read: there are none beside ``show``."""
    del medications
