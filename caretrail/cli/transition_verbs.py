"""``transition show``."""

import argparse

from caretrail.cli.verbs import Verbs, add_instants, add_json, add_verb


def transition_reads(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``transition show``."""
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
