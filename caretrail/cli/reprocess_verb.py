"""The flags of ``messages reprocess``."""

import argparse

from caretrail.cli.arguments import instant
from caretrail.cli.verbs import Verbs, add_json, add_verb


def reprocess_verb(messages: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verb to the group ``messages``."""
    verb = add_verb(
        messages,
        "reprocess",
        "messages_reprocess:messages_reprocess",
        "read received messages again with the profiles of today, and record what differs",
    )
    verb.add_argument(
        "ids", nargs="*", metavar="ID", help="only these messages; ids as `messages ls` prints them"
    )
    verb.add_argument("--all", action="store_true", help="all messages, if no filter is given")
    verb.add_argument(
        "--disposition",
        choices=["recorded", "no_effect", "quarantined", "unreadable"],
        help="filter by the outcome of the last reading",
    )
    verb.add_argument("--sender", metavar="NAME", help="filter by the sender profile used last")
    verb.add_argument(
        "--profile", metavar="VERSION", help="filter by the version of that profile, or its start"
    )
    verb.add_argument("--trigger", metavar="CODE", help="filter by trigger, such as A01")
    verb.add_argument("--control-id", metavar="ID", help="filter by MSH-10")
    verb.add_argument("--reason", metavar="CODE", help="filter by the reason of the outcome")
    verb.add_argument(
        "--since", type=instant, metavar="T", help="only messages received at time T or later"
    )
    verb.add_argument(
        "--until", type=instant, metavar="T", help="only messages received before time T"
    )
    verb.add_argument(
        "--dry-run", action="store_true", help="print what would change, and record nothing"
    )
    add_json(verb)
