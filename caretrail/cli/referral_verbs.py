"""The verbs of ``referral`` that only read."""

import argparse
from typing import Final

from caretrail.cli.arguments import code
from caretrail.cli.verbs import Verbs, add_instants, add_json, add_limit, add_verb

#: The states of referrals. They are those of the read model, which ``--help`` does not import.
STATES: Final = (
    "requested",
    "received",
    "returned_for_information",
    "information_sent",
    "accepted",
    "scheduled",
    "missed",
    "appointment_cancelled",
    "seen",
    "outcome_sent",
    "outcome_received",
    "cancellation_requested",
    "held",
    "declined",
    "patient_declined",
    "redirected",
    "cancelled",
    "closed",
    "entered_in_error",
)


def referral_reads(referral: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verbs of ``referral`` that only read."""
    listed = add_verb(
        referral, "ls", "referral:referral_ls", "list referrals, the newest request first"
    )
    listed.add_argument(
        "--state",
        choices=STATES,
        metavar="STATE",
        help=f"only referrals in this state: {', '.join(STATES)}",
    )
    listed.add_argument("--open", action="store_true", help="only referrals that have not ended")
    listed.add_argument(
        "--requester", type=code, metavar="CODE", help="only referrals of this organisation"
    )
    listed.add_argument(
        "--target", type=code, metavar="CODE", help="only referrals to this organisation or pool"
    )
    listed.add_argument(
        "--patient",
        metavar="PATIENT",
        help="only referrals of this patient: id, or AUTHORITY|IDENTIFIER",
    )
    add_limit(listed, 100)
    add_instants(listed)
    add_json(listed)
