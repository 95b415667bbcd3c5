"""Keep who is signed in to the pages: one-time links, OIDC attempts and sessions.

A secret is drawn here, goes to the browser, and is stored as its hash alone. All times are those of
the database, so processes whose clocks differ agree.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from infra import entropy

#: A session ends at the latest after this time.
SESSION: Final = timedelta(hours=12)
#: A link that was not followed is void after this time.
LINK: Final = timedelta(hours=12)
#: A person who went to the OIDC provider comes back within this time.
ATTEMPT: Final = timedelta(minutes=10)

_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUser:
    """A person who may sign in, as an issuer names it."""

    issuer: str
    subject: str
    roles: Sequence[str]  # that the person may take; at least one
    organisations: Sequence[str]  # codes of those that the person acts for


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A person who is signed in, in one of its roles and for a purpose."""

    issuer: str
    subject: str
    roles: list[str]
    organisations: list[str]
    role: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """What caretrail keeps while a browser is at the OIDC provider."""

    state: str
    nonce: str
    verifier: str
    next_page: str


class WebSessions:
    """The sessions of one database. Threads may share it: each call takes a connection."""

    def __init__(
        self,
        connections: Callable[[], AbstractContextManager[Connection[Any]]],
        *,
        idle: timedelta = timedelta(hours=1),
    ) -> None:
        """Take connections in autocommit, and how long a session may be idle."""
        self._connections = connections
        self._idle = idle

    def new_link(self, person: PageUser) -> str:
        """Return the secret of a link that signs the person in once."""
        secret = new_secret()
        with self._connections() as connection:
            connection.execute("delete from web.sign_in_link where expires_at < now()")
            connection.execute(
                """
                insert into web.sign_in_link
                    (secret_hash, issuer, subject, roles, organisations, expires_at)
                values (%s, %s, %s, %s, %s, now() + %s)
                """,
                (_hash(secret), *_columns(person), LINK),
            )
        return secret

    def follow(self, link: str, *, purpose: str) -> str | None:
        """Sign the person of a link in; return the secret of the session.

        Return None if the link is unknown, was followed before, or has expired. The person acts in
        the first of its roles.
        """
        secret = new_secret()
        with self._connections() as connection:
            connection.execute("delete from web.session where expires_at < now()")
            found = connection.execute(
                """
                with followed as (
                    delete from web.sign_in_link where secret_hash = %s
                    returning issuer, subject, roles, organisations, expires_at > now() as valid
                )
                insert into web.session (
                    secret_hash, issuer, subject, roles, organisations, role, purpose, expires_at
                )
                select %s, issuer, subject, roles, organisations, roles[1], %s, now() + %s
                from followed where valid
                returning true
                """,
                (_hash(link), _hash(secret), purpose, SESSION),
            ).fetchone()
        return secret if found else None

    def begin(self, person: PageUser, *, purpose: str) -> str:
        """Begin a session in the first role of the person; return its secret."""
        secret = new_secret()
        with self._connections() as connection:
            connection.execute("delete from web.session where expires_at < now()")
            connection.execute(
                """
                insert into web.session (
                    secret_hash, issuer, subject, roles, organisations, role, purpose, expires_at
                )
                values (%s, %s, %s, %s, %s, %s, %s, now() + %s)
                """,
                (_hash(secret), *_columns(person), person.roles[0], purpose, SESSION),
            )
        return secret

    def session(self, secret: str) -> WebSession | None:
        """Return the session; None if it is unknown, has expired, or was idle for too long."""
        with self._connections() as connection:
            cursor = connection.cursor(row_factory=class_row(WebSession))
            return cursor.execute(
                """
                with seen as (
                    update web.session set seen_at = now()
                    where secret_hash = %(secret)s and seen_at < now() - interval '1 minute'
                        and seen_at > now() - %(idle)s and expires_at > now()
                )
                select issuer, subject, roles, organisations, role, purpose from web.session
                where secret_hash = %(secret)s and seen_at > now() - %(idle)s
                    and expires_at > now()
                """,
                {"secret": _hash(secret), "idle": self._idle},
            ).fetchone()

    def change(self, secret: str, *, role: str, purpose: str) -> None:
        """Go on in another role and for another purpose, if the person may take that role."""
        with self._connections() as connection:
            connection.execute(
                """
                update web.session set role = %(role)s, purpose = %(purpose)s
                where secret_hash = %(secret)s and %(role)s = any(roles)
                """,
                {"secret": _hash(secret), "role": role, "purpose": purpose},
            )

    def end(self, secret: str) -> None:
        """Sign the person out."""
        with self._connections() as connection:
            connection.execute("delete from web.session where secret_hash = %s", (_hash(secret),))

    def keep_attempt(self, attempt: SignInAttempt) -> str:
        """Keep what belongs to a browser that goes to the OIDC provider; return its secret."""
        secret = new_secret()
        with self._connections() as connection:
            connection.execute("delete from web.sign_in_attempt where expires_at < now()")
            connection.execute(
                """
                insert into web.sign_in_attempt
                    (secret_hash, state, nonce, verifier, next_page, expires_at)
                values (%s, %s, %s, %s, %s, now() + %s)
                """,
                (
                    _hash(secret),
                    attempt.state,
                    attempt.nonce,
                    attempt.verifier,
                    attempt.next_page,
                    ATTEMPT,
                ),
            )
        return secret

    def take_attempt(self, secret: str) -> SignInAttempt | None:
        """Return what was kept, once; None if it is unknown or has expired."""
        with self._connections() as connection:
            cursor = connection.cursor(row_factory=class_row(SignInAttempt))
            return cursor.execute(
                """
                with taken as (
                    delete from web.sign_in_attempt where secret_hash = %s
                    returning state, nonce, verifier, next_page, expires_at
                )
                select state, nonce, verifier, next_page from taken where expires_at > now()
                """,
                (_hash(secret),),
            ).fetchone()


def new_secret() -> str:
    """Return a new secret of 256 bits as text for addresses and cookies."""
    return urlsafe_b64encode(entropy.take(_SECRET_BYTES)).rstrip(b"=").decode("ascii")


def _columns(person: PageUser) -> tuple[str, str, list[str], list[str]]:
    return person.issuer, person.subject, list(person.roles), list(person.organisations)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
