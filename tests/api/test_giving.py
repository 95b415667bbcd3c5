"""Commands through the API: recorded once, refused with a stable code, and nothing is lost."""

from typing import Any

import pytest

from caretrail.api.document import document
from caretrail.intake import reading_context
from consumers.hl7v2.translate import read
from domain.referral import ReferralRequested
from infra import clock
from tests.api_region import REQUEST, ApiClient, code_of
from tests.region import Voice

UNKNOWN = "01a223d3-0000-7000-8000-000000000000"
pytestmark = pytest.mark.postgres

ACCEPT = {"by": {"organisation": "CSC", "person": "dr-sala"}}
CLOSE = {"acknowledged_by": {"organisation": "NGH"}, "outcome": {"how": "fax"}}


def test_a_referral_is_requested_accepted_and_closed(api: ApiClient) -> None:
    asked = api.post("/referrals", {**REQUEST, "question": "Is the valve to be replaced?"})
    stream = asked.json()["stream_id"]
    accepted = api.post(f"/referrals/{stream}/accept", ACCEPT)
    closed = api.post(f"/referrals/{stream}/close", CLOSE)
    last = closed.json()["events"][-1]["index"]
    api.application.read_models.catch_up()
    shown = api.get(f"/referrals/{stream}?wait_for={last}")

    assert asked.status_code == 201
    assert asked.headers["location"] == f"/api/v1/referrals/{stream}"
    assert (asked.headers["etag"], accepted.headers["etag"]) == ('"1"', '"2"')
    assert asked.json()["events"][0]["topic"] == "referral.requested.v1"
    assert asked.json()["warnings"] == []
    assert (accepted.status_code, closed.status_code) == (200, 200)
    assert shown.json()["state"] == "closed"
    assert shown.headers["etag"] == closed.headers["etag"]
    assert [each["kind"] for each in shown.json()["entries"]][:2] == ["requested", "accepted"]


def test_a_request_is_compared_with_the_referrals_of_the_same_reason_only(api: ApiClient) -> None:
    given = {**REQUEST, "specialty": "394579002", "reason_codes": ["I50.1"]}
    first = api.post("/referrals", given).json()
    api.post("/referrals", {**given, "reason_codes": ["M54.5"]})
    api.application.read_models.catch_up()
    again = api.post("/referrals", given).json()
    assert (first["warnings"], again["warnings"]) == ([], ["likely_duplicate"])
    history = api.application.decisions.streams.read(first["stream_id"])
    asked = history[0].event
    assert isinstance(asked, ReferralRequested)
    found = api.application.decisions.facts.referrals_with_reason(
        asked.record, asked.reason_category
    )
    assert [[each.event for each in events] for events in found.values()] == [[asked]]


def test_every_event_names_its_actor_role_and_purpose(api: ApiClient) -> None:
    stream = api.referral()["stream_id"]
    with api.application.connect() as connection:
        (actor,) = connection.execute(
            "select actor from es.event where originator_id = %s", (stream,)
        ).fetchone() or ({},)
    assert actor == {
        "kind": "person", "issuer": "local", "subject": "coordinator-1", "role": "coordinator",
        "purpose": "TREAT",
    }  # fmt: skip


def test_a_repeated_key_records_nothing_and_gets_the_same_answer(api: ApiClient) -> None:
    key = clock.new_id()
    first, second = (api.post("/referrals", REQUEST, Idempotency_Key=key) for _ in range(2))
    other = api.post("/referrals", {**REQUEST, "service": "SURGERY"}, Idempotency_Key=key)
    of_another = api.post("/referrals", REQUEST, Idempotency_Key=key, role="clinician")

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, code_of(other)) == (422, "key_reused")
    assert of_another.json()["stream_id"] != first.json()["stream_id"]


