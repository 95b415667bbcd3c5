"""Lists of own streams for all patients: found by what they say, at any instant, in pages."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.api_region import ApiClient, code_of

pytestmark = pytest.mark.postgres

NURSE = {"organisation": "NGH", "person": "nurse-41"}


@pytest.fixture(scope="module")
def people(api: ApiClient) -> list[str]:
    """Patients of the region, in an order that other tests do not change."""
    return sorted(each["patient_id"] for each in api.get("/patients?limit=20").json()["items"])


def given(api: ApiClient, path: str, body: Mapping[str, Any], role: str = "clinician") -> Any:
    """Give a command, let the read models hold it, and return its outcome."""
    answer = api.post(path, dict(body), role=role)
    assert answer.is_success, answer.text
    api.application.read_models.catch_up()
    return answer.json()


def found(api: ApiClient, path: str, query: str = "") -> list[str]:
    """Return the streams of a list."""
    answer = api.get(f"{path}?limit=500&{query}")
    assert answer.status_code == 200, answer.text
    return [each["stream_id"] for each in answer.json()["items"]]


def test_medication_lists_are_found_by_who_recorded_them_and_by_what_is_left(
    api: ApiClient, people: list[str]
) -> None:
    recorded = given(api, "/medication-lists/record", {
        "patient": people[0], "source": "pharmacy", "by": NURSE,
        "items": [{"name": "Furosemide"}],
    })  # fmt: skip
    stream, index = recorded["stream_id"], recorded["events"][0]["index"]
    left = "organisation=NGH&person=nurse-41&source=pharmacy&not_compared=true&state=recorded"
    assert found(api, "/medication-lists", left) == [stream]
    assert found(api, "/medication-lists", "person=nurse-41&source=home") == []
    assert stream not in found(api, "/medication-lists", f"known_at={index - 1}")

    given(api, "/medication-lists/reconcile", {
        "patient": people[0], "at_point": "discharge", "by": NURSE, "role": "nurse",
        "compared": ["l1"], "decisions": [{"action": "continue", "items": ["l1/1"]}],
    })  # fmt: skip
    given(api, "/medication-lists/find-discrepancy", {
        "patient": people[0], "kind": "omitted", "by": NURSE,
    })  # fmt: skip
    assert found(api, "/medication-lists", left) == []
    assert stream in found(api, "/medication-lists", "open_discrepancy=true&state=reconciled")
    assert found(api, "/medication-lists", f"{left}&known_at={index}") == [stream]
    whole = api.get("/medication-lists?person=nurse-41").json()["items"]
    patient = whole[0]["patient_id"]
    assert whole == api.get(f"/medication-lists?patient={patient}").json()["items"]
    of_timeline = api.get(f"/patients/{patient}/timeline").json()["activities"]
    assert whole == of_timeline["medication_list"]


def test_care_teams_are_found_by_their_members_and_by_open_handovers(
    api: ApiClient, people: list[str]
) -> None:
    patients = people[1:3]
    teams = [
        given(api, "/care-teams/join", {
            "patient": patient, "member": member, "role": "nurse", "kind": "practitioner",
            "organisation": "TEAM-7",
        })["stream_id"]
        for patient in patients for member in ("nurse-42", "nurse-43")
    ]  # fmt: skip
    given(api, "/care-teams/assign-coordinator", {"patient": patients[0], "member": "nurse-42"})
    handed = given(api, "/care-teams/hand-over", {
        "patient": patients[0], "from_member": "nurse-42", "to_member": "nurse-43",
    })["events"][0]["index"]  # fmt: skip
    one, other = teams[0], teams[2]

    assert set(found(api, "/care-teams", "member=nurse-42")) == {one, other}
    assert set(found(api, "/care-teams", "organisation=TEAM-7&state=active")) == {one, other}
    assert found(api, "/care-teams", "coordinator=nurse-42") == [one]
    assert found(api, "/care-teams", "handover_to=nurse-43") == [one]
    given(api, "/care-teams/accept-handover", {"patient": patients[0], "to_member": "nurse-43"})
    assert found(api, "/care-teams", "coordinator=nurse-43") == [one]
    assert found(api, "/care-teams", "handover_to=nurse-43") == []
    assert found(api, "/care-teams", f"handover_to=nurse-43&known_at={handed}") == [one]
    given(api, "/care-teams/leave", {
        "patient": patients[1], "member": "nurse-42", "reason": "other",
    })  # fmt: skip
    assert found(api, "/care-teams", "member=nurse-42") == [one]

    first = api.get("/care-teams?limit=1&organisation=TEAM-7").json()
    second = api.get(f"/care-teams?limit=1&organisation=TEAM-7&cursor={first['next']}").json()
    assert second["next"] is None
    pages = [each["stream_id"] for each in (*first["items"], *second["items"])]
    assert pages == found(api, "/care-teams", "organisation=TEAM-7")


def test_attributions_are_found_by_target_and_roster_in_their_periods(
    api: ApiClient, people: list[str]
) -> None:
    """An attribution states its period, so one that was told later counts too."""
    attributed = given(api, "/attributions/attribute", {
        "patient": people[3], "target_kind": "practice", "target": "OAK-1",
        "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z",
    })  # fmt: skip
    stream, index = attributed["stream_id"], attributed["events"][0]["index"]
    given(api, "/attributions/attribute", {
        "patient": people[3], "target_kind": "payer", "target": "OAK-2",
        "since": "2026-01-01T00:00:00Z",
    })  # fmt: skip
    january = "as_of=2026-01-10"

    assert found(api, "/attributions", f"target=OAK-1&{january}") == [stream]
    assert found(api, "/attributions", f"target=OAK-1&{january}&known_at={index - 1}") == []
    (listed,) = api.get(f"/attributions?target=OAK-1&{january}").json()["items"]
    shown = api.get(f"/attributions/{stream}?{january}").json()
    assert shown.pop("entries") == []  # both were told later
    assert shown == listed
    assert [each["target"] for each in shown["attributions"]] == ["OAK-1", "OAK-2"]
    (one,) = api.get(f"/attributions/{stream}?{january}&known_at={index}").json()["attributions"]
    assert one["target"] == "OAK-1"
    missing = api.get(f"/attributions/{stream}?{january}&known_at={index - 1}")
    assert code_of(missing) == "unknown_stream"
    assert found(api, "/attributions", "target=OAK-1&as_of=2026-02-02") == []
    assert found(api, "/attributions", f"target=OAK-2&target_kind=payer&{january}") == [stream]
    # Another attribution of the same stream does not count.
    assert found(api, "/attributions", f"target=OAK-2&target_kind=practice&{january}") == []
    assert stream in found(api, "/attributions", f"target_kind=practice&{january}")
    assert found(api, "/attributions", "roster=OAK-ROSTER") == []
    assert code_of(api.get("/attributions?target_kind=house")) == "query_invalid"


def test_work_is_found_by_who_claimed_it_and_who_is_assigned(
    api: ApiClient, people: list[str]
) -> None:
    referral = api.referral(patient=people[4], target={"organisation": "DESK-9"})
    (person,) = api.get("/work-list?organisation=DESK-9").json()["people"]
    item = person["items"][0]["item_id"]
    claimed = given(api, "/work-items/claim", {
        "item": item, "by": {"organisation": "DESK-9", "person": "nurse-44"},
    })  # fmt: skip
    stream, index = claimed["stream_id"], claimed["events"][0]["index"]

    assert found(api, "/work-items", "claimed=true&person=nurse-44") == [stream]
    assert found(api, "/work-items", "assigned=true&person=nurse-44") == []
    given(api, "/work-items/assign", {
        "item": item, "by": {"organisation": "DESK-9"},
        "to": {"organisation": "DESK-9", "person": "nurse-45"},
    })  # fmt: skip
    assert found(api, "/work-items", "assigned=true&person=nurse-45") == [stream]
    assert found(api, "/work-items", "waiting=true&person=nurse-45") == []
    assert stream not in found(api, "/work-items", f"known_at={index - 1}")
    (shown,) = api.get("/work-items?person=nurse-45").json()["items"]
    assert (shown["about"], shown["claimed_by"]["person"]) == (referral["stream_id"], "nurse-44")


def test_care_plans_and_transitions_are_found_by_who_answers_for_them(
    api: ApiClient, people: list[str]
) -> None:
    plan = given(api, "/care-plans", {
        "patient": people[5], "category": "disease",
        "responsible": {"organisation": "PLAN-7", "person": "dr-46"},
    })["stream_id"]  # fmt: skip
    assert found(api, "/care-plans", "organisation=PLAN-7&person=dr-46&category=disease") == [plan]
    assert found(api, "/care-plans", "organisation=PLAN-7&category=longitudinal") == []
    whole = api.get("/transitions?limit=500").json()["items"]
    owner = next(
        each["responsible"]["organisation"] for each in whole if each["responsible"]["organisation"]
    )
    mine = api.get(f"/transitions?limit=500&organisation={owner}").json()["items"]
    assert mine == [each for each in whole if each["responsible"]["organisation"] == owner]


@pytest.mark.parametrize(
    "path", ["/attributions", "/care-plans", "/care-teams", "/medication-lists", "/referrals",
             "/work-items", "/transitions", "/duties"],
)  # fmt: skip
def test_a_list_shows_a_caller_only_patients_in_its_care_unless_a_reason_is_stated(
    api: ApiClient, path: str
) -> None:
    assert api.get(path, role="coordinator", reason="").status_code == 200
    assert code_of(api.get(path, role="operator")) == "role_not_allowed"
    assert code_of(api.get(path, purpose="")) == "purpose_missing"
    assert code_of(api.get(f"{path}?state=nothing-such")) == "query_invalid"
