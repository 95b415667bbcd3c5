"""Serve another application below a path."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Below:
    """Passes the requests below a path on to another application, whatever their path holds.

    A ``Mount`` would not match a path with a line break, and the answer would be a page.
    """

    def __init__(self, app: ASGIApp, *, path: str, other: ASGIApp) -> None:
        self._app = app
        self._path = path
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(f"{self._path}/"):
            await self._other({**scope, "root_path": self._path}, receive, send)
        else:
            await self._app(scope, receive, send)
