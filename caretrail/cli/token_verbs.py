"""The verbs of local tokens."""

import argparse
from typing import Final

from caretrail.cli.arguments import code, count, id_of
from caretrail.cli.verbs import ROLES, Verbs, add_group, add_json, add_verb

_DAYS: Final = 90


def token_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``token``."""
    token = add_group(verbs, "token", "issue, list and revoke local tokens of the API")
    issue = add_verb(
        token, "issue", "token:token_issue", "issue a token, and print it: it is shown only once"
    )
    issue.add_argument("subject", type=code, metavar="CODE", help="person or program that uses it")
    issue.add_argument(
        "--role", action="append", required=True, choices=ROLES, help="repeat the flag for more"
    )
    issue.add_argument(
        "--organisation",
        action="append",
        type=code,
        metavar="CODE",
        help="organisation that the subject acts for; repeat the flag for more",
    )
    issue.add_argument("--name", default="", metavar="TEXT", help="name that pages show")
    issue.add_argument(
        "--days",
        type=count,
        default=_DAYS,
        metavar="N",
        help=f"days it is valid; {_DAYS} by default",
    )
    issue.add_argument(
        "--as", dest="actor", default="cli", type=code, metavar="ACTOR", help="who issues it"
    )
    add_json(issue)
    add_json(add_verb(token, "ls", "token:token_ls", "list the tokens; their texts are not kept"))
    revoke = add_verb(
        token, "revoke", "token:token_revoke", "revoke a token: it is refused within a second"
    )
    revoke.add_argument(
        "token", type=id_of, metavar="ID", help="id of the token, as `ls` prints it"
    )
    add_json(revoke)