def test_a_conflict_says_what_changed_since(api: ApiClient) -> None:
    stream = api.referral()["stream_id"]
    api.post(f"/referrals/{stream}/accept", ACCEPT)
    late = api.post(f"/referrals/{stream}/close", CLOSE, If_Match='"1"')
    now = api.post(f"/referrals/{stream}/close", CLOSE, If_Match='"2"')

    assert (late.status_code, code_of(late)) == (409, "version_conflict")
    facts = late.json()["facts"]
    assert (facts["expected"], facts["actual"]) == (1, 2)
    assert [each["topic"] for each in facts["changes"]] == ["referral.accepted.v1"]
    assert now.status_code == 200


def test_a_move_that_the_state_does_not_allow_names_state_and_moves(api: ApiClient) -> None:
    stream = api.referral()["stream_id"]
    api.post(f"/referrals/{stream}/accept", ACCEPT)
    api.post(f"/referrals/{stream}/close", CLOSE)
    again = api.post(f"/referrals/{stream}/accept", {"by": {"organisation": "CSC", "person": "x"}})

    assert again.status_code in {409, 422}
    assert code_of(again) in {"already_closed", "move_not_allowed"}
    assert again.json()["facts"]["state"] == "closed"
    assert isinstance(again.json()["facts"]["allowed"], list)


def test_times_are_stated_as_a_time_or_a_day(api: ApiClient) -> None:
    day = api.referral(happened_at="2026-02-18")["stream_id"]
    minute = api.referral(happened_at="2026-02-18T09:30-06:00")["stream_id"]
    shown = [api.get(f"/referrals/{each}").json() for each in (day, minute)]

    assert [each["requested_precision"] for each in shown] == ["day", "minute"]
    assert shown[1]["requested_at"] == "2026-02-18T15:30:00Z"
    future = api.post("/referrals", {**REQUEST, "happened_at": "2999-01-01T00:00:00Z"})
    assert (future.status_code, code_of(future)) == (422, "in_the_future")


def test_the_patient_is_named_by_id_or_by_number(api: ApiClient) -> None:
    patient = api.opened.readers.reader.resolve("NGH|0048213")
    by_id = api.referral(patient=str(patient))["stream_id"]
    by_number = api.referral()["stream_id"]
    shown = {api.get(f"/referrals/{each}").json()["patient_id"] for each in (by_id, by_number)}
    assert shown == {patient}


def test_a_number_that_no_message_named_is_refused_unless_the_person_is_new(
    api: ApiClient,
) -> None:
    api.application.read_models.catch_up()
    body = {**REQUEST, "patient": "NGH|999-not-yet"}
    typed_wrong = api.post("/referrals", body)
    assert (typed_wrong.status_code, code_of(typed_wrong)) == (422, "unknown_person")
    assert "999" not in typed_wrong.text

    new = api.referral(patient="NGH|999-not-yet", new_person=True)
    assert new["warnings"] == ["patient_not_named_yet"]
    assert api.get(f"/referrals/{new['stream_id']}").json()["state"] == "requested"
    known = api.referral(new_person=True)
    assert known["warnings"] == []


@pytest.mark.parametrize("patient", [UNKNOWN, "unknown", "|", "NGH|", "|7", "Rowena \u00c4lder"])
def test_a_patient_that_is_not_named_by_a_number_cannot_be_new(
    api: ApiClient, patient: str
) -> None:
    api.application.read_models.catch_up()
    answer = api.post("/referrals", {**REQUEST, "patient": patient, "new_person": True})
    assert (answer.status_code, code_of(answer)) == (422, "unknown_person")


def test_a_command_waits_for_the_message_that_has_just_named_the_person(api: ApiClient) -> None:
    voice = Voice("NGH", "7710004", "Ashdown^Perpetua", "19620722", "F")
    said = voice.say("A01", "02-16 08:30", place="4W-02", visit="P1", admitted="02-16 08:30")
    context = reading_context(api.application, arrived_by="mllp")
    api.application.record([read(said, context=context)])
    body = {**REQUEST, "patient": "NGH|7710004"}
    answer = api.once_known(lambda: api.post("/referrals", body))
    assert (answer.status_code, answer.json()["warnings"]) == (201, [])


