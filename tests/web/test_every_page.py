"""Every page can be used by everybody: read, reached, understood, printed, and on a phone.

The rules are those of WCAG 2.2, level AA, as far as a program can judge them.
"""

import os
import re
from pathlib import Path

import pytest

from caretrail.web.plain_pages import Story
from infra.ports import free_port
from infra.web_sessions import PageUser
from tests.certified_provider import client_at
from tests.pages import pages_app
from tests.region import Told
from tests.serving import serving
from tests.signed_in import NURSE, sessions_of
from tests.web.browser import Browser
from tests.web.every_page import addresses
from tests.web.office import Office

pytestmark = [pytest.mark.chromium, pytest.mark.postgres, pytest.mark.timeout(600)]

SCRIPT = Path(__file__).with_name("accessibility.js").read_text()
#: Family names of patients of the region.
NAMES = {"Alder", "Orchard", "Quillfeather"}
DESK, PHONE, PAPER = (1366, 768), (390, 844), (1032, 700)  # CSS px; A4 landscape with margins


@pytest.fixture(scope="module")
def visitor(chromium_tab: Browser, office: Office) -> Browser:
    tab = chromium_tab.stranger()
    link = sessions_of(office.desk.told.reader).new_link(NURSE)
    tab.show(f"{office.site}/ui/login?link={link}", *DESK)
    return tab


def test_every_page_can_be_used_by_everybody(visitor: Browser, office: Office) -> None:
    problems, own = {}, (office.site, "data:")
    for address in addresses(office):
        visitor.show(office.site + address, *DESK)
        problems[address] = [
            *(f"asks for {url}" for url in visitor.requested if not url.startswith(own)),
            *(said for said in visitor.complaints if "404" not in said),
            *look(visitor, address),
        ]  # fmt: skip
    found = [f"{address}: {each}" for address, lines in problems.items() for each in lines]
    assert not found, "\n".join(found)


def test_no_page_about_patients_is_shown_if_the_read_cannot_be_recorded(office: Office) -> None:
    client, told = office.desk.client, office.desk.told
    with told.reader.connection() as connection:

        def reads() -> int:
            (found,) = connection.execute("select count(*) from access.record").fetchone() or (0,)
            return int(found)

        pages, about_patients = addresses(office), set[str]()
        for address in pages:
            before = reads()
            client.get(address)
            about_patients |= {address} if reads() > before else set()
        connection.execute("alter table access.record rename to record_away")
        try:
            for address in pages:
                answer = client.get(address)
                assert (answer.status_code == 503) == (address in about_patients), address
                assert not NAMES & set(re.findall(r"\w+", answer.text)), address
        finally:
            connection.execute("alter table access.record_away rename to record")
    assert len(about_patients) > len(pages) / 2


def test_a_form_that_is_refused_says_so_to_everybody(visitor: Browser, office: Office) -> None:
    visitor.show(f"{office.site}/ui/patients/{office.patient}/record/care_team/join", *DESK)
    with visitor.another_page():
        visitor.press(".form button")

    assert "Nothing was recorded" in visitor.text()
    assert look(visitor, "refused") == []


def test_the_first_page_the_reason_and_the_end_of_a_session_can_be_used_by_everybody(
    chromium_tab: Browser, told: Told
) -> None:
    port = free_port()
    silent = f"http://127.0.0.1:{free_port()}"  # an issuer without a server
    app = pages_app(
        told.reader,
        oidc=client_at(silent, f"http://127.0.0.1:{port}"),
        stories=lambda: [Story(title="One story", text="What happened.", href="/ui/census")],
    )
    stranger = PageUser(issuer=silent, subject="nurse-2", roles=("clinician",), organisations=())
    tab = chromium_tab.stranger()
    with serving(app, port=port) as site:
        link = sessions_of(told.reader).new_link(stranger)
        tab.show(f"{site}/ui/login?link={link}", *DESK)

        tab.show(f"{site}/", *DESK)
        assert "One story" in tab.text()
        found = look(tab, "stories")

        tab.show(f"{site}/ui/patients/{told.alder}?since=all", *DESK)
        assert "Why do you need to see this patient?" in tab.text()
        found += look(tab, "reason")
        with tab.another_page():
            tab.press("main form button")
        assert tab.evaluate("location.search") == "?since=all&reason=direct_care"

        tab.show(f"{site}/ui/session", *DESK)
        with tab.another_page():
            tab.press('form[action="/ui/logout"] button')
        assert "You are signed out of caretrail" in tab.text()
        found += look(tab, "signed out")
    assert not found, "\n".join(found)


