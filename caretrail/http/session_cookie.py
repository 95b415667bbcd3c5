"""Read and write the cookie of a session, and the CSRF token that belongs to it."""

import hashlib
import hmac
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from caretrail.http.guard import LOOPBACK, host_name
from infra.web_sessions import ATTEMPT, SESSION

#: A cookie with this prefix is accepted over TLS alone, for one host, and with the path "/".
_SECURE_PREFIX: Final = "__Host-"


def is_loopback(request: Request) -> bool:
    """Tell whether the browser reached this server under a name of loopback."""
    return host_name(request.headers.get("host", "")) in LOOPBACK


def secret_of(request: Request, name: str = "session") -> str:
    """Return the secret in a cookie of ours; empty if there is none."""
    return request.cookies.get(_cookie(request, name), "")


def keep_secret(request: Request, response: Response, secret: str, name: str = "session") -> None:
    """Give the secret to the browser, which sends it back to this host alone."""
    response.set_cookie(
        _cookie(request, name),
        secret,
        max_age=round((SESSION if name == "session" else ATTEMPT).total_seconds()),
        path="/",
        secure=not is_loopback(request),
        httponly=True,
        samesite="lax",
    )


def forget_secret(request: Request, response: Response, name: str = "session") -> None:
    """Let the browser delete the cookie."""
    response.delete_cookie(
        _cookie(request, name),
        path="/",
        secure=not is_loopback(request),
        httponly=True,
        samesite="lax",
    )


def csrf_token(secret: str) -> str:
    """Return the token that each form of a session carries. Only its own pages can know it."""
    return hmac.new(secret.encode(), b"caretrail csrf", hashlib.sha256).hexdigest()


def is_csrf_token(secret: str, token: str) -> bool:
    """Tell whether a form was made for this session."""
    return hmac.compare_digest(csrf_token(secret).encode(), token.encode())


def _cookie(request: Request, name: str) -> str:
    """Return the name of a cookie.

    Browsers send the cookies of one host to all of its ports, so on loopback the name has the port:
    two services of one machine keep their sessions apart.
    """
    if not is_loopback(request):
        return f"{_SECURE_PREFIX}caretrail-{name}"
    return f"caretrail-{name}-{request.url.port or 80}"
