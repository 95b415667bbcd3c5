"""Show pages to people who are signed in: every path is closed unless it is listed here."""

from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from caretrail.http.session_cookie import is_loopback, secret_of
from commands.ports.store import StoreUnavailable
from infra.web_sessions import WebSession, WebSessions

#: What load balancers need, and what the page of the sign-in loads.
_OPEN: Final = frozenset({"/healthz", "/static/caretrail.css"})
#: What operators need on the machine itself: open under the names of loopback alone.
_OPEN_ON_LOOPBACK: Final = frozenset({"/readyz", "/metrics"})
#: The API asks for a token by itself.
_API: Final = "/api/"
SIGN_IN: Final = "/ui/login"


class Gate:
    """Answers requests without a session with the page that says how to sign in."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: WebSessions,
        refuse: Callable[[Request], Response],
        unavailable: Callable[[Request, Exception], Response],
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._refuse = refuse
        self._unavailable = unavailable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a handler finds the session with ``session_of``."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path in _OPEN or path.startswith(_API):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if path in _OPEN_ON_LOOPBACK and is_loopback(request):
            await self._app(scope, receive, send)
            return
        secret = secret_of(request)
        try:
            found = await run_in_threadpool(self._sessions.session, secret) if secret else None
        except StoreUnavailable as error:
            await self._unavailable(request, error)(scope, receive, send)
            return
        request.state.session = found
        if found is None and path != SIGN_IN and not path.startswith(f"{SIGN_IN}/"):
            await self._refuse(request)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def session_of(request: Request) -> WebSession | None:
    """Return who sends a request; None on a page that needs no session."""
    return getattr(request.state, "session", None)


def is_ahead(request: Request) -> bool:
    """Tell whether a browser loads the address ahead of the person."""
    return request.method == "HEAD" or "prefetch" in request.headers.get("sec-purpose", "")
