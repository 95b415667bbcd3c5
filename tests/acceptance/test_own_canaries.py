"""What commands say of a patient in words is in no key, header, address, log, metric or error.

One service with a broker runs. Each command that takes free text is given over HTTP, with words in
every free text that cannot occur by chance; the feed has such words as names and numbers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import unquote, urlencode

import httpx
import kafka as kafka_client
import psycopg
import pytest

from caretrail.api.collections import CommandRoute, command_routes
from caretrail.default_protocol import default_protocol
from commands.catalogue import BY_VERB, COMMANDS
from commands.catalogue.fields import fields_of, filled
from commands.command import TEXT_LENGTH, Command
from domain import protocol
from domain.ids import IdKey
from infra import clock
from infra.kafka_access import Brokers
from infra.mllp_client import MllpClient, code_of
from tests import servers
from tests.acceptance.command_line import SameProcess
from tests.acceptance.service import RunningService, serving
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(300)]

#: A word of every free text, and the words of the feed about the patient.
WORD: Final = "Quastenflosser"
OF_THE_FEED: Final = ("ZIRBELKIEFER", "Waldmeisterin", "Zq0042771", "19510602", "Vq881204")
FEED: Final = (
    "MSH|^~\\&|ADT|MERCY|||20260301101000||ADT^A01|1|P|2.5\r"
    "EVN||20260301101000||||20260301100000\r"
    "PID|1||Zq0042771^^^MERCY^MR||ZIRBELKIEFER^Waldmeisterin||19510602|F\r"
    "PV1|1|I|4W^401^1^MERCY" + "|" * 16 + "Vq881204" + "|" * 25 + "202603011000"
).encode()
DISCHARGE: Final = (
    FEED.replace(b"ADT^A01|1|", b"ADT^A03|2|").replace(b"20260301101000", b"20260303151000")
    + b"|202603031500"
)
ID_KEY: Final = "5a" * 32
PATIENT: Final = "MERCY|Zq0042771"
HEART: Final = {"organisation": "HEART"}
#: The content of a protocol is the whole file, which names no patient. It is stored in clear.
ABOUT_NO_PATIENT: Final = frozenset({("protocol", "publish")})


def spoken(command: type[Command]) -> tuple[str, ...]:
    """Return the canary of each free text of a command, without those in lists."""
    return tuple(
        f"{WORD} {command.KIND.name} {command.VERB} {'.'.join(each.path)}"
        for each in fields_of(command)
        if each.kind == "text"
    )


def body_of(command: type[Command], **stated: Any) -> dict[str, Any]:
    """Return a body: what is required, words in every free text, and what is stated."""
    values: dict[tuple[str, ...], object] = {}
    for each in fields_of(command):
        if each.kind == "text":
            words = f"{WORD} {command.KIND.name} {command.VERB} {'.'.join(each.path)}"
            values[each.path] = words
        elif each.required and each.kind == "choice":
            values[each.path] = each.choices[0]
        elif each.required and each.path[-1] == "organisation":
            values[each.path] = "MERCY"
    members = filled(values)
    if "record" in command.model_fields:
        members["patient"] = PATIENT
    return members | stated


def with_words(schema: Mapping[str, Any], value: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a value of a schema with words in every free text that it leaves out."""
    if "$ref" in schema:
        return with_words(definitions[schema["$ref"].rpartition("/")[2]], value, definitions)
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return with_words(choice, value, definitions)
    if isinstance(value, list):
        return [with_words(schema["items"], each, definitions) for each in value]
    if isinstance(value, dict):
        texts = {
            name: f"{WORD} {name}"
            for name, each in schema.get("properties", {}).items()
            if each.get("maxLength") == TEXT_LENGTH
        }
        stated = {
            name: with_words(schema["properties"][name], each, definitions)
            for name, each in value.items()
            if name in schema.get("properties", {})
        }
        return texts | value | stated
    return value


