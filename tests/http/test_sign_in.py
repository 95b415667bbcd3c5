"""Who may see a page: the one-time link, the session, its form token and its end."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from infra.web_sessions import PageUser, SignInAttempt, WebSessions
from tests.pages import pages_app
from tests.region import Told
from tests.serving import serving
from tests.signed_in import NURSE, csrf_of, sessions_of, sign_in

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def site(told: Told) -> Iterator[str]:
    app = pages_app(told.reader, hosts=("127.0.0.1", "localhost", "care.example"))
    with serving(app) as address:
        yield address


@pytest.fixture
def stranger(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, trust_env=False) as client:
        yield client


@pytest.fixture
def nurse(stranger: httpx.Client, told: Told) -> httpx.Client:
    return sign_in(stranger, sessions_of(told.reader))


@pytest.mark.parametrize(
    "path",
    ["/", "/ui/patients", "/ui/census", "/ui/session", "/ui/nothing", "/ui/loginx", "/anything"],
)
def test_a_stranger_sees_on_every_page_only_how_to_sign_in(
    stranger: httpx.Client, told: Told, path: str
) -> None:
    for address in (path, f"/ui/patients/{told.alder}", f"/ui/events/{told.alder}"):
        answer = stranger.get(address)
        assert answer.status_code == 401
        assert "<h1>Sign in</h1>" in answer.text
        assert "caretrail login" in answer.text
        assert "Alder" not in answer.text
        assert "<nav" not in answer.text


def test_a_stranger_can_send_no_form(stranger: httpx.Client) -> None:
    assert stranger.post("/ui/search", data={"q": "Alder"}).status_code == 401
    assert stranger.post("/ui/logout").status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/caretrail.css"])
def test_what_operators_need_is_open(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code == 200


def test_a_link_signs_in_once(site: str, told: Told) -> None:
    link = sessions_of(told.reader).new_link(NURSE)
    with httpx.Client(base_url=site, trust_env=False) as first:
        answer = first.get("/ui/login", params={"link": link})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        page = first.get("/").text
        assert "<b>nurse-1</b>, coordinator, treatment" in page
        assert first.get("/ui/login", params={"link": link}).status_code == 303
    with httpx.Client(base_url=site, trust_env=False) as second:
        answer = second.get("/ui/login", params={"link": link})
        assert answer.status_code == 401
        assert "This link was followed before" in answer.text
        assert second.get("/").status_code == 401


def test_a_browser_that_loads_ahead_does_not_use_the_link_up(
    stranger: httpx.Client, told: Told
) -> None:
    address = f"/ui/login?link={sessions_of(told.reader).new_link(NURSE)}"

    ahead = {"sec-purpose": "prefetch;prerender"}
    assert "set-cookie" not in stranger.get(address, headers=ahead).headers
    assert "set-cookie" not in stranger.head(address).headers
    assert "set-cookie" in stranger.get(address).headers


@pytest.mark.parametrize("link", ["", "x", "x" * 5000, "%00", "ü"])
def test_an_invented_link_signs_nobody_in(stranger: httpx.Client, link: str) -> None:
    answer = stranger.get("/ui/login", params={"link": link})

    assert answer.status_code in {200, 401}
    assert "set-cookie" not in answer.headers


def test_a_link_expires(stranger: httpx.Client, told: Told) -> None:
    link = sessions_of(told.reader).new_link(NURSE)
    with told.reader.connection() as connection:
        connection.execute("update web.sign_in_link set expires_at = now() - interval '1 second'")

    assert stranger.get("/ui/login", params={"link": link}).status_code == 401


def test_the_cookie_is_for_this_host_and_for_no_script(stranger: httpx.Client, told: Told) -> None:
    link = sessions_of(told.reader).new_link(NURSE)
    cookie = stranger.get("/ui/login", params={"link": link}).headers["set-cookie"]

    port = stranger.base_url.port
    assert cookie.startswith(f"caretrail-session-{port}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie, "loopback has no TLS"
    assert "Domain" not in cookie


def test_a_link_works_under_the_names_of_loopback_alone(stranger: httpx.Client, told: Told) -> None:
    link = sessions_of(told.reader).new_link(NURSE)
    elsewhere = {"host": "care.example"}
    answer = stranger.get("/ui/login", params={"link": link}, headers=elsewhere)

    assert answer.status_code == 401
    assert "in a browser on that computer" in answer.text
    assert "set-cookie" not in answer.headers
    assert stranger.get("/ui/login", params={"link": link}).status_code == 303


@pytest.mark.parametrize(
    ("path", "status"),
    [("/metrics", 401), ("/readyz", 401), ("/", 401), ("/healthz", 200)],
)
def test_beyond_loopback_only_the_heartbeat_is_open(
    stranger: httpx.Client, path: str, status: int
) -> None:
    assert stranger.get(path, headers={"host": "care.example"}).status_code == status


def test_an_idle_session_ends(nurse: httpx.Client, told: Told) -> None:
    assert nurse.get("/").status_code == 200
    with told.reader.connection() as connection:
        connection.execute("update web.session set seen_at = now() - interval '61 minutes'")

    assert nurse.get("/").status_code == 401


def test_a_session_ends_after_its_longest_time(nurse: httpx.Client, told: Told) -> None:
    with told.reader.connection() as connection:
        connection.execute("update web.session set expires_at = now() - interval '1 second'")

    assert nurse.get("/").status_code == 401


def test_a_request_keeps_a_session_alive(told: Told) -> None:
    sessions = WebSessions(told.reader.connection, idle=timedelta(minutes=10))
    secret = sessions.begin(NURSE, purpose="TREAT")
    with told.reader.connection() as connection:
        connection.execute("update web.session set seen_at = now() - interval '9 minutes'")
        assert sessions.session(secret) is not None
        seen = connection.execute(
            "select bool_or(seen_at > now() - interval '1 minute') from web.session"
        ).fetchone()
    assert seen == (True,)


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(
    nurse: httpx.Client, site: str
) -> None:
    copy = httpx.Client(base_url=site, trust_env=False, cookies=nurse.cookies)
    csrf = csrf_of(nurse.get("/ui/session").text)
    assert copy.get("/").status_code == 200

    answer = nurse.post("/ui/logout", data={"csrf": csrf})

    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/login")
    assert nurse.get("/").status_code == 401
    assert copy.get("/").status_code == 401
    copy.close()


def test_a_form_without_the_token_of_the_session_is_refused(
    nurse: httpx.Client, site: str, told: Told
) -> None:
    with httpx.Client(base_url=site, trust_env=False) as other:
        sign_in(other, sessions_of(told.reader))
        foreign = csrf_of(other.get("/ui/session").text)
    for csrf in ("", "x", foreign, "ü"):
        answer = nurse.post("/ui/logout", data={"csrf": csrf})
        assert answer.status_code == 403
        assert "Nothing was recorded." in answer.text
    assert nurse.get("/").status_code == 200


def test_a_form_that_is_too_large_is_refused_unread(nurse: httpx.Client) -> None:
    answer = nurse.post("/ui/search", content=b"q=" + b"a" * (1 << 20))

    assert answer.status_code == 413


def test_role_and_purpose_are_chosen_among_those_that_the_person_has(nurse: httpx.Client) -> None:
    def choose(role: str, purpose: str) -> str:
        csrf = csrf_of(nurse.get("/ui/session").text)
        fields = {"csrf": csrf, "role": role, "purpose": purpose}
        return nurse.post("/ui/session", data=fields, follow_redirects=True).text

    assert "<b>nurse-1</b>, clinician, payment" in choose("clinician", "HPAYMT")
    assert "<b>nurse-1</b>, clinician, payment" in choose("operator", "TREAT")
    assert "<b>nurse-1</b>, clinician, payment" in choose("coordinator", "CURIOSITY")


def test_the_database_holds_no_secret(told: Told) -> None:
    sessions = sessions_of(told.reader)
    link = sessions.new_link(
        PageUser(issuer="local", subject="x", roles=("analyst",), organisations=())
    )
    secret = sessions.begin(NURSE, purpose="TREAT")
    with told.reader.connection() as connection:
        rows = connection.execute(
            "select l::text from web.sign_in_link l union all select s::text from web.session s"
        ).fetchall()

    assert rows
    assert not [row for row in rows if link in str(row) or secret in str(row)]


def test_what_is_kept_while_a_browser_is_at_the_provider_is_given_back_once(told: Told) -> None:
    sessions = sessions_of(told.reader)
    attempt = SignInAttempt(state="s", nonce="n", verifier="v", next_page="/ui/census")
    secret = sessions.keep_attempt(attempt)

    assert sessions.take_attempt("x") is None
    assert sessions.take_attempt(secret) == attempt
    assert sessions.take_attempt(secret) is None
    late = sessions.keep_attempt(attempt)
    with told.reader.connection() as connection:
        connection.execute(
            "update web.sign_in_attempt set expires_at = now() - interval '1 second'"
        )
    assert sessions.take_attempt(late) is None
