"""The pages of errors. No text repeats what was typed or what an address holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from caretrail.actors.accesses import AccessNotRecorded
from caretrail.api.problems import status_of
from caretrail.http.instants import NotATime
from caretrail.http.not_found import NotFound
from caretrail.http.posted import ForeignForm
from caretrail.http.site import Site
from caretrail.reading.listing import NumberShared, PatientSearch
from caretrail.refusals import REMEDIES
from caretrail.web.patients_page import patients_page
from caretrail.web.session_pages import reason_page
from commands.ports.store import RightMissing, StoreUnavailable
from domain.errors import AccessReasonMissing, DomainError
from projections.engine.generations import NeedsRebuild

_log = structlog.get_logger()

#: Status of an error -> title and text of its page.
_ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    404: ("Page not found", "There is no page at this address."),
    405: ("Not possible", "This page can only be read."),
    413: ("Too large", "Nothing was recorded. The form holds too much text."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPages:
    """Makes the page of each error."""

    site: Site

    def handlers(self) -> dict[Any, Callable[[Request, Exception], Response]]:
        """Return the handlers by the class of the error."""
        return {
            HTTPException: self.http_error,
            NotATime: self.not_a_time,
            NumberShared: self.shared_number,
            NotFound: self.not_found,
            ForeignForm: self.foreign_form,
            StoreUnavailable: self.unavailable,
            NeedsRebuild: self.rebuilding,
            AccessReasonMissing: self.reason_missing,
            DomainError: self.refused,
            AccessNotRecorded: self.not_recorded,
            Exception: self.failed,
        }

    def http_error(self, request: Request, error: Exception) -> Response:
        """Answer what the framework refuses."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self.site.error(
            request, status, *_ERRORS.get(status, ("Not possible", "Please go back."))
        )

    def not_found(self, request: Request, error: Exception) -> Response:
        """Say that there is no such thing."""
        found = cast("NotFound", error)
        return self.site.error(request, 404, found.title, found.text)

    def shared_number(self, request: Request, error: Exception) -> Response:
        """Offer all patients that have the number."""
        shared, now = cast("NumberShared", error), self.site.now()
        shown = self.site.reads.of_list(request, shared.patients, lambda each: each.patient_id)
        html = patients_page(
            replace(self.site.reader.patients(limit=1), listed=tuple(shown), older=""),
            query=PatientSearch(),
            first_page=True,
            now=now,
            words=self.site.words,
            frame=self.site.frame(request, now, "patients"),
            notice=f"{shared.count} patients have this number.",
        )
        return HTMLResponse(html, status_code=300)

    def not_a_time(self, request: Request, error: Exception) -> Response:
        """Say how a time is written."""
        field = cast("NotATime", error).field
        or_index = ", or the number of an event" if field == "Known at" else ""
        text = f"Write “{field}” as a time such as 2026-02-19 14:05{or_index}."
        return self.site.error(request, 400, "Not a valid time", text)

    def unavailable(self, request: Request, error: Exception) -> Response:
        """Say that the database does not answer, or that it does not let caretrail do this."""
        text = "The database does not answer. Please try again in a minute."
        if isinstance(error, RightMissing):
            text = (
                "Nothing was recorded, because the database does not let caretrail do this. Tell"
                " the operator: the log of the server names the right that is missing."
            )
        return self.site.error(request, 503, "Not available", text)

    def rebuilding(self, request: Request, error: Exception) -> Response:
        """Say that the projector makes the read models again: pages of this release need them."""
        del error
        text = (
            "The read models are being rebuilt for this release. Messages are received meanwhile."
            " The address /readyz says when this is done."
        )
        return self.site.error(request, 503, "Not available yet", text)

    def failed(self, request: Request, error: Exception) -> Response:
        """Say that the server made a mistake."""
        # The address and the text of the error may hold patient data: neither is logged.
        route = request.scope.get("route")
        _log.error("page.failed", url_path=getattr(route, "path", ""), error=type(error).__name__)
        text = "The log of the server has the details. No data was changed."
        return self.site.error(request, 500, "Internal error", text)

    def reason_missing(self, request: Request, error: Exception) -> Response:
        """Ask why the person needs to read a patient who is not in the person's care."""
        del error
        asked = request.query_params.multi_items()
        html = reason_page(asked, words=self.site.words, frame=self.site.plain_frame(request))
        return HTMLResponse(html, status_code=403)

    def refused(self, request: Request, error: Exception) -> Response:
        """Say that the role of the person does not allow the page."""
        refusal = cast("DomainError", error)
        text = f"{str(refusal).capitalize()}. {REMEDIES.get(type(refusal), '')}"
        return self.site.error(request, status_of(type(refusal)), "Not possible", text)

    def not_recorded(self, request: Request, error: Exception) -> Response:
        """Show nothing, because the record of the read could not be written."""
        del error
        text = "The record of this read could not be written, so nothing is shown. Try again."
        return self.site.error(request, 503, "Not available", text)

    def foreign_form(self, request: Request, error: Exception) -> Response:
        """Refuse a form that was not made for this session."""
        del error
        text = "Nothing was recorded. The page was opened before you signed in. Open it again."
        return self.site.error(request, 403, "This form has expired", text)
