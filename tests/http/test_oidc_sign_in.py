"""People sign in to the pages at a certified OpenID provider, over HTTP."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog

from caretrail.http.oidc_sign_in import safe_page
from infra.oidc_login import CALLBACK, OidcClient
from infra.ports import free_port
from infra.web_sessions import SignInAttempt
from tests.certified_provider import (
    INTERACTION,
    CertifiedProvider,
    authenticate,
    certified,
    client_at,
    go,
)
from tests.pages import pages_app
from tests.region import Told
from tests.serving import serving
from tests.signed_in import csrf_of, sessions_of, sign_in

__all__ = ["certified"]
pytestmark = [pytest.mark.postgres, pytest.mark.openid]

_START = re.compile(r'href="([^"]*/ui/login/oidc[^"]*)"')


@contextmanager
def pages(told: Told, client: OidcClient, port: int) -> Iterator[str]:
    app = pages_app(told.reader, hosts=("127.0.0.1", "localhost", "care.example"), oidc=client)
    with serving(app, port=port) as address:
        yield address


@pytest.fixture(scope="module")
def site(told: Told, certified: CertifiedProvider) -> Iterator[str]:
    port = free_port()
    with pages(told, client_at(certified.issuer, f"http://127.0.0.1:{port}"), port) as address:
        yield address


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def start_of(page: httpx.Response) -> str:
    found = _START.search(page.text)
    assert found is not None, page.text
    return found[1].replace("&amp;", "&")


def kept(told: Told, column: str, value: str) -> None:
    """Change what is kept of each attempt."""
    with told.reader.connection() as connection:
        connection.execute(
            f"update web.sign_in_attempt set {column} = %s",
            (value,),
        )


def is_signed_out(browser: httpx.Client, site: str) -> bool:
    return browser.get(f"{site}/").status_code == 401


def test_a_person_signs_in_at_the_issuer_and_comes_back_to_the_page(
    browser: httpx.Client, site: str, told: Told
) -> None:
    closed = browser.get(f"{site}/ui/census?facility=NGH")
    back = authenticate(browser, start_of(closed), "nurse-7")
    answer = browser.get(back)

    assert closed.status_code == 401
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/census?facility=NGH")
    assert "<b>nurse-7</b>, coordinator, treatment" in browser.get(f"{site}/").text
    with told.reader.connection() as connection:
        row = connection.execute(
            "select issuer, roles, organisations from web.session where subject = 'nurse-7'"
        ).fetchone()
    assert row is not None
    assert row[0].startswith("http://127.0.0.1:")
    assert row[1:] == (["coordinator"], ["CSC", "NGH"])


@pytest.mark.parametrize("changed", [{}, {"client_id": "public-pages", "secret": ""}])
def test_roles_may_be_in_the_id_token_and_a_public_client_has_no_secret(
    browser: httpx.Client, told: Told, certified: CertifiedProvider, changed: dict[str, str]
) -> None:
    port = free_port()
    client = client_at(certified.telling, f"http://127.0.0.1:{port}", **changed)
    with pages(told, client, port) as site:
        browser.get(authenticate(browser, f"{site}/ui/login/oidc", "dr-9"))
        session = browser.get(f"{site}/ui/session").text

    assert "<b>dr-9</b>, clinician" in session
    assert "<option>coordinator</option>" in session
    assert "caterer" not in session


def test_a_wrong_secret_signs_no_person_in(
    browser: httpx.Client, told: Told, certified: CertifiedProvider
) -> None:
    port = free_port()
    client = client_at(certified.issuer, f"http://127.0.0.1:{port}", secret="x" * 9)
    with pages(told, client, port) as site, structlog.testing.capture_logs() as logs:
        answer = browser.get(authenticate(browser, f"{site}/ui/login/oidc", "nurse-7"))
        assert answer.status_code == 503
        assert is_signed_out(browser, site)
    assert [each["why"] for each in logs if each["event"] == "sign_in.refused"] == [
        "its token endpoint refuses the pages: invalid_client"
    ]


def test_an_answer_of_the_issuer_is_used_once_and_by_its_browser_alone(
    browser: httpx.Client, site: str
) -> None:
    back = authenticate(browser, f"{site}/ui/login/oidc", "nurse-7")
    with httpx.Client(trust_env=False) as other:
        assert other.get(back).status_code == 400
        assert is_signed_out(other, site)
    attempt = {each.name: each.value or "" for each in browser.cookies.jar}
    assert browser.get(back).status_code == 303
    with httpx.Client(trust_env=False, cookies=attempt) as copy:
        again = copy.get(back)
        assert again.status_code == 400
        assert "This sign-in has expired" in again.text
        assert start_of(again) == f"{site}/ui/login/oidc"


@pytest.mark.parametrize("changed", [
    ("state=", "state=x"), ("iss=http", "iss=https"), ("iss=", "issuer="),
])  # fmt: skip
def test_an_answer_to_another_question_or_of_another_issuer_is_refused(
    browser: httpx.Client, site: str, changed: tuple[str, str]
) -> None:
    back = authenticate(browser, f"{site}/ui/login/oidc", "nurse-7")
    answer = browser.get(back.replace(*changed))

    assert answer.status_code == 400
    assert is_signed_out(browser, site)


@pytest.mark.parametrize("column", ["nonce", "verifier"])
def test_a_token_for_another_nonce_and_a_code_for_another_verifier_are_refused(
    browser: httpx.Client, site: str, told: Told, column: str
) -> None:
    back = authenticate(browser, f"{site}/ui/login/oidc", "nurse-7")
    kept(told, column, "x" * 43)
    answer = browser.get(back)

    assert answer.status_code == 403
    assert "could not be verified" in answer.text
    assert is_signed_out(browser, site)


def test_a_person_who_comes_back_too_late_is_not_signed_in(
    browser: httpx.Client, site: str, told: Told
) -> None:
    back = authenticate(browser, f"{site}/ui/login/oidc", "nurse-7")
    kept(told, "expires_at", "2020-01-01 00:00+00")

    assert browser.get(back).status_code == 400
    assert is_signed_out(browser, site)


def test_a_person_who_stops_at_the_issuer_is_told_so(browser: httpx.Client, site: str) -> None:
    form = go(browser, f"{site}/ui/login/oidc", INTERACTION)
    answer = browser.get(go(browser, f"{form}/abort", CALLBACK))

    assert answer.status_code == 403
    assert "The sign-in was refused" in answer.text
    assert is_signed_out(browser, site)


def test_a_person_without_a_role_may_sign_in_as_another_one(
    browser: httpx.Client, site: str
) -> None:
    answer = browser.get(authenticate(browser, f"{site}/ui/login/oidc", "guest-1"))

    assert answer.status_code == 403
    assert "Your account has no role here" in answer.text
    assert is_signed_out(browser, site)
    assert "Sign in as another person" in answer.text
    # The issuer knows the browser, but asks again who sits there.
    assert 'name="login"' in browser.get(go(browser, start_of(answer), INTERACTION)).text


def test_signing_in_ends_the_session_before(browser: httpx.Client, site: str, told: Told) -> None:
    with httpx.Client(base_url=site, trust_env=False) as other:
        before = dict(sign_in(other, sessions_of(told.reader)).cookies)
    browser.cookies.update(before)
    browser.get(authenticate(browser, f"{site}/ui/login/oidc", "nurse-7"))

    assert "<b>nurse-7</b>" in browser.get(f"{site}/").text
    assert httpx.get(f"{site}/", cookies=before, trust_env=False).status_code == 401


def test_new_keys_of_the_issuer_are_fetched(
    browser: httpx.Client, site: str, certified: CertifiedProvider
) -> None:
    certified.rotate()
    answer = browser.get(authenticate(browser, f"{site}/ui/login/oidc", "nurse-7"))
    assert answer.status_code == 303


def test_signing_out_ends_the_session_at_the_issuer_too(browser: httpx.Client, site: str) -> None:
    browser.get(authenticate(browser, f"{site}/ui/login/oidc", "nurse-7"))
    page = browser.get(f"{site}/ui/session")
    answer = browser.post(f"{site}/ui/logout", data={"csrf": csrf_of(page.text)})
    address = answer.headers["location"]
    asked = parse_qs(urlsplit(address).query)
    form = browser.get(address).text
    fields = dict(re.findall(r'name="(\w+)" value="(\w+)"', form))
    action = re.search(r'action="([^"]+)"', form)
    assert action is not None
    out = browser.post(action[1], data={**fields, "logout": "yes"})

    assert asked == {"client_id": ["pages"], "post_logout_redirect_uri": [f"{site}/ui/login"]}
    policy = page.headers["content-security-policy"]
    target = f"{urlsplit(address).scheme}://{urlsplit(address).netloc}"
    assert f"form-action 'self' {target};" in policy
    assert is_signed_out(browser, site)
    assert out.headers["location"] == f"{site}/ui/login"
    form = browser.get(go(browser, f"{site}/ui/login/oidc", INTERACTION)).text
    assert 'name="login"' in form  # the issuer asks who it is


def test_a_session_of_a_link_does_not_sign_out_at_the_issuer(site: str, told: Told) -> None:
    with httpx.Client(base_url=site, trust_env=False) as nurse:
        csrf = csrf_of(sign_in(nurse, sessions_of(told.reader)).get("/ui/session").text)
        answer = nurse.post("/ui/logout", data={"csrf": csrf})
    assert answer.headers["location"] == "/ui/login"


def test_an_issuer_that_does_not_answer_is_said_and_can_be_asked_again(
    browser: httpx.Client, told: Told
) -> None:
    port = free_port()
    client = client_at("http://127.0.0.1:9", f"http://127.0.0.1:{port}")
    with pages(told, client, port) as site:
        answer = browser.get(f"{site}/ui/login/oidc?next=/ui/census")

    assert answer.status_code == 503
    assert "The sign-in service does not answer" in answer.text
    assert start_of(answer) == f"{site}/ui/login/oidc"


def test_no_code_and_no_secret_is_logged_or_shown(browser: httpx.Client, site: str) -> None:
    back = authenticate(browser, f"{site}/ui/login/oidc", "nurse-7")
    code, state = (parse_qs(urlsplit(back).query)[name][0] for name in ("code", "state"))
    with structlog.testing.capture_logs() as logs:
        refused = browser.get(back.replace("state=", "state=x"))
        taken = browser.get(back)

    assert [each["problem"] for each in logs] == ["expired", "expired"]
    for secret in (code, state):
        assert secret not in f"{logs}{refused.text}{taken.text}"


def test_under_another_name_the_page_says_what_the_proxy_must_do(
    browser: httpx.Client, site: str
) -> None:
    answer = browser.get(f"{site}/ui/login/oidc", headers={"host": "care.example"})

    assert answer.status_code == 421
    assert "pass on the header Host" in answer.text


def test_beyond_loopback_the_cookies_need_tls(
    browser: httpx.Client, told: Told, certified: CertifiedProvider
) -> None:
    client = client_at(certified.issuer, "https://care.example")
    with pages(told, client, 0) as site:
        answer = browser.get(f"{site}/ui/login/oidc", headers={"host": "care.example"})
        address = answer.headers["location"]
        cookie = answer.headers["set-cookie"]

    assert cookie.startswith("__Host-caretrail-sign-in=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == ["https://care.example/ui/login/callback"]
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()


def test_a_browser_that_loads_ahead_begins_and_ends_nothing(
    browser: httpx.Client, site: str
) -> None:
    ahead = {"sec-purpose": "prefetch"}
    assert browser.get(f"{site}/ui/login/oidc", headers=ahead).status_code == 204
    back = authenticate(browser, f"{site}/ui/login/oidc", "nurse-7")
    assert browser.get(back, headers=ahead).status_code == 204
    assert browser.get(back).status_code == 303


@pytest.mark.parametrize("page", [
    "", "ui/census", "//evil.example", "/\\evil.example", "\\/evil.example",
    "https://evil.example", "/ui/census\r\nset-cookie: x", "/ui/\tcensus", "/ui/login/oidc",
    "/api/v1/census", "/ui/é", "/ui/" + "x" * 2_000, "javascript:alert(1)", "/metrics",
])  # fmt: skip
def test_a_text_that_names_no_page_of_this_server_leads_to_the_first_page(page: str) -> None:
    assert safe_page(page) == "/"


def test_the_attempt_of_each_browser_is_its_own(certified: CertifiedProvider) -> None:
    client = client_at(certified.issuer, "http://127.0.0.1:1")
    one, two = client.attempt("/"), client.attempt("/")

    assert one == SignInAttempt(
        state=one.state, nonce=one.nonce, verifier=one.verifier, next_page="/"
    )
    assert len({one.state, one.nonce, one.verifier, two.state, two.nonce, two.verifier}) == 6
    assert not client.answers(one, state=two.state, issuer=certified.issuer)
    assert client.answers(one, state=one.state, issuer=certified.issuer)
    assert not client.answers(replace(one, state="é"), state="", issuer=certified.issuer)
