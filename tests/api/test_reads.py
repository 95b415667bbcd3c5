"""Reads through the API: at any instant, in pages, and after a write of one's own."""

from collections.abc import Callable
from typing import Any

import pytest

from caretrail.api.document import document
from domain.rules import parse_protocol
from infra import clock
from tests.api_region import REQUEST, ApiClient, code_of

UNKNOWN = "01a223d3-0000-7000-8000-000000000000"
#: The example of the document.
PUBLISH = document()["paths"]["/api/v1/protocols/publish"]["post"]["requestBody"]["content"][
    "application/json"
]["example"]
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def alder(api: ApiClient) -> str:
    found = api.opened.readers.reader.resolve("SBH|77-10342")
    assert found
    return str(found)


def test_a_timeline_is_read_now_and_at_other_instants(api: ApiClient, alder: str) -> None:
    now = api.get(f"/patients/{alder}/timeline").json()
    then = api.get(f"/patients/{alder}/timeline?as_of=2026-01-20T00:00:00Z&known_at=10").json()

    assert (now["patient_id"], len(now["encounters"])) == (alder, 8)
    assert len(then["encounters"]) < 8
    assert then["known_at"]["index"] == 10
    assert then["as_of"] == "2026-01-20T00:00:00Z"


def test_a_patient_who_was_not_yet_known_is_unknown(api: ApiClient, alder: str) -> None:
    answer = api.get(f"/patients/{alder}/timeline?known_at=0")
    assert (answer.status_code, code_of(answer)) == (404, "unknown_patient")


def test_a_patient_is_shown_with_its_numbers(api: ApiClient, alder: str) -> None:
    shown = api.get(f"/patients/{alder}").json()
    assert shown["patient_id"] == alder
    assert "77-10342" in [each["identifier"] for each in shown["identifiers"]]


