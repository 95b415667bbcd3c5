"""A coordinator's morning without a mouse and without a script, in headless Chromium."""

from collections import Counter
from functools import partial

import pytest

from tests.acceptance.command_line import SameProcess
from tests.region import now
from tests.signed_in import NURSE, sessions_of
from tests.web.browser import Browser
from tests.web.keyboard import Keyboard
from tests.web.office import Office

pytestmark = [pytest.mark.chromium, pytest.mark.postgres, pytest.mark.timeout(600)]

CALL = "After discharge: call the patient"


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
    record = partial(send, desk, office)

    # The list says what is overdue. A claim tells the others who is at it.
    desk.follow("Work list")
    assert CALL in told()
    record(f"Claim : {CALL}")
    assert f"{NURSE.subject}, until" in told()

    # The call: nobody answers at first, then the daughter does. The form leads back to the list.
    desk.follow(f"Not reached : {CALL}")
    desk.fill("Who did it: organisation", "NGH")
    desk.pick("no answer", "no answer")
    record("Attempt contact")
    desk.follow(f"Record a call : {CALL}")
    desk.fill("Who did it: organisation", "NGH")
    desk.choose("Who answered", "caregiver")
    desk.tick("understands plan")
    record("Record contact")
    assert "Recorded as event" in told()

    # The item leaves the list because its work is recorded.
    assert "Quillfeather, Sabine" in told()
    assert CALL not in told()

    desk.follow("Quillfeather, Sabine")
    desk.follow("Request a referral")
    desk.fill("Who asks: organisation", "NGH")
    desk.fill("Who is asked: organisation", "CSC")
    desk.fill("Service asked for", "cardiology")
    desk.choose("How soon", "urgent")
    record("Request a referral")
    assert "Cardiology referral" in told()

    # A slip: the letter is still on the desk. What is recorded stays, and does not count.
    desk.follow("Send")
    desk.choose("How it was sent", "by fax")
    record("Send")
    desk.follow("This is wrong : Referral sent")
    desk.pick("wrong patient", "wrong entry")
    desk.fill("Free text", "The letter is not signed yet")
    record("Mark as entered in error")
    assert "it does not count" in told()

    desk.follow("Quillfeather, Sabine")
    desk.follow("Revise")
    desk.fill("Who revises the plan: organisation", "NGH")
    desk.choose("Why", "new information")
    desk.to("Goal g1", "DisclosureTriangle")
    desk.choose("Priority", "high")
    record("Revise the plan")
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


def send(desk: Keyboard, office: Office, button: str) -> None:
    """Send a form, and show the page it leads to again when the read models are complete."""
    desk.follow(button, "button")
    assert "Nothing was recorded" not in desk.tab.text()
    office.desk.application.read_models.catch_up()
    with desk.tab.another_page():
        desk.tab.call("Page.reload")


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
