import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from itertools import count

import httpx
import pytest
from typing_extensions import override

from caretrail import reading
from caretrail.web.plain_pages import Story
from tests.pages import pages_app
from tests.region import HOSTILE, Told
from tests.serving import serving
from tests.signed_in import csrf_of, sessions_of, sign_in

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def client(told: Told) -> Iterator[httpx.Client]:
    numbers = count(1)
    app = pages_app(
        told.reader,
        new_id=lambda: f"search-{next(numbers)}",
        metrics=lambda: b"caretrail_up 1\n",
        stories=lambda: [Story(title="Back within 30 days", text="x", href="/ui/patients")],
    )
    with (
        serving(app) as address,
        httpx.Client(base_url=address, follow_redirects=True, trust_env=False) as made,
    ):
        yield sign_in(made, sessions_of(told.reader))


@pytest.fixture(scope="module")
def pages(client: httpx.Client, told: Told) -> dict[str, str]:
    """One page of each kind, by address."""
    hostile = told.reader.resolve(f"NGH|9{HOSTILE}")
    reading = told.reader.patient(told.alder)
    theirs = told.reader.patient(hostile or "")
    assert reading
    assert theirs
    first = next(iter(reading.filed.values()))
    bad = next(iter(theirs.filed.values()))
    addresses = [
        "/", "/ui/patients", "/ui/census", f"/ui/patients/{told.alder}", f"/ui/patients/{hostile}",
        f"/ui/patients/{told.alder}?as_of=2026-01-20&known_at=22", f"/ui/events/{first.event_id}",
        f"/ui/messages/{bad.message_id}", "/ui/census?place=4W&class=IMP&as_of=2026-02-18",
    ]  # fmt: skip
    made = {address: client.get(address) for address in addresses}
    assert {answer.status_code for answer in made.values()} == {200}
    return {address: answer.text for address, answer in made.items()}


class Parsed(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)

    @override
    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def search(
    client: httpx.Client, headers: dict[str, str] | None = None, **fields: str
) -> httpx.Response:
    """Send the search form of a page."""
    csrf = csrf_of(client.get("/ui/patients").text)
    return client.post(
        "/ui/search", data={**fields, "csrf": csrf}, headers=headers, follow_redirects=False
    )


def test_no_page_holds_a_script_an_inline_style_or_a_handler(pages: dict[str, str]) -> None:
    for html in pages.values():
        page = Parsed(html)
        assert not {"script", "style", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
        for _, attributes in page.tags:
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]


def test_no_page_links_to_another_site(pages: dict[str, str]) -> None:
    for html in pages.values():
        for _, attributes in Parsed(html).tags:
            for name in ("href", "src", "action", "srcset", "xlink:href", "formaction"):
                value = attributes.get(name, "")
                assert value == "" or value.startswith(("/", "#", "?", "data:,")), value
                assert not value.startswith("//")


def test_hostile_text_is_shown_and_never_becomes_markup(pages: dict[str, str]) -> None:
    shown = [html for html in pages.values() if "&lt;script&gt;" in html]

    assert len(shown) >= 4
    assert all(HOSTILE not in html for html in pages.values())


def test_no_title_and_no_address_holds_a_name_or_a_number(pages: dict[str, str]) -> None:
    told = ("alder", "rowena", "77-10342", "0048213", "940118274", "s401977", "script")
    for html in pages.values():
        page = Parsed(html)
        titles = [text for tag, text in page.texts if tag == "title"]
        hrefs = [a.get("href", "") + a.get("action", "") for _, a in page.tags]
        for text in (titles[0], *hrefs):
            assert not [word for word in told if word in text.lower()]


def test_every_page_has_the_marks_that_a_screen_reader_needs(pages: dict[str, str]) -> None:
    for html in pages.values():
        page = Parsed(html)
        assert page.all("html")[0]["lang"] == "en"
        assert len(page.all("h1")) == 1
        assert len(page.all("main")) == 1
        assert page.all("a")[0]["href"] == "#main"
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert len(ids) == len(set(ids))
        for _, attributes in page.tags:
            for name in ("aria-labelledby", "aria-describedby"):
                assert set(attributes.get(name, "").split()) <= set(ids)
            href = attributes.get("href", "")
            if href.startswith("#") and len(href) > 1:
                assert href[1:] in ids
        for svg in page.all("svg"):
            assert "aria-hidden" in svg or svg.get("role") or "viewBox" in svg
        labelled = {label.get("for") for label in page.all("label")}
        for field in page.all("input"):
            within_label = re.search(rf"<label>[^<]*<input[^>]*name=\"{field['name']}\"", html)
            assert field.get("type") == "hidden" or field.get("id") in labelled or within_label