def test_the_list_of_patients_is_read_in_pages(api: ApiClient) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        page = api.get(f"/patients?limit=17&cursor={cursor}").json()
        found += [each["patient_id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert len(found) == len(set(found)) > 17
    assert len(page["items"]) <= 17


def test_patients_are_read_at_other_instants(api: ApiClient, alder: str) -> None:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = api.get(f"/patients?limit=2&as_of=2026-01-20&cursor={cursor}").json()
        found += page["items"]
        if page["next"] is None:
            break
        cursor = page["next"]
    now = api.get("/patients?limit=500").json()["items"]
    ids = [each["patient_id"] for each in found]
    assert 2 < len(ids) == len(set(ids)) < len(now)
    known = api.get("/patients?limit=500&known_at=10").json()["items"]
    assert 0 < len(known) < len(now)
    assert api.get("/patients?known_at=0").json()["items"] == []
    assert api.get("/patients?as_of=1900-01-01").json()["items"] == []
    (listed,) = (each for each in found if each["patient_id"] == alder)
    assert listed == api.get(f"/patients/{alder}?as_of=2026-01-20").json()
    assert code_of(api.get(f"/patients/{alder}?known_at=0")) == "unknown_patient"
    # Everything that is known now was known at the newest event.
    newest = api.get(f"/patients/{alder}/timeline").json()["known_at"]["index"]
    whole = api.get(f"/patients?limit=500&known_at={newest}").json()["items"]
    assert {each["patient_id"] for each in whole} == {each["patient_id"] for each in now}
    now_cursor = api.get("/patients?limit=1").json()["next"]
    assert code_of(api.get(f"/patients?as_of=2026-01-20&cursor={now_cursor}")) == "query_invalid"


def test_the_census_is_read_in_pages_and_by_facility(api: ApiClient) -> None:
    whole = api.get("/census?limit=500&facility=NGH").json()["items"]
    first = api.get("/census?limit=3&facility=NGH").json()
    second = api.get(f"/census?limit=3&facility=NGH&cursor={first['next']}").json()

    assert {each["facility"] for each in whole} == {"NGH"}
    assert [*first["items"], *second["items"]] == whole[:6]
    past = api.get("/census?as_of=2026-01-16T12:00:00Z&limit=500").json()["items"]
    assert len(past) < len(api.get("/census?limit=500").json()["items"])


def test_a_search_is_in_the_body_and_finds_by_name_and_by_number(
    api: ApiClient, alder: str
) -> None:
    for words in ("Alder 1951-06-02", "SBH|77-10342", "77-10342"):
        found = api.post("/patients/search", {"words": words})
        assert alder in [each["patient_id"] for each in found.json()["items"]]
    assert api.post("/patients/search", {"words": "no such name"}).json()["items"] == []


def test_referrals_are_listed_for_all_and_for_one_patient(api: ApiClient) -> None:
    mine = api.referral(patient="NGH|60000")
    shown = api.get(f"/referrals/{mine['stream_id']}").json()
    of_patient = api.get(f"/referrals?patient={shown['patient_id']}").json()["items"]
    before = mine["events"][0]["index"] - 1

    assert [each["stream_id"] for each in of_patient] == [mine["stream_id"]]
    whole = api.get("/referrals?limit=500&state=requested").json()["items"]
    assert mine["stream_id"] in [each["stream_id"] for each in whole]
    then = api.get(f"/referrals?limit=500&known_at={before}").json()["items"]
    assert mine["stream_id"] not in [each["stream_id"] for each in then]
    first = api.get("/referrals?limit=1").json()
    assert len(first["items"]) == 1
    gone = api.get(f"/referrals/{mine['stream_id']}?known_at={before}")
    assert (gone.status_code, code_of(gone)) == (404, "unknown_stream")


@pytest.mark.parametrize("of", ["all", "the patient"])
def test_referrals_are_listed_by_what_is_asked(api: ApiClient, of: str) -> None:
    """As ``referral ls`` lists them."""
    ended, pooled = (
        api.referral(patient="NGH|60004", requester={"organisation": "SBH"}, target=target)
        for target in ({"organisation": "HEART-2"}, {"organisation": "HEART-2", "pool": "ECHO-2"})
    )
    reason = {"by": {"organisation": "SBH"}, "reason": "no_longer_needed"}
    for verb in ("request-cancellation", "cancel"):
        assert api.post(f"/referrals/{ended['stream_id']}/{verb}", reason).status_code == 200
    api.application.read_models.catch_up()
    patient = api.get(f"/referrals/{ended['stream_id']}").json()["patient_id"]
    only = f"patient={patient}&" if of == "the patient" else ""

    def listed(query: str) -> set[str]:
        found = api.get(f"/referrals?limit=500&{only}{query}").json()["items"]
        return {each["stream_id"] for each in found}

    both = {ended["stream_id"], pooled["stream_id"]}
    assert listed("requester=SBH&target=HEART-2") >= both
    assert listed("target=HEART-2&open=true") & both == {pooled["stream_id"]}
    assert listed("target=ECHO-2") & both == {pooled["stream_id"]}
    assert listed("requester=NGH&target=HEART-2") == set()
    assert listed("target=HEART-2&state=cancelled") & both == {ended["stream_id"]}
    wrong = api.get(f"/referrals?{only}target=Rowena%20Alder")
    assert (wrong.status_code, code_of(wrong)) == (422, "query_invalid")


def test_a_plan_is_listed_and_compared_and_its_words_are_shown_only_to_some_roles(
    api: ApiClient,
) -> None:
    by = {"organisation": "NGH", "person": "dr-ward"}
    draft = {"category": "disease", "responsible": by, "patient": "NGH|60000"}
    added = {"goal": {"goal_id": "g2", "owner": "clinician"}, "text": "To sleep"}
    plan = api.post("/care-plans", draft).json()["stream_id"]
    last = 0
    for verb, body in (
        ("set-goal", {"by": by, "owner": "patient", "words": "To walk"}),
        ("activate", {"by": by}),
        ("change-goal", {"by": by, "goal_id": "g1", "words": "To walk to church"}),
        ("revise", {"author": by, "reason": "patient_wish", "goals_added": [added]}),
    ):  # fmt: skip
        answer = api.post(f"/care-plans/{plan}/{verb}", body, role="clinician")
        assert answer.is_success, answer.text
        last = answer.json()["events"][-1]["index"]
    api.application.read_models.catch_up()

    compared = api.get(f"/care-plans/{plan}/compare?earlier=0&later=1").json()
    assert [each["part_id"] for each in compared["added"]] == ["g2"]
    assert [each["text"] for each in compared["earlier"]["contents"]] == ["To walk"]
    after = {each["part_id"]: each["text"] for each in compared["later"]["contents"]}
    assert after == {"g1": "To walk to church", "g2": "To sleep"}
    core = api.get(f"/care-plans/{plan}/compare?earlier=0&later=1", role="analyst").json()
    assert (core["added"], core["later"]["contents"]) == (compared["added"], [])
    assert api.get(f"/care-plans/{plan}", role="analyst").json()["contents"] == []
    unknown = api.get(f"/care-plans/{plan}/compare?later=1&known_at={last - 1}")
    assert code_of(unknown) == "query_invalid"
    assert [each["where"] for each in unknown.json()["facts"]["errors"]] == ["query.later"]
    listed = api.get("/care-plans?state=active&limit=500").json()["items"]
    assert plan in [each["stream_id"] for each in listed]


def test_who_is_responsible_is_read_at_any_instant(api: ApiClient) -> None:
    body = {"patient": "NGH|60002", "member": "nurse-9", "role": "nurse", "kind": "practitioner",
            "organisation": "NGH", "name": "Ada Rowan"}  # fmt: skip
    joined = api.post("/care-teams/join", body)
    assert joined.status_code == 200, joined.text
    api.application.read_models.catch_up()
    patient = api.opened.readers.reader.resolve("NGH|60002")
    team = api.get(f"/patients/{patient}/care-team").json()
    nobody = api.get(f"/patients/{patient}/responsible?as_of=2026-02-01").json()

    assert [(each["member"], each["name"]) for each in team["members"]] == [
        ("nurse-9", "Ada Rowan")
    ]
    sealed = api.get(f"/patients/{patient}/care-team", role="analyst").json()
    assert [(each["member"], each["name"]) for each in sealed["members"]] == [("nurse-9", None)]
    assert nobody["coordinator"] is None
    assert api.get(f"/patients/{patient}/attributions").json()["attributions"] == []
    wrong = api.get(f"/patients/{patient}/responsible?scope=programme")
    assert (wrong.status_code, code_of(wrong)) == (422, "query_invalid")


def test_a_caller_can_wait_for_its_own_write(api: ApiClient) -> None:
    asked = api.post("/referrals", REQUEST).json()
    index = asked["events"][0]["index"]
    address = f"/referrals/{asked['stream_id']}?wait_for={index}"
    shown = api.once_known(lambda: api.get(address))
    assert shown.json()["version"] == 1


def test_a_wait_has_an_end(api: ApiClient) -> None:
    asked = api.post("/referrals", REQUEST).json()["events"][0]["index"]
    for index in (asked, 1 << 40):
        answer = api.get(f"/census?wait_for={index}")
        assert (answer.status_code, code_of(answer)) == (504, "not_yet_in_read_models")
        assert answer.json()["facts"] == {"index": index}


@pytest.mark.parametrize("query", [
    "as_of=yesterday", "as_of=2026-03-03T00:00:00+01:00",
    "known_at=soon", "known_at=-1", "wait_for=x", "wait_for=-1", "limit=0",
    "limit=501", "cursor=%21", "cursor=e30", "cursor=W10", "unknown=1", "facility=" + "x" * 201,
])  # fmt: skip
def test_a_wrong_parameter_is_refused_without_its_value(api: ApiClient, query: str) -> None:
    answer = api.get(f"/census?{query}")
    assert (answer.status_code, code_of(answer)) == (422, "query_invalid")
    assert "yesterday" not in answer.text
    (error,) = answer.json()["facts"]["errors"]
    assert error["where"] == f"query.{query.partition('=')[0]}"
    assert error["message"]
    assert ("%2B" in error["message"]) == ("+" in query)
    assert "Value error" not in error["message"]


@pytest.mark.parametrize("patient", [UNKNOWN, "SBH%7C77-10342", "x", "a" * 300])
def test_an_address_holds_only_ids(api: ApiClient, patient: str) -> None:
    answer = api.get(f"/patients/{patient}/timeline")
    assert (answer.status_code, code_of(answer)) == (404, "unknown_patient")
    assert "77-10342" not in answer.text


def test_reads_state_their_purpose(api: ApiClient, alder: str) -> None:
    for path in (f"/patients/{alder}/timeline", "/census", "/patients", "/referrals"):
        answer = api.get(path, purpose="")
        assert (answer.status_code, code_of(answer)) == (403, "purpose_missing")


def test_the_work_list_is_read_at_other_instants_and_refuses_what_is_no_cursor(
    api: ApiClient,
) -> None:
    listed = api.get("/work-list?as_of=2026-01-16T12:00:00Z&known_at=10&organisation=HEART").json()
    assert (listed["at"], listed["known_at"]["index"]) == ("2026-01-16T12:00:00Z", 10)
    assert (listed["people"], listed["next"]) == ([], None)
    for path in ("/work-list", "/patients", "/patients?as_of=2026-01-20", "/referrals"):
        answer = api.get(path + ("&" if "?" in path else "?") + "cursor=x")
        assert (answer.status_code, code_of(answer)) == (422, "query_invalid")
        assert [each["where"] for each in answer.json()["facts"]["errors"]] == ["query.cursor"]


def test_protocols_are_listed_and_shown_to_every_role(api: ApiClient) -> None:
    for role in ("operator", "coordinator"):
        (first, *_) = api.get("/protocols", role=role).json()["items"]
        assert (first["name"], first["effective_from"]) == ("caretrail-default", None)
        shown = api.get(f"/protocols/{first['event_id']}", role=role).json()
        assert parse_protocol(shown["content"]).version == first["version"]


def test_a_protocol_is_published_and_made_void_by_what_the_api_itself_tells(
    api: ApiClient,
) -> None:
    body = {"content": PUBLISH["content"], "effective_from": "2190-01-01T00:00:00Z"}
    recorded = api.post("/protocols/publish", body, role="operator").json()["events"][0]
    event, index = recorded["event_id"], recorded["index"]
    # No statement is of that time, so the protocol of the region's patients stays as it is.
    then = {
        each["event_id"]: each["in_force"]
        for each in api.get("/protocols?as_of=2190-01-02T00:00:00Z").json()["items"]
    }
    assert then.pop(event)
    assert not any(then.values())
    void = {"event_id": event, "reason_code": "other"}
    assert api.post("/protocols/void", void, role="operator").status_code == 200
    assert api.get(f"/protocols/{event}").json()["voided_by"]
    assert code_of(api.get(f"/protocols/{clock.new_id()}")) == "unknown_event"
    api.application.read_models.catch_up()
    later = f"as_of=2190-01-02T00:00:00Z&wait_for={index}"
    then = api.get(f"/protocols/{event}?{later}&known_at={index}").json()
    assert (then["in_force"], then["voided_by"]) == (True, None)
    earlier = api.get(f"/protocols?known_at={index - 1}").json()["items"]
    assert event not in [each["event_id"] for each in earlier]
    assert earlier
    assert api.get("/protocols?known_at=0").json()["items"] == []
    assert code_of(api.get("/protocols", purpose="")) == "purpose_missing"


def test_transitions_and_duties_are_listed_at_any_instant_by_what_is_asked(api: ApiClient) -> None:
    whole = api.get("/transitions?limit=500").json()["items"]
    first = api.get("/transitions?limit=1").json()
    second = api.get(f"/transitions?limit=1&cursor={first['next']}").json()
    assert [*first["items"], *second["items"]] == whole[:2]
    of = whole[0]
    mine = api.get(f"/transitions?limit=500&patient={of['patient_id']}").json()["items"]
    assert mine == [each for each in whole if each["patient_id"] == of["patient_id"]]
    of_transitions: tuple[tuple[str, Callable[[Any], bool]], ...] = (
        (f"facility={of['facility']}", lambda one: one["facility"] == of["facility"]),
        ("overdue=true", lambda one: one["overdue"] != []),
        ("state=closed", lambda one: one["state"] == "closed"),
        ("open=true", lambda one: one["state"] == "open"),
    )
    for query, fits in of_transitions:
        found = api.get(f"/transitions?limit=500&{query}").json()["items"]
        assert found == [each for each in whole if fits(each)]
    assert api.get("/transitions?known_at=0").json()["items"] == []

    owed = api.get("/duties?limit=500").json()["items"]
    code = owed[0]["duty"]
    assert api.get("/duties?known_at=0").json()["items"] == []
    of_duties: tuple[tuple[str, Callable[[Any], bool]], ...] = (
        (f"duty={code}", lambda one: one["duty"] == code),
        ("overdue=true", lambda one: one["late"] and one["done_at"] is None),
        ("organisation=NGH", lambda one: (one["responsible"] or {}).get("organisation") == "NGH"),
        ("open=true", lambda one: one["done_at"] is None),
    )
    for query, fits in of_duties:
        found = api.get(f"/duties?limit=500&{query}").json()["items"]
        assert found == [each for each in owed if fits(each)]
    for path in ("/transitions", "/duties"):
        assert api.get(f"{path}?limit=500", role="coordinator", reason="").status_code == 200
        assert code_of(api.get(path, role="operator")) == "role_not_allowed"
