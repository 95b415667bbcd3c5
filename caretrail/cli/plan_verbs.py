"""``plan compare``."""

import argparse

from caretrail.cli.arguments import id_of
from caretrail.cli.verbs import Verbs, add_instants, add_json, add_verb


def plan_reads(plan: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``plan compare``."""
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
