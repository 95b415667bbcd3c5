"""What an event changed, in words without codes."""

from typing import Any

import pytest

from caretrail.reading.replay import PartChange
from caretrail.web.change_words import change_sentence
from tests.web.people import WORDS

ENCOUNTER = {
    "encounter_id": "e1", "class": "IMP", "facility": "NGH", "status": "in-progress", "end": None,
    "end_precision": None, "statements": ["a"],
}  # fmt: skip
PLAN = {
    "stream_id": "p1", "category": "transition", "state": "draft", "version": 3,
    "activated_at": None, "activated_precision": None, "goals": [{"goal_id": "g1"}],
}  # fmt: skip
ITEM = {"duty": "referral.acknowledge.urgent", "due_on": "2026-02-23", "due_at": None}


def change(part: str, before: Any, after: Any) -> str:
    kind = "added" if before is None else "removed" if after is None else "changed"
    return change_sentence(PartChange(kind, part, "id", before, after), WORDS)


def test_the_end_of_a_stay_is_said_with_its_local_time_and_without_codes() -> None:
    after = {
        **ENCOUNTER, "status": "finished", "end": "2026-02-20T17:40:00Z",
        "end_precision": "minute", "statements": ["a", "b"],
    }  # fmt: skip
    assert change("encounter", ENCOUNTER, after) == (
        "Encounter, inpatient, Northfield General:"
        " status in progress → finished; end not stated → 20 Feb 2026, 11:40"
    )


def test_an_own_activity_is_said_by_its_state() -> None:
    after = {
        **PLAN, "state": "active", "version": 4, "activated_at": "2026-02-20T17:40:00Z",
        "activated_precision": "second", "goals": [{"goal_id": "g1"}, {"goal_id": "g2"}],
    }  # fmt: skip
    assert change("care_plan", PLAN, after) == (
        "Plan for the transition: state draft → active;"
        " activated not stated → 20 Feb 2026, 11:40; goals 1 → 2"
    )


@pytest.mark.parametrize(
    ("part", "before", "after", "said"),
    [
        ("work_item", None, ITEM, "Now owed: Referral: answer the request, due 23 Feb 2026"),
        (
            "work_item", ITEM, None,
            "No longer owed: Referral: answer the request, due 23 Feb 2026",
        ),
        ("entry", None, {"summary": "Admitted as inpatient to 4W-10"},
         "New: Admitted as inpatient to 4W-10"),
        ("referral", None, {"service": "wound_clinic"}, "New: Referral, wound clinic"),
        ("encounter", ENCOUNTER, None, "Removed: Encounter, inpatient, Northfield General"),
    ],
)  # fmt: skip
def test_a_part_that_came_or_went_is_named(part: str, before: Any, after: Any, said: str) -> None:
    assert change(part, before, after) == said


def test_a_change_of_technical_members_alone_says_nothing() -> None:
    assert change("encounter", ENCOUNTER, {**ENCOUNTER, "statements": ["a", "b"]}) == ""


def test_a_person_who_takes_over_is_named_with_the_organisation() -> None:
    nobody = {"organisation": None, "person": None, "pool": None}
    nurse = {"organisation": "CSC", "person": "nurse-1", "pool": None}
    said = change("work_item", {**ITEM, "claimed_by": nobody}, {**ITEM, "claimed_by": nurse})
    assert said.endswith("claimed by not stated → nurse-1, Cedar Street Clinic")
