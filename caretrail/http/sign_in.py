"""Sign in by a one-time link, choose role and purpose, sign out."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from caretrail.http.gate import SIGN_IN, session_of
from caretrail.http.posted import FormValues, one, posted
from caretrail.http.session_cookie import forget_secret, keep_secret, secret_of
from caretrail.http.site import Site
from caretrail.web.purposes import PURPOSES, TREATMENT
from caretrail.web.session_pages import session_page, sign_in_page
from infra.web_sessions import WebSessions

_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The pages of the session."""

    site: Site
    sessions: WebSessions

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(SIGN_IN, self.login),
            Route("/ui/session", self.session),
            Route("/ui/session", posted(self.changed), methods=["POST"]),
            Route("/ui/logout", posted(self.logout), methods=["POST"]),
        ]

    def refuse(self, request: Request) -> Response:
        """Answer a request without a session."""
        return self._how(request, status=_UNAUTHORIZED)

    def login(self, request: Request) -> Response:
        """Follow a one-time link; without a link, say how to get one."""
        link = request.query_params.get("link", "")
        # A browser that loads the address ahead of the person must not use the link up.
        ahead = "prefetch" in request.headers.get("sec-purpose", "")
        if not link or ahead or request.method == "HEAD":
            return self._how(request)
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
        """Sign out."""
        del values
        self.sessions.end(secret_of(request))
        answer = RedirectResponse(SIGN_IN, status_code=303)
        forget_secret(request, answer)
        return answer

    def _how(self, request: Request, *, status: int = 200, used: bool = False) -> Response:
        frame = self.site.plain_frame(request)
        html = sign_in_page(used=used, words=self.site.words, frame=frame)
        return HTMLResponse(html, status_code=status)
