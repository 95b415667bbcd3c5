"""Verify JWTs of one OIDC issuer: signature, issuer, audience and times.

OpenID Connect Discovery 1.0 names the keys of the issuer. They are fetched when they are needed,
and again when a token names a key that is not among them, because issuers rotate their keys.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from infra.settings import BadSettings, Settings

#: Asymmetric signatures alone: a token that is signed with a shared secret, or not at all, is
#: refused (RFC 8725, 3.1).
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
                     "ES512", "EdDSA", "Ed25519")  # fmt: skip
_FETCH_SECONDS: Final = 5.0
_LARGEST: Final = 1 << 20  # bytes of an answer of the issuer
_KEYS_SECONDS: Final = 3600.0  # after which the keys are fetched again
#: Seconds between two fetches, so that tokens with invented key ids cause few of them.
_BETWEEN_SECONDS: Final = 10.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

#: Status of answers by which an issuer refuses a request: RFC 6749, section 5.2; RFC 6750, 3.1.
_REFUSALS: Final = frozenset({400, 401, 403})

FetchJson = Callable[[str], Mapping[str, Any]]


class TokenRefused(Exception):
    """The token cannot be accepted. The text holds nothing of the token."""


class IssuerUnavailable(Exception):
    """The OIDC issuer does not answer, or its answer cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedClaims:
    """What a verified token says about its subject."""

    subject: str
    name: str
    roles: tuple[str, ...]  # by the mapping of the settings
    organisations: tuple[str, ...]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """Where the tokens of an issuer state roles and organisations."""

    roles: str = "roles"  # path of the claim, such as realm_access.roles
    organisations: str = "organisations"
    #: Value of the claim -> our role. Empty: the values are our roles.
    mapping: Mapping[str, str] = field(default_factory=dict)


class OidcIssuer:
    """Verifies the tokens of one issuer for one audience. Threads may share it."""

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        names: ClaimNames,
        leeway: float = 60.0,
        fetch: FetchJson | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the address of the issuer.

        Args:
            issuer: As the issuer writes itself in its tokens.
            audience: What its tokens must name as audience.
            names: Where the tokens state roles and organisations.
            leeway: Seconds by which the clock of the issuer may differ.
            fetch: Returns the JSON at an address; raises ``IssuerUnavailable``.
            seconds: Seconds on a clock that only goes forward.
        """
        self.issuer = issuer
        self._audience = audience
        self._names = names
        self._leeway = int(leeway)
        self._fetch = fetch or _fetched
        self._seconds = seconds
        self._lock = Lock()
        self._discovered: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")

    def discovery(self) -> Mapping[str, Any]:
        """Return the discovery document of the issuer, with the addresses of its endpoints.

        Raises:
            IssuerUnavailable: The issuer does not answer, or its document names another issuer.
        """
        with self._lock:
            return self._discovery()

    def verified(self, token: str, *, now: datetime, audience: str | None = None) -> VerifiedClaims:
        """Return what a token says, if it can be accepted.

        Args:
            token: A JWT.
            now: The present.
            audience: What the token must name as audience, if that is not the one of the API.

        Raises:
            TokenRefused: The token cannot be accepted.
            IssuerUnavailable: The keys of the issuer cannot be fetched.
        """
        keys = self._keys_for(_key_id(token))
        try:
            decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=self._leeway,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": audience or self._audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(decoded.claims)
        except (JoseError, ValueError, TypeError) as error:
            # The text of the error may quote the token.
            raise TokenRefused(f"the token cannot be accepted: {_reason(error)}") from None
        return self.read(decoded.claims)

    def states(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether claims state roles and organisations, be they empty."""
        wanted = (self._names.roles, self._names.organisations)
        return all(_at(claims, path) is not None for path in wanted)

    def read(self, claims: Mapping[str, Any]) -> VerifiedClaims:
        """Return what claims say about their subject. The caller has verified them.

        Raises:
            TokenRefused: They name no subject.
        """
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise TokenRefused("the token cannot be accepted: it names no subject")
        stated = _texts(_at(claims, self._names.roles))
        mapping = self._names.mapping
        return VerifiedClaims(
            subject=subject,
            name=str(claims.get("name") or claims.get("preferred_username") or ""),
            roles=tuple(mapping[each] for each in stated if each in mapping)
            if mapping
            else tuple(stated),
            organisations=tuple(_texts(_at(claims, self._names.organisations))),
            claims=claims,
        )

    def _keys_for(self, key_id: str | None) -> KeySet:
        with self._lock:
            now = self._seconds()
            age = now - self._fetched_at
            known = self._keys is not None and (
                key_id is None or any(each.kid == key_id for each in self._keys.keys)
            )
            if self._keys is not None and age < (_KEYS_SECONDS if known else _BETWEEN_SECONDS):
                return self._keys
            try:
                self._keys = self._fetched_keys()
            except IssuerUnavailable:
                if self._keys is None:
                    raise
            self._fetched_at = now
            return self._keys

    def _fetched_keys(self) -> KeySet:
        address = self._discovery().get("jwks_uri")
        if not isinstance(address, str):
            raise IssuerUnavailable("the discovery document names no jwks_uri")
        document = self._fetch(address)
        # A key of a kind that this release does not know is left out; it may be for another client.
        keys = [each for each in document.get("keys", []) if _is_usable(each)]
        try:
            return KeySet.import_key_set({"keys": keys})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise IssuerUnavailable(f"its keys cannot be read: {type(error).__name__}") from None

    def _discovery(self) -> Mapping[str, Any]:
        if self._discovered is None:
            document = self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if document.get("issuer") != self.issuer:
                raise IssuerUnavailable("its discovery document names another issuer")
            self._discovered = document
        return self._discovered


