"""Answer the requests that give commands. Commands that wait at the same time share a transaction.

Each layer around a handler costs as much as a rule, so commands are served without the layers of
FastAPI: an endpoint reads the body and sends the answer itself, and a path is looked up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from anyio import current_time, sleep
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from caretrail.api.collections import PREFIX, CommandRoute
from caretrail.api.frame import ClientGone, incoming_of, read_body, refusal
from caretrail.api.gathering import Gathering
from caretrail.api.giving import (
    PostedCommand,
    answer_of,
    conflict_of,
    persons_named,
    posted_command,
)
from caretrail.api.incoming import ApiServices, Incoming
from caretrail.api.problems import Problem
from caretrail.api.reading import LOOK_SECONDS, MustWait, wait
from caretrail.named_person import RecordsNamed
from commands.ports.streams import CommandOutcome
from domain.errors import UnknownPerson, VersionConflict

#: Batches of commands that are worked on at a time: one is decided while another one commits.
_BATCHES: Final = 2
#: The most commands of a batch, so that the first one does not wait long for the last one.
_BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A request that gives a command."""

    route: CommandRoute
    name: str  # of the route, as documented
    scope: Scope
    body: bytes
    waits_for: int = 0  # index that the read models must hold before a person is unknown


class CommandEndpoint:
    """Serves the requests that give one command."""

    def __init__(
        self,
        route: CommandRoute,
        gathering: Gathering[CommandRequest, Response | MustWait],
        wait_seconds: float,
    ) -> None:
        self.route = route
        self._name = f"POST {PREFIX}{route.path}"
        self._gathering = gathering
        self._wait_seconds = wait_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; its ``path_params`` hold the stream if the address names it."""
        try:
            body = await read_body(receive)
            answer = await self._answer(CommandRequest(self.route, self._name, scope, body))
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
            answer = refusal(error, self._name)
        await answer(scope, receive, send)

    async def _answer(self, request: CommandRequest) -> Response:
        until = current_time() + self._wait_seconds
        while isinstance(found := await self._gathering.answer(request), MustWait):
            if current_time() >= until:
                return Problem("not_yet_in_read_models", facts={"index": found.index}).response()
            request = replace(request, waits_for=found.index)
            await sleep(LOOK_SECONDS)
        return found


def command_endpoints(
    services: ApiServices, routes: Iterable[CommandRoute]
) -> tuple[CommandEndpoint, ...]:
    """Return the endpoint of each command. Their commands are gathered together."""
    gathering = Gathering(partial(_give_all, services), batches=_BATCHES, largest=_BATCH)
    return tuple(CommandEndpoint(each, gathering, services.wait_seconds) for each in routes)


class CommandsFirst:
    """Passes a command on to its endpoint, and any other request to the application.

    The application knows the endpoints too, but its router tries one route after the other.
    """

    def __init__(self, app: ASGIApp, endpoints: Iterable[CommandEndpoint]) -> None:
        self._app = app
        self._endpoints: Mapping[str, CommandEndpoint] = {
            each.route.path: each for each in endpoints
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if (found := self._endpoints.get(path)) is not None:
                await found({**scope, "path_params": {}}, receive, send)
                return
            collection, _, rest = path[1:].partition("/")
            stream, _, verb = rest.partition("/")
            found = self._endpoints.get(f"/{collection}/{{stream}}/{verb}")
            if found is not None and stream:
                await found({**scope, "path_params": {"stream": stream}}, receive, send)
                return
        await self._app(scope, receive, send)


def _give_all(
    services: ApiServices, requests: Sequence[CommandRequest]
) -> list[Response | MustWait]:
    """Give commands together; return the answer to each, or what it waits for."""
    answers = dict[int, Response | MustWait]()
    incoming = dict[int, Incoming]()
    posted = dict[int, PostedCommand]()
    with services.held():
        for place, each in enumerate(requests):
            try:
                incoming[place] = _incoming(services, each)
            except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
                answers[place] = refusal(error, each.name)
        looked_up = _looked_up([(one, requests[at].route) for at, one in incoming.items()])
        for place, one in incoming.items():
            try:
                posted[place] = _posted(one, requests[place], looked_up)
            except MustWait as waiting:
                answers[place] = waiting
            except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
                answers[place] = refusal(error, requests[place].name)
        outcomes = services.decisions.record_all([one.given for one in posted.values()])
        for (place, command), outcome in zip(posted.items(), outcomes, strict=True):
            answers[place] = _answer_of(command, outcome)
    return [answers[place] for place in range(len(requests))]


def _looked_up(given: Sequence[tuple[Incoming, CommandRoute]]) -> RecordsNamed:
    try:
        return persons_named(given)
    except Exception:  # noqa: BLE001 - each request looks up for itself, and is refused alone
        return {}


def _incoming(services: ApiServices, request: CommandRequest) -> Incoming:
    """Return a request with its person. See ``incoming_of``."""
    return incoming_of(
        services,
        request.name,
        request.scope,
        path=request.scope["path_params"],
        query={},
        body=request.body,
    )


def _posted(incoming: Incoming, request: CommandRequest, looked_up: RecordsNamed) -> PostedCommand:
    """Return the command of a request.

    Raises:
        MustWait: No message of the read models names the person, and they lack recorded messages.
    """
    try:
        return posted_command(incoming, request.route, looked_up)
    except UnknownPerson:
        wait(incoming, request.waits_for or incoming.services.newest())
        raise


def _answer_of(posted: PostedCommand, outcome: CommandOutcome | Exception) -> Response:
    try:
        match outcome:
            case CommandOutcome():
                return answer_of(posted, outcome)
            case VersionConflict():
                return conflict_of(posted, outcome)
            case _:
                return refusal(outcome, posted.incoming.route)
    except Exception as error:  # noqa: BLE001 - the boundary: every error is answered
        return refusal(error, posted.incoming.route)
