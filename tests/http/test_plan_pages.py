"""A coordinator revises a plan without JSON, and compares the revisions."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from commands.care_plan.course import ActivateCarePlan, DraftCarePlan, RevokeCarePlan
from commands.care_plan.parts import AddActivity, AddConcern, SetGoal
from commands.command import Command
from domain.care_plan.events import PlanCategory
from infra.clock import new_id
from tests.desk import Desk, desk
from tests.http.test_care_on_the_patient_page import record
from tests.referral_samples import caller

__all__ = ["desk"]

pytestmark = pytest.mark.postgres

CLINIC = {"organisation": "CSC"}
#: What the form of the plan below shows, by part; a browser sends it all back.
ROWS = {
    "part.g1.text": "To walk to church",
    "part.g1.owner": "patient",
    "part.g1.priority": "medium",
    "part.g1.target_on": "2026-03-15",
    "part.a1.text": "Weigh daily",
    "part.a1.kind": "self_care",
    "part.a1.by_patient": "yes",
    "part.a1.due_on": "2026-03-13",
    "part.a1.goals": "g1",
}


def give(desk: Desk, shape: type[Command], **members: Any) -> None:
    """Give a command of the clinic."""
    desk.application.decisions.record(shape.model_validate(members), caller())


def make_plan(desk: Desk, category: PlanCategory) -> str:
    """Put a plan with a concern, a goal and an activity in force; return its stream."""
    stream, record_id = new_id(), desk.application.id_key.record("NGH", "0048213", "P")
    of = {"stream": stream, "by": CLINIC}
    give(desk, DraftCarePlan, stream=stream, record=record_id, responsible=CLINIC,
         category=category)  # fmt: skip
    give(desk, AddConcern, **of, concern_id="c1", text="Swollen legs")
    give(desk, SetGoal, **of, goal_id="g1", owner="patient", words="To walk to church",
         target_on="2026-03-15")  # fmt: skip
    give(desk, AddActivity, **of, activity_id="a1", kind="self_care", goals=["g1"],
         by_patient=True, due_on="2026-03-13", text="Weigh daily")  # fmt: skip
    give(desk, ActivateCarePlan, **of)
    desk.application.read_models.catch_up()
    return stream


@pytest.fixture(scope="module")
def unrevised(desk: Desk) -> str:
    """A plan that no test revises."""
    return make_plan(desk, "disease")


@pytest.fixture
def plan(desk: Desk) -> Iterator[str]:
    """A plan of the test. A person has one active plan of a category, so it is given up."""
    stream = make_plan(desk, "transition")
    yield stream
    give(desk, RevokeCarePlan, stream=stream, by=CLINIC, reason="other")
    desk.application.read_models.catch_up()


def revise(desk: Desk, plan: str, **rows: str) -> dict[str, str]:
    """Return the fields of the form of a revision with changed rows."""
    address = f"/ui/streams/{plan}/record/care_plan/revise"
    typed = {**ROWS, "author.organisation": "CSC", "reason": "new_information"}
    return {
        **desk.fields(address),
        **typed,
        **{name.replace("__", "."): text for name, text in rows.items()},
    }


def send(desk: Desk, plan: str, fields: dict[str, str]) -> tuple[int, str]:
    answer = desk.client.post(f"/ui/streams/{plan}/record/care_plan/revise", data=fields)
    desk.application.read_models.catch_up()
    return answer.status_code, unescape(answer.text)


def compare(desk: Desk, plan: str, query: str = "") -> str:
    answer = desk.client.get(f"/ui/patients/{desk.told.alder}/plans/{plan}{query}")
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", unescape(answer.text))


def test_the_form_shows_each_part_with_its_id_and_words_and_asks_for_no_json(
    desk: Desk, unrevised: str
) -> None:
    page = unescape(desk.client.get(f"/ui/streams/{unrevised}/record/care_plan/revise").text)

    assert "JSON" not in page
    assert "<script" not in page
    assert "Concern c1: Swollen legs" in page
    assert re.search(r'name="part.g1.text"[^>]*>To walk to church</textarea>', page)
    assert '<option value="self_care" selected>Self-care</option>' in page
    assert 'name="part.g1.target_on" value="2026-03-15"' in page
    for new in ("c2", "g2", "g3", "a2", "a3"):
        assert f'name="part.{new}.text"' in page


def test_only_the_rows_that_were_changed_are_in_the_revision(desk: Desk, plan: str) -> None:
    fields = revise(desk, plan, part__g1__text="To walk to church without stopping",
                    part__g1__target_on="2026-03-27", part__a2__kind="service",
                    part__a2__text="Arrange transport", part__a2__goals="g1")  # fmt: skip
    status, page = send(desk, plan, fields)
    assert status == 303, page

    page = compare(desk, plan)

    assert "revisions 0 and 1" in page
    assert "<q><del>To walk to church</del></q>" in page
    assert "<q><ins>To walk to church without stopping</ins></q>" in page
    assert "<del>by 15 Mar</del>" in page
    assert "<ins>by 27 Mar</ins>" in page
    assert "goal of the patient," in page, "a member that did not change is not marked"
    assert re.search(r'data-sign="[+]">1 added</span>.*data-sign="~">1 changed</span>', page)
    assert "2 unchanged parts" in page
    added = page[page.index("<b>activity a2</b>") :]
    assert added.index("not in this revision") < added.index("<ins>Arrange transport</ins>")


def test_a_part_is_removed_and_a_day_is_emptied(desk: Desk, plan: str) -> None:
    fields = revise(desk, plan, part__g1__target_on="", part__a1__remove="yes")
    status, page = send(desk, plan, fields)
    assert status == 303, page

    page = compare(desk, plan, "?from=0&to=1")
    later = page[page.index("<b>goal g1</b>") :]
    assert "<del>by 15 Mar</del>" in later
    assert "<ins>by" not in later
    assert re.search(r'<tr class="removed"><th scope="row"><b>activity a1</b>', page)


def test_rows_as_they_were_are_no_revision(desk: Desk, unrevised: str) -> None:
    status, page = send(desk, unrevised, revise(desk, unrevised))

    assert status == 422
    assert "<code>nothing_revised</code>" in page
    assert "To walk to church</textarea>" in page, "what was typed is kept"


def test_what_another_person_changed_meanwhile_is_not_changed_back(desk: Desk, plan: str) -> None:
    fields = revise(desk, plan, part__a1__text="Weigh each morning")
    record(desk, "care_plan", "change_goal", plan, by__organisation="CSC", goal_id="g1",
           target_on="2026-04-30")  # fmt: skip
    status, page = send(desk, plan, fields)
    assert status == 409
    assert "<code>version_conflict</code>" in page
    again = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))

    status, page = send(desk, plan, {**fields, **again})

    assert status == 303, page
    page = compare(desk, plan)
    assert "by 30 Apr" in page
    assert "<ins>Weigh each morning</ins>" in page


def test_a_plan_that_was_never_in_force_and_an_unknown_revision_say_so(
    desk: Desk, unrevised: str
) -> None:
    alder = desk.told.alder
    unknown = desk.client.get(f"/ui/patients/{alder}/plans/{unrevised}?from=0&to=9")
    assert unknown.status_code == 404
    assert "The plan has these revisions: 0." in unescape(unknown.text)
    only = compare(desk, unrevised)
    assert "The plan has one revision" in only
    foreign = desk.client.get(f"/ui/patients/{desk.told.orchard}/plans/{unrevised}")
    assert foreign.status_code == 404


def test_what_is_wrong_with_a_row_is_shown_in_the_row(desk: Desk, plan: str) -> None:
    fields = revise(desk, plan, part__g1__target_on="soon", part__a1__organisation="The clinic",
                    part__a1__goals="g1 church", part__g2__text="To sleep", part__a2__text="Call",
                    part__a2__kind="service", part__a2__due_on="2026")  # fmt: skip

    status, page = send(desk, plan, fields)

    assert status == 422
    summary = dict(re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', page))
    assert summary == {
        "f-g1-target_on": "Goal g1: To reach by",
        "f-g2-owner": "Goal g2: Whose goal",
        "f-a1-organisation": "Activity a1: Who does it: organisation",
        "f-a1-goals": "Activity a1: For the goals",
        "f-a2-due_on": "Activity a2: Due by",
    }
    for anchor in summary:
        assert f'id="{anchor}"' in page
        assert f'id="{anchor}-error"' in page
        assert re.search(rf'aria-describedby="{anchor}-error" aria-invalid="true"', page)
    assert re.search(r'<details class="part" open><summary>Goal g2, new</summary>', page)
    assert 'value="soon"' in page