@pytest.mark.parametrize(("changed", "where"), [
    ({"patient": None}, "body.patient"), ({"patient": 7}, "body.patient"),
    ({"patient": "x" * 600}, "body.patient"), ({"mode": "X"}, "body.mode"),
    ({"mode": ["P"]}, "body.mode"), ({"new_person": "yes"}, "body.new_person"),
    ({"record": "x"}, "body.record"), ({"requester": None}, "body.requester"),
    ({"requester": {"organisation": "Rowena Alder"}}, "body.requester.organisation"),
    ({"needed_by": 20260101}, "body.needed_by"),
    ({"needed_by": "tomorrow"}, "body.needed_by"), ({"unknown": 1}, "body.unknown"),
    ({"happened_at": "yesterday"}, "body.happened_at"), ({"happened_at": 5}, "body.happened_at"),
    ({"Rowena Alder": 1}, "body.(unknown)"), ({"Rowena": "xxxx"}, "body.(unknown)"),
    ({"stream": "no-uuid"}, "body.stream"), ({"question": "x" * 20_001}, "body.question"),
])  # fmt: skip
def test_a_wrong_member_is_named_without_its_value(
    api: ApiClient, changed: dict[str, Any], where: str
) -> None:
    answer = api.post("/referrals", {**REQUEST, **changed})

    assert (answer.status_code, code_of(answer)) == (422, "body_invalid")
    assert where in [each["where"] for each in answer.json()["facts"]["errors"]]
    assert "Rowena" not in answer.text
    assert "xxxx" not in answer.text


def test_a_code_that_does_not_exist_and_a_reason_that_is_missing_have_codes_of_their_own(
    api: ApiClient,
) -> None:
    answer = api.post("/referrals", {**REQUEST, "urgency": "soon"})
    assert (answer.status_code, code_of(answer)) == (422, "unknown_code")
    (error,) = answer.json()["facts"]["errors"]
    assert error["where"] == "body.urgency"
    assert "'stat'" in error["message"]
    stream = api.post("/referrals", REQUEST).json()["stream_id"]
    answer = api.post(f"/referrals/{stream}/decline", {"by": REQUEST["target"]})
    assert (answer.status_code, code_of(answer)) == (422, "reason_missing")
    (error,) = answer.json()["facts"]["errors"]
    assert error["where"] == "body.reason"
    answer = api.post(f"/referrals/{stream}/decline", {})
    assert code_of(answer) == "body_invalid", "more than the reason is missing"


@pytest.mark.parametrize(("headers", "where"), [
    ({"If_Match": "3"}, "header.If-Match"), ({"If_Match": 'W/"3"'}, "header.If-Match"),
    ({"Idempotency_Key": "a b"}, "header.Idempotency-Key"),
    ({"Idempotency_Key": "x" * 256}, "header.Idempotency-Key"),
    ({"purpose": "to treat her"}, "header.Purpose-Of-Use"),
])  # fmt: skip
def test_a_wrong_header_is_named(api: ApiClient, headers: dict[str, str], where: str) -> None:
    answer = api.post("/referrals", REQUEST, **headers)
    assert (answer.status_code, code_of(answer)) == (422, "query_invalid")
    assert [each["where"] for each in answer.json()["facts"]["errors"]] == [where]


def test_a_command_states_its_purpose(api: ApiClient) -> None:
    answer = api.post("/referrals", REQUEST, purpose="")
    assert (answer.status_code, code_of(answer)) == (403, "purpose_missing")


