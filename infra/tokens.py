"""Keep local tokens: who acts with each, with which roles, and until when. Only hashes are kept."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from infra import clock

#: The first characters of a token, so that a scan of files for secrets finds it.
PREFIX: Final = "caretrail_"
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalToken:
    """A local token, without its text."""

    token_id: str
    subject: str  # code of the person or program that acts with it
    name: str
    roles: list[str]
    organisations: list[str]
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the token is neither expired nor revoked."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """What a token is issued for."""

    subject: str
    name: str
    roles: Sequence[str]
    organisations: Sequence[str]
    issued_by: str
    lifetime: timedelta


def issue(connection: Connection[Any], new: NewToken) -> tuple[str, LocalToken]:
    """Issue a token. Its text is returned once, and cannot be read later."""
    text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    with connection.cursor(row_factory=class_row(LocalToken)) as cursor:
        row = cursor.execute(
            _INSERT,
            {
                "token_id": clock.new_id(),
                "hash": _hash(text),
                "subject": new.subject,
                "name": new.name,
                "roles": list(new.roles),
                "organisations": list(new.organisations),
                "issued_by": new.issued_by,
                "lifetime": new.lifetime,
            },
        ).fetchone()
    assert row is not None  # noqa: S101  # an insert returns its row
    return text, row


def find(connection: Connection[Any], text: str) -> LocalToken | None:
    """Return the token with this text, also if it is expired or revoked; None if there is none."""
    with connection.cursor(row_factory=class_row(LocalToken)) as cursor:
        return cursor.execute(_FIND, (_hash(text),)).fetchone()


def listed(connection: Connection[Any]) -> list[LocalToken]:
    """Return all tokens, the newest first."""
    with connection.cursor(row_factory=class_row(LocalToken)) as cursor:
        return cursor.execute(_ALL).fetchall()


def revoke(connection: Connection[Any], token_id: str) -> LocalToken | None:
    """Revoke a token, and return it; None if there is no such token."""
    with connection.cursor(row_factory=class_row(LocalToken)) as cursor:
        return cursor.execute(_REVOKE, (token_id,)).fetchone()


def _hash(text: str) -> bytes:
    """Return the hash of a token. A token is random, so the hash needs neither salt nor work."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


_COLUMNS: Final = (
    "token_id::text, subject, name, roles, organisations, issued_at, issued_by, expires_at,"
    " revoked_at"
)
_INSERT: Final = f"""
    insert into access.token (
        token_id, hash, subject, name, roles, organisations, issued_by, expires_at
    )
    values (
        %(token_id)s, %(hash)s, %(subject)s, %(name)s, %(roles)s, %(organisations)s, %(issued_by)s,
        clock_timestamp() + %(lifetime)s
    )
    returning {_COLUMNS}
"""  # noqa: S608  # a constant
_FIND: Final = f"select {_COLUMNS} from access.token where hash = %s"  # noqa: S608  # a constant
_ALL: Final = f"select {_COLUMNS} from access.token order by token_id desc"  # noqa: S608  # a constant
_REVOKE: Final = f"""
    update access.token set revoked_at = coalesce(revoked_at, clock_timestamp())
    where token_id = %s returning {_COLUMNS}
"""  # noqa: S608  # a constant