def test_the_table_has_the_facts_of_the_picture(pages: dict[str, str], told: Told) -> None:
    html = pages[f"/ui/patients/{told.alder}"]
    table = html[html.index('id="encounters-table"') : html.index("</table>")]
    rows = re.findall(r"<tr><td.*?</tr>", table)
    text = re.sub(r"<[^>]+>", " ", table)

    assert len([row for row in rows if "colspan" not in row]) == 13
    for fact in (
        "not stated (first message 4 Jan 06:20)", "8 days at home, with 1 outpatient visit",
        "Transfer from Northfield General to Harbour Rehabilitation", "cancelled", "planned",
        "Readmission as inpatient on day 21 of 30 after the discharge of 23 Jan", "Cardiology",
    ):  # fmt: skip
        assert fact in text
    # Eight stays, and the bands after four discharges.
    assert len(re.findall(r'class="enc"', html)) == 12


def test_every_bar_and_entry_links_to_its_evidence(pages: dict[str, str], told: Told) -> None:
    html = pages[f"/ui/patients/{told.alder}"]
    page = Parsed(html)
    ids = {a["id"] for _, a in page.tags if "id" in a}
    linked = [a["href"] for a in page.all("a") if a.get("class") == "enc"]
    bars = [each.rpartition("#")[2] for each in linked]
    entries = [a["href"][1:] for a in page.all("a") if a.get("class") == "src"]

    assert len(entries) == 22
    assert set(bars) | set(entries) <= ids
    assert "S401977" in html
    assert '<mark title="EVN-6">' in html


def test_the_page_states_both_instants_and_the_time_zone(pages: dict[str, str], told: Told) -> None:
    html = pages[f"/ui/patients/{told.alder}?as_of=2026-01-20&known_at=22"]

    assert "20 Jan 2026, 23:59</time>, known at event 22, recorded" in html
    assert "Times are facility local, America/Chicago (UTC−6, in daylight" in html  # noqa: RUF001


def test_a_late_entry_links_to_what_was_known_before(
    client: httpx.Client, pages: dict[str, str], told: Told
) -> None:
    html = pages[f"/ui/patients/{told.alder}"]
    links = re.findall(r'href="(/ui/patients/[^?"]+\?known_at=\d+)">As known before', html)

    assert len(links) == 4
    assert [client.get(link).status_code for link in links] == [200] * 4


