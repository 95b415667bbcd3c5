"""Step through the history of a patient as it became known, and compare two moments."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from caretrail.http.instants import known
from caretrail.http.not_found import NotFound
from caretrail.http.reading_pages import opaque_id
from caretrail.http.site import Site
from caretrail.reading.care import read_owed
from caretrail.reading.replay import differences, known_moment
from caretrail.web.care_sections import drawn_referrals
from caretrail.web.clocks import Learning
from caretrail.web.referral_arrows import DrawnReferral
from caretrail.web.replay_page import replay_page
from domain.ids import PatientId
from projections.audit_trail import known_at as position_at
from projections.audit_trail import trail

#: Events of one patient that can be stepped through.
_MOST: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPages:
    """The replay of one patient."""

    site: Site

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/ui/patients/{patient_id}/replay", self.replay)]

    def replay(self, request: Request) -> Response:
        """Show what one event changed, or what changed between two moments."""
        now, params, reader = self.site.now(), request.query_params, self.site.reader
        # Whose history it is. What is drawn is read below, as known at the event.
        reading = reader.patient(
            opaque_id(request.path_params["patient_id"]), without=("activities", "transitions")
        )
        if reading is None:
            raise NotFound("No such patient", "Search for the patient first.")
        patient = PatientId(reading.patient.patient_id)
        self.site.reads.of_person(request, patient)
        records = tuple(reading.patient.records)
        with reader.connection() as connection:
            events = list(trail(connection, records=records, after=0, limit=_MOST))
            asked = known(params.get("known_at", ""), zone=self.site.words.zone, now=now)
            index = position_at(connection, asked).index if asked is not None else None
        indices = [each.source_position for each in events]
        if not indices:
            raise NotFound("No history", "No event names this patient.")
        if (number := params.get("n", "")).isdecimal() and len(number) < 9:  # noqa: PLR2004  # of int
            chosen = indices[min(max(int(number), 1), len(indices)) - 1]
            # The number of a step changes after a merge; the index of its event does not.
            address = f"/ui/patients/{patient}/replay?known_at={chosen}"
            return RedirectResponse(address, status_code=303)
        step = len(indices) if index is None else bisect_right(indices, index)
        if not step:
            raise NotFound("Not yet known", "The patient was not yet known at that time.")
        since = params.get("since", "")
        before = int(since) if since.isdecimal() and len(since) < 19 else indices[step - 1] - 1  # noqa: PLR2004  # of bigint
        changes = differences(
            known_moment(reader, records, before, now=now),
            known_moment(reader, records, indices[step - 1], now=now),
        )
        learning = Learning(present=now, loaded_afterwards=reading.loaded_afterwards)
        shown = events[step - 1]
        # Before a merge, the records were patients of their own: the one that the event names is
        # drawn.
        named = next((each for each in shown.subject_ids if each in records), patient)
        then = reader.patient(named, known_at=shown.source_position, as_of=learning.at(shown))
        referrals: list[DrawnReferral] = []
        if then is not None and then.activities.streams["referral"]:
            owed = read_owed(reader, then, now=now, known_at=shown.source_position)
            referrals = drawn_referrals(then, owed, self.site.words)
        html = replay_page(
            events,
            step=step,
            then=then,
            referrals=referrals,
            changes=list(changes),
            since=before if since.isdecimal() else None,
            patient=patient,
            person=reader.summary(patient),
            now=now,
            learning=learning,
            words=self.site.words,
            frame=self.site.frame(request, now, "patients"),
        )
        return HTMLResponse(html)
