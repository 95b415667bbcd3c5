"""The frame of each request of the API: its body, its person, and the answer to an error."""

import re
from collections.abc import Mapping
from typing import Final

import structlog
from psycopg_pool import PoolTimeout
from starlette.responses import Response
from starlette.types import Receive, Scope

from caretrail.actors.accesses import AccessNotRecorded
from caretrail.actors.user import NotAuthenticated
from caretrail.api.incoming import ApiServices, Incoming
from caretrail.api.problems import Problem, refused, sentence
from commands.ports.store import CannotStore, RightMissing, StoreUnavailable
from domain.errors import DomainError, UnknownEvent, UnknownStream
from domain.events import UUID_TEXT
from domain.ids import EventId, StreamId
from infra.log import place_of
from infra.oidc import IssuerUnavailable
from projections.engine.generations import NeedsRebuild

log = structlog.get_logger()

_UUID: Final = re.compile(UUID_TEXT)
#: Failures of what the API depends on, and the codes of their problems; of several, the first one.
_CODES: Final[Mapping[type[Exception], str]] = {
    AccessNotRecorded: "access_not_recorded",
    IssuerUnavailable: "issuer_unavailable",
    NeedsRebuild: "read_models_not_built",
    RightMissing: "database_right_missing",
    StoreUnavailable: "store_unavailable",
    PoolTimeout: "store_unavailable",
}
_LARGEST: Final = 1 << 20  # bytes of a body


class ClientGone(Exception):
    """The client closed the connection before it had sent the whole request."""


async def read_body(receive: Receive) -> bytes:
    """Return the body of a request.

    Raises:
        Problem: It is too large.
        ClientGone: There is no client to answer.
    """
    parts, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts += message.get("body", b"")
        if len(parts) > _LARGEST:
            raise Problem("body_too_large")
        more = message.get("more_body", False)
    return bytes(parts)


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request, by name in lower case; of several, the first one."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in reversed(scope["headers"])
    }


def incoming_of(  # the parts of a request
    services: ApiServices,
    route: str,
    scope: Scope,
    *,
    path: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
) -> Incoming:
    """Return a request with its person.

    Raises:
        NotAuthenticated, IssuerUnavailable, StoreUnavailable: See ``Authentication.user``.
        Problem, DomainError: The address holds something else than ids.
    """
    headers = headers_of(scope)
    user = services.authentication.user(headers.get("authorization"))
    _refuse_other_ids(path)
    return Incoming(
        services=services,
        route=route,
        user=user,
        headers=headers,
        path=path,
        query=query,
        body=body,
    )


def refusal(error: Exception, route: str) -> Response:
    """Return the answer that tells a caller of an error."""
    if isinstance(error, DomainError):
        return refused(error)
    return _problem_of(error, route).response()


def _problem_of(error: Exception, route: str) -> Problem:
    """Return what a caller is told of an error."""
    match error:
        case Problem():
            return error
        case NotAuthenticated():
            return Problem(
                "not_authenticated",
                detail=sentence(error.why),
                headers={"WWW-Authenticate": 'Bearer realm="caretrail"'},
            )
        case CannotStore():
            return Problem("body_invalid", facts={"reason": error.reason})
        case IssuerUnavailable():
            log.warning("oidc.unavailable", reason=str(error))
        case _:
            pass
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return Problem(code)
    # Its text may hold patient data, and so may the address.
    log.error("request.failed", route=route, error=type(error).__name__, place=place_of(error))
    return Problem("internal_error")


def _refuse_other_ids(path: Mapping[str, str]) -> None:
    """Refuse an address with anything but an id: numbers of patients do not belong in addresses.

    Raises:
        Problem, DomainError: There is no such patient, stream or event.
    """
    for name, given in path.items():
        if _UUID.fullmatch(given) is None:
            if name == "stream":
                raise UnknownStream(StreamId("with this id"))
            if name == "event":
                raise UnknownEvent(EventId("with this id"))
            raise Problem("unknown_patient")