def test_every_answer_has_the_security_headers(client: httpx.Client) -> None:
    for path in ("/", "/ui/census", "/ui/patients/nobody", "/static/caretrail.css", "/healthz"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/ui/census").headers["cache-control"] == "no-store"


def test_a_foreign_host_name_is_refused_with_the_remedy(client: httpx.Client) -> None:
    foreign = [
        "", "evil.example", "evil.example:8600", "localhost.evil.example", "localhost.",
        "[::1].evil.example", "[::1]evil.example:8600", "[::1]:8600.evil.example", "[::1", "::1",
        "localhost:8600.evil.example", "localhost:", "localhost:8600:8600",
        "a@localhost", "localhost@evil.example", "localhost/", "localhost,evil.example",
        "127.0.0.1.evil.example", "127.1", "[::ffff:127.0.0.1]",
    ]  # fmt: skip
    for host in foreign:
        answer = client.get("/ui/patients", headers={"host": host})
        assert answer.status_code == 421
        assert "set CARETRAIL_HTTP_HOST" in answer.text
    for host in ("localhost:8600", "LOCALHOST", "127.0.0.1", "[::1]:8600", "[::1]"):
        assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_a_form_of_another_site_is_refused(client: httpx.Client) -> None:
    def post(**headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return search(client, headers=named, q="Alder")

    assert post(origin="https://evil.example").status_code == 403
    assert post(origin="http://[::1].evil.example").status_code == 403
    assert post(origin="http://localhost:8600.evil.example").status_code == 403
    assert post(origin="localhost").status_code == 403
    assert post(sec_fetch_site="cross-site").status_code == 403
    assert post(origin="http://127.0.0.1:8600").status_code == 303
    assert post(origin="null", sec_fetch_site="same-origin").status_code == 303


def test_a_search_answers_with_an_opaque_address(client: httpx.Client, told: Told) -> None:
    answer = search(client, q="Alder 1951")

    assert answer.status_code == 303
    assert re.fullmatch(r"/ui/patients\?search=search-\d+", answer.headers["location"])
    found = client.get(answer.headers["location"]).text
    assert f"/ui/patients/{told.alder}" in found
    assert "1 shown" in found


def test_a_search_for_test_records_finds_only_those(client: httpx.Client, told: Told) -> None:
    found = client.get(search(client, q="Alder", mode="T").headers["location"]).text

    assert "Alder, Test R" in found
    assert told.alder not in found
    assert '<span class="test">TEST</span>' in found


def test_an_expired_search_asks_to_search_again(client: httpx.Client) -> None:
    page = client.get("/ui/patients?search=expired").text
    assert "This search has expired. Please search again." in page


@pytest.mark.parametrize(("path", "words"), [
    ("/ui/patients/unknown", "No such patient"), ("/ui/events/unknown", "No such event or message"),
    ("/ui/messages/unknown", "No such event or message"), ("/ui/unknown", "Page not found"),
    ("/ui/patients/SBH%7C77-10342", "Page not found"), ("/ui/patients/%00", "Page not found"),
    ("/ui/patients/" + "x" * 4000, "Page not found"),
])  # fmt: skip
def test_an_unknown_address_is_explained_and_not_repeated(
    client: httpx.Client, path: str, words: str
) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert f"<h1>{words}</h1>" in answer.text
    assert "77-10342" not in answer.text
    assert "unknown<" not in answer.text


@pytest.mark.parametrize(("query", "words"), [
    ("as_of=yesterday", "Write “As of” as a time such as 2026-02-19 14:05."),
    ("known_at=soon", "as a time such as 2026-02-19 14:05, or the number of an event."),
])  # fmt: skip
def test_a_text_that_is_not_a_time_is_answered_with_an_example(
    client: httpx.Client, told: Told, query: str, words: str
) -> None:
    answer = client.get(f"/ui/patients/{told.alder}?{query}")

    assert answer.status_code == 400
    assert words in answer.text
    assert query.partition("=")[2] not in answer.text


@pytest.mark.parametrize("known", ["0", "2026-01-01"])
def test_a_patient_who_was_not_yet_known_is_said_to_be_so(
    client: httpx.Client, told: Told, known: str
) -> None:
    answer = client.get(f"/ui/patients/{told.alder}?known_at={known}")

    assert answer.status_code == 404
    assert "The patient was not yet known at that time." in answer.text
    census = client.get(f"/ui/census?known_at={known}&as_of=2026-02-01")
    assert "No occupied place was known at that time." in census.text


@pytest.mark.parametrize("known", ["2", "71", "99999999", "2099-01-01"])
def test_any_index_and_any_time_can_be_asked_for(
    client: httpx.Client, told: Told, known: str
) -> None:
    for page in (f"/ui/patients/{told.alder}", "/ui/census"):
        assert client.get(f"{page}?known_at={known}&as_of=2026-02-01").status_code == 200


def test_the_census_can_be_filtered(pages: dict[str, str]) -> None:
    html = pages["/ui/census?place=4W&class=IMP&as_of=2026-02-18"]

    assert "<h3>4W " in html
    assert "<h3>ICU " not in html
    assert "2 patients in this bed" in html


def test_a_long_census_is_counted_and_a_facility_has_pages(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.census_page, "PLACES", 2)
    counts = client.get("/ui/census").text
    assert 'id="place-' not in counts
    assert '<a href="/ui/census?facility=NGH">' in counts
    assert '<a href="/ui/census?facility=NGH&amp;place=4W">4W</a>' in counts
    first = client.get("/ui/census?facility=NGH").text
    assert first.count('id="place-') == 2
    assert "Places 1 to 2 of " in first
    (href,) = re.findall(r'href="([^"]+)">Next<', first)
    second = client.get(unescape(href)).text
    assert "Places 3 to " in second
    assert ">Previous<" in second


def test_health_and_metrics_answer(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "problems": {}}
    assert client.get("/metrics").text == "caretrail_up 1\n"


def test_readyz_names_the_part_that_is_not_ready(told: Told) -> None:
    app = pages_app(told.reader, problems=lambda: {"relay": "behind"})
    with serving(app) as address:
        answer = httpx.get(f"{address}/readyz", trust_env=False)

    assert answer.status_code == 503
    assert answer.json()["problems"] == {"relay": "behind"}


def test_pages_say_that_the_read_models_are_being_rebuilt(client: httpx.Client, told: Told) -> None:
    shape = "update proj.version set shape = shape + %s where projection = 'census'"
    with told.reader.connection() as connection:
        connection.execute(shape, (1,))
        try:
            answers = [client.get(page) for page in ("/", "/ui/patients", "/ui/census")]
        finally:
            connection.execute(shape, (-1,))
    assert {answer.status_code for answer in answers} == {503}
    assert all("being rebuilt" in answer.text for answer in answers)


def test_the_first_page_links_to_the_stories(pages: dict[str, str]) -> None:
    assert "Back within 30 days" in pages["/"]
