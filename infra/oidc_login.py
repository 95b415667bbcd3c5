"""Sign people in at an OIDC issuer: authorization code with PKCE, state and nonce.

The flow is that of OpenID Connect Core 1.0, section 3.1, with RFC 7636 (PKCE, S256) and RFC 9207
(the answer names its issuer). No token is kept: caretrail reads who signed in, and begins a session
of its own.
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn
from urllib.parse import quote_plus, urlencode, urlsplit

from typing_extensions import override

from infra.oidc import (
    IssuerUnavailable,
    OidcIssuer,
    TokenRefused,
    VerifiedClaims,
    answered,
    is_protected,
)
from infra.settings import BadSettings, Settings
from infra.web_sessions import SignInAttempt, new_secret

CALLBACK: Final = "/ui/login/callback"

#: Errors of the token endpoint for a code that cannot be used: RFC 6749, section 5.2. Any other
#: error is one of the settings, or of the issuer.
_CODE_REFUSED: Final = frozenset({"invalid_grant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAddress:
    """Where browsers reach the pages."""

    origin: str  # such as https://care.example.org
    host: str  # as browsers write it in the header Host, without the port


class OidcClient:
    """The pages as a client of one issuer. Threads may share it."""

    def __init__(
        self,
        issuer: OidcIssuer,
        *,
        client_id: str,
        secret: str,
        origin: str,
        scopes: str = "openid profile",
    ) -> None:
        """Take how the issuer knows the pages.

        Args:
            issuer: The issuer.
            client_id: The name of the pages at the issuer.
            secret: The secret that belongs to the name; empty for a public client.
            origin: Where browsers reach the pages, such as ``https://care.example.org``.
            scopes: What the pages ask for, separated by spaces.
        """
        self.issuer = issuer.issuer
        #: The origin to which the browser may send the form "sign out" on.
        self.issuer_origin = _origin_of(issuer.issuer)
        self._issuer = issuer
        self._client_id = client_id
        self._secret = secret
        #: Where browsers reach the pages, and its host name.
        self.origin = origin
        self.host = _host_of(origin)
        self._scopes = scopes

    def attempt(self, next_page: str) -> SignInAttempt:
        """Return a new attempt, which leads to ``next_page``."""
        return SignInAttempt(
            state=new_secret(), nonce=new_secret(), verifier=new_secret(), next_page=next_page
        )

    def authorization_url(self, attempt: SignInAttempt, *, ask_again: bool = False) -> str:
        """Return where the browser goes to sign in.

        Args:
            attempt: What caretrail keeps of it.
            ask_again: Whether the issuer asks the person again, also if it knows the browser.

        Raises:
            IssuerUnavailable: The issuer does not answer.
        """
        digest = hashlib.sha256(attempt.verifier.encode("ascii")).digest()
        return _with_query(
            self._endpoint("authorization_endpoint"),
            {
                "response_type": "code",
                "client_id": self._client_id,
                "redirect_uri": self._redirect_uri,
                "scope": self._scopes,
                "state": attempt.state,
                "nonce": attempt.nonce,
                "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
                "code_challenge_method": "S256",
                **({"prompt": "login"} if ask_again else {}),
            },
        )

    def answers(self, attempt: SignInAttempt, *, state: str, issuer: str | None) -> bool:
        """Tell whether an answer belongs to an attempt, and comes from this issuer.

        Args:
            attempt: What caretrail kept.
            state: The parameter ``state`` of the answer.
            issuer: The parameter ``iss`` of the answer; None if it has none.

        Raises:
            IssuerUnavailable: The issuer does not answer.
        """
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            return False
        if issuer is None:
            promised = "authorization_response_iss_parameter_supported"
            return not self._issuer.discovery().get(promised)
        return issuer == self.issuer

    def person(self, attempt: SignInAttempt, *, code: str, now: datetime) -> VerifiedClaims:
        """Exchange a code; return what the issuer says about the person who signed in.

        Raises:
            TokenRefused: The code or the ID token cannot be accepted.
            IssuerUnavailable: The issuer does not answer, or refuses the client.
        """
        answer = self._exchanged(attempt, code)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise IssuerUnavailable("its answer has no ID token")
        found = self._issuer.verified(token, now=now, audience=self._client_id)
        claims = found.claims
        if claims.get("nonce") != attempt.nonce:
            raise TokenRefused("the token cannot be accepted: it is for another sign-in")
        if claims.get("azp", self._client_id) != self._client_id:
            raise TokenRefused("the token cannot be accepted: it is for another client")
        if self._issuer.states(claims):
            return found
        return self._issuer.read({**self._userinfo(answer, found.subject), **claims})

    def sign_out_url(self) -> str | None:
        """Return where the browser signs out at the issuer too; None if the issuer offers nothing.

        The address holds no token. So some issuers ask the person once more.

        Raises:
            IssuerUnavailable: The issuer does not answer.
        """
        address = self._issuer.discovery().get("end_session_endpoint")
        if not isinstance(address, str) or not is_protected(address):
            return None
        return _with_query(
            address,
            {
                "client_id": self._client_id,
                "post_logout_redirect_uri": f"{self.origin}/ui/login",
            },
        )

    @property
    def _redirect_uri(self) -> str:
        return f"{self.origin}{CALLBACK}"

    def _endpoint(self, name: str) -> str:
        address = self._issuer.discovery().get(name)
        if not isinstance(address, str) or not is_protected(address):
            raise IssuerUnavailable(f"the discovery document names no usable {name}")
        return address

    def _exchanged(self, attempt: SignInAttempt, code: str) -> Mapping[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {"Accept": "application/json"}
        if not self._secret:
            fields["client_id"] = self._client_id
        elif self._posts_secret():
            fields |= {"client_id": self._client_id, "client_secret": self._secret}
        else:
            # RFC 6749, section 2.3.1: both are encoded as in a form first.
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        request = urllib.request.Request(  # noqa: S310  # its scheme is checked
            self._endpoint("token_endpoint"), data=urlencode(fields).encode(), headers=headers
        )
        try:
            return answered(request, _OPENER)
        except urllib.error.HTTPError as refusal:
            with refusal:
                error = _error_of(refusal)
        if error in _CODE_REFUSED:
            raise TokenRefused("the code cannot be accepted")
        raise IssuerUnavailable(f"its token endpoint refuses the pages: {error}")

    def _posts_secret(self) -> bool:
        methods = self._issuer.discovery().get("token_endpoint_auth_methods_supported")
        offered = methods if isinstance(methods, list) else ["client_secret_basic"]
        return "client_secret_basic" not in offered and "client_secret_post" in offered

    def _userinfo(self, answer: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
        """Return the claims that the issuer tells only when asked; empty if it offers none."""
        access = answer.get("access_token")
        if not isinstance(access, str) or "userinfo_endpoint" not in self._issuer.discovery():
            return {}
        request = urllib.request.Request(  # noqa: S310  # its scheme is checked
            self._endpoint("userinfo_endpoint"),
            headers={"Accept": "application/json", "Authorization": f"Bearer {access}"},
        )
        try:
            claims = answered(request, _OPENER)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            raise IssuerUnavailable("its userinfo endpoint refuses the pages") from None
        # OpenID Connect Core 1.0, section 5.3.2: the answer may be for another person.
        if claims.get("sub") != subject:
            raise TokenRefused("the claims cannot be accepted: they name another subject")
        return claims


def client_of(settings: Settings, issuer: OidcIssuer | None) -> OidcClient | None:
    """Return the pages as a client of an issuer; None if the settings name no client.

    Raises:
        BadSettings: The settings of the client cannot be used.
    """
    if not settings.oidc_client_id:
        return None
    public = public_address(settings)
    if issuer is None:
        raise BadSettings("CARETRAIL_OIDC_ISSUER: write the address of the issuer of the client")
    if public is None:
        raise BadSettings(
            "CARETRAIL_HTTP_PUBLIC_URL: write the address under which browsers reach the pages,"
            " because the OIDC issuer sends people back there"
        )
    if "openid" not in settings.oidc_scopes.split():
        raise BadSettings("CARETRAIL_OIDC_SCOPES: write openid among the scopes")
    return OidcClient(
        issuer,
        client_id=settings.oidc_client_id,
        secret=_secret(settings),
        origin=public.origin,
        scopes=settings.oidc_scopes,
    )


def public_address(settings: Settings) -> PublicAddress | None:
    """Return where browsers reach the pages; None if the settings do not say it.

    Raises:
        BadSettings: The address is not an origin over TLS or on loopback.
    """
    text = settings.http_public_url.rstrip("/")
    if not text:
        return None
    origin = _origin_of(text) if is_protected(text) else ""
    if text.lower() != origin:
        raise BadSettings(
            "CARETRAIL_HTTP_PUBLIC_URL: write an address that begins with https:// and ends after"
            " the host name, or after the port"
        )
    return PublicAddress(origin=origin, host=_host_of(origin))


def _secret(settings: Settings) -> str:
    file = settings.oidc_client_secret_file
    if file is None:
        return ""
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadSettings(f"CARETRAIL_OIDC_CLIENT_SECRET_FILE: {file} cannot be read") from None
    if not secret:
        raise BadSettings(f"CARETRAIL_OIDC_CLIENT_SECRET_FILE: {file} is empty")
    return secret


def _origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _host_of(origin: str) -> str:
    host = urlsplit(origin).hostname or ""
    return f"[{host}]" if ":" in host else host


def _with_query(address: str, parameters: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def _error_of(refusal: urllib.error.HTTPError) -> str:
    """Return the code of an error of the issuer; its description may quote what was sent."""
    try:
        document = json.loads(refusal.read(_LARGEST_ERROR))
    except (ValueError, OSError):
        return str(refusal.code)
    error = document.get("error") if isinstance(document, dict) else None
    known = isinstance(error, str) and error.isascii() and error.replace("_", "").isalpha()
    return str(error) if known else str(refusal.code)


_LARGEST_ERROR: Final = 1 << 16  # bytes


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: they would take a secret to another address."""

    @override
    def redirect_request(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise IssuerUnavailable("the issuer redirects a request that holds a secret")


_OPENER: Final = urllib.request.build_opener(_NoRedirects)
