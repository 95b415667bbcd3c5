"""Make verbs and the flags that several verbs share."""

import argparse
from typing import Final

from caretrail.cli.arguments import code, count, instant, instant_or_index, stated_time, version

#: Those of ``commands.permissions.Role``, whose import --help must not pay for.
ROLES: Final = ("publisher", "coordinator", "clinician", "analyst", "compliance", "operator")

Verbs = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def add_verb(
    verbs: "Verbs[argparse.ArgumentParser]", name: str, work: str, words: str
) -> argparse.ArgumentParser:
    """Add a verb; ``work`` names the module of ``caretrail.cli`` and the function that does it."""
    verb = verbs.add_parser(name, help=words, description=words)
    verb.set_defaults(work=work)
    return verb


def add_group(
    verbs: "Verbs[argparse.ArgumentParser]", name: str, words: str
) -> "Verbs[argparse.ArgumentParser]":
    """Add a verb that has verbs of its own, and return these."""
    group = verbs.add_parser(name, help=words, description=words)
    return group.add_subparsers(metavar="VERB", required=True)


def add_json(verb: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    verb.add_argument("--json", action="store_true", help="print JSON instead of text")


def add_limit(verb: argparse.ArgumentParser, default: int) -> None:
    """Add ``--limit``."""
    verb.add_argument(
        "--limit", type=count, default=default, metavar="N", help="maximum number of rows"
    )


def add_instants(verb: argparse.ArgumentParser) -> None:
    """Add ``--as-of`` and ``--known-at``."""
    verb.add_argument(
        "--as-of", type=instant, metavar="T", help="show what was true at time T (RFC 3339)"
    )
    verb.add_argument(
        "--known-at",
        type=instant_or_index,
        metavar="T|INDEX",
        help="use only events recorded by time T, or up to the event with this index",
    )


def add_caller(verb: argparse.ArgumentParser, noun: str, *, required: bool = True) -> None:
    """Add who gives a command on a thing called ``noun``, when it happened, and ``--json``.

    If the person is not ``required``, the verb checks itself that one is named.
    """
    verb.set_defaults(noun=noun)
    verb.add_argument(
        "--as",
        dest="actor",
        required=required,
        metavar="ACTOR",
        help="person who gives the command",
    )
    verb.add_argument(
        "--as-role",
        action="append",
        choices=ROLES,
        help="role of the person: the command is refused if the role does not allow it; repeat the"
        " flag for more. Without it, no role is asked",
    )
    verb.add_argument(
        "--as-organisation",
        action="append",
        type=code,
        metavar="CODE",
        help="organisation that the person with the role acts for; repeat the flag for more",
    )
    verb.add_argument("--purpose", default="", metavar="CODE", help="purpose of use, such as TREAT")
    verb.add_argument(
        "--happened-at",
        type=stated_time,
        metavar="T",
        help="when it happened: a time or a day; now if not given",
    )
    verb.add_argument(
        "--key", default="", metavar="KEY", help="idempotency key: a repeated key changes nothing"
    )
    verb.add_argument(
        "--expected-version",
        type=version,
        metavar="N",
        help=f"refuse the command if the {noun} has another version",
    )
    add_json(verb)