@pytest.mark.parametrize(("content", "media_type", "status", "code"), [
    (b"{", "application/json", 400, "not_json"), (b"[]", "application/json", 400, "not_json"),
    (b"\xff", "application/json", 400, "not_json"), (b"", "application/json", 400, "not_json"),
    (b"{}", "text/plain", 415, "not_json_type"),
    (b"a=1", "application/x-www-form-urlencoded", 415, "not_json_type"),
    (b" " * ((1 << 20) + 1), "application/json", 413, "body_too_large"),
])  # fmt: skip
def test_a_body_that_is_not_json_is_refused(
    api: ApiClient, content: bytes, media_type: str, status: int, code: str
) -> None:
    answer = api.http.post(
        "/api/v1/referrals",
        content=content,
        headers={
            "Content-Type": media_type,
            "Purpose-Of-Use": "TREAT",
            "Authorization": f"Bearer {api.tokens['coordinator']}",
        },
    )
    assert (answer.status_code, code_of(answer)) == (status, code)


@pytest.mark.parametrize("stream", [UNKNOWN, "x", "NGH%7C7", "0" * 40])
def test_a_stream_that_does_not_exist_is_unknown(api: ApiClient, stream: str) -> None:
    answer = api.post(f"/referrals/{stream}/accept", ACCEPT)
    assert (answer.status_code, code_of(answer)) == (404, "unknown_stream")


@pytest.mark.parametrize("token", [None, "wrong", "caretrail_wrong", "a.b.c"])
def test_a_request_without_a_valid_token_is_refused(api: ApiClient, token: str | None) -> None:
    answer = api.post("/referrals", REQUEST, role=token)
    assert (answer.status_code, code_of(answer)) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_address_or_method_that_does_not_exist_is_a_problem_too(api: ApiClient) -> None:
    assert code_of(api.get("/nothing")) == "unknown_route"
    stream = clock.new_id()
    for path, allowed in (
        ("/census", "GET, HEAD, OPTIONS"),
        ("/referrals", "GET, HEAD, OPTIONS, POST"),
        (f"/referrals/{stream}", "GET, HEAD, OPTIONS"),
        (f"/referrals/{stream}/accept", "OPTIONS, POST"),
    ):
        wrong = api.call("DELETE", path)
        assert (wrong.status_code, code_of(wrong)) == (405, "method_not_allowed")
        asked = api.call("OPTIONS", path, role=None, purpose="")
        assert (asked.status_code, asked.text) == (204, "")
        assert {wrong.headers["allow"], asked.headers["allow"]} == {allowed}
    assert code_of(api.call("OPTIONS", "/nothing")) == "unknown_route"


def test_head_answers_as_get_does_without_a_body(api: ApiClient) -> None:
    for path in ("/referrals?limit=1", "/openapi.json"):
        head, get = api.call("HEAD", path), api.get(path)
        assert (head.status_code, head.text) == (200, "")
        for name in ("content-type", "content-length"):
            assert head.headers[name] == get.headers[name]
    assert api.call("HEAD", "/census", role="operator").status_code == 403


@pytest.mark.parametrize(("collection", "begins", "verbs"), [
    ("care-plans", "", ("add-concern", "set-goal", "add-activity", "activate", "revise")),
    ("medication-lists", "/record",
     ("reconcile", "find-discrepancy", "resolve-discrepancy")),
])  # fmt: skip
def test_the_examples_of_the_document_are_recorded_one_after_the_other(
    api: ApiClient, collection: str, begins: str, verbs: tuple[str, ...]
) -> None:
    def give(stream: str, verb: str) -> str:
        if begins:  # each verb names the patient, and so the stream
            stream = ""
        path = f"/{collection}{stream and '/{stream}'}{verb}"
        body = dict(documented(path)["requestBody"]["content"]["application/json"]["example"])
        if "patient" in body:
            body["patient"] = "NGH|60014"
        answer = api.post(f"/{collection}{stream and '/'}{stream}{verb}", body, role="clinician")
        assert answer.is_success, answer.text
        shown = documented(path)["responses"][str(answer.status_code)]["content"]
        (event,) = shown["application/json"]["example"]["events"]
        assert answer.json()["events"][-1]["topic"] == event["topic"]
        return str(answer.json()["stream_id"])

    stream = give("", begins)
    for verb in verbs:
        give(stream, f"/{verb}")


def documented(path: str) -> dict[str, Any]:
    return dict(document()["paths"][f"/api/v1{path}"]["post"])