def issuer_of(settings: Settings) -> OidcIssuer | None:
    """Return the OIDC issuer that the settings name; None if they name none.

    Raises:
        BadSettings: The settings of the issuer cannot be used.
    """
    if not settings.oidc_issuer:
        return None
    if not is_protected(settings.oidc_issuer):
        raise BadSettings("CARETRAIL_OIDC_ISSUER: write an address that begins with https://")
    if not settings.oidc_audience and not settings.oidc_client_id:
        raise BadSettings(
            "CARETRAIL_OIDC_AUDIENCE, CARETRAIL_OIDC_CLIENT_ID: write the audience of the tokens"
            " that the API accepts, or the name of the pages at the issuer, or both"
        )
    pairs = [each.strip() for each in settings.oidc_roles.split(",") if each.strip()]
    if any("=" not in each for each in pairs):
        raise BadSettings("CARETRAIL_OIDC_ROLES: write VALUE=ROLE, separated by commas")
    return OidcIssuer(
        settings.oidc_issuer,
        audience=settings.oidc_audience,
        names=ClaimNames(
            roles=settings.oidc_roles_claim,
            organisations=settings.oidc_organisations_claim,
            mapping={
                value.strip(): role.strip()
                for value, _, role in (each.rpartition("=") for each in pairs)
            },
        ),
        leeway=settings.oidc_leeway,
    )


def is_protected(address: str) -> bool:
    """Tell whether secrets may go to an address: over TLS, or within this machine.

    >>> is_protected("https://login.example"), is_protected("http://127.0.0.1:9000/token")
    (True, True)
    >>> is_protected("http://login.example"), is_protected("https://"), is_protected("login")
    (False, False, False)
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)


def _key_id(token: str) -> str | None:
    """Return the id of the key that a token names; None if it names none or is no token."""
    try:
        header = jwt_header(token)
    except ValueError:
        raise TokenRefused("the token cannot be accepted: it is not a JWT") from None
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None


def jwt_header(token: str) -> Mapping[str, Any]:
    """Return the header of a JWT, which is not verified.

    Raises:
        ValueError: The text is not a JWT.
    """
    from base64 import urlsafe_b64decode  # noqa: PLC0415  # for this function alone

    first, dot, _ = token.partition(".")
    if not dot or not first.isascii():
        raise ValueError("not a JWT")
    header = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    if not isinstance(header, dict):
        raise ValueError("not a JWT")  # noqa: TRY004  # one error for every text that is no JWT
    return header


def _is_usable(key: object) -> bool:
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        return False
    return key.get("kty") in {"RSA", "EC", "OKP"}


def _reason(error: Exception) -> str:
    return getattr(error, "error", "") or type(error).__name__


def _at(claims: Mapping[str, Any], path: str) -> object:
    """Return the claim at a path: the claim of that name, or a member of a claim."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _texts(value: object) -> Sequence[str]:
    if isinstance(value, str):
        return value.split()
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _fetched(address: str) -> Mapping[str, Any]:
    scheme = urlsplit(address).scheme
    if scheme not in {"https", "http"}:
        raise IssuerUnavailable("the issuer names an address that is not HTTP")
    request = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310  # checked above
    try:
        return answered(request, urllib.request.build_opener())
    except urllib.error.HTTPError as refusal:
        refusal.close()
        raise IssuerUnavailable("the issuer refuses to tell its keys or endpoints") from None


def answered(
    request: urllib.request.Request, opener: urllib.request.OpenerDirector
) -> Mapping[str, Any]:
    """Send a request to the issuer; return the JSON object that it answers.

    Raises:
        HTTPError: The issuer refuses the request.
        IssuerUnavailable: The issuer does not answer, or its answer cannot be used.
    """
    try:
        with opener.open(request, timeout=_FETCH_SECONDS) as answer:
            body = answer.read(_LARGEST + 1)
    except (urllib.error.URLError, OSError, ValueError, HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code in _REFUSALS:
            raise
        raise IssuerUnavailable(f"the issuer does not answer: {type(error).__name__}") from None
    if len(body) > _LARGEST:
        raise IssuerUnavailable("the answer of the issuer is too large")
    try:
        document = json.loads(body)
    except ValueError:
        raise IssuerUnavailable("the answer of the issuer is not JSON") from None
    if not isinstance(document, dict):
        raise IssuerUnavailable("the answer of the issuer is not a JSON object")
    return document
