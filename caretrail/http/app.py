"""The web application: pages behind a sign-in, and what operators ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from caretrail.actors.accesses import AccessRecorder
from caretrail.actors.care import CareLookup
from caretrail.http.below import Below
from caretrail.http.command_pages import CommandPages
from caretrail.http.error_pages import ErrorPages
from caretrail.http.gate import Gate
from caretrail.http.guard import LOOPBACK, Guard
from caretrail.http.plan_pages import PlanPages
from caretrail.http.reading_pages import ReadingPages
from caretrail.http.referral_pages import ReferralPages
from caretrail.http.replay_pages import ReplayPages
from caretrail.http.searches import RecentSearches
from caretrail.http.sign_in import SignIn
from caretrail.http.site import Site
from caretrail.http.users import PageReads
from caretrail.http.work_pages import WorkPages
from caretrail.reading.reader import Reader
from caretrail.web.plain_pages import Story
from caretrail.web.render import STYLESHEET
from caretrail.web.words import Words
from commands.decisions import Decisions
from domain.ids import IdKey
from infra import clock
from infra.oidc_login import OidcClient
from infra.web_sessions import WebSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnActivities:
    """What the pages need to record own activities."""

    decisions: Decisions
    id_key: IdKey


def create_app(  # noqa: PLR0913  # the parts of an application are wired here
    reader: Reader,
    *,
    sessions: WebSessions,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    words: Words,
    problems: Callable[[], Mapping[str, str]],
    metrics: Callable[[], bytes],
    stories: Callable[[], Sequence[Story]] = tuple,
    hosts: Sequence[str] = tuple(LOOPBACK),
    api: ASGIApp | None = None,
    own: OwnActivities | None = None,
    oidc: OidcClient | None = None,
) -> Starlette:
    """Return the web application. Its handlers run in threads.

    Args:
        reader: Answers the questions of all pages.
        sessions: Who is signed in.
        now: Returns the present, in UTC.
        new_id: Returns a fresh id for a search.
        words: The time zone of the pages and the names of facilities.
        problems: Returns the problems of the service, by part; empty if it is ready.
        metrics: Returns the metrics in the text format of Prometheus.
        stories: Returns the stories that the first page links to.
        hosts: The host names that are answered.
        api: What is served under ``/api/v1``.
        own: What the pages of own activities need; None: there are no such pages.
        oidc: The pages as a client of an OIDC issuer; None: people sign in by a link only.
    """
    reads = PageReads(
        accesses=AccessRecorder(reader.connection, new_id=clock.new_id),
        care=CareLookup(reader.connection, now=now),
    )
    site = Site(reader=reader, now=now, words=words, reads=reads)
    errors = ErrorPages(site=site)
    sign_in = SignIn(site=site, sessions=sessions, oidc=oidc)
    reading = ReadingPages(site=site, stories=stories, searches=RecentSearches(new_id))
    gate = Middleware(
        Gate, sessions=sessions, refuse=sign_in.refuse, unavailable=errors.unavailable
    )
    below = [Middleware(Below, path="/api/v1", other=api)] if api is not None else []
    targets = () if oidc is None else (oidc.issuer_origin,)
    return Starlette(
        routes=[
            *sign_in.routes(),
            *reading.routes(),
            *ReplayPages(site=site).routes(),
            *PlanPages(site=site).routes(),
            *_own_activities(site, own),
            Route("/static/caretrail.css", _stylesheet),
            Route("/healthz", _healthz),
            Route("/readyz", _readyz(problems)),
            Route("/metrics", _metrics(metrics)),
        ],
        middleware=[Middleware(Guard, hosts=hosts, form_targets=targets), *below, gate],
        exception_handlers=errors.handlers(),
    )


def _own_activities(site: Site, own: OwnActivities | None) -> list[Route]:
    if own is None:
        return []
    forms = CommandPages(site=site, decisions=own.decisions, id_key=own.id_key, new_id=clock.new_id)
    return [
        *ReferralPages(site=site, decisions=own.decisions).routes(),
        *WorkPages(site=site, new_id=clock.new_id).routes(),
        *forms.routes(),
    ]


def _stylesheet(request: Request) -> Response:
    del request
    return Response(
        STYLESHEET.read_bytes(), media_type="text/css", headers={"Cache-Control": "max-age=300"}
    )


def _healthz(request: Request) -> Response:
    del request
    return JSONResponse({"status": "ok"})


def _readyz(problems: Callable[[], Mapping[str, str]]) -> Callable[[Request], Response]:
    def readyz(request: Request) -> Response:
        del request
        found = dict(problems())
        body = {"status": "not ready" if found else "ready", "problems": found}
        return JSONResponse(body, status_code=503 if found else 200)

    return readyz


def _metrics(metrics: Callable[[], bytes]) -> Callable[[Request], Response]:
    def exposition(request: Request) -> Response:
        del request
        return PlainTextResponse(metrics(), media_type="text/plain; version=0.0.4")

    return exposition
