"""A coordinator's morning without a mouse and without a script, in headless Chromium."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.acceptance.command_line import SameProcess
from tests.region import now
from tests.signed_in import NURSE, sessions_of
from tests.web.browser import Browser
from tests.web.keyboard import Keyboard
from tests.web.office import Office, open_office

pytestmark = [pytest.mark.chromium, pytest.mark.postgres]

CALL = "After discharge: call the patient"


@pytest.fixture(scope="module")
def office(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(server, tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture
def desk(chromium_tab: Browser, office: Office) -> Keyboard:
    """The keyboard of a person who has just followed the link of the sign-in."""
    tab = chromium_tab.stranger()
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    link = sessions_of(office.desk.told.reader).new_link(NURSE)
    tab.show(f"{office.site}/ui/login?link={link}", 1366, 768)
    return Keyboard(tab)


def test_a_coordinator_claims_calls_records_refers_revises_and_undoes(
    desk: Keyboard, office: Office
) -> None:
    told, before = desk.tab.text, activities(office)

    # The list says what is overdue. A claim tells the others who is at it.
    desk.follow("Work list")
    assert CALL in told()
    desk.follow(f"Claim : {CALL}")
    assert f"{NURSE.subject}, until" in told()

    # The call: nobody answers at first, then the daughter does.
    desk.follow("Quillfeather, Sabine")
    desk.follow("Not reached")
    desk.fill("Who did it: organisation", "NGH")
    desk.pick("no answer", "no answer")
    desk.follow("Attempt contact")
    desk.follow("Record a contact")
    desk.fill("Who did it: organisation", "NGH")
    desk.choose("Who answered", "caregiver")
    desk.tick("understands plan")
    desk.follow("Record contact", "button")
    assert "Recorded as event" in told()

    # The item leaves the list because its work is recorded.
    desk.follow("Work list")
    assert "Quillfeather, Sabine" in told()
    assert CALL not in told()

    desk.follow("Quillfeather, Sabine")
    desk.follow("Request a referral")
    desk.fill("Who asks: organisation", "NGH")
    desk.fill("Who is asked: organisation", "CSC")
    desk.fill("Service asked for", "cardiology")
    desk.choose("How soon", "urgent")
    desk.follow("Request a referral", "button")
    assert "Cardiology referral" in told()

    # A slip: the letter is still on the desk. What is recorded stays, and does not count.
    desk.follow("Send")
    desk.choose("How it was sent", "by fax")
    desk.follow("Send", "button")
    desk.follow("This is wrong : Referral sent")
    desk.pick("wrong patient", "wrong entry")
    desk.fill("Free text", "The letter is not signed yet")
    desk.follow("Mark as entered in error", "button")
    assert "it does not count" in told()

    desk.follow("Quillfeather, Sabine")
    desk.follow("Revise")
    desk.fill("Who revises the plan: organisation", "NGH")
    desk.choose("Why", "new information")
    desk.to("Goal g1", "DisclosureTriangle")
    desk.choose("Priority", "high")
    desk.follow("Revise the plan", "button")
    assert "revision 2" in told()
    assert desk.tab.complaints == []

    assert activities(office) - before == Counter(
        {
            ("work", "claimed", False): 1,
            ("transition", "contact_attempted", False): 1,
            ("transition", "contact_made", False): 1,
            ("referral", "requested", False): 1,
            ("referral", "sent", True): 1,
            ("referral", "entered_in_error", False): 1,
            ("care_plan", "revised", False): 1,
        }
    )


def activities(office: Office) -> Counter[tuple[str, str, bool]]:
    """Count what the command line says that the person recorded: stream, kind, is void."""
    settings = office.desk.application.settings
    assert settings.database_url
    assert settings.id_key
    line = SameProcess(
        settings.home,
        {
            "CARETRAIL_DATABASE_URL": settings.database_url.get_secret_value(),
            "CARETRAIL_ID_KEY": settings.id_key.get_secret_value(),
            "CARETRAIL_NOW": now().isoformat(),
        },
    )
    return Counter(
        (entry["stream"], entry["kind"], entry["voided"])
        for entry in line.object("timeline", office.patient)["entries"]
        if entry["actor"] and entry["actor"]["subject"] == NURSE.subject
    )
