"""The application of the API: its routes.

Reads are worked on in threads, a bounded number at a time. A read that waits for the read models
holds no thread while it waits. Commands that wait at the same time are recorded together.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from anyio import CapacityLimiter, current_time, sleep, to_thread
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from caretrail.api.collections import command_routes
from caretrail.api.document import PREFIX, document
from caretrail.api.frame import ClientGone, incoming_of, read_body, refusal
from caretrail.api.incoming import ApiServices, Incoming
from caretrail.api.posting import CommandsFirst, command_endpoints
from caretrail.api.problems import Problem
from caretrail.api.reading import MustWait
from caretrail.api.reads import ReadRoute, read_routes

Work = Callable[[Incoming], Response]

_LOOK_SECONDS: Final = 0.02  # between two looks at the read models


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
    api.add_api_route("/openapi.json", _openapi, methods=["GET"], include_in_schema=False)
    return CommandsFirst(api, endpoints)


def _add_read(
    api: FastAPI, services: ApiServices, limiter: CapacityLimiter, read: ReadRoute
) -> None:
    route = f"{read.method} {PREFIX}{read.path}"

    async def endpoint(request: Request) -> Response:
        try:
            body = b"" if request.method == "GET" else await read_body(request.receive)
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
            await sleep(_LOOK_SECONDS)

    api.add_api_route(
        read.path, endpoint, methods=[read.method], include_in_schema=False, response_model=None
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
    del request
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "unknown_route", 405: "method_not_allowed"}.get(status, "internal_error")
    headers = getattr(error, "headers", None)
    return Problem(code, headers=headers).response()


def _openapi() -> Response:
    return JSONResponse(document())


__all__ = ["ApiServices", "create_api"]
