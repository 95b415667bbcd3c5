"""The page that compares two revisions of a care plan."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from caretrail.http.not_found import NotFound
from caretrail.http.reading_pages import opaque_id
from caretrail.http.site import Site
from caretrail.reading.plan_comparisons import NoSuchRevision, compared_revisions
from caretrail.web.plan_page import plan_page
from domain.ids import PatientId, StreamId


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPages:
    """The page of a plan of a patient. It shows what the parts say, so the read is recorded."""

    site: Site

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/ui/patients/{patient_id}/plans/{stream}", self.compare)]

    def compare(self, request: Request) -> Response:
        """Show two revisions of a plan side by side."""
        now, reader = self.site.now(), self.site.reader
        reading = reader.patient(opaque_id(request.path_params["patient_id"]))
        if reading is None:
            raise NotFound("No such patient", "Search for the patient first.")
        patient = PatientId(reading.patient.patient_id)
        stream = StreamId(opaque_id(request.path_params["stream"]))
        plans = {each["stream_id"]: each for each in reading.activities.streams["care_plan"]}
        if stream not in plans:
            raise NotFound("No such plan", "Open it from the page of the patient.")
        self.site.reads.of_person(request, patient)
        try:
            with reader.connection() as connection:
                both = compared_revisions(
                    connection, stream, _number(request, "from"), _number(request, "to")
                )
        except NoSuchRevision as error:
            known = ", ".join(map(str, error.known))
            raise NotFound(
                "No such revision",
                f"The plan has these revisions: {known}."
                if known
                else "The plan was never in force, so it has no revision.",
            ) from error
        html = plan_page(
            both,
            (
                reader.plan_contents(stream, revision=both.earlier.number),
                reader.plan_contents(stream, revision=both.later.number),
            ),
            plan=plans[stream],
            patient=patient,
            person=reader.summary(patient),
            now=now,
            words=self.site.words,
            frame=self.site.frame(request, now, "patients"),
        )
        return HTMLResponse(html)


def _number(request: Request, name: str) -> int | None:
    typed = request.query_params.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else None  # noqa: PLR2004  # of int
