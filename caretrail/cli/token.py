"""``token``: issue, list and revoke local tokens of the API."""

from argparse import Namespace
from dataclasses import asdict
from datetime import timedelta

from caretrail.cli.home import open_home
from caretrail.cli.output import as_stated, columns, json_line, json_lines, line, note
from caretrail.failure import Failed
from caretrail.reading.members import Json, instant
from infra import clock, tokens
from infra.tokens import LocalToken, NewToken


def token_issue(options: Namespace) -> None:
    """Issue a token, and print it once."""
    new = NewToken(
        subject=options.subject,
        name=options.name,
        roles=list(dict.fromkeys(options.role)),
        organisations=list(dict.fromkeys(options.organisation or ())),
        issued_by=options.actor,
        lifetime=timedelta(days=options.days),
    )
    with open_home() as application, application.connect() as connection:
        text, token = tokens.issue(connection, new)
    if options.json:
        json_line({"token": text, **_json(token)})
        return
    line(text)
    note(
        f"caretrail: token {token.token_id} of {token.subject} is valid until"
        f" {as_stated(instant(token.expires_at))}. It is shown only now: only a hash of it is kept."
    )


def token_ls(options: Namespace) -> None:
    """List the tokens; their texts are not kept."""
    with open_home() as application, application.connect() as connection:
        found = [_json(each) for each in tokens.listed(connection)]
    if options.json:
        json_lines(found)
        return
    columns(
        ("token", "subject", "roles", "organisations", "expires", "state"),
        [
            (
                each["token_id"],
                each["subject"],
                ", ".join(each["roles"]),
                ", ".join(each["organisations"]),
                as_stated(each["expires_at"]),
                each["state"],
            )
            for each in found
        ],
    )


def token_revoke(options: Namespace) -> None:
    """Revoke a token."""
    with open_home() as application, application.connect() as connection:
        token = tokens.revoke(connection, options.token)
    if token is None:
        raise Failed("no such token: `caretrail token ls` lists their ids")
    if options.json:
        json_line(_json(token))
        return
    line(f"token {token.token_id} of {token.subject} is revoked")


def _json(token: LocalToken) -> Json:
    if token.revoked_at is not None:
        state = "revoked"
    else:
        state = "valid" if token.is_valid(clock.now()) else "expired"
    return {
        **asdict(token),
        "issued_at": instant(token.issued_at),
        "expires_at": instant(token.expires_at),
        "revoked_at": instant(token.revoked_at),
        "state": state,
    }
