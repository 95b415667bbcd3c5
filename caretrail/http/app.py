"""The application: each route asks the reader and gives the answer to a page."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from caretrail.http.guard import LOOPBACK, Guard
from caretrail.http.instants import NotATime, instant, known
from caretrail.http.searches import Searches
from caretrail.reading import PatientSearch, Reader
from caretrail.reading.census import filtered
from caretrail.reading.listing import MODES
from caretrail.web.census_page import CensusForm, census_page
from caretrail.web.patient_page import TimelineForm, patient_page
from caretrail.web.patients_page import patients_page
from caretrail.web.plain_pages import Story, error_page, evidence_page, home_page
from caretrail.web.render import STYLESHEET
from caretrail.web.words import Words
from commands.ports.store import StoreUnavailable

_log = structlog.get_logger()

_LONGEST_SEARCH: Final = 200
_NOT_FOUND: Final = ("Not found", "Nothing is known under this address, or nothing was by then.")
_ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    404: _NOT_FOUND,
    405: ("Not possible", "This page can only be read."),
}


def create_app(  # what the outside world is made of
    reader: Reader,
    *,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    words: Words,
    problems: Callable[[], Mapping[str, str]],
    metrics: Callable[[], bytes],
    stories: Callable[[], Sequence[Story]] = tuple,
    hosts: Sequence[str] = tuple(LOOPBACK),
) -> Starlette:
    """Return the application. Handlers run in threads; the reader brings its own connections.

    Args:
        reader: Answers everything.
        now: The present, by which "as of now" is meant; UTC.
        new_id: Draws ids of searches.
        words: The zone of the pages and the names of facilities.
        problems: What is not right, by part; empty: ready.
        metrics: The Prometheus exposition.
        stories: Links on the door, to patients worth opening.
        hosts: Names in ``Host`` that are answered.
    """
    pages = _Pages(reader, now, words, stories, Searches(new_id))
    routes = [
        Route("/", pages.home),
        Route("/ui/patients", pages.patients),
        Route("/ui/patients/{patient_id}", pages.patient),
        Route("/ui/census", pages.census),
        Route("/ui/events/{opaque}", pages.evidence),
        Route("/ui/messages/{opaque}", pages.evidence),
        Route("/ui/search", pages.search, methods=["POST"]),
        Route("/static/caretrail.css", _stylesheet),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz(problems)),
        Route("/metrics", _metrics(metrics)),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={
            HTTPException: pages.http_error,
            NotATime: pages.unclear,
            StoreUnavailable: pages.unavailable,
            Exception: pages.failed,
        },
    )


class _Pages:
    def __init__(  # what every page needs
        self,
        reader: Reader,
        now: Callable[[], datetime],
        words: Words,
        stories: Callable[[], Sequence[Story]],
        searches: Searches,
    ) -> None:
        self._reader = reader
        self._now = now
        self._words = words
        self._stories = stories
        self._searches = searches

    def home(self, request: Request) -> Response:
        del request
        now = self._now()
        page = self._reader.patients(limit=1)
        said = f"{page.people:,} patients, {page.records:,} source records."
        frame = self._frame(now, "")
        return HTMLResponse(home_page(self._stories(), said=said, words=self._words, frame=frame))

    def patients(self, request: Request) -> Response:
        now = self._now()
        asked, cursor = request.query_params.get("search"), request.query_params.get("after", "")
        query = self._searches.get(asked) if asked else None
        gone = asked is not None and query is None
        page = self._reader.patients(query, cursor=cursor)
        html = patients_page(
            page,
            query=query,
            first_page=not cursor,
            now=now,
            words=self._words,
            frame=self._frame(now, "patients", exact=True),
            after=f"search={asked}&" if query else "",
            notice="This search is no longer kept: please search again." if gone else "",
        )
        return HTMLResponse(html)

    async def search(self, request: Request) -> Response:
        """Keep what is searched for and answer with an address that does not tell it."""
        async with request.form(max_fields=8, max_files=0) as form:
            given = {key: value for key, value in form.items() if isinstance(value, str)}
        wanted: Mapping[str, tuple[str, ...]] = {"P": ("P",), "T": ("T", "D")}
        query = PatientSearch(
            words=given.get("q", "")[:_LONGEST_SEARCH],
            open_stay={"yes": True, "no": False}.get(given.get("open", "")),
            modes=wanted.get(given.get("mode", ""), MODES),
        )
        if not query.asks:
            return RedirectResponse("/ui/patients", status_code=303)
        key = self._searches.keep(query)
        return RedirectResponse(f"/ui/patients?search={key}", status_code=303)

    def patient(self, request: Request) -> Response:
        now, params = self._now(), request.query_params
        given = TimelineForm(
            now=now,
            as_of=params.get("as_of", "").strip(),
            known_at=params.get("known_at", "").strip(),
            whole=params.get("since") == "all",
        )
        zone = self._words.zone
        reading = self._reader.patient(
            _opaque(request.path_params["patient_id"]),
            as_of=instant(given.as_of, field="As of", zone=zone, now=now),
            known_at=known(given.known_at, zone=zone, now=now),
        )
        if reading is None:
            raise HTTPException(404)
        html = patient_page(
            reading,
            asked=given,
            words=self._words,
            message=self._reader.message,
            frame=self._frame(now, "patients"),
        )
        return HTMLResponse(html)

    def census(self, request: Request) -> Response:
        now, params = self._now(), request.query_params
        given = CensusForm(
            facility=params.get("facility", ""),
            class_code=params.get("class", ""),
            place=params.get("place", "").strip(),
            as_of=params.get("as_of", "").strip(),
            known_at=params.get("known_at", "").strip(),
        )
        zone = self._words.zone
        whole = self._reader.census(
            now=now,
            as_of=instant(given.as_of, field="As of", zone=zone, now=now),
            known_at=known(given.known_at, zone=zone, now=now),
        )
        html = census_page(
            filtered(
                whole,
                facility=given.facility,
                class_code=given.class_code,
                place=given.place,
            ),
            facilities=sorted({one.facility for one in whole.occupied}),
            asked=given,
            now=now,
            words=self._words,
            frame=self._frame(now, "census", exact=True),
        )
        return HTMLResponse(html)

    def evidence(self, request: Request) -> Response:
        now = self._now()
        opaque = _opaque(request.path_params["opaque"])
        evidence = self._reader.evidence(opaque)
        if evidence is None:
            raise HTTPException(404)
        patient_id = self._reader.resolve(evidence.events[0].record_id) if evidence.events else None
        frame = self._frame(now, "patients")
        return HTMLResponse(
            evidence_page(evidence, patient_id=patient_id, words=self._words, frame=frame)
        )

    def http_error(self, request: Request, error: Exception) -> Response:
        del request
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._error(status, *_ERRORS.get(status, ("Not possible", "Please go back.")))

    def unclear(self, request: Request, error: Exception) -> Response:
        del request
        field = error.field if isinstance(error, NotATime) else "A time"
        said = f"“{field}” wants a time such as 2026-02-19 14:05"
        said += ", or the number of an event." if field == "Known at" else "."
        return self._error(400, "That is no time", said)

    def unavailable(self, request: Request, error: Exception) -> Response:
        del request, error
        return self._error(503, "Not available", "The database does not answer. Try again soon.")

    def failed(self, request: Request, error: Exception) -> Response:
        # The route, not the address; the error's class, not its text: either could hold data.
        route = request.scope.get("route")
        _log.error("page.failed", url_path=getattr(route, "path", ""), error=type(error).__name__)
        return self._error(500, "Something failed", "It is in the log. Nothing was changed.")

    def _error(self, status: int, head: str, said: str) -> Response:
        now = self._now()
        frame = {"now": now, "fresh": None, "section": "", "exact": False}
        html = error_page(head, said, words=self._words, frame=frame)
        return HTMLResponse(html, status_code=status)

    def _frame(self, now: datetime, section: str, *, exact: bool = False) -> Mapping[str, object]:
        return {
            "now": now,
            "fresh": self._reader.latest(),
            "section": section,
            "exact": exact,
        }


def _opaque(text: str) -> str:
    """Refuse what is no opaque id: numbers of patients do not belong in addresses."""
    plain = text.isascii() and text.isprintable()
    if "|" in text or len(text) > 64 or not plain:  # noqa: PLR2004  # ids have 22 or 36
        raise HTTPException(404)
    return text


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
