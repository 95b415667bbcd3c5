"""The pages of referrals."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from caretrail.http.instants import instant, known
from caretrail.http.not_found import NotFound
from caretrail.http.reading_pages import opaque_id, recorded_index
from caretrail.http.site import Site
from caretrail.http.users import user_of
from caretrail.reading.activities import Activities
from caretrail.reading.past_rows import PastRows
from caretrail.web.deeds import is_offered
from caretrail.web.recorded import confirmation
from caretrail.web.referral_pages import (
    COLUMNS,
    ENDED,
    BoardRows,
    ReferralFilter,
    TypedClocks,
    referral_page,
    referrals_page,
)
from commands.catalogue import COMMANDS
from commands.command import Command
from commands.decisions import Decisions
from commands.referral.close import CloseReferral
from commands.referral.step import ReferralStep
from domain import referral
from domain.decider import fold
from domain.ids import StreamId
from projections.duty_list import duties_about
from projections.referral_board import BoardFilter, ReferralPlace, count, newest
from projections.referral_loop import ReferralRow, referrals
from projections.work_list import ItemFilter, WorkItemRow, items_of

#: Referrals on a page of the table, and in a column that was chosen.
_ON_PAGE: Final = 50
#: How many referrals are read for a column. The column shows those of the person's patients.
_IN_COLUMN: Final = 12


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
        after = read_cursor(params.get("after", ""))
        with self.site.reader.past(as_of=as_of, known_at=known_at) as then:
            found = read_board(then, asked, after=after)
            late = _overdue(then, found, at=as_of or now)
        rows = self._shown(request, found)
        own = user_of(request).authority.organisations
        chosen = {*self.site.words.facilities, *own}
        html = referrals_page(
            rows,
            self.site.reader.summaries(rows.patients),
            asked=asked,
            late=late,
            own=sorted(own),
            facilities=sorted(chosen | {asked.facility} - {""}),
            at=as_of or now,
            words=self.site.words,
            frame=self.site.frame(request, now, "referrals", exact=True),
        )
        return HTMLResponse(html)

    def _shown(self, request: Request, found: BoardRows) -> BoardRows:
        """Return the rows of the patients that the person may read; the read is recorded."""
        shown = set(self.site.reads.of_list(request, sorted(found.patients), lambda each: each))

        def readable(rows: Sequence[ReferralRow]) -> list[ReferralRow]:
            return [row for row in rows if row.patient_id in shown]

        return replace(
            found,
            columns={title: readable(rows) for title, rows in found.columns.items()},
            table=readable(found.table),
            ended=readable(found.ended),
            hidden=len(shown) < len(found.patients),
        )

    def one(self, request: Request) -> Response:
        """Show one referral with the steps that its state allows."""
        now, params = self.site.now(), request.query_params
        stream, zone = StreamId(opaque_id(request.path_params["stream"])), self.site.words.zone
        clocks = TypedClocks(
            as_of=params.get("as_of", "").strip(), known_at=params.get("known_at", "").strip()
        )
        as_of = instant(clocks.as_of, field="As of", zone=zone, now=now)
        known_at = known(clocks.known_at, zone=zone, now=now)
        with self.site.reader.past(as_of=as_of, known_at=known_at, stream=stream) as then:
            rows = referrals(then.connection, relations=then, stream=stream)
            duties = duties_about(then.connection, stream, relations=then)
        if not rows:
            raise NotFound(
                "No such referral",
                "Open it from the list of referrals. If a time is in the address, the referral may"
                " not have been known or requested then.",
            )
        (row,) = rows
        self.site.reads.of_person(request, row.patient_id)
        reading = self.site.reader.patient(row.record_id, as_of=as_of, known_at=known_at)
        activities = reading.activities if reading else Activities()
        found = [
            one for one in activities.streams[referral.KIND.name] if one["stream_id"] == stream
        ]
        entries = [one for one in activities.entries if one.stream_id == stream]
        recorded = recorded_index(request)
        html = referral_page(
            row,
            entries,
            self.site.reader.summary(row.patient_id),
            duties=duties,
            intervals=[each for one in found for each in one["intervals"]],
            steps=self._steps(
                stream,
                owed={each.duty for each in duties if each.done_at is None},
                has_died=reading is not None and reading.has_died(now),
            )
            if as_of is None and known_at is None
            else (),
            clocks=clocks,
            confirmed=confirmation(
                next((one for one in entries if one.index == recorded), None),
                recorded,
                complete=self.site.reader.latest().index,
            ),
            at=as_of or now,
            words=self.site.words,
            frame=self.site.frame(request, now, "referrals"),
        )
        return HTMLResponse(html)

    def _steps(
        self, stream: StreamId, *, owed: Collection[str], has_died: bool
    ) -> list[type[Command]]:
        """Return the commands that are worth offering for a referral, in the order of the list.

        After the death of the patient, only what may still be recorded is left.

        Args:
            stream: The referral.
            owed: The codes of its open duties.
            has_died: Whether the patient is known to have died.
        """
        history = referral.KIND.history(stream, self.decisions.streams.read(stream))
        allowed = set(
            referral.next_moves(
                fold(referral.REFERRAL, history), likely_duplicate="referral.duplicate" in owed
            )
        )
        # A referral that was closed before the patient was told the plan is closed again.
        closes = {"closed", "outcome_received"} & allowed or "referral.tell_patient" in owed
        return [
            each
            for each in COMMANDS
            if is_offered(each.KIND.name, each.VERB, has_died=has_died)
            and (
                (issubclass(each, ReferralStep) and each.EVENT.move() in allowed)
                or (each is CloseReferral and closes)
            )
        ]


def _overdue(past: PastRows, found: BoardRows, *, at: datetime) -> dict[str, WorkItemRow]:
    """Return, by referral, the item that is overdue longest."""
    wanted = ItemFilter(kind=referral.KIND.name, waiting=True)
    items = items_of(past.connection, wanted, at=at, patients=found.patients, relations=past)
    late = sorted((one for one in items if at > one.in_time_until), key=lambda i: i.in_time_until)
    return {one.about: one for one in reversed(late)}


def read_board(then: PastRows, asked: ReferralFilter, *, after: ReferralPlace | None) -> BoardRows:
    """Read the referrals of a board or of a table; nothing is read that the page does not show."""
    connection = then.connection
    wanted = {
        title: BoardFilter(states=states, organisation=asked.facility)
        for title, states in COLUMNS
        if asked.state in {"", title}
    }
    if not wanted:  # not the title of a column
        wanted = {
            title: BoardFilter(states=states, organisation=asked.facility)
            for title, states in COLUMNS
        }
    is_table = asked.view == "table"
    columns: dict[str, list[ReferralRow]] = {}
    table: list[ReferralRow] = []
    older = ""
    if is_table:
        states = [state for each in wanted.values() for state in each.states]
        open_ones = BoardFilter(states=states, organisation=asked.facility)
        table = newest(connection, open_ones, after=after, limit=_ON_PAGE + 1, relations=then)
        older = write_cursor(table[_ON_PAGE - 1]) if len(table) > _ON_PAGE else ""
    else:
        limit = _ON_PAGE if asked.state else _IN_COLUMN
        for title, each in wanted.items():
            columns[title] = newest(connection, each, limit=limit, relations=then)
    return BoardRows(
        columns=columns,
        counts={title: count(connection, each, relations=then) for title, each in wanted.items()},
        table=table[:_ON_PAGE],
        ended=[]
        if asked.state
        else newest(
            connection,
            BoardFilter(states=sorted(ENDED), organisation=asked.facility),
            limit=_IN_COLUMN,
            relations=then,
        ),
        older=older,
    )


def write_cursor(row: ReferralRow) -> str:
    """Return the cursor of the page that follows a referral."""
    return f"{row.requested_at.isoformat()}~{row.stream_id}"


def read_cursor(text: str) -> ReferralPlace | None:
    """Return the place in a cursor; None if it is not a cursor, so the first page is shown."""
    requested_at, _, stream = text.partition("~")
    try:
        at = datetime.fromisoformat(requested_at)
    except ValueError:
        return None
    return ReferralPlace(at, StreamId(stream)) if at.tzinfo and stream else None
