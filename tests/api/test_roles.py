"""Each cell of the table of roles, through the API."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from caretrail.actors.care import CareLookup
from caretrail.actors.user import User
from commands.authority import Authority
from commands.catalogue import COMMANDS
from commands.permissions import Permission, Role
from domain.ids import PatientId
from tests.api_region import REQUEST, ApiClient, code_of

pytestmark = pytest.mark.postgres

BY = {"organisation": "CSC", "person": "dr-ward"}
ROLES = [str(each) for each in Role]
#: What is done -> for each role in the order of ``Role``, whether it is allowed: publisher,
#: coordinator, clinician, analyst, compliance, operator.
ASK = "-yy---"
ANSWER = "-yy---"
CARE = "-yy---"
PLAN = "-yy---"
DECIDE = "--y---"
JUDGE = "-yy---"
OPERATE = "-----y"


def cells(row: str) -> list[tuple[str, bool]]:
    return [(role, cell == "y") for role, cell in zip(ROLES, row, strict=True)]


def refused(api: ApiClient, path: str, body: object, role: str) -> bool:
    """Send a command; tell whether the role is the reason why it is not done."""
    answer = api.post(path, body, role=role)
    if answer.status_code == 403:
        assert code_of(answer) == "role_not_allowed"
        assert answer.json()["facts"]["roles"] == [role]
        return True
    assert answer.status_code in {200, 201, 404, 409, 422}, answer.text
    return False


@pytest.mark.parametrize(("role", "allowed"), cells(ASK))
def test_who_may_request_a_referral(api: ApiClient, role: str, allowed: bool) -> None:  # noqa: FBT001
    assert refused(api, "/referrals", REQUEST, role) is not allowed


@pytest.mark.parametrize(("role", "allowed"), cells(ASK))
def test_who_may_close_a_referral(api: ApiClient, role: str, allowed: bool) -> None:  # noqa: FBT001
    stream = api.referral()["stream_id"]
    body = {"acknowledged_by": {"organisation": "NGH"}}
    assert refused(api, f"/referrals/{stream}/close", body, role) is not allowed


@pytest.mark.parametrize(("role", "allowed"), cells(ANSWER))
def test_who_may_accept_a_referral_for_the_own_organisation(
    api: ApiClient,
    role: str,
    allowed: bool,  # noqa: FBT001
) -> None:
    stream = api.referral()["stream_id"]
    own, foreign = ({"by": {"organisation": each}} for each in ("CSC", "HRC"))
    assert refused(api, f"/referrals/{stream}/accept", foreign, role)
    assert refused(api, f"/referrals/{stream}/accept", own, role) is not allowed


#: Permission -> who may, and a command that needs it. Each {name} is a stream of the tests.
TABLE: dict[Permission, tuple[str, str, dict[str, Any]]] = {
    Permission.PLAN: (PLAN, "/care-plans", {"patient": "NGH|60016", "category": "disease",
                                            "responsible": BY}),
    Permission.PLAN_DECIDE: (DECIDE, "/care-plans/{plan}/activate", {"by": BY}),
    Permission.CARE: (CARE, "/care-teams/join", {"patient": "NGH|60004", "member": "m-1",
                                                 "role": "nurse"}),
    Permission.JUDGE: (JUDGE, "/referrals/{referral}/mark-duplicate", {"other": "{other}"}),
    Permission.OPERATE: (OPERATE, "/protocols/publish", {"content": "not a protocol"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def streams(api: ApiClient) -> dict[str, str]:
    """The streams that commands of the table name."""
    draft = {"patient": "NGH|60018", "category": "disease", "responsible": BY}
    plan = api.post("/care-plans", draft).json()["stream_id"]
    words = {"by": BY, "owner": "patient", "words": "To walk"}
    assert api.post(f"/care-plans/{plan}/set-goal", words).is_success
    first, other = (api.referral()["stream_id"] for _ in range(2))
    return {"plan": plan, "referral": first, "other": other}


@pytest.mark.parametrize("permission", TABLE)
def test_who_may_do_what(api: ApiClient, streams: dict[str, str], permission: Permission) -> None:
    row, path, body = TABLE[permission]
    given = {
        name: streams["other"] if value == "{other}" else value for name, value in body.items()
    }
    assert permission in {each.PERMISSION for each in COMMANDS}
    for role, allowed in cells(row):
        assert refused(api, path.format(**streams), given, role) is not allowed, role


@pytest.mark.parametrize(("role", "own", "another"), [
    ("publisher", False, False), ("coordinator", True, False), ("clinician", True, True),
    ("analyst", False, False), ("compliance", False, True), ("operator", False, False),
])  # fmt: skip
def test_who_may_mark_events_as_entered_in_error(
    api: ApiClient,
    role: str,
    own: bool,  # noqa: FBT001
    another: bool,  # noqa: FBT001
) -> None:
    subject = f"void-{role}"
    mine = api.issue("coordinator", subject=subject)
    void = {"reason_code": "other"}
    acting = api.issue(role, subject=subject)
    for author, allowed in ((mine, own), (api.tokens["clinician"], another)):
        asked = api.post("/referrals", REQUEST, role=author).json()
        body = {**void, "event_id": asked["events"][0]["event_id"]}
        answer = api.post(f"/referrals/{asked['stream_id']}/void", body, role=acting)
        assert (answer.status_code == 200) is allowed, answer.text
        if not allowed:
            assert code_of(answer) == "role_not_allowed"


@pytest.mark.parametrize(("role", "without", "with_reason"), [
    ("publisher", "role_not_allowed", "role_not_allowed"),
    ("coordinator", "access_reason_missing", "reason"),
    ("clinician", "access_reason_missing", "reason"),
    ("analyst", "core", "core"), ("compliance", "all", "all"),
    ("operator", "role_not_allowed", "role_not_allowed"),
])  # fmt: skip
def test_who_may_read_a_person_that_is_not_in_their_care(
    api: ApiClient, role: str, without: str, with_reason: str
) -> None:
    patient = api.opened.readers.reader.resolve("SBH|77-10342")
    stream = api.referral(patient="SBH|77-10342")["stream_id"]
    for reason, expected in (("", without), ("direct_care", with_reason)):
        for path in (f"/patients/{patient}/timeline", f"/referrals/{stream}"):
            answer = api.get(path, role=role, reason=reason)
            if answer.status_code == 200:
                newest = api.opened.accesses.of_patient([str(patient)])[0]
                assert newest.relation == expected
                assert newest.reason == (reason if expected == "reason" else "")
            else:
                assert (answer.status_code, code_of(answer)) == (403, expected)


def test_a_patient_in_care_is_read_without_a_reason(api: ApiClient) -> None:
    for number, kind, role, relation in (
        ("NGH|60006", "practitioner", "clinician", "team"),
        ("NGH|60008", "practitioner", "coordinator", "team"),
    ):
        member = f"{role}-1"
        body = {"patient": number, "member": member, "role": "nurse", "kind": kind}
        body |= {"happened_at": "2026-02-18T09:30-06:00"}  # before the present of the region
        assert api.post("/care-teams/join", body).status_code == 200
        api.application.read_models.catch_up()
        patient = api.opened.readers.reader.resolve(number)
        answer = api.get(f"/patients/{patient}/timeline", role=role, reason="")
        assert answer.status_code == 200, answer.text
        assert api.opened.accesses.of_patient([str(patient)])[0].relation == relation


def test_the_panel_of_a_coordinator_is_not_the_team_of_a_clinician(api: ApiClient) -> None:
    body = {"patient": "NGH|60010", "target_kind": "practice", "target": "CSC"}
    body |= {"happened_at": "2026-02-18T09:30-06:00"}  # before the present of the region
    assert api.post("/attributions/attribute", body).status_code == 200
    api.application.read_models.catch_up()
    patient = api.opened.readers.reader.resolve("NGH|60010")
    path = f"/patients/{patient}/timeline"

    assert api.get(path, role="coordinator", reason="").status_code == 200
    assert code_of(api.get(path, role="clinician", reason="")) == "access_reason_missing"
    listed = api.get("/patients?limit=500", role="coordinator", reason="").json()["items"]
    assert str(patient) in [each["patient_id"] for each in listed]
    assert len(listed) < len(api.get("/patients?limit=500").json()["items"])


def test_an_open_transition_of_the_facility_is_on_the_panel(api: ApiClient) -> None:
    patient, item = next(
        (PatientId(each["patient_id"]), item)
        for each in api.get("/work-list?limit=500").json()["people"]
        for item in each["items"]
        if item["kind"] == "transition"
    )
    facility = item["responsible"]["organisation"]
    discharged = datetime.fromisoformat(item["opened_at"])

    def cared_for(organisation: str, *, days: int) -> object:
        authority = Authority(roles=(Role.COORDINATOR,), organisations=frozenset({organisation}))
        at = discharged + timedelta(days=days)
        care = CareLookup(api.opened.readers.connection, now=lambda: at)
        return care(User(issuer="local", subject="nurse-9", authority=authority), [patient])

    assert cared_for(facility, days=1) == {patient: "panel"}
    assert cared_for(facility, days=60) == {}  # the window is over
    assert cared_for("NOWHERE", days=1) == {}


def test_an_analyst_sees_no_sealed_content(api: ApiClient) -> None:
    patient = api.opened.readers.reader.resolve("SBH|77-10342")
    whole = api.get(f"/patients/{patient}/timeline", role="compliance").text
    core = api.get(f"/patients/{patient}/timeline", role="analyst").text
    listed = api.get("/patients?limit=500", role="analyst").text

    assert "S401977" in whole
    # The four digits of a year may be in an id or in the fraction of a second.
    for sealed in ("S401977", "77-10342", "Alder", "MERIWETHER", "1951-06-02"):
        assert sealed not in core
        assert sealed not in listed
    search = api.post("/patients/search", {"words": "Alder"}, role="analyst")
    assert (search.status_code, code_of(search)) == (403, "role_not_allowed")


def test_a_person_with_several_roles_acts_in_the_one_that_allows_it(api: ApiClient) -> None:
    token = api.issue("analyst", "operator", "clinician")
    asked = api.post("/referrals", REQUEST, role=token).json()
    with api.application.connect() as connection:
        row = connection.execute(
            "select actor ->> 'role' from es.event where event_id = %s",
            (asked["events"][0]["event_id"],),
        ).fetchone()
    assert row == ("clinician",)


def test_a_token_without_a_role_that_is_known_may_do_nothing(api: ApiClient) -> None:
    token = api.issue("unknown-role")
    assert code_of(api.post("/referrals", REQUEST, role=token)) == "role_not_allowed"
    assert code_of(api.get("/census", role=token)) == "role_not_allowed"


def test_the_table_of_roles_has_no_row_without_a_test_here() -> None:
    tested = {*TABLE, Permission.ASK, Permission.ANSWER, Permission.VOID, Permission.READ_PERSON}
    without = {Permission.SEND_STATEMENTS, Permission.CONSENT}  # no command and no read needs them
    assert not without & {each.PERMISSION for each in COMMANDS}
    assert tested | without == set(Permission)
