"""The role that serves the pages."""

import json
import os
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import structlog
import uvicorn

from caretrail.bootstrap import Application, opened
from caretrail.facility_names import facility_names
from caretrail.gauges import current_metrics
from caretrail.http import OwnActivities, create_app
from caretrail.http.guard import LOOPBACK
from caretrail.listening import listen
from caretrail.reading.reader import Reader
from caretrail.roles.opened_api import open_api
from caretrail.running_service import unready_role
from caretrail.stories import stories_of
from caretrail.web.plain_pages import Story
from caretrail.web.words import Words
from infra import clock, health
from infra.oidc_login import client_of, public_address
from infra.settings import Settings
from infra.web_sessions import WebSessions

log = structlog.get_logger()

_STOP_SECONDS: Final = 5


def run(settings: Settings, stop: threading.Event) -> None:
    """Serve until ``stop`` is set."""
    with opened(settings) as application, open_api(application) as opened_api:
        reader = opened_api.readers.reader
        problems = _ServiceProblems(application)
        app = create_app(
            reader,
            sessions=WebSessions(reader.connection),
            now=settings.present,
            new_id=clock.new_id,
            words=_words(settings),
            problems=problems,
            metrics=lambda: current_metrics(application),
            stories=lambda: _stories(settings, reader),
            hosts=(*LOOPBACK, *_names(settings)),
            api=opened_api.api,
            own=OwnActivities(decisions=application.decisions, id_key=application.id_key),
            oidc=client_of(settings, opened_api.oidc),
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )
        with health.serving(settings.health_port, lambda: _own(application, server)):
            threading.Thread(target=_stop, args=(server, stop), daemon=True).start()
            with listen(settings) as listening:
                _serve(server, listening)


def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve. Signals stay with the role: uvicorn's own entry point would install handlers."""
    import asyncio  # noqa: PLC0415 - for this function alone

    asyncio.run(server.serve(sockets=[listening]))


def _stop(server: uvicorn.Server, stop: threading.Event) -> None:
    stop.wait()
    server.should_exit = True


def _own(application: Application, server: uvicorn.Server) -> Mapping[str, str]:
    quiet = {} if server.started else {"http": "does not listen yet"}
    return {**quiet, **application.problems()}


class _ServiceProblems:
    """The problems of the whole service, by role, for ``/readyz`` of the pages."""

    def __init__(self, application: Application) -> None:
        self._application = application
        health_ports: Mapping[str, int] = json.loads(os.environ.get("CARETRAIL_ROLE_HEALTH", "{}"))
        self._others = {name: port for name, port in health_ports.items() if name != "http"}

    def __call__(self) -> Mapping[str, str]:
        found = dict(self._application.problems())
        for name, port in self._others.items():
            why = unready_role(port)
            if why is not None:
                found[name] = why
        return found


def _words(settings: Settings) -> Words:
    facilities = facility_names(settings)
    footers: tuple[str, ...] = ()
    if settings.now:
        local = Words(zone=ZoneInfo(settings.zone)).moment(settings.now, year=True)
        footers = (
            f"On these pages, “now” is {local}.",
            "“Recorded” says when caretrail received a message.",
        )
    return Words(
        zone=ZoneInfo(settings.zone),
        zone_name=settings.zone,
        facilities=facilities,
        footers=footers,
    )


def _stories(settings: Settings, reader: Reader) -> Sequence[Story]:
    found = []
    for kept in stories_of(settings.home):
        patient = reader.resolve(kept.number)
        if patient is not None:
            found.append(
                Story(title=kept.title, text=kept.what_to_see, href=f"/ui/patients/{patient}")
            )
    return found


def _names(settings: Settings) -> tuple[str, ...]:
    """Return the host names that browsers use: of the public address, and of the configured one."""
    public = public_address(settings)
    unnamed = settings.http_host in {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not bound
    host = settings.http_host.lower()
    return (
        *(() if unnamed else (f"[{host}]" if ":" in host else host,)),
        *(() if public is None else (public.host,)),
    )
