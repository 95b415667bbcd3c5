"""Set the headers of every answer; refuse foreign hosts and foreign forms."""

import re
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Names under which a browser reaches loopback. Another name in ``Host`` may be the name of a
#: foreign site that resolves to this machine (DNS rebinding).
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

#: ``{targets}``: where a browser may send the forms of these pages, redirects included.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {targets}; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY.format(targets="'self'"),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII)
_WRONG_HOST: Final = (
    "This server does not answer under this host name. Use http://127.0.0.1 with its port,"
    " or set CARETRAIL_HTTP_HOST.\n"
)
_FOREIGN_FORM: Final = "This form was not sent by a page of this server. Open the page again.\n"


class Guard:
    """Refuses unknown hosts and forms of other sites; adds the security headers."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str] = LOOPBACK,
        form_targets: Collection[str] = (),
    ) -> None:
        """Take what is allowed.

        Args:
            app: What is guarded.
            hosts: The host names that are answered.
            form_targets: Origins to which a form may be redirected, besides this server.
        """
        self._app = app
        self._hosts = frozenset(hosts)
        policy = _POLICY.format(targets=" ".join(("'self'", *form_targets)))
        headers = {**HEADERS, "Content-Security-Policy": policy}
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                names = {name for name, _ in given}
                added = (each for each in self._headers if each[0] not in names)
                message["headers"] = [*given, *added]
            await send(message)

        headers = Headers(scope=scope)
        if host_name(headers.get("host", "")) not in self._hosts:
            refusal = PlainTextResponse(_WRONG_HOST, status_code=421)
            await refusal(scope, receive, send_guarded)
            return
        if scope["method"] not in ("GET", "HEAD") and not self._is_own_form(headers):
            refusal = PlainTextResponse(_FOREIGN_FORM, status_code=403)
            await refusal(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _is_own_form(self, headers: Headers) -> bool:
        """Tell by the headers of the browser whether a page of this server sent the form."""
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin", "null")
        # Under ``no-referrer`` a browser may send "null" for pages of this server too.
        scheme, _, host = origin.partition("://")
        return origin == "null" or (scheme in {"http", "https"} and host_name(host) in self._hosts)


def host_name(host: str) -> str | None:
    """Return the host name without its port, in lower case; None if this is no host with a port.

    The form is that of RFC 9110, section 7.2, for names and addresses that a browser sends.

    >>> host_name("LOCALHOST:8600"), host_name("[::1]:8600"), host_name("127.0.0.1")
    ('localhost', '[::1]', '127.0.0.1')
    >>> host_name("[::1].evil.example"), host_name("localhost:8600.evil.example")
    (None, None)
    >>> host_name("a@localhost")
    """
    found = _HOST.fullmatch(host)
    return found["name"].lower() if found else None
