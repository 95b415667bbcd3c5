"""Sign a test in to the pages, as a person does: by a one-time link."""

from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import httpx

from caretrail.reading.reader import Reader
from infra.web_sessions import PageUser, WebSessions

#: Who signs in.
NURSE = PageUser(
    issuer="local",
    subject="nurse-1",
    roles=("coordinator", "clinician", "compliance"),
    organisations=("CSC", "NGH"),
)


def sessions_of(reader: Reader) -> WebSessions:
    """Return the sessions in the database of a reader."""
    return WebSessions(reader.connection)


def sign_in(client: httpx.Client, sessions: WebSessions, person: PageUser = NURSE) -> httpx.Client:
    """Sign a client in; return it."""
    link = sessions.new_link(person)
    answer = client.get("/ui/login", params={"link": link}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return client


def signed_in_opener(link: str) -> OpenerDirector:
    """Return an opener of the standard library that has followed a link."""
    opener = build_opener(HTTPCookieProcessor())
    with opener.open(link, timeout=10) as answer:
        assert answer.status == 200
    return opener


def csrf_of(page: str) -> str:
    """Return the CSRF token of a page."""
    _, _, rest = page.partition('name="csrf" value="')
    return rest.partition('"')[0]
