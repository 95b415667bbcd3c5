"""The work list."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from caretrail.http.instants import instant, known
from caretrail.http.not_found import NotFound
from caretrail.http.reading_pages import recorded_index
from caretrail.http.site import Site
from caretrail.http.users import actor_of, user_of
from caretrail.reading.recorded import read_recorded
from caretrail.reading.work import read_work
from caretrail.web.recorded import Confirmation, confirmation
from caretrail.web.work_page import Acting, WorkForm, work_page, work_words
from domain import work
from projections.work_list import ItemFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPages:
    """The page of the work list. It changes nothing: an item goes when its work is recorded."""

    site: Site
    new_id: Callable[[], str]

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/ui/work", self.work)]

    def work(self, request: Request) -> Response:
        """Show what is owed, the most pressing first, by person."""
        now, params = self.site.now(), request.query_params
        asked = WorkForm(
            whose=params.get("whose", ""),
            kind=params.get("kind", ""),
            facility=params.get("facility", ""),
            older=params.get("older") == "yes",
            waiting=params.get("waiting") == "yes",
            as_of=params.get("as_of", "").strip(),
            known_at=params.get("known_at", "").strip(),
            cursor=params.get("after", ""),
        )
        me, zone = actor_of(request).subject, self.site.words.zone
        own = sorted(user_of(request).authority.organisations)
        wanted = ItemFilter(
            organisation=asked.facility,
            organisations=() if asked.whose or asked.facility else tuple(own),
            person=me if asked.whose == "mine" else "",
            kind=asked.kind,
            waiting=asked.waiting,
        )
        with self.site.reader.past(
            as_of=instant(asked.as_of, field="As of", zone=zone, now=now),
            known_at=known(asked.known_at, zone=zone, now=now),
        ) as then:
            listed = read_work(then, wanted, now=now, older=asked.older, cursor=asked.cursor)
        if listed is None:
            raise NotFound("No such page", "Open the work list again.")
        shown = self.site.reads.of_list(request, listed.people, lambda each: each.patient_id)
        listed = replace(listed, people=tuple(shown))
        html = work_page(
            listed,
            self.site.reader.summaries(each.patient_id for each in listed.people),
            asked=asked,
            acting=Acting(
                person=me,
                organisations=own,
                key=self.new_id,
            ),
            words=self.site.words,
            frame=self.site.frame(request, now, "work", exact=True),
            confirmed=self._confirmed(request, now, back=asked.address),
        )
        return HTMLResponse(html)

    def _confirmed(self, request: Request, now: datetime, *, back: str) -> Confirmation | None:
        """Return what the person has just recorded; an event of another person is not shown."""
        index = recorded_index(request)
        if index is None:
            return None
        with self.site.reader.connection() as connection:
            found = read_recorded(connection, index)
        if found is not None and found.entry.actor.subject != actor_of(request).subject:
            return None
        text = ""
        if found is not None and isinstance(found.event, work.KIND.events):
            text = work_words(found.event, self.site.words, now)
        return confirmation(
            found.entry if found else None,
            index,
            complete=self.site.reader.latest().index,
            text=text,
            back=back,
        )