def test_the_check_finds_what_is_wrong(chromium_tab: Browser) -> None:
    tab = chromium_tab.stranger()
    tab.show("about:blank", *DESK)
    tab.evaluate(
        f"document.body.innerHTML = `{BAD_PAGE}`; document.body.style.background = 'white'"
    )

    found = look(tab, "bad")

    assert [want for want in WANTED if not any(each.startswith(want) for each in found)] == []


#: How the problems of the page below begin.
WANTED = [
    "the language is not stated",
    "not one header",
    "not one footer",
    "not one h1",
    "no link skips to the content",
    "the page says nothing",
    "a heading before the h1: main#main > h2#twice",
    "outside of landmarks: body > p “Too pale”",
    "a table without headers",
    "a field without a label",
    "aria-labelledby names no element: missing",
    "an id is used twice: twice",
    "a link leads nowhere: body > a “Nowhere”",
    "contrast 1.61 of text: body > p “Too pale”",
    "the focus does not show: body > a “Nowhere”",
    "the focus is cut off",
    "a target of ",
    "cut: body > div",
    "scrolls, but cannot be reached or has no name",
    "the page is ",
    "on paper: div > button",
    "cut on paper",
]
#: A page with faults that the check must find.
BAD_PAGE = """<main id="main" aria-labelledby="missing"><h2 id="twice">Twice</h2>
<i id="twice"></i></main>
<p style="color: #ccc; background: #fff">Too pale</p><table><tr><td>1</td></tr></table>
<input name="q"><a href="#nowhere" style="outline: none">Nowhere</a>
<div><button style="width: 9px; height: 9px">a</button><button style="height: 9px">b</button></div>
<div style="overflow: hidden; width: 99px; white-space: nowrap"><a href="/">A long text that ends
where it cannot be read</a></div>
<div style="overflow: auto; width: 99px"><div style="width: 300px">Wide</div></div>
<div style="width: 1000px">Wider than a phone</div>"""


def look(tab: Browser, name: str) -> list[str]:
    """Return the problems of the page that a tab shows, on screens and on paper."""
    tab.evaluate(SCRIPT)
    found = _asked(tab, "structure")
    _keep(tab, name, "desk")
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found += _asked(tab, "pale", "unseenFocus", "small", "cut")
    tab.media(dark=True)
    found += _asked(tab, "pale", "unseenFocus")
    _keep(tab, name, "dark")
    tab.media()
    tab.resize(*PHONE)
    found += _asked(tab, "pale", "small", "cut")
    _keep(tab, name, "phone")
    tab.media(printed=True)
    tab.resize(*PAPER)
    found += _asked(tab, "pale", "printed")
    _keep(tab, name, "paper")
    return found


def _asked(tab: Browser, *rules: str) -> list[str]:
    calls = ", ".join(f"...accessibility.{rule}()" for rule in rules)
    found: list[str] = tab.evaluate(f"[{calls}]")
    return found


def _keep(tab: Browser, name: str, view: str) -> None:
    """Keep a picture of the page if a folder is named, for a person to look at."""
    if folder := os.environ.get("CARETRAIL_SCREENSHOTS"):
        file = "".join(c if c.isalnum() else "-" for c in name).strip("-") or "home"
        (Path(folder) / f"{file}-{view}.png").write_bytes(tab.picture(whole=True))
