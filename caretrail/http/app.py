"""The web application: each route asks the reader and renders the answer."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, cast

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
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from caretrail.http.guard import LOOPBACK, Guard
from caretrail.http.instants import NotATime, instant, known
from caretrail.http.searches import RecentSearches
from caretrail.reading import NumberShared, PatientList, PatientSearch, Reader
from caretrail.reading.census import filtered
from caretrail.web.census_page import CensusForm, census_page
from caretrail.web.patient_page import TimelineForm, patient_page
from caretrail.web.patients_page import counted, patients_page
from caretrail.web.plain_pages import Story, error_page, evidence_page, home_page
from caretrail.web.render import STYLESHEET
from caretrail.web.words import Words
from commands.ports.store import StoreUnavailable
from domain.ids import MODES
from projections.engine.generations import NeedsRebuild

_log = structlog.get_logger()

_LONGEST_SEARCH: Final = 200
#: Status of an error -> title and text of its page.
_ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    404: ("Page not found", "There is no page at this address."),
    405: ("Not possible", "This page can only be read."),
}


class _NotFound(Exception):
    """The thing that an address names does not exist, or was not known at the time asked for."""

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self.text = text
        super().__init__(title)


def _no_patient() -> _NotFound:
    return _NotFound("No such patient", "Search for the patient by name, birth date or number.")


def _not_yet_known() -> _NotFound:
    return _NotFound(
        "Not yet known",
        "The patient was not yet known at that time. Leave “Known at” empty to see the patient as"
        " known now.",
    )


def _no_event() -> _NotFound:
    return _NotFound("No such event or message", "Open it from the page of its patient.")


def create_app(  # noqa: PLR0913  # what the pages are made of
    reader: Reader,
    *,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    words: Words,
    problems: Callable[[], Mapping[str, str]],
    metrics: Callable[[], bytes],
    stories: Callable[[], Sequence[Story]] = tuple,
    hosts: Sequence[str] = tuple(LOOPBACK),
    api: ASGIApp | None = None,
) -> Starlette:
    """Return the web application. Its handlers run in threads.

    Args:
        reader: Answers the questions of all pages.
        now: Returns the present, in UTC.
        new_id: Returns a fresh id for a search.
        words: The time zone of the pages and the names of facilities.
        problems: Returns the problems of the service, by part; empty if it is ready.
        metrics: Returns the metrics in the text format of Prometheus.
        stories: Returns the stories that the first page links to.
        hosts: The host names that are answered.
        api: What is served under ``/api/v1``.
    """
    pages = _Pages(reader, now, words, stories, RecentSearches(new_id))
    routes: list[BaseRoute] = [
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
        *([Mount("/api/v1", app=api)] if api is not None else []),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={
            HTTPException: pages.http_error,
            NotATime: pages.not_a_time,
            NumberShared: pages.shared_number,
            _NotFound: pages.not_found,
            StoreUnavailable: pages.unavailable,
            NeedsRebuild: pages.rebuilding,
            Exception: pages.failed,
        },
    )


class _Pages:
    def __init__(
        self,
        reader: Reader,
        now: Callable[[], datetime],
        words: Words,
        stories: Callable[[], Sequence[Story]],
        searches: RecentSearches,
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
        counts = counted(page)
        frame = self._frame(now, "")
        return HTMLResponse(
            home_page(self._stories(), counts=counts, words=self._words, frame=frame)
        )

    def patients(self, request: Request) -> Response:
        now = self._now()
        asked, cursor = request.query_params.get("search"), request.query_params.get("after", "")
        query = self._searches.get(asked) if asked else None
        expired = asked is not None and query is None
        page = self._reader.patients(query, cursor=cursor)
        html = patients_page(
            page,
            query=query,
            first_page=not cursor,
            now=now,
            words=self._words,
            frame=self._frame(now, "patients", exact=True),
            after=f"search={asked}&" if query else "",
            notice="This search has expired. Please search again." if expired else _shared(page),
        )
        return HTMLResponse(html)

    async def search(self, request: Request) -> Response:
        """Keep the search; redirect to an address that does not hold its words."""
        async with request.form(max_fields=8, max_files=0) as form:
            given = {key: value for key, value in form.items() if isinstance(value, str)}
        wanted: Mapping[str, tuple[str, ...]] = {"P": ("P",), "T": ("T", "D")}
        query = PatientSearch(
            words=given.get("q", "")[:_LONGEST_SEARCH],
            open_stay={"yes": True, "no": False}.get(given.get("open", "")),
            modes=wanted.get(given.get("mode", ""), MODES),
        )
        if not query.is_limited:
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
        patient_id = _opaque(request.path_params["patient_id"])
        reading = self._reader.patient(
            patient_id,
            as_of=instant(given.as_of, field="As of", zone=zone, now=now),
            known_at=known(given.known_at, zone=zone, now=now),
        )
        if reading is None:
            raise _no_patient() if self._reader.resolve(patient_id) is None else _not_yet_known()
        html = patient_page(
            reading,
            asked=given,
            words=self._words,
            message=self._reader.evidence.of_message,
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
            classes={one.class_code for one in whole.occupied},
            asked=given,
            now=now,
            words=self._words,
            frame=self._frame(now, "census", exact=True),
        )
        return HTMLResponse(html)

    def evidence(self, request: Request) -> Response:
        now = self._now()
        opaque = _opaque(request.path_params["opaque"])
        evidence = self._reader.evidence.behind(opaque)
        if evidence is None:
            raise _no_event()
        concerned = evidence.events[0].subject_ids if evidence.events else []
        resolved = (self._reader.resolve(each) for each in concerned)
        patient_id = next((each for each in resolved if each), None)
        frame = self._frame(now, "patients")
        return HTMLResponse(
            evidence_page(evidence, patient_id=patient_id, words=self._words, frame=frame)
        )

    def http_error(self, request: Request, error: Exception) -> Response:
        del request
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._error(status, *_ERRORS.get(status, ("Not possible", "Please go back.")))

    def not_found(self, request: Request, error: Exception) -> Response:
        del request
        found = cast("_NotFound", error)
        return self._error(404, found.title, found.text)

    def shared_number(self, request: Request, error: Exception) -> Response:
        """Offer all patients that have the number."""
        del request
        shared, now = cast("NumberShared", error), self._now()
        html = patients_page(
            replace(self._reader.patients(limit=1), listed=shared.patients, older=""),
            query=PatientSearch(),
            first_page=True,
            now=now,
            words=self._words,
            frame=self._frame(now, "patients"),
            notice=f"{shared.count} patients have this number.",
        )
        return HTMLResponse(html, status_code=300)

    def not_a_time(self, request: Request, error: Exception) -> Response:
        del request
        field = cast("NotATime", error).field
        or_index = ", or the number of an event" if field == "Known at" else ""
        text = f"Write “{field}” as a time such as 2026-02-19 14:05{or_index}."
        return self._error(400, "Not a valid time", text)

    def unavailable(self, request: Request, error: Exception) -> Response:
        del request, error
        text = "The database does not answer. Please try again in a minute."
        return self._error(503, "Not available", text)

    def rebuilding(self, request: Request, error: Exception) -> Response:
        """Say that the projector makes the read models again: pages of this release need them."""
        del request, error
        text = (
            "The read models are being rebuilt for this release. Messages are received meanwhile."
            " The address /readyz says when this is done."
        )
        return self._error(503, "Not available yet", text)

    def failed(self, request: Request, error: Exception) -> Response:
        # The address and the text of the error may hold patient data: neither is logged.
        route = request.scope.get("route")
        _log.error("page.failed", url_path=getattr(route, "path", ""), error=type(error).__name__)
        text = "The log of the server has the details. No data was changed."
        return self._error(500, "Internal error", text)

    def _error(self, status: int, title: str, text: str) -> Response:
        now = self._now()
        frame = {"now": now, "fresh": None, "behind": 0, "section": "", "exact": False}
        html = error_page(title, text, words=self._words, frame=frame)
        return HTMLResponse(html, status_code=status)

    def _frame(self, now: datetime, section: str, *, exact: bool = False) -> Mapping[str, object]:
        fresh = self._reader.latest()
        return {
            "now": now,
            "fresh": fresh,
            "behind": self._reader.behind(fresh),
            "section": section,
            "exact": exact,
        }


def _shared(page: PatientList) -> str:
    """Say that the number which was searched for belongs to several patients of one mode."""
    count = max(Counter(each.mode for each in page.listed).values(), default=0)
    return f"{count} patients have this number." if page.by_number and count > 1 else ""


def _opaque(text: str) -> str:
    """Return ``text`` if it may be an opaque id. Numbers of patients do not belong in addresses."""
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
