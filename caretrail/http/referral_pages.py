"""The pages of referrals."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from caretrail.http.instants import instant, known
from caretrail.http.not_found import NotFound
from caretrail.http.reading_pages import recorded_index
from caretrail.http.site import Site
from caretrail.reading.one_stream import read_stream
from caretrail.web.referral_pages import ReferralFilter, in_filter, referral_page, referrals_page
from commands.catalogue import COMMANDS
from commands.decisions import Command, Decisions
from commands.referral.close import CloseReferral
from commands.referral.step import ReferralStep
from domain import referral
from domain.decider import fold
from domain.ids import StreamId
from projections.referral_loop import referrals

#: Referrals on one page, at most.
_MOST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralPages:
    """The board and the page of one referral."""

    site: Site
    decisions: Decisions

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/ui/referrals", self.board),
            Route("/ui/referrals/{stream}", self.one),
        ]

    def board(self, request: Request) -> Response:
        """Show all referrals, as a board or as a table."""
        now, params = self.site.now(), request.query_params
        asked = ReferralFilter(
            view=params.get("view", ""),
            state=params.get("state", ""),
            facility=params.get("facility", ""),
            as_of=params.get("as_of", "").strip(),
            known_at=params.get("known_at", "").strip(),
        )
        zone = self.site.words.zone
        as_of = instant(asked.as_of, field="As of", zone=zone, now=now)
        known_at = known(asked.known_at, zone=zone, now=now)
        with self.site.reader.past(as_of=as_of, known_at=known_at) as then:
            found = referrals(then.connection, relations=then, limit=_MOST)
        rows = self.site.reads.of_list(
            request, [row for row in found if in_filter(row, asked)], lambda row: row.patient_id
        )
        sides = {row.requester_organisation for row in found}
        sides |= {row.target_organisation for row in found}
        html = referrals_page(
            rows,
            self.site.reader.summaries(row.patient_id for row in rows),
            asked=asked,
            facilities=sorted(sides - {""}),
            at=as_of or now,
            words=self.site.words,
            frame=self.site.frame(request, now, "referrals", exact=True),
        )
        return HTMLResponse(html)

    def one(self, request: Request) -> Response:
        """Show one referral with the steps that its state allows."""
        now, stream = self.site.now(), StreamId(request.path_params["stream"])
        with self.site.reader.connection() as connection:
            rows = referrals(connection, stream=stream)
            reading = read_stream(connection, stream) if rows else None
        if reading is None:
            raise NotFound("No such referral", "Open it from the list of referrals.")
        (row,) = rows
        self.site.reads.of_person(request, row.patient_id)
        html = referral_page(
            row,
            reading.entries,
            self.site.reader.summary(row.patient_id),
            steps=self._steps(stream),
            recorded=recorded_index(request),
            now=now,
            words=self.site.words,
            frame=self.site.frame(request, now, "referrals"),
        )
        return HTMLResponse(html)

    def _steps(self, stream: StreamId) -> list[type[Command]]:
        """Return the commands that the state of a referral allows, in the order of the list."""
        history = referral.KIND.history(stream, self.decisions.streams.read(stream))
        allowed = set(referral.moves(fold(referral.REFERRAL, history).state))
        return [
            each
            for each in COMMANDS
            if (issubclass(each, ReferralStep) and each.EVENT.move() in allowed)
            or (each is CloseReferral and allowed & {"closed", "outcome_received"})
        ]