@dataclass
class Program:
    """Gives commands over HTTP, and keeps the answers."""

    service: RunningService
    http: httpx.Client
    answers: list[httpx.Response] = field(default_factory=list)
    given: set[tuple[str, str]] = field(default_factory=set)
    routes: Mapping[type[Command], CommandRoute] = field(
        default_factory=lambda: {each.command: each for each in command_routes()}
    )

    def give(self, kind: str, verb: str, stream: str = "", /, **stated: Any) -> dict[str, Any]:
        """Give a command that must be accepted; return what it recorded."""
        command = BY_VERB[kind, verb]
        schema = command.model_json_schema()
        body = with_words(schema, body_of(command, **stated), schema.get("$defs", {}))
        answer = self.post(self.routes[command].path.format(stream=stream), body)
        assert answer.is_success, (kind, verb, answer.text)
        outcome: dict[str, Any] = answer.json()
        assert outcome["events"], (kind, verb, "the command recorded nothing")
        self.given.add((kind, verb))
        return outcome

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        answer = self.http.post(
            f"{self.service.api}{path}",
            json=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        self.answers.append(answer)
        return answer

    def get(self, path: str, **asked: str | int) -> httpx.Response:
        answer = self.http.get(f"{self.service.api}{path}", params=asked)
        self.answers.append(answer)
        return answer


def referrals(program: Program) -> None:
    def asked() -> str:
        return str(program.give("referral", "request", target=HEART)["stream_id"])

    def step(stream: str, verb: str, /, **stated: Any) -> dict[str, Any]:
        return program.give("referral", verb, stream, **stated)

    starts_at = (clock.now() + timedelta(days=1)).isoformat()
    first = asked()
    step(first, "send", channel="fax")
    step(first, "receive", by=HEART)
    step(first, "return_for_information", by=HEART, missing=["medication_list"])
    step(first, "send_information", supplied=["medication_list"])
    step(first, "accept", by=HEART)
    step(first, "authorise", payer="PLAN")
    step(first, "schedule", by=HEART, starts_at=starts_at)
    step(first, "reschedule", by=HEART, asked_by="patient", starts_at=starts_at, note=WORD)
    step(first, "miss", by=HEART)
    step(first, "contact")
    step(first, "hold", by=HEART)
    step(first, "resume", by=HEART)
    step(first, "see", by=HEART)
    step(first, "send_interim_note", by=HEART)
    step(first, "send_outcome", by=HEART)
    step(first, "receive_outcome")
    step(first, "close")
    second = asked()
    step(second, "request_cancellation")
    step(second, "cancel")
    step(second, "reopen")
    step(second, "mark_duplicate", other=first)
    cleared = step(second, "clear_duplicate", other=first)
    step(second, "void", event_id=cleared["events"][0]["event_id"])
    step(asked(), "decline", by=HEART)
    step(asked(), "patient_declined")
    step(asked(), "redirect", by=HEART, to={"organisation": "LUNG"}, new_referral=second)
    third = asked()
    step(third, "accept", by=HEART)
    step(third, "refuse_authorisation", payer="PLAN")
    step(third, "schedule", by=HEART, starts_at=starts_at)
    step(third, "cancel_appointment", by=HEART)
    step(third, "report", partner="HEART", claim="missed")


def care_plans(program: Program) -> None:
    plan = str(program.give("care_plan", "draft")["stream_id"])

    def step(verb: str, /, **stated: Any) -> dict[str, Any]:
        return program.give("care_plan", verb, plan, **stated)

    step("add_concern")
    step("set_goal")
    step("add_activity")
    step("activate")
    step("hold")
    step("resume")
    step("change_goal", goal_id="g1", priority="high")
    step("progress_goal", goal_id="g1")
    step("change_activity", activity_id="a1", kind="call")
    step("progress_activity", activity_id="a1", status="in-progress")
    step("resolve_concern", concern_id="c1")
    step(
        "revise",
        concerns_added=[{"concern": {"concern_id": "c2"}}],
        goals_added=[{"goal": {"goal_id": "g2", "owner": "patient"}, "target": {}}],
        goals_changed=[{"change": {"goal_id": "g1", "owner": "shared"}, "target": {}}],
        activities_added=[{"activity": {"activity_id": "a2", "kind": "call"}}],
        activities_changed=[{"change": {"activity_id": "a1", "kind": "visit"}}],
    )
    shared = step("share")
    step("review")
    step("void", event_id=shared["events"][0]["event_id"])
    step("complete")
    other = str(program.give("care_plan", "draft", category="palliative")["stream_id"])
    program.give("care_plan", "revoke", other)
    active = str(program.give("care_plan", "draft", category="disease")["stream_id"])
    program.give("care_plan", "set_goal", active, owner="patient")
    program.give("care_plan", "activate", active)
    program.give("care_plan", "report", active, partner="HEART", claim="active")


def medications(program: Program) -> None:
    items = [{"name": f"{WORD} 5 mg"}]
    lists = str(program.give("medication_list", "record", items=items)["stream_id"])
    program.give("medication_list", "record", items=items, source="pharmacy")

    def step(verb: str, /, **stated: Any) -> dict[str, Any]:
        return program.give("medication_list", verb, lists, **stated)

    change = {"action": "change", "items": ["l1/1", "l2/1"], "medicine": items[0]}
    step("reconcile", compared=["l1", "l2"], decisions=[change])
    step("report", partner="HEART")
    step("find_discrepancy")
    resolved = step("resolve_discrepancy", discrepancy_id="d1")
    step("void", event_id=resolved["events"][0]["event_id"])


def care_team_and_attribution(program: Program) -> None:
    team = ""
    for member in ("m-1", "m-2", "m-3"):
        team = str(program.give("care_team", "join", member=member)["stream_id"])

    def step(verb: str, /, **stated: Any) -> dict[str, Any]:
        return program.give("care_team", verb, team, **stated)

    step("change_role", member="m-3", role="nurse")
    step("assign_coordinator", member="m-1")
    step("hand_over", from_member="m-1", to_member="m-2")
    step("accept_handover", to_member="m-2")
    step("hand_over", from_member="m-2", to_member="m-1")
    step("refuse_handover", to_member="m-1")
    step("hand_over", from_member="m-2", to_member="m-1")
    step("withdraw_handover", from_member="m-2")
    step("report", partner="HEART", claim="member_left", member="m-2")
    left = step("leave", member="m-3")
    step("void", event_id=left["events"][0]["event_id"])
    attributed = program.give("attribution", "attribute", target="PRACTICE-1")
    stream = str(attributed["stream_id"])
    ended = program.give("attribution", "end", stream, target="PRACTICE-1")
    program.give("attribution", "void", stream, event_id=ended["events"][0]["event_id"])


def transitions(program: Program) -> None:
    (patient,) = program.get("/patients").json()["items"]
    timeline = program.get(f"/patients/{patient['patient_id']}/timeline").json()
    (encounter,) = (each["encounter_id"] for each in timeline["encounters"])

    def act(verb: str, /, **stated: Any) -> dict[str, Any]:
        return program.give("transition", verb, encounter=encounter, **stated)

    starts_at = (clock.now() + timedelta(days=1)).isoformat()
    act("send_information")
    act("receive_information")
    act("attempt_contact")
    act("record_contact")
    act("reconcile_medications")
    act("schedule_follow_up", starts_at=starts_at)
    act("miss_follow_up")
    act("complete_follow_up")
    act("assign_result", result="r-1", to=HEART)
    act("receive_result", result="r-1")
    act("deliver_equipment")
    act("start_service")
    act("confirm_arrival")
    act("complete_step", step="education")
    act("waive_step", step="referrals")
    act("change_responsible", to=HEART)
    act("report", partner="HEART", claim="arrival_confirmed")
    declined = act("decline")
    event_id = declined["events"][0]["event_id"]
    program.give("transition", "void", str(declined["stream_id"]), event_id=event_id)
    act("move_away")


def work(program: Program) -> None:
    last = program.answers[-1].json()["events"][-1]["index"]
    listed = program.get("/work-list", wait_for=last)
    assert listed.status_code == 200, listed.text
    item = listed.json()["people"][0]["items"][0]["item_id"]
    stream = str(program.give("work", "claim", item=item)["stream_id"])
    until_then = (clock.now() + timedelta(hours=1)).isoformat()
    program.give("work", "snooze", stream, item=item, until=until_then)
    assigned = program.give("work", "assign", stream, item=item, to=HEART)
    program.give("work", "void", stream, event_id=assigned["events"][0]["event_id"])
    program.give("work", "release", stream, item=item)


def protocols(program: Program) -> None:
    stream = protocol.stream_of_protocols(IdKey(bytes.fromhex(ID_KEY)))
    content = default_protocol().replace('name = "caretrail-default"', 'name = "canaries"')
    published = program.give("protocol", "publish", stream, content=content)
    program.give("protocol", "void", stream, event_id=published["events"][0]["event_id"])


def refusals(program: Program) -> None:
    """Give every command with words where codes, days and ids belong, and ask for words."""
    for route in command_routes():
        path = route.path.format(stream=clock.new_id())
        wrong = dict.fromkeys([*route.command.model_fields, "patient", WORD], f"{WORD} 1")
        assert 400 <= program.post(path, wrong).status_code < 500
        assert 400 <= program.post(path, body_of(route.command), If_Match='"77"').status_code < 500
    for path in ("/patients/{}/timeline", "/referrals/{}", "/care-plans/{}"):
        assert program.get(path.format(WORD)).status_code == 404
        assert program.get(path.format("MERCY|Zq0042771")).status_code == 404
    for path in ("/referrals", "/census", "/work-list", "/patients"):
        assert program.get(path, **{WORD: WORD}).status_code == 422
        assert program.get(path, cursor=WORD).status_code == 422
    key = {"Idempotency-Key": clock.new_id()}
    body = body_of(BY_VERB["referral", "request"], target=HEART)
    assert program.post("/referrals", body, **key).status_code == 201
    other = program.post("/referrals", {**body, "question": f"{WORD}?"}, **key)
    assert other.status_code == 422


def forms(program: Program) -> None:
    """Fill a form with words: once so that it is accepted, and once so that it is refused."""
    pages, browser = program.service.facts()["pages"], program.service.browser()
    patient = program.get("/referrals").json()["items"][0]["patient_id"]
    form = f"{pages}/ui/patients/{patient}/record/referral/request"
    with browser.open(form, timeout=20) as answer:
        hidden = dict(_HIDDEN.findall(answer.read().decode()))
    typed = {
        **{name: unescape(text) for name, text in hidden.items()},
        "requester.organisation": "MERCY",
        "target.organisation": "HEART",
        "question": f"{WORD} of a form",
    }
    with browser.open(form, urlencode(typed).encode(), timeout=20) as answer:
        assert answer.url.startswith(f"{pages}/ui/referrals/")
        assert words_in(answer.url) == []
    wrong = typed | dict.fromkeys(("needed_by", "happened_at", "target.organisation"), f"{WORD} 1")
    with pytest.raises(HTTPError) as refused:
        browser.open(form, urlencode(wrong).encode(), timeout=20)
    assert refused.value.code == 422
    assert words_in(str(refused.value.headers)) == []
    refused.value.close()


_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(frozen=True)
class Told:
    """The service in which everything was said, and everything that left it."""

    program: Program
    database: str
    topic_prefix: str
    brokers: Brokers


@pytest.fixture(scope="module")
def told(
    server: str, template_database: str, kafka: Brokers, new_module_home: Path
) -> Iterator[Told]:
    name, prefix = f"canaries_{token_hex(6)}", f"canaries-{token_hex(6)}"
    database = servers.create_database(server, name, template_database)
    line = SameProcess(
        new_module_home,
        {
            **servers.kafka_variables(kafka), "CARETRAIL_TOPIC_PREFIX": prefix,
            "CARETRAIL_DATABASE_URL": database, "CARETRAIL_ID_KEY": ID_KEY,
            "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0", "CARETRAIL_LOG_LEVEL": "debug",
        },
    )  # fmt: skip
    roles = [f"--role={each}" for each in ("coordinator", "clinician", "compliance", "operator")]
    organisations = [f"--organisation={each}" for each in ("MERCY", "HEART")]
    with serving(line) as service:
        token = line.object("token", "issue", "program-1", *roles, *organisations)["token"]
        with MllpClient(*service.mllp) as client:
            assert code_of(client.send(FEED)) == "AA"
            assert code_of(client.send(DISCHARGE)) == "AA"
        headers = {
            "Authorization": f"Bearer {token}",
            "Purpose-Of-Use": "TREAT",
            "Access-Reason": "direct_care",
        }
        with httpx.Client(headers=headers, timeout=30, trust_env=False) as http:
            program = Program(service, http)
            for tell in (
                referrals,
                care_plans,
                medications,
                care_team_and_attribution,
                work,
                protocols,
                transitions,
            ):
                tell(program)
            refusals(program)
            forms(program)
            yield Told(program, database, prefix, kafka)
    assert service.left_behind() == []
    servers.drop_database(server, name)


def words_in(text: str) -> list[str]:
    """Return which words a text holds, as they are or escaped in an address."""
    plain = f"{text}\n{unquote(unescape(text))}".lower()
    return [each for each in (WORD, *OF_THE_FEED) if each.lower() in plain]


def test_each_command_with_a_free_text_was_given(told: Told) -> None:
    speaking = {(each.KIND.name, each.VERB) for each in COMMANDS if spoken(each)}
    assert speaking - ABOUT_NO_PATIENT - told.program.given == set()


def test_no_answer_to_a_command_and_no_error_holds_a_word(told: Told) -> None:
    outcomes = [each for each in told.program.answers if each.request.method == "POST"]
    errors = [each for each in told.program.answers if each.is_error]
    assert len(errors) > len(COMMANDS)
    for answer in (*outcomes, *errors):
        assert words_in(answer.text) == [], (answer.request.url.path, answer.text)
        assert words_in(str(answer.headers)) == []


def test_keys_headers_and_clear_parts_of_records_hold_no_word(told: Told) -> None:
    until(lambda: _published(told) == _recorded(told), "every event is on the topic", 60)
    reader = kafka_client.KafkaConsumer(
        **_client_of(told.brokers), auto_offset_reset="earliest", consumer_timeout_ms=2000
    )
    ours = sorted(each for each in reader.topics() if each.startswith(told.topic_prefix))
    reader.subscribe(ours)
    records = list(reader)
    reader.close()
    assert len(records) >= _recorded(told)
    for record in records:
        parts = [record.key, record.value, *(value for _, value in record.headers)]
        text = b"\n".join(each for each in parts if each).decode("latin-1")
        assert words_in(text) == []
    assert not any(words_in(each) for each in ours)


def test_no_log_and_no_file_of_the_home_holds_a_word(told: Told) -> None:
    line = told.program.service.line
    logged = line.errors.read_text("utf-8")
    # All roles write there; these write something also when all is well.
    assert {"mllp", "relay", "serve"} <= set(re.findall(r'"role": ?"([a-z]+)"', logged))
    assert words_in(logged) == []
    for each in line.home.rglob("*"):
        if each.is_file():
            assert words_in(each.read_bytes().decode("latin-1")) == [], each.name


def test_no_metric_holds_a_word(told: Told) -> None:
    facts = told.program.service.facts()
    health: Any = facts["health"]
    for address in (facts["pages"], *(f"http://127.0.0.1:{each}" for each in health.values())):
        for path in ("/metrics", "/readyz", "/healthz"):
            assert words_in(httpx.get(f"{address}{path}", trust_env=False).text) == []
    assert "caretrail_" in httpx.get(f"{facts['pages']}/metrics", trust_env=False).text


def test_no_table_holds_a_word(told: Told) -> None:
    """Access records, idempotency keys, rows of read models and cores of events are in clear."""
    with psycopg.connect(told.database) as connection:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename), tablename from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert "record" in {name for _, name in tables}
        for table, _ in tables:
            for (row,) in connection.execute(f"select t::text from {table} t"):
                raw = [bytes.fromhex(each).decode("latin-1") for each in _HEX.findall(row)]
                assert [word for each in (row, *raw) for word in words_in(each)] == [], table


