"""What the handlers of all pages share: the reader, the time, the words, and the frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from caretrail.http.gate import session_of
from caretrail.http.session_cookie import csrf_token, secret_of
from caretrail.http.users import PageReads
from caretrail.reading.reader import Reader
from caretrail.web.plain_pages import error_page
from caretrail.web.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every page needs."""

    reader: Reader
    now: Callable[[], datetime]  # returns the present, in UTC
    words: Words
    reads: PageReads

    def frame(
        self, request: Request, now: datetime, section: str, *, exact: bool = False
    ) -> Mapping[str, object]:
        """Return what the frame of a page shows.

        Args:
            request: The request, which says who asks.
            now: The present.
            section: The entry of the main navigation that the page belongs to; empty: none.
            exact: Whether the page is that entry itself.
        """
        fresh = self.reader.latest()
        return {
            **_plain_frame(request, now),
            "fresh": fresh,
            "behind": self.reader.behind(fresh),
            "section": section,
            "exact": exact,
        }

    def error(self, request: Request, status: int, title: str, text: str) -> Response:
        """Return the page of an error. It needs no database."""
        html = error_page(title, text, words=self.words, frame=_plain_frame(request, self.now()))
        return HTMLResponse(html, status_code=status)

    def plain_frame(self, request: Request) -> Mapping[str, object]:
        """Return a frame that needs no database."""
        return _plain_frame(request, self.now())


def _plain_frame(request: Request, now: datetime) -> Mapping[str, object]:
    return {
        "now": now,
        "me": session_of(request),
        "csrf": csrf_token(secret_of(request)),
        "fresh": None,
        "behind": 0,
        "section": "",
        "exact": False,
    }
