"""Sign in by a one-time link, choose role and purpose, sign out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from caretrail.http.gate import SIGN_IN, is_ahead, session_of
from caretrail.http.oidc_sign_in import OidcSignIn, start_address
from caretrail.http.posted import FormValues, one, posted
from caretrail.http.session_cookie import forget_secret, is_loopback, keep_secret, secret_of
from caretrail.http.site import Site
from caretrail.web.purposes import PURPOSES, TREATMENT
from caretrail.web.session_pages import session_page, sign_in_page, signed_out_page
from infra.oidc import IssuerUnavailable
from infra.oidc_login import OidcClient
from infra.web_sessions import WebSessions

_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The pages of the session."""

    site: Site
    sessions: WebSessions
    oidc: OidcClient | None = None  # None: people sign in by a link only

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            *self._oidc_routes(),
            Route(SIGN_IN, self.login),
            Route("/ui/session", self.session),
            Route("/ui/session", posted(self.changed), methods=["POST"]),
            Route("/ui/logout", posted(self.logout), methods=["POST"]),
        ]

    def _oidc_routes(self) -> Sequence[Route]:
        if self.oidc is None:
            return ()
        return OidcSignIn(site=self.site, sessions=self.sessions, client=self.oidc).routes()

    def refuse(self, request: Request) -> Response:
        """Answer a request without a session."""
        return self._how(request, status=_UNAUTHORIZED)

    def login(self, request: Request) -> Response:
        """Follow a one-time link; without a link, say how to get one."""
        link = request.query_params.get("link", "")
        # A browser that loads the address ahead of the person must not use the link up.
        if not link or is_ahead(request):
            return self._how(request)
        # A link is for the machine itself: elsewhere, an issuer says who a person is.
        if not is_loopback(request):
            return self._how(request, status=_UNAUTHORIZED)
        secret = self.sessions.follow(link, purpose=TREATMENT)
        if secret is None:
            if session_of(request) is not None:
                return RedirectResponse("/", status_code=303)
            return self._how(request, status=_UNAUTHORIZED, used=True)
        if before := secret_of(request):
            self.sessions.end(before)
        answer = RedirectResponse("/", status_code=303)
        keep_secret(request, answer, secret)
        return answer

    def session(self, request: Request) -> Response:
        """Show who is signed in, with the choice of role and purpose."""
        html = session_page(words=self.site.words, frame=self.site.plain_frame(request))
        return HTMLResponse(html)

    def changed(self, request: Request, values: FormValues) -> Response:
        """Go on in another role or for another purpose."""
        purpose = one(values, "purpose")
        if purpose in PURPOSES:
            self.sessions.change(secret_of(request), role=one(values, "role"), purpose=purpose)
        return RedirectResponse("/ui/session", status_code=303)

    def logout(self, request: Request, values: FormValues) -> Response:
        """Sign out, at the issuer too if it offers that."""
        del values
        session = session_of(request)
        self.sessions.end(secret_of(request))
        answer: Response = RedirectResponse(SIGN_IN, status_code=303)
        if self.oidc is not None and session is not None and session.issuer == self.oidc.issuer:
            answer = self._signed_out(request, self.oidc)
        forget_secret(request, answer)
        return answer

    def _signed_out(self, request: Request, client: OidcClient) -> Response:
        try:
            address = client.sign_out_url()
        except IssuerUnavailable:
            address = None
        if address is not None and address.startswith(f"{client.issuer_origin}/"):
            return RedirectResponse(address, status_code=303)
        # A browser would not send the form on to another origin: the person follows a link.
        request.state.session = None
        frame = self.site.plain_frame(request)
        return HTMLResponse(signed_out_page(address, words=self.site.words, frame=frame))

    def _how(self, request: Request, *, status: int = 200, used: bool = False) -> Response:
        frame = self.site.plain_frame(request)
        html = sign_in_page(
            used=used,
            oidc="" if self.oidc is None else start_address(request, self.oidc),
            loopback=is_loopback(request),
            words=self.site.words,
            frame=frame,
        )
        return HTMLResponse(html, status_code=status)
