"""The verbs of ``protocol``."""

import argparse
from pathlib import Path

from caretrail.cli.arguments import code, id_of, instant
from caretrail.cli.verbs import Verbs, add_caller, add_group, add_instants, add_json, add_verb

#: Those of ``domain.events.ErrorReason``, whose import --help must not pay for.
_REASONS = ("wrong_patient", "wrong_item", "duplicate", "not_done", "other")


def protocol_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``protocol`` and its verbs."""
    group = add_group(verbs, "protocol", "publish, list and show the rules of what is due when")
    publish = add_verb(
        group, "publish", "protocol:protocol_publish", "publish a protocol from a TOML file"
    )
    publish.add_argument("file", type=Path, metavar="FILE", help="TOML file of the protocol")
    publish.add_argument(
        "--effective-from",
        type=instant,
        metavar="T",
        help="from when it is in force (RFC 3339); now if not given",
    )
    publish.add_argument(
        "--dry-run",
        action="store_true",
        help="publish nothing: print which steps of past discharges would have been done in time or"
        " late, beside the protocols in force; it needs no --as",
    )
    publish.add_argument(
        "--since",
        type=instant,
        metavar="T",
        help="with --dry-run: only discharges from this time on (RFC 3339); all if not given",
    )
    publish.add_argument(
        "--discharges",
        action="store_true",
        help="with --dry-run: also print each step that would differ, with its encounter",
    )
    add_caller(publish, "protocol stream", required=False)
    void = add_verb(
        group, "void", "protocol:protocol_void", "make a publication void: it was never in force"
    )
    void.add_argument("event", type=id_of, metavar="EVENT", help="event id, as `ls` prints it")
    void.add_argument("--reason", choices=_REASONS, required=True, help="why it is an error")
    void.add_argument("--note", default="", metavar="TEXT", help="free text; it is stored sealed")
    add_caller(void, "protocol stream")
    ls = add_verb(group, "ls", "protocol:protocol_ls", "list the protocols that were published")
    add_instants(ls)
    add_json(ls)
    show = add_verb(group, "show", "protocol:protocol_show", "print the TOML file of a protocol")
    show.add_argument(
        "version",
        type=code,
        nargs="?",
        metavar="VERSION",
        help="version, or the beginning of it, as `ls` prints it; the one in force if not given",
    )
    add_instants(show)
