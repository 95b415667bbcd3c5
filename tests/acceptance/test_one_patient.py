"""The story of one patient, told through MLLP, HTTP and the command line alone.

Several patients live the same story, and what is known of each arrives in another order. Each
timeline must read the same, now and at any earlier instant.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Any, Final

import httpx
import pytest

from infra.mllp_client import MllpClient, code_of
from tests import servers
from tests.acceptance.command_line import SameProcess
from tests.acceptance.service import RunningService, serving
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(3600)]

Json = dict[str, Any]
#: What differs between two patients who live the same story.
OF_ONE_PATIENT: Final = frozenset(
    {
        "event_id", "encounter_id", "stream_id", "record_id", "anchor", "recorded_at",
        "source_message", "visit_number", "done_event_id", "done_encounter_id",
    }
)  # fmt: skip


def adt(trigger: str, sender: str, patient: str, happened: str, *, visit: str, **pv1: str) -> bytes:
    """Return a message about the stay of a patient."""
    fields = [""] * 46
    fields[1], fields[2], fields[3] = "1", pv1.get("patient_class", "I"), f"4W^401^1^{sender}"
    fields[19], fields[36] = f"{visit}{patient}", pv1.get("disposition", "")
    fields[44], fields[45] = pv1.get("admitted", ""), pv1.get("discharged", "")
    control = f"{sender}{patient}{trigger}{happened}"
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|{sender}|||{happened}||ADT^{trigger}|{control}|P|2.5",
            f"EVN|{trigger}|{happened}|||RN1|{happened}",
            f"PID|1||{patient}^^^REGION^NI||ALDER^ROWENA||19510602|F",
            "PV1|" + "|".join(fields[1:]).rstrip("|"),
        ]
    ).encode()


def feeds(patient: str) -> dict[str, bytes]:
    """Return the messages of the hospital and of the nursing facility."""
    emergency, admitted, discharged = "20260301080000", "20260301140000", "20260305110000"
    arrived, left = "20260305123000", "20260320100000"
    return {
        "emergency": adt("A04", "MERCY", patient, emergency, visit="V", patient_class="E",
                         admitted=emergency),
        "admitted": adt("A01", "MERCY", patient, admitted, visit="V", admitted=emergency),
        "to Harbour": adt("A03", "MERCY", patient, discharged, visit="V", admitted=emergency,
                          discharged=discharged, disposition="03"),
        "arrived": adt("A01", "HARBOUR", patient, arrived, visit="H", admitted=arrived),
        "home": adt("A03", "HARBOUR", patient, left, visit="H", admitted=arrived, discharged=left,
                    disposition="01"),
    }  # fmt: skip


#: What Mercy, the nursing facility and the practice do after the two discharges.
ELEMENTS: Final = (
    "practitioner", "procedures", "diagnoses", "medications", "results", "instructions",
)  # fmt: skip
MERCY, HARBOUR, CLINIC = ({"organisation": each} for each in ("MERCY", "HARBOUR", "CLINIC"))
TO_HARBOUR: Final[Sequence[tuple[str, str, Json]]] = (
    ("send-information", "2026-03-05T11:00Z",
     {"by": MERCY, "recipient": HARBOUR, "elements": ELEMENTS}),
    ("confirm-arrival", "2026-03-05T13:00Z", {"by": HARBOUR}),
    ("complete-step", "2026-03-06T15:00Z", {"by": HARBOUR, "step": "baseline_plan"}),
)  # fmt: skip
TO_HOME: Final[Sequence[tuple[str, str, Json]]] = (
    ("send-information", "2026-03-20T10:00Z",
     {"by": HARBOUR, "recipient": CLINIC, "elements": ELEMENTS}),
    ("assign-result", "2026-03-20T16:00Z", {"by": CLINIC}),
    ("attempt-contact", "2026-03-21T09:00Z", {"by": CLINIC, "result": "no_answer"}),
    ("record-contact", "2026-03-23T09:00Z", {"by": CLINIC, "findings": ["understands_plan"]}),
    ("deliver-equipment", "2026-03-23T09:05Z", {"by": CLINIC, "equipment": "walker"}),
    ("complete-step", "2026-03-23T09:10Z", {"by": CLINIC, "step": "referrals"}),
    ("complete-step", "2026-03-23T09:15Z", {"by": CLINIC, "step": "education"}),
    ("schedule-follow-up", "2026-03-23T09:20Z",
     {"by": CLINIC, "starts_at": "2026-03-27T09:00:00Z"}),
    ("complete-follow-up", "2026-03-27T09:30Z", {"by": CLINIC}),
)  # fmt: skip


@dataclass
class Story:
    """What is told of one patient, and through which interfaces."""

    service: RunningService
    http: httpx.Client
    patient: str
    streams: dict[str, str] = field(default_factory=dict)
    discharges: dict[str, str] = field(default_factory=dict)  # encounters by facility

    @property
    def number(self) -> str:
        return f"REGION|{self.patient}"

    def hear(self, message: bytes) -> None:
        with MllpClient(*self.service.mllp) as client:
            assert code_of(client.send(message)) == "AA"

    def post(self, path: str, at: str, body: Json) -> Json:
        answer = self.http.post(f"{self.service.api}{path}", json={**body, "happened_at": at})
        assert answer.is_success, answer.text
        outcome: Json = answer.json()
        return outcome

    def step(self, verb: str, at: str, body: Json) -> None:
        """Take a step of the referral."""
        self.post(f"/referrals/{self.streams['referral']}/{verb}", at, body)

    def referral(self) -> Iterator[Callable[[], object]]:
        """Yield the steps of a referral to cardiology: missed once, and then closed."""
        mercy, heart = {"organisation": "MERCY"}, {"organisation": "HEART"}
        asked = {
            "patient": self.number,
            "new_person": True,  # in some orders, no message has named the patient yet
            "requester": mercy,
            "target": heart,
            "service": "CARDIOLOGY",
            "urgency": "urgent",
        }

        def request() -> None:
            self.streams["referral"] = self.post("/referrals", "2026-03-04T09:00Z", asked)[
                "stream_id"
            ]

        yield request
        for verb, at, body in (
            ("accept", "2026-03-05T10:00Z", {"by": heart}),
            ("schedule", "2026-03-05T10:05Z", {"by": heart, "starts_at": "2026-03-09T09:00:00Z"}),
            ("miss", "2026-03-09T10:00Z", {"by": heart, "reason": "transport"}),
            ("contact", "2026-03-09T15:00Z",
             {"by": mercy, "how": "telephone", "result": "reached"}),
            ("schedule", "2026-03-09T16:00Z", {"by": heart, "starts_at": "2026-03-12T09:00:00Z"}),
            ("see", "2026-03-12T09:30Z", {"by": heart}),
            ("send-outcome", "2026-03-13T09:00Z", {"by": heart, "document": "doc-1"}),
            ("close", "2026-03-14T09:00Z",
             {"acknowledged_by": mercy, "need_met": "yes",
              "plan_told_to_patient_on": "2026-03-14"}),
        ):  # fmt: skip
            yield partial(self.step, verb, at, body)

    def plan(self) -> Iterator[Callable[[], object]]:
        """Yield the steps of a care plan that is revised, at the command line."""

        def give(verb: str, at: str, *flags: str) -> Json:
            caller = ("--as", "nurse-7", "--purpose", "TREAT", "--happened-at", at)
            return self.service.line.object("plan", verb, *flags, *caller)

        def draft() -> None:
            flags = ("--category", "transition", "--responsible", "MERCY", "--new-person")
            self.streams["plan"] = give("draft", "2026-03-02T09:00Z", self.number, *flags)[
                "stream_id"
            ]

        def revised(verb: str, at: str, *flags: str) -> None:
            give(verb, at, self.streams["plan"], *flags)

        yield draft
        for verb, at, flags in (
            ("set-goal", "2026-03-02T09:10Z", ("--owner", "patient", "--words", "To walk home")),
            ("activate", "2026-03-02T09:20Z", ()),
            ("add-activity", "2026-03-15T09:00Z", ("--kind", "call", "--goals", "g1")),
        ):
            yield partial(revised, verb, at, "--by", "MERCY", *flags)
        change = ("--reason", "new_information", "--removed", "a1")
        yield partial(revised, "revise", "2026-03-16T09:00Z", "--author", "MERCY", *change)

    def landing(
        self, discharge: str, facility: str, steps: Sequence[tuple[str, str, Json]]
    ) -> Iterator[Callable[[], object]]:
        """Yield a discharge, and then what people do who know of it."""
        yield partial(self.hear, feeds(self.patient)[discharge])
        for verb, at, body in steps:
            yield partial(self.land, facility, verb, at, body)

    def landing_at_home(self) -> Iterator[Callable[[], object]]:
        """Yield what follows the discharge to home; the medications are reconciled before it."""
        events: list[Json] = []

        def told(path: str, at: str, body: Json) -> None:
            outcome = self.post(f"/medication-lists/{path}", at, {"by": CLINIC, **body})
            self.streams["medications"] = outcome["stream_id"]
            events.extend(outcome["events"])

        def record() -> None:
            listed = {"patient": self.number, "new_person": True, "source": "home"}
            told("record", "2026-03-26T09:00Z", listed)

        def reconcile() -> None:
            decided = {"at_point": "call", "role": "pharmacist", "compared": ["l1"]}
            told("reconcile", "2026-03-26T09:30Z", {"patient": self.number, **decided})

        def settle() -> None:
            _, event = events
            self.timeline(wait_for=event["index"])
            body = {"by": CLINIC, "reconciliation": event["event_id"]}
            self.land("HARBOUR", "reconcile-medications", "2026-03-26T09:30Z", body)

        yield from self.landing("home", "HARBOUR", TO_HOME)
        yield from (record, reconcile, settle)

    def land(self, facility: str, verb: str, at: str, body: Json) -> None:
        """Take a step that follows the discharge from a facility."""
        if facility not in self.discharges:
            until(lambda: self._discharged(facility), "the read models to hold the discharge")
        self.post(f"/transitions/{verb}", at, {"encounter": self.discharges[facility], **body})

    def _discharged(self, facility: str) -> bool:
        if patient := self.patient_id():
            for each in self.timeline_of(patient)["encounters"]:
                if each["facility"] == facility and each["ended_at"]:
                    self.discharges[facility] = each["encounter_id"]
        return facility in self.discharges

    def patient_id(self) -> str:
        """Return the id of the patient; empty if no message has named the patient yet."""
        found = self.http.post(f"{self.service.api}/patients/search", json={"words": self.number})
        assert found.status_code == 200, found.text
        return next((str(each["patient_id"]) for each in found.json()["items"]), "")

    def whole(self) -> Json:
        """Return the timeline when the read models hold all that was recorded."""
        until(lambda: self.timeline()["behind"] == 0, "the read models to hold everything")
        return self.timeline()

    def timeline(self, **asked: str | int) -> Json:
        return self.timeline_of(self.patient_id(), **asked)

    def timeline_of(self, patient: str, **asked: str | int) -> Json:
        answer = self.http.get(f"{self.service.api}/patients/{patient}/timeline", params=asked)
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown


def sources(story: Story) -> list[list[Callable[[], object]]]:
    """Return what is told; each source tells in its order."""
    heard = feeds(story.patient)
    messages: list[list[Callable[[], object]]] = [
        [partial(story.hear, heard[each])] for each in ("emergency", "admitted", "arrived")
    ]
    return [
        *messages,
        list(story.landing("to Harbour", "MERCY", TO_HARBOUR)),
        list(story.landing_at_home()),
        list(story.referral()),
        list(story.plan()),
    ]


def told_in_order(story: Story, random: Random) -> Iterator[None]:
    """Tell the story: messages in any order, the commands of a stream in theirs."""
    left = sources(story)
    while left:
        source = random.choice(left)
        source.pop(0)()
        left = [each for each in left if each]
        yield


def lived(timeline: Json) -> object:
    """Return what a timeline says, without what belongs to one patient."""
    return {
        "encounters": [_without(each) for each in timeline["encounters"]],
        "entries": [_without(each) for each in timeline["entries"]],
        "transitions": [_without(each) for each in timeline["transitions"]],
    }


def landed(story: Story, timeline: Json) -> None:
    """Check that the patient came to the nursing facility and home, and that nothing is owed."""
    events = {each["event_id"]: each for each in timeline["entries"]}
    facility, home = timeline["transitions"]
    assert (facility["kind"], home["kind"]) == ("snf", "home")
    for one, settled in ((facility, "2026-03-06T15:00:00Z"), (home, "2026-03-27T09:30:00Z")):
        assert (one["state"], one["settled_at"]) == ("completed", settled)
        for step in one["steps"]:
            assert not step["late"], step
            if step["done_by"] == "admission":
                assert step["done_encounter_id"] == home["encounter_id"]
            else:  # who did it
                done = events[step["done_event_id"]]
                assert done["actor"]["subject"] == "nurse-7"
                assert done["happened_at"] == step["done_at"]
    done_by = {each["step"]: each["done_by"] for each in (*facility["steps"], *home["steps"])}
    assert done_by["arrival"] == "admission"
    assert done_by["contact"] == "contact_made"
    assert done_by["medications"] == "medications_reconciled"
    assert done_by["visit"] == "follow_up_completed"
    address = f"{story.service.facts()['pages']}/ui/patients/{story.patient_id()}"
    with story.service.browser().open(
        f"{address}?reason=direct_care&as_of=2026-03-28", timeout=20
    ) as answer:
        page = answer.read().decode()
    assert page.count('class="tband"') == 2
    assert 'class="uncalled-edge"' not in page
    address = f"{story.service.facts()['pages']}/ui/referrals/{story.streams['referral']}"
    with story.service.browser().open(f"{address}?reason=direct_care", timeout=20) as answer:
        assert 'Appointment made</b> <span class="said">by HEART, for 12 Mar 09:00.' in (
            answer.read().decode()
        )


def says_who_and_why(story: Story, timeline: Json) -> None:
    """Check that each entry names its person, or leads to its message."""
    chain = story.service.line.object("why", timeline["patient_id"])
    behind = {each["event_id"]: each for each in chain["events"]}
    assert behind.keys() == {each["event_id"] for each in timeline["entries"]}
    for entry in timeline["entries"]:
        event = behind[entry["event_id"]]
        assert event["actor"] == entry["actor"]
        if entry["stream"]:
            assert (entry["actor"]["subject"], entry["actor"]["purpose"]) == ("nurse-7", "TREAT")
        else:
            assert event["message"]["id"] == entry["source_message"]
    for one in timeline["transitions"]:
        chain = story.service.line.object("why", one["encounter_id"])
        acted = {each["event_id"] for each in chain["events"]}
        assert acted >= {
            each["done_event_id"]
            for each in one["steps"]
            if each["done_by"] not in {"admission", "reconciliation"}
        }


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(each) for k, each in value.items() if k not in OF_ONE_PATIENT}
    return [_without(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def telling(
    server: str, template_database: str, new_module_home: Path
) -> Iterator[Callable[[str], Story]]:
    name = f"story_{token_hex(6)}"
    new_module_home.mkdir(exist_ok=True)
    (new_module_home / "profiles.toml").write_text(
        '[sender.default]\nzone = "UTC"\ntrusted = [{ authority = "REGION", type = "NI" }]\n'
    )
    variables = {
        "CARETRAIL_DATABASE_URL": servers.create_database(server, name, template_database),
        "CARETRAIL_ID_KEY": "5a" * 32, "CARETRAIL_KAFKA": "false",
        "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0",
    }  # fmt: skip
    line = SameProcess(new_module_home, variables)
    with serving(line, "mllp", "projector", "http") as service:
        roles = ("--role", "coordinator", "--role", "clinician")
        organisations = ("--organisation", "HEART", "--organisation", "MERCY")
        token = line.object("token", "issue", "nurse-7", *roles, *organisations)["token"]
        headers = {
            "Authorization": f"Bearer {token}", "Purpose-Of-Use": "TREAT",
            "Access-Reason": "direct_care",
        }  # fmt: skip
        with httpx.Client(headers=headers, timeout=60, trust_env=False) as http:
            yield lambda patient: Story(service, http, patient)
    servers.drop_database(server, name)


#: When the patient is at Mercy, on the way, at Harbour, at home and not yet called, and settled.
INSTANTS: Final[Sequence[str]] = (
    "2026-03-01T09:00:00Z", "2026-03-05T12:00:00Z", "2026-03-09T12:00:00Z", "2026-03-21T12:00:00Z",
    "2026-03-28T00:00:00Z",
)  # fmt: skip


@pytest.mark.parametrize("orders", [3, pytest.param(60, marks=pytest.mark.soak)])
def test_a_story_reads_as_one_timeline_in_any_order_and_at_any_instant(
    telling: Callable[[str], Story], orders: int
) -> None:
    stories = [telling(f"N{1000 + number}") for number in range(orders)]
    known = [
        story.whole()
        for number, story in enumerate(stories)
        for _ in told_in_order(story, Random(number))
        if not number and story.patient_id()
    ]
    first = stories[0]
    for each in stories:
        each.whole()
    now = first.timeline()
    words = [each["summary"] for each in now["entries"]]
    assert [each["facility"] for each in now["encounters"]] == ["MERCY", "HARBOUR"]
    assert len(words) == sum(map(len, sources(first)))
    for part in ("Visit missed", "Referral requested from MERCY to HEART, CARDIOLOGY, urgent"):
        assert any(part in each for each in words)
    (referral,) = now["activities"]["referral"]
    (plan,) = now["activities"]["care_plan"]
    assert (referral["state"], referral["need_met"]) == ("closed", "yes")
    assert (plan["state"], plan["revision"]) == ("active", 1)
    landed(first, now)
    says_who_and_why(first, now)
    for other in stories[1:]:
        assert lived(other.timeline()) == lived(now)
        for instant in INSTANTS:
            assert lived(other.timeline(as_of=instant)) == lived(first.timeline(as_of=instant))
    assert lived(first.timeline(as_of=INSTANTS[-1])) == lived(now)
    for then in known:
        again = first.timeline(known_at=then["known_at"]["index"])
        assert lived(again) == lived(then)
