"""Sign in at the OIDC issuer: go there, come back, begin a session."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from caretrail.actors.authentication import user_of_claims
from caretrail.http.gate import SIGN_IN, is_ahead
from caretrail.http.guard import host_name
from caretrail.http.session_cookie import forget_secret, keep_secret, secret_of
from caretrail.http.site import Site
from caretrail.web.purposes import TREATMENT
from caretrail.web.session_pages import SignInProblem, sign_in_problem_page
from infra import clock
from infra.oidc import IssuerUnavailable, TokenRefused
from infra.oidc_login import CALLBACK, OidcClient
from infra.web_sessions import PageUser, SignInAttempt, WebSessions

_log = structlog.get_logger()

START: Final = "/ui/login/oidc"
#: Name of the cookie that binds an attempt to its browser.
_ATTEMPT: Final = "sign-in"
_LONGEST: Final = 2_000  # characters of the page to which a person returns
_PATH: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", re.ASCII)
#: Errors by which an issuer says that it cannot answer now: RFC 6749, section 4.1.2.1.
_DOWN: Final = frozenset({"server_error", "temporarily_unavailable"})


class _Unsuccessful(Exception):
    """The person is not signed in."""

    def __init__(self, problem: SignInProblem) -> None:
        self.problem = problem
        super().__init__(problem.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSignIn:
    """The two addresses of the sign-in at an issuer."""

    site: Site
    sessions: WebSessions
    client: OidcClient

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(START, self.start), Route(CALLBACK, self.callback)]

    def start(self, request: Request) -> Response:
        """Send the browser to the issuer."""
        if host_name(request.headers.get("host", "")) != self.client.host:
            return self._problem(request, SignInProblem.OTHER_NAME)
        if is_ahead(request):
            return Response(status_code=204)
        attempt = self.client.attempt(safe_page(request.query_params.get("next", "")))
        try:
            address = self.client.authorization_url(
                attempt, ask_again=request.query_params.get("again") == "yes"
            )
        except IssuerUnavailable as error:
            return self._problem(request, SignInProblem.ISSUER_DOWN, why=str(error))
        answer = RedirectResponse(address, status_code=303)
        keep_secret(request, answer, self.sessions.keep_attempt(attempt), _ATTEMPT)
        return answer

    def callback(self, request: Request) -> Response:
        """Take the answer of the issuer, once, from the browser that was sent there."""
        if is_ahead(request):
            return Response(status_code=204)
        attempt = self.sessions.take_attempt(secret_of(request, _ATTEMPT))
        try:
            person, page = self._arrived(request, attempt)
        except _Unsuccessful as error:
            answer = self._problem(request, error.problem)
        except TokenRefused as error:
            answer = self._problem(request, SignInProblem.NOT_VERIFIED, why=str(error))
        except IssuerUnavailable as error:
            answer = self._problem(request, SignInProblem.ISSUER_DOWN, why=str(error))
        else:
            if before := secret_of(request):
                self.sessions.end(before)
            answer = RedirectResponse(page, status_code=303)
            keep_secret(request, answer, self.sessions.begin(person, purpose=TREATMENT))
        forget_secret(request, answer, _ATTEMPT)
        return answer

    def _arrived(self, request: Request, attempt: SignInAttempt | None) -> tuple[PageUser, str]:
        """Return who signed in, and the page to show.

        Raises:
            _Unsuccessful: The person is not signed in.
            TokenRefused: As ``OidcClient.person``.
            IssuerUnavailable: As ``OidcClient.person``.
        """
        asked = request.query_params
        if attempt is None or not self.client.answers(
            attempt, state=asked.get("state", ""), issuer=asked.get("iss")
        ):
            raise _Unsuccessful(SignInProblem.EXPIRED)
        if error := asked.get("error", ""):
            down = error in _DOWN
            raise _Unsuccessful(SignInProblem.ISSUER_DOWN if down else SignInProblem.DENIED)
        claims = self.client.person(attempt, code=asked.get("code", ""), now=clock.now())
        user = user_of_claims(self.client.issuer, claims)
        if not user.authority.roles:
            raise _Unsuccessful(SignInProblem.NO_ROLE)
        person = PageUser(
            issuer=user.issuer,
            subject=user.subject,
            roles=user.authority.roles,
            organisations=sorted(user.authority.organisations),
        )
        return person, attempt.next_page

    def _problem(self, request: Request, problem: SignInProblem, *, why: str = "") -> Response:
        # Neither the address nor what the issuer wrote is logged: both may hold codes and tokens.
        _log.warning("sign_in.refused", problem=problem.name.lower(), why=why)
        html = sign_in_problem_page(
            problem,
            origin=self.client.origin,
            words=self.site.words,
            frame=self.site.plain_frame(request),
        )
        return HTMLResponse(html, status_code=problem.status)


def start_address(request: Request, client: OidcClient) -> str:
    """Return the address that begins a sign-in and then leads back to the page of a request."""
    page = "/"
    if request.method in {"GET", "HEAD"}:
        page = safe_page(str(URL(scope=request.scope).replace(scheme="", netloc="")))
    address = URL(f"{client.origin}{START}")
    return str(address if page == "/" else address.include_query_params(next=page))


def safe_page(text: str) -> str:
    """Return the page of this server that a text names; the first page if it names none.

    A text that a browser could read as an address of another host names none.

    >>> safe_page("/ui/census?facility=NGH"), safe_page("https://evil.example/ui/census")
    ('/ui/census?facility=NGH', '/')
    >>> safe_page("//evil.example"), safe_page("/ui/login/oidc"), safe_page("/api/v1/census")
    ('/', '/', '/')
    """
    if len(text) > _LONGEST or not _PATH.fullmatch(text):
        return "/"
    path = urlsplit(text).path
    return text if path.startswith("/ui/") and not path.startswith(SIGN_IN) else "/"
