"""The application of the API: its routes.

Reads are worked on in threads, a bounded number at a time. A read that waits for the read models
holds no thread while it waits. Commands that wait at the same time are recorded together.
"""

from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter, current_time, sleep, to_thread
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp

from caretrail.api.collections import PREFIX, command_routes
from caretrail.api.frame import ClientGone, incoming_of, read_body, refusal
from caretrail.api.incoming import ApiServices, Incoming
from caretrail.api.posting import CommandsFirst, command_endpoints
from caretrail.api.problems import Problem
from caretrail.api.reading import LOOK_SECONDS, MustWait
from caretrail.api.reads import ReadRoute, read_routes

Work = Callable[[Incoming], Response]


def create_api(services: ApiServices) -> ASGIApp:
    """Return the application of the API, to be mounted under ``/api/v1``."""
    api = FastAPI(
        title="caretrail",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={HTTPException: _http_error},
    )
    limiter = CapacityLimiter(services.threads)
    endpoints = command_endpoints(services, command_routes())
    for command in endpoints:
        route = Route(command.route.path, command, methods=["POST"], include_in_schema=False)
        api.router.routes.append(route)
    for read in read_routes():
        _add_read(api, services, limiter, read)
    api.add_api_route("/openapi.json", _openapi, methods=["GET", "HEAD"], include_in_schema=False)
    return CommandsFirst(api, endpoints)


def _add_read(
    api: FastAPI, services: ApiServices, limiter: CapacityLimiter, read: ReadRoute
) -> None:
    route = f"{read.method} {PREFIX}{read.path}"

    async def endpoint(request: Request) -> Response:
        try:
            body = b"" if read.method == "GET" else await read_body(request.receive)
        except ClientGone:
            return Response(status_code=400)  # the server throws it away
        except Problem as problem:
            return problem.response()
        answer = partial(_answer, services, route, read.work, request, body)
        until = current_time() + services.wait_seconds
        while True:
            found = await to_thread.run_sync(answer, limiter=limiter)
            if isinstance(found, Response):
                return found
            if current_time() >= until:
                return Problem("not_yet_in_read_models", facts={"index": found.index}).response()
            await sleep(LOOK_SECONDS)

    methods = ["GET", "HEAD"] if read.method == "GET" else ["POST"]
    api.add_api_route(
        read.path, endpoint, methods=methods, include_in_schema=False, response_model=None
    )


def _answer(
    services: ApiServices, route: str, work: Work, request: Request, body: bytes
) -> Response | MustWait:
    """Return the answer to a request that reads; or what it waits for."""
    try:
        incoming = incoming_of(
            services,
            route,
            request.scope,
            path=request.path_params,
            query=request.query_params,
            body=body,
        )
        return work(incoming)
    except MustWait as waiting:
        return waiting
    except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
        return refusal(error, route)


async def _http_error(request: Request, error: Exception) -> Response:  # as FastAPI calls it
    match error:
        case HTTPException(status_code=404):
            return Problem("unknown_route").response()
        case HTTPException(status_code=405):
            headers = {"Allow": ", ".join(_methods(request))}
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
            return Problem("method_not_allowed", headers=headers).response()
        case _:
            return Problem("internal_error").response()


def _methods(request: Request) -> list[str]:
    """Return the methods that the address takes. Several routes may have one path."""
    found = {"OPTIONS"}
    for route in request.app.router.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE and isinstance(route, Route | APIRoute):
            found |= route.methods or set()
    return sorted(found)


def _openapi() -> Response:
    # Slow to import, and for this address alone.
    from caretrail.api.document import document  # noqa: PLC0415

    return JSONResponse(document())


__all__ = ["ApiServices", "create_api"]
