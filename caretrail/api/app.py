"""The application of the API: routes, the frame of each request, and its answer.

Reads are worked on in threads, a bounded number at a time. A read that waits for the read models
holds no thread while it waits. Commands that wait at the same time are recorded together.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from anyio import CapacityLimiter, current_time, sleep, to_thread
from fastapi import FastAPI, Request
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from caretrail.actors.accesses import AccessNotRecorded
from caretrail.actors.user import NotAuthenticated
from caretrail.api.collections import CommandRoute, command_routes
from caretrail.api.document import PREFIX, document
from caretrail.api.gathering import Gathering
from caretrail.api.giving import PostedCommand, answer_of, conflict_of, posted_command
from caretrail.api.incoming import ApiServices, Incoming
from caretrail.api.problems import Problem, refused
from caretrail.api.reading import MustWait
from caretrail.api.reads import ReadRoute, read_routes
from commands.ports.store import CannotStore, StoreUnavailable
from commands.ports.streams import CommandOutcome
from domain.errors import DomainError, UnknownEvent, UnknownStream, VersionConflict
from domain.events import UUID_TEXT
from domain.ids import EventId, StreamId
from infra.log import place_of
from infra.oidc import IssuerUnavailable
from projections.engine.generations import NeedsRebuild

log = structlog.get_logger()

Work = Callable[[Incoming], Response]

#: Batches of commands that are worked on at a time: one is decided while another one commits.
_BATCHES: Final = 2
#: The most commands of a batch, so that the first one does not wait long for the last one.
_BATCH: Final = 32

_UUID: Final = re.compile(UUID_TEXT)
#: Failures of what the API depends on, and the codes of their problems.
_CODES: Final[Mapping[type[Exception], str]] = {
    AccessNotRecorded: "access_not_recorded",
    IssuerUnavailable: "issuer_unavailable",
    NeedsRebuild: "read_models_not_built",
    StoreUnavailable: "store_unavailable",
    PoolTimeout: "store_unavailable",
}
_LARGEST: Final = 1 << 20  # bytes of a body
_LOOK_SECONDS: Final = 0.02  # between two looks at the read models


def create_api(services: ApiServices) -> FastAPI:
    """Return the application of the API, to be mounted under ``/api/v1``."""
    api = FastAPI(
        title="caretrail",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={HTTPException: _http_error},
    )
    limiter = CapacityLimiter(services.threads)
    gathering = Gathering(partial(_give_all, services), batches=_BATCHES, largest=_BATCH)
    for command in command_routes():
        _add_command(api, gathering, command)
    for read in read_routes():
        _add_read(api, services, limiter, read)
    api.add_api_route("/openapi.json", _openapi, methods=["GET"], include_in_schema=False)
    return api


@dataclass(frozen=True, slots=True)
class _CommandRequest:
    route: CommandRoute
    request: Request
    body: bytes


def _add_command(
    api: FastAPI, gathering: Gathering[_CommandRequest, Response], route: CommandRoute
) -> None:
    async def endpoint(request: Request) -> Response:
        body = await _body(request)
        if isinstance(body, Response):
            return body
        return await gathering.answer(_CommandRequest(route, request, body))

    # A plain route of Starlette: FastAPI would look for parameters that the endpoint has not.
    api.add_route(route.path, endpoint, methods=["POST"], include_in_schema=False)


def _give_all(services: ApiServices, requests: Sequence[_CommandRequest]) -> list[Response]:
    """Give commands together; return the answer to each."""
    answers = dict[int, Response]()
    posted = dict[int, PostedCommand]()
    with services.held():
        for place, each in enumerate(requests):
            name = f"POST {PREFIX}{each.route.path}"
            try:
                incoming = _incoming(services, name, each.request, each.body)
                posted[place] = posted_command(incoming, each.route)
            except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
                answers[place] = _refusal(error, name)
        outcomes = services.decisions.record_all([one.given for one in posted.values()])
        for (place, command), outcome in zip(posted.items(), outcomes, strict=True):
            answers[place] = _answer_of(command, outcome)
    return [answers[place] for place in range(len(requests))]


def _answer_of(posted: PostedCommand, outcome: CommandOutcome | Exception) -> Response:
    try:
        match outcome:
            case CommandOutcome():
                return answer_of(posted, outcome)
            case VersionConflict():
                return conflict_of(posted, outcome)
            case _:
                return _refusal(outcome, posted.incoming.route)
    except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
        return _refusal(error, posted.incoming.route)


def _add_read(
    api: FastAPI, services: ApiServices, limiter: CapacityLimiter, read: ReadRoute
) -> None:
    route = f"{read.method} {PREFIX}{read.path}"

    async def endpoint(request: Request) -> Response:
        body = await _body(request)
        if isinstance(body, Response):
            return body
        answer = partial(_answer, services, route, read.work, request, body)
        until = current_time() + services.wait_seconds
        while True:
            found = await to_thread.run_sync(answer, limiter=limiter)
            if isinstance(found, Response):
                return found
            if current_time() >= until:
                return Problem("not_yet_in_read_models", facts={"index": found.index}).response()
            await sleep(_LOOK_SECONDS)

    api.add_api_route(
        read.path, endpoint, methods=[read.method], include_in_schema=False, response_model=None
    )


async def _body(request: Request) -> bytes | Response:
    """Return the body; the answer if it is too large."""
    if request.method == "GET":
        return b""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > _LARGEST:
            return Problem("body_too_large").response()
    return bytes(parts)


def _answer(
    services: ApiServices, route: str, work: Work, request: Request, body: bytes
) -> Response | MustWait:
    """Return the answer to a request that reads; or what it waits for."""
    try:
        return work(_incoming(services, route, request, body))
    except MustWait as waiting:
        return waiting
    except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
        return _refusal(error, route)


def _incoming(services: ApiServices, route: str, request: Request, body: bytes) -> Incoming:
    """Return a request with its person.

    Raises:
        NotAuthenticated, IssuerUnavailable, StoreUnavailable: See ``Authentication.user``.
        Problem, DomainError: The address holds something else than ids.
    """
    user = services.authentication.user(request.headers.get("authorization"))
    _refuse_other_ids(request)
    return Incoming(
        services=services,
        route=route,
        user=user,
        headers=request.headers,
        path=request.path_params,
        query=request.query_params,
        body=body,
    )


def _refusal(error: Exception, route: str) -> Response:
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
                detail=f"{error.why[:1].upper()}{error.why[1:]}.",
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


def _refuse_other_ids(request: Request) -> None:
    """Refuse an address with anything but an id: numbers of patients do not belong in addresses.

    Raises:
        Problem, DomainError: There is no such patient, stream or event.
    """
    for name, given in request.path_params.items():
        if _UUID.fullmatch(given) is None:
            if name == "stream":
                raise UnknownStream(StreamId("with this id"))
            if name == "event":
                raise UnknownEvent(EventId("with this id"))
            raise Problem("unknown_patient")


async def _http_error(request: Request, error: Exception) -> Response:  # as FastAPI calls it
    del request
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "unknown_route", 405: "method_not_allowed"}.get(status, "internal_error")
    headers = getattr(error, "headers", None)
    return Problem(code, headers=headers).response()


def _openapi() -> Response:
    return JSONResponse(document())


__all__ = ["ApiServices", "create_api"]
