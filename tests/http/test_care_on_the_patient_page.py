"""Team, plan, medications, referrals and open items on the page of a patient."""

import re
from html import unescape

import pytest

from tests.desk import Desk, desk
from tests.signed_in import NURSE

__all__ = ["desk"]

pytestmark = pytest.mark.postgres

GOAL = "To walk to church without stopping"


def record(desk: Desk, kind: str, verb: str, stream: str = "", /, **typed: str) -> str:
    """Fill and send a form of the patient, or of a stream; return the address of the answer."""
    place = f"/ui/streams/{stream}" if stream else f"/ui/patients/{desk.told.alder}"
    answer = desk.send(f"{place}/record/{kind}/{verb}", **typed)
    assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)
    desk.application.read_models.catch_up()
    return str(answer.headers["location"])


def patient_page(desk: Desk, query: str = "") -> str:
    answer = desk.client.get(f"/ui/patients/{desk.told.alder}{query}")
    assert answer.status_code == 200
    return unescape(answer.text)


def section(page: str, anchor: str) -> str:
    """Return the panel with this heading."""
    start = page.index(f'aria-labelledby="{anchor}"')
    return page[start : page.index("</section>", start)]


def plan_of(page: str) -> str:
    """Return the stream of the plan on the page."""
    found: list[str] = re.findall(r'id="plan-([^"]+)"', section(page, "plan"))
    return found[-1]


def test_a_patient_without_activities_has_sections_that_say_so(desk: Desk) -> None:
    page = unescape(desk.client.get(f"/ui/patients/{desk.told.orchard}").text)

    assert "Nothing is owed to this patient." in section(page, "open")
    assert "Northfield General" in section(page, "team")
    assert "stated by the hospital, since 16 Feb" in section(page, "team")
    assert 'class="lead"' not in section(page, "team"), "no coordinator was recorded"
    assert "No plan was drafted." in section(page, "plan")
    assert "No medication list was recorded." in section(page, "medications")
    assert "No referral is open." in section(page, "referrals")


def test_the_plan_is_shown_with_the_opened_words_of_its_goals(desk: Desk) -> None:
    record(desk, "care_plan", "draft", responsible__organisation="CSC", category="transition")
    stream = plan_of(patient_page(desk))
    record(desk, "care_plan", "set_goal", stream, by__organisation="CSC", goal_id="g1",
           owner="patient", words=GOAL, target_on="2026-03-27")  # fmt: skip
    record(desk, "care_plan", "add_activity", stream, by__organisation="CSC", activity_id="a1",
           kind="visit", goals="g1", due_on="2026-02-17", text="See the cardiologist")  # fmt: skip
    record(desk, "care_plan", "activate", stream, by__organisation="CSC")

    page = section(patient_page(desk), "plan")

    assert "Plan for the transition" in page
    assert f"<q>{GOAL}</q>" in page
    assert "Goal of the patient, by 27 Mar, progress not stated, g1" in page
    assert "Visit: See the cardiologist" in page
    assert '<span class="sr">overdue, </span>due 17 Feb' in page
    assert f'href="/ui/streams/{stream}/record/care_plan/revise"' in page
    assert GOAL not in patient_page(desk, "?as_of=2026-02-01")
    form = desk.client.get(f"/ui/streams/{stream}/record/care_plan/revise").text
    assert f'name="author.person" value="{NURSE.subject}"' in form


def test_a_step_of_a_plan_leads_back_to_its_patient(desk: Desk) -> None:
    record(desk, "care_plan", "draft", responsible__organisation="CSC", category="palliative")
    stream = plan_of(patient_page(desk))

    there = record(
        desk, "care_plan", "add_concern", stream, by__organisation="CSC", concern_id="c1",
        text="Breathless at night",
    )  # fmt: skip

    assert re.fullmatch(rf"/ui/patients/{desk.told.alder}[?]recorded=\d+", there)
    page = unescape(desk.client.get(there).text)
    assert "Concerns: Breathless at night" in section(page, "plan")
    index = f"{int(there.rpartition('=')[2]):,}"
    assert f">event {index}</a>." in page[page.index('role="status"') :]
    undo = re.search(
        rf'role="status".*?href="(/ui/streams/{stream}/record/care_plan/void[^"]+)"', page
    )
    assert undo
    assert f'href="{undo[1]}">This is wrong' in page, "the entry itself leads there too"
    answer = desk.send(undo[1], reason_code="wrong_item")
    assert answer.status_code == 303
    desk.application.read_models.catch_up()
    page = unescape(desk.client.get(there).text)
    assert "Breathless at night" not in section(page, "plan")
    status = page[page.index('role="status"') :].partition("</p>")[0]
    assert "void" not in status, "what is void is not undone again"


def test_the_replay_draws_a_referral_from_the_event_that_requested_it(desk: Desk) -> None:
    referral = desk.referral(service="wound_care", happened_at="2026-02-15 10:00")
    replay = f"/ui/patients/{desk.told.alder}/replay"

    after = unescape(desk.client.get(replay).text)
    before = unescape(desk.client.get(f"{replay}?known_at={desk.events() - 1}").text)

    assert f'href="{referral}" aria-label="Referral wound care, ' in after
    assert 'aria-label="Referral wound care, ' not in before
