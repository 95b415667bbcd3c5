"""The pages that read: patients, one patient, the census, an event, the first page."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from caretrail.http.instants import instant, known
from caretrail.http.not_found import NotFound
from caretrail.http.posted import FormValues, one, posted
from caretrail.http.searches import RecentSearches
from caretrail.http.site import Site
from caretrail.reading.care import read_care
from caretrail.reading.listing import PatientList, PatientSearch
from caretrail.web.census_page import CensusForm, census_page
from caretrail.web.patient_page import TimelineForm, patient_page
from caretrail.web.patients_page import counted, patients_page
from caretrail.web.plain_pages import Story, evidence_page, home_page
from domain.ids import MODES, PatientId
from projections.census_list import CensusFilter

_LONGEST_SEARCH: Final = 200
_EXPIRED: Final = "This search has expired. Please search again."
_NOT_ALL: Final = "Only patients in your care are listed."


def _no_patient() -> NotFound:
    return NotFound("No such patient", "Search for the patient by name, birth date or number.")


def _not_yet_known() -> NotFound:
    return NotFound(
        "Not yet known",
        "The patient was not yet known at that time. Leave “Known at” empty to see the patient as"
        " known now.",
    )


def _no_event() -> NotFound:
    return NotFound("No such event or message", "Open it from the page of its patient.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPages:
    """The pages that read."""

    site: Site
    stories: Callable[[], Sequence[Story]]
    searches: RecentSearches

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.home),
            Route("/ui/patients", self.patients),
            Route("/ui/patients/{patient_id}", self.patient),
            Route("/ui/census", self.census),
            Route("/ui/events/{opaque}", self.evidence),
            Route("/ui/messages/{opaque}", self.evidence),
            Route("/ui/search", posted(self.search), methods=["POST"]),
        ]

    def home(self, request: Request) -> Response:
        """Show the first page."""
        now = self.site.now()
        page = self.site.reader.patients(limit=1)
        counts = counted(page)
        frame = self.site.frame(request, now, "")
        return HTMLResponse(
            home_page(self.stories(), counts=counts, words=self.site.words, frame=frame)
        )

    def patients(self, request: Request) -> Response:
        """List patients, or the result of a search."""
        now = self.site.now()
        asked, cursor = request.query_params.get("search"), request.query_params.get("after", "")
        query = self.searches.get(asked) if asked else None
        expired = asked is not None and query is None
        page = self.site.reader.patients(query, cursor=cursor)
        shown = self.site.reads.of_list(request, page.listed, lambda each: each.patient_id)
        hidden = len(page.listed) - len(shown)
        page = replace(page, listed=tuple(shown))
        html = patients_page(
            page,
            query=query,
            first_page=not cursor,
            now=now,
            words=self.site.words,
            frame=self.site.frame(request, now, "patients", exact=True),
            after=f"search={asked}&" if query else "",
            notice=_EXPIRED if expired else _NOT_ALL if hidden else _shared(page),
        )
        return HTMLResponse(html)

    def search(self, request: Request, values: FormValues) -> Response:
        """Keep the search; redirect to an address that does not hold its words."""
        del request
        wanted: Mapping[str, tuple[str, ...]] = {"P": ("P",), "T": ("T", "D")}
        query = PatientSearch(
            words=one(values, "q")[:_LONGEST_SEARCH],
            open_stay={"yes": True, "no": False}.get(one(values, "open")),
            modes=wanted.get(one(values, "mode"), MODES),
        )
        if not query.is_limited:
            return RedirectResponse("/ui/patients", status_code=303)
        key = self.searches.keep(query)
        return RedirectResponse(f"/ui/patients?search={key}", status_code=303)

    def patient(self, request: Request) -> Response:
        """Show one patient."""
        now, params = self.site.now(), request.query_params
        given = TimelineForm(
            now=now,
            as_of=params.get("as_of", "").strip(),
            known_at=params.get("known_at", "").strip(),
            whole=params.get("since") == "all",
        )
        zone = self.site.words.zone
        patient_id = opaque_id(request.path_params["patient_id"])
        known_at = known(given.known_at, zone=zone, now=now)
        reading = self.site.reader.patient(
            patient_id,
            as_of=instant(given.as_of, field="As of", zone=zone, now=now),
            known_at=known_at,
        )
        if reading is None:
            raise (
                _no_patient() if self.site.reader.resolve(patient_id) is None else _not_yet_known()
            )
        self.site.reads.of_person(request, PatientId(reading.patient.patient_id))
        html = patient_page(
            reading,
            care=read_care(self.site.reader, reading, now=now, known_at=known_at),
            recorded=recorded_index(request),
            asked=given,
            words=self.site.words,
            message=self.site.reader.evidence.of_message,
            frame=self.site.frame(request, now, "patients"),
        )
        return HTMLResponse(html)

    def census(self, request: Request) -> Response:
        """Show who is where."""
        now, params = self.site.now(), request.query_params
        given = CensusForm(
            facility=params.get("facility", ""),
            class_code=params.get("class", ""),
            place=params.get("place", "").strip(),
            as_of=params.get("as_of", "").strip(),
            known_at=params.get("known_at", "").strip(),
        )
        zone = self.site.words.zone
        page = self.site.reader.census.page(
            CensusFilter(facility=given.facility, class_code=given.class_code, place=given.place),
            now=now,
            offset=_offset(params.get("after", "")),
            as_of=instant(given.as_of, field="As of", zone=zone, now=now),
            known_at=known(given.known_at, zone=zone, now=now),
            readable=self.site.reads.readable(request),
        )
        self.site.reads.of_list(request, page.people, lambda each: each.patient_id)
        html = census_page(
            page,
            asked=given,
            now=now,
            words=self.site.words,
            frame=self.site.frame(request, now, "census", exact=True),
        )
        return HTMLResponse(html)

    def evidence(self, request: Request) -> Response:
        """Show an event or a message."""
        now = self.site.now()
        opaque = opaque_id(request.path_params["opaque"])
        evidence = self.site.reader.evidence.behind(opaque)
        if evidence is None:
            raise _no_event()
        concerned = evidence.events[0].subject_ids if evidence.events else []
        resolved = (self.site.reader.resolve(each) for each in concerned)
        patient_id = next((each for each in resolved if each), None)
        if patient_id:
            self.site.reads.of_person(request, patient_id)
        frame = self.site.frame(request, now, "patients")
        return HTMLResponse(
            evidence_page(evidence, patient_id=patient_id, words=self.site.words, frame=frame)
        )


def _shared(page: PatientList) -> str:
    """Say that the number which was searched for belongs to several patients of one mode."""
    count = max(Counter(each.mode for each in page.listed).values(), default=0)
    return f"{count} patients have this number." if page.by_number and count > 1 else ""


def opaque_id(text: str) -> str:
    """Return ``text`` if it may be an opaque id. Numbers of patients do not belong in addresses."""
    plain = text.isascii() and text.isprintable()
    if "|" in text or len(text) > 64 or not plain:  # noqa: PLR2004  # ids have 22 or 36
        raise HTTPException(404)
    return text


def recorded_index(request: Request) -> int | None:
    """Return the index of the event that a form has just recorded; None: none."""
    return _number(request.query_params.get("recorded", ""))


def _offset(typed: str) -> int:
    """Return how many rows are on the pages before; 0 if the address does not say it."""
    return _number(typed) or 0


def _number(typed: str) -> int | None:
    is_number = typed.isascii() and typed.isdecimal() and len(typed) < 19  # noqa: PLR2004  # of bigint
    return int(typed) if is_number else None
