"""The links from what is owed to the forms that do it."""

import tomllib
from dataclasses import replace
from importlib.resources import files
from urllib.parse import parse_qsl, urlsplit

import pytest

from caretrail.web.deeds import DEEDS, PART, STEP, deed_links, deeds_of
from caretrail.web.recorded import own_address, with_recorded
from commands.catalogue import BY_VERB
from commands.catalogue.fields import fields_of
from commands.transition.act import TransitionCommand
from tests.web.test_work_page import ITEM

PROTOCOL = tomllib.loads(files("caretrail").joinpath("default_protocol.toml").read_text())


@pytest.mark.parametrize(
    ("code", "done_by"),
    [
        (f"transition.{step['code']}", step["done_by"])
        for kind in PROTOCOL["kinds"].values()
        for step in kind.get("steps", ())
    ],
)
def test_the_usual_deed_of_a_step_is_one_that_the_protocol_takes_for_done(
    code: str, done_by: list[str]
) -> None:
    shape = BY_VERB["transition", deeds_of(code)[0].verb]

    assert issubclass(shape, TransitionCommand)
    assert shape.EVENT.move() in done_by


@pytest.mark.parametrize("code", DEEDS)
def test_a_deed_is_a_command_and_fills_fields_that_it_has(code: str) -> None:
    for deed in DEEDS[code]:
        shape = BY_VERB[code.partition(".")[0], deed.verb]
        names = {".".join(each.path): each for each in fields_of(shape)}
        assert set(deed.given) <= set(names)
        for name, text in deed.given.items():
            if text not in {PART, STEP}:
                assert text in names[name].choices


def test_a_link_names_the_encounter_and_the_step_of_a_transition() -> None:
    item = replace(ITEM, kind="transition", about="e1", duty="transition.risk_told")

    (link,) = deed_links(item, page="", back="/ui/work?whose=all")

    address = urlsplit(link.href)
    assert address.path == f"/ui/patients/{ITEM.patient_id}/record/transition/complete_step"
    assert dict(parse_qsl(address.query)) == {
        "encounter": "e1", "step": "risk_told", "back": "/ui/work?whose=all",
    }  # fmt: skip


def test_a_link_names_the_part_of_a_plan_or_of_the_lists_of_a_patient() -> None:
    item = replace(ITEM, kind="care_plan", duty="care_plan.activity", part="a3")

    (link,) = deed_links(item, page="")

    assert link.href == (
        "/ui/streams/s1/record/care_plan/progress_activity?activity_id=a3&status=completed"
    )
    item = replace(ITEM, kind="medication_list", duty="medication_list.discrepancy", part="d1")
    (link,) = deed_links(item, page="")
    assert link.href == (
        f"/ui/patients/{ITEM.patient_id}/record/medication_list/resolve_discrepancy?discrepancy_id=d1"
    )


def test_a_decision_that_needs_the_page_of_its_subject_leads_there() -> None:
    item = replace(ITEM, duty="referral.duplicate")

    assert [each.href for each in deed_links(item, page="/ui/referrals/s1")] == ["/ui/referrals/s1"]


@pytest.mark.parametrize(
    "foreign",
    [
        "https://example.org/",
        "//example.org/ui/",
        "/ui/../\\example.org",
        "/ui/work?a=<b>",
        "javascript:1",
    ],
)
def test_a_form_leads_back_to_the_own_pages_only(foreign: str) -> None:
    assert own_address(foreign) == ""
    assert own_address("/ui/work?whose=all&after=a~b%20c") == "/ui/work?whose=all&after=a~b%20c"


def test_the_page_that_confirms_keeps_its_filters() -> None:
    assert with_recorded("/ui/work?whose=all", 7) == "/ui/work?whose=all&recorded=7"
    assert with_recorded("/ui/work", 7) == "/ui/work?recorded=7"
    assert with_recorded("/ui/work?whose=all", 0) == "/ui/work?whose=all"
