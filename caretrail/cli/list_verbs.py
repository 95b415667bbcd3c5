"""The verbs that list, made from the declared lists."""

import argparse

from caretrail.cli.arguments import code
from caretrail.cli.verbs import Verbs, add_instants, add_json, add_limit, add_verb
from caretrail.listings import LISTINGS, ListFilter


def add_list(verbs: "Verbs[argparse.ArgumentParser]", name: str, verb: str = "ls") -> None:
    """Add the verb that shows a list: see ``caretrail.listings``."""
    listing = LISTINGS[name]
    listed = add_verb(verbs, verb, "lists:listed", listing.words)
    listed.set_defaults(listing=name)
    for each in listing.filters:
        _add_filter(listed, each)
    listed.add_argument(
        "--patient",
        metavar="PATIENT",
        help="only those of this patient: id, or AUTHORITY|IDENTIFIER",
    )
    add_limit(listed, 100)
    add_instants(listed)
    add_json(listed)


def _add_filter(listed: argparse.ArgumentParser, one: ListFilter) -> None:
    if one.is_yes:
        listed.add_argument(one.flag_name, dest=one.name, action="store_true", help=one.words)
    elif one.choices:
        listed.add_argument(
            one.flag_name,
            dest=one.name,
            choices=one.choices,
            metavar=one.name.upper(),
            help=f"{one.words}: {', '.join(one.choices)}",
        )
    else:
        listed.add_argument(one.flag_name, dest=one.name, type=code, metavar="CODE", help=one.words)
