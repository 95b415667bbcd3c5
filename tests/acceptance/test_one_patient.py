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

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(3600)]

Json = dict[str, Any]
#: What differs between two patients who live the same story.
OF_ONE_PATIENT: Final = frozenset(
    {"event_id", "encounter_id", "stream_id", "recorded_at", "source_message", "visit_number"}
)


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


def feeds(patient: str) -> list[bytes]:
    """Return the messages of the hospital and of the nursing facility."""
    emergency, admitted, discharged = "20260301080000", "20260301140000", "20260305110000"
    arrived, left = "20260305123000", "20260320100000"
    return [
        adt("A04", "MERCY", patient, emergency, visit="V", patient_class="E", admitted=emergency),
        adt("A01", "MERCY", patient, admitted, visit="V", admitted=emergency),
        adt("A03", "MERCY", patient, discharged, visit="V", admitted=emergency,
            discharged=discharged, disposition="03"),
        adt("A01", "HARBOUR", patient, arrived, visit="H", admitted=arrived),
        adt("A03", "HARBOUR", patient, left, visit="H", admitted=arrived, discharged=left,
            disposition="01"),
    ]  # fmt: skip


@dataclass
class Story:
    """What is told of one patient, and through which interfaces."""

    service: RunningService
    http: httpx.Client
    patient: str
    streams: dict[str, str] = field(default_factory=dict)

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
            flags = (self.number, "--category", "transition", "--responsible", "MERCY")
            self.streams["plan"] = give("draft", "2026-03-02T09:00Z", *flags)["stream_id"]

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

    def timeline(self, **asked: str | int) -> Json:
        found = self.http.post(f"{self.service.api}/patients/search", json={"words": self.number})
        assert found.status_code == 200, found.text
        (patient,) = (each["patient_id"] for each in found.json()["items"])
        answer = self.http.get(f"{self.service.api}/patients/{patient}/timeline", params=asked)
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown


def told_in_order(story: Story, random: Random) -> Iterator[None]:
    """Tell the story: messages in any order, the commands of a stream in theirs."""
    messages: list[list[Callable[[], object]]] = [
        [partial(story.hear, each)] for each in feeds(story.patient)
    ]
    sources = [*messages, list(story.referral()), list(story.plan())]
    while sources:
        source = random.choice(sources)
        source.pop(0)()
        sources = [each for each in sources if each]
        yield


def lived(timeline: Json) -> object:
    """Return what a timeline says, without what belongs to one patient."""
    return {
        "encounters": [_without(each) for each in timeline["encounters"]],
        "entries": [_without(each) for each in timeline["entries"]],
    }


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(each) for k, each in value.items() if k not in OF_ONE_PATIENT}
    return [_without(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def telling(
    server: str, template_database: str, module_home: Path
) -> Iterator[Callable[[str], Story]]:
    name = f"story_{token_hex(6)}"
    module_home.mkdir()
    (module_home / "profiles.toml").write_text(
        '[sender.default]\nzone = "UTC"\ntrusted = [{ authority = "REGION", type = "NI" }]\n'
    )
    variables = {
        "CARETRAIL_DATABASE_URL": servers.create_database(server, name, template_database),
        "CARETRAIL_ID_KEY": "5a" * 32, "CARETRAIL_KAFKA": "false",
        "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0",
    }  # fmt: skip
    line = SameProcess(module_home, variables)
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


INSTANTS: Final[Sequence[str]] = (
    "2026-03-01T09:00:00Z", "2026-03-04T12:00:00Z", "2026-03-09T12:00:00Z", "2026-03-13T12:00:00Z",
    "2026-03-21T00:00:00Z",
)  # fmt: skip


@pytest.mark.parametrize("orders", [3, pytest.param(60, marks=pytest.mark.soak)])
def test_a_story_reads_as_one_timeline_in_any_order_and_at_any_instant(
    telling: Callable[[str], Story], orders: int
) -> None:
    stories = [telling(f"N{1000 + number}") for number in range(orders)]
    # A read of the command line waits until the read models hold everything.
    known = [
        story.timeline()
        for number, story in enumerate(stories)
        for _ in told_in_order(story, Random(number))
        if not number and story.service.line.objects("patients", "ls")
    ]
    first = stories[0]
    first.service.line.run("patients", "ls")
    now = first.timeline()
    words = [each["summary"] for each in now["entries"]]
    assert [each["facility"] for each in now["encounters"]] == ["MERCY", "HARBOUR"]
    assert len(words) == len(feeds("")) + len(list(first.referral())) + len(list(first.plan()))
    for part in ("Visit missed", "Referral requested from MERCY to HEART, CARDIOLOGY, urgent"):
        assert any(part in each for each in words)
    (referral,) = now["activities"]["referral"]
    (plan,) = now["activities"]["care_plan"]
    assert (referral["state"], referral["need_met"]) == ("closed", "yes")
    assert (plan["state"], plan["revision"]) == ("active", 1)
    for entry in now["entries"]:  # who and why
        if entry["stream"]:
            assert (entry["actor"]["subject"], entry["actor"]["purpose"]) == ("nurse-7", "TREAT")
        else:
            assert first.service.line.object("why", entry["event_id"])

    for other in stories[1:]:
        assert lived(other.timeline()) == lived(now)
        for instant in INSTANTS:
            assert lived(other.timeline(as_of=instant)) == lived(first.timeline(as_of=instant))
    assert lived(first.timeline(as_of=INSTANTS[-1])) == lived(now)
    for then in known:
        again = first.timeline(known_at=then["known_at"]["index"])
        assert lived(again) == lived(then)
