"""The verbs of ``referral`` that only read."""

import argparse

from caretrail.cli.verbs import Verbs, add_json, add_limit, add_verb


def referral_reads(referral: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verbs of ``referral`` that only read."""
    listed = add_verb(
        referral, "ls", "referral:referral_ls", "list referrals, the newest request first"
    )
    listed.add_argument(
        "--state",
        choices=["requested", "accepted", "outcome_received", "closed", "entered_in_error"],
        help="only referrals in this state",
    )
    listed.add_argument(
        "--patient",
        metavar="PATIENT",
        help="only referrals of this patient: id, or AUTHORITY|IDENTIFIER",
    )
    add_limit(listed, 100)
    add_json(listed)
