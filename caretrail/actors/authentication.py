"""Authenticate a bearer token: a local token, or a JWT of the configured OIDC issuer."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock
from typing import Final

from caretrail.actors.user import NotAuthenticated, User
from commands.authority import Authority
from commands.permissions import Role
from infra.oidc import IssuerUnavailable, OidcIssuer, TokenRefused, VerifiedClaims
from infra.tokens import PREFIX, LocalToken

#: Seconds for which an accepted token is not looked up again: a revoked token is accepted so long.
HELD_SECONDS: Final = 1.0
_HELD: Final = 4096  # tokens
_LONGEST: Final = 16_384  # characters of a token

LOCAL: Final = "local"


class Authentication:
    """Authenticates bearer tokens. Threads may share it."""

    def __init__(
        self,
        find_token: Callable[[str], LocalToken | None],
        *,
        oidc: OidcIssuer | None = None,
        now: Callable[[], datetime],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the sources of tokens from outside.

        Args:
            find_token: Returns the local token with a text.
            oidc: The OIDC issuer; None: only local tokens are accepted.
            now: Returns the present, in UTC.
            seconds: Seconds on a clock that only goes forward.
        """
        self._find_token = find_token
        self._oidc = oidc
        self._now = now
        self._seconds = seconds
        self._held = OrderedDict[bytes, tuple[float, User]]()
        self._lock = Lock()

    def user(self, authorization: str | None) -> User:
        """Return the person behind the header ``Authorization``.

        Raises:
            NotAuthenticated: There is no token, or it cannot be accepted.
            IssuerUnavailable: The keys of the OIDC issuer cannot be fetched.
            StoreUnavailable: The database does not answer.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("the request has no bearer token")
        if len(token) > _LONGEST:
            raise NotAuthenticated("the bearer token is too long")
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            until, held = self._held.get(digest, (0.0, None))
        if held is not None and self._seconds() < until:
            return held
        user = self._local(token) if token.startswith(PREFIX) else self._foreign(token)
        with self._lock:
            self._held[digest] = (self._seconds() + HELD_SECONDS, user)
            self._held.move_to_end(digest)
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return user

    def _local(self, text: str) -> User:
        token = self._find_token(text)
        if token is None or not token.is_valid(self._now()):
            raise NotAuthenticated("the token is not known, is expired or was revoked")
        return User(
            issuer=LOCAL,
            subject=token.subject,
            name=token.name,
            authority=Authority(
                roles=_roles(token.roles), organisations=frozenset(token.organisations)
            ),
        )

    def _foreign(self, token: str) -> User:
        if self._oidc is None:
            raise NotAuthenticated("the token is not known, is expired or was revoked")
        try:
            claims = self._oidc.verified(token, now=self._now())
        except TokenRefused as error:
            raise NotAuthenticated(str(error)) from None
        return user_of_claims(self._oidc.issuer, claims)


def user_of_claims(issuer: str, claims: VerifiedClaims) -> User:
    """Return the person that an OIDC issuer vouches for; the pages use it after a login too."""
    return User(
        issuer=issuer,
        subject=claims.subject,
        name=claims.name,
        authority=Authority(
            roles=_roles(claims.roles), organisations=frozenset(claims.organisations)
        ),
    )


def _roles(names: Iterable[str]) -> tuple[Role, ...]:
    """Return the roles that the table of roles has, once each, in the order given."""
    known = {each.value for each in Role}
    return tuple(Role(name) for name in dict.fromkeys(names) if name in known)


__all__ = ["LOCAL", "Authentication", "IssuerUnavailable", "user_of_claims"]