def test_pages_show_the_words_and_no_address_of_a_page_holds_one(told: Told) -> None:
    """The words were stored, and open for those who may read them."""
    browser = told.program.service.browser()
    pages = str(told.program.service.facts()["pages"])
    seen: set[str] = set()
    shown: set[str] = set()
    waiting = [f"{pages}/"]
    while waiting and len(seen) < 60:
        address = waiting.pop(0)
        seen.add(address)
        assert words_in(address) == []
        with browser.open(address, timeout=20) as answer:
            text = answer.read().decode("utf-8", "replace")
        shown |= set(words_in(text))
        for attribute, link in _ADDRESS.findall(text):
            assert words_in(link) == []
            found = f"{pages}{unescape(link)}".split("#")[0]
            if attribute == "href" and link.startswith("/ui") and found not in {*seen, *waiting}:
                waiting.append(found)
    assert {"ZIRBELKIEFER", WORD} <= shown


_HEX: Final = re.compile(r"\\x((?:[0-9a-f]{2})+)")
_ADDRESS: Final = re.compile(r'(href|src|action|formaction)="([^"]+)"')


def _client_of(brokers: Brokers) -> dict[str, Any]:
    return {
        "bootstrap_servers": brokers.servers,
        "security_protocol": brokers.protection,
        "sasl_mechanism": brokers.mechanism,
        "sasl_plain_username": brokers.username,
        "sasl_plain_password": brokers.password,
    }


def _recorded(told: Told) -> int:
    with psycopg.connect(told.database) as connection:
        (found,) = connection.execute("select count(*) from es.event").fetchone() or (0,)
    return int(found)


def _published(told: Told) -> int:
    return int(told.program.service.line.object("audit", "reconcile")["topic"])
