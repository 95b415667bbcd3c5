"""kill -9 during commands over HTTP: what was answered is recorded once, and is answered again."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any, Final, Self

import httpx
import psycopg
import pytest

from infra.postgres_server import joined
from tests.acceptance.command_line import SameProcess
from tests.acceptance.service import RunningService, serving
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(3600)]

#: No patient gets so many referrals that reading them all takes seconds.
PATIENTS: Final = 50


def admission(patient: int) -> str:
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||20260301101000||ADT^A01|{patient}|P|2.5",
            "EVN||20260301101000||||20260301100000",
            f"PID|1||{patient:04}^^^MERCY^MR||ALDER^ROWENA||19510602|F",
            f"PV1|1|I|4W^{patient}^1^MERCY{'|' * 16}V{patient}{'|' * 25}202603011000",
        ]
    )


#: Each referral is a likely duplicate of the earlier ones, so that answers have warnings.
REQUEST: Final[Mapping[str, Any]] = {
    "requester": {"organisation": "MERCY"},
    "target": {"organisation": "HEART"},
    "service": "CARDIOLOGY",
    "reason_codes": ["I35.0"],
    "question": "Is the valve to be replaced?",
}
PARTS: Final = ("http", "projector", "postgres")
CLIENTS: Final = 3


@pytest.fixture
def home(new_home: Path) -> Path:
    """Its files survive a power cut, as those of every user."""
    return new_home


@dataclass(frozen=True)
class Given:
    """A command as it was given, and its answer."""

    path: str
    body: Mapping[str, Any]
    key: str
    answer: httpx.Response

    @property
    def said(self) -> tuple[object, ...]:
        """What a repeated command must get again."""
        headers = self.answer.headers
        found = (self.answer.json(), headers["etag"], headers.get("location"))
        return (self.answer.status_code, *found)

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(each["topic"], each["event_id"]) for each in self.answer.json()["events"]]


class Client:
    """A program that gives commands one after another, each until it is answered."""

    def __init__(self, service: RunningService, *, name: str, token: str) -> None:
        self._service = service
        self._name = name
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {token}", "Purpose-Of-Use": "TREAT"},
            timeout=20,
            trust_env=False,
        )
        self.answered: list[Given] = []
        self.interrupted = 0  # attempts without an answer, or without a database
        self.in_flight = Event()
        self.failed: BaseException | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the command in flight end, so that each recorded command was answered."""
        self._stop.set()
        self._thread.join()

    def give(self, path: str, body: Mapping[str, Any], key: str) -> Given:
        """Give one command until it is answered."""
        while True:
            try:
                self.in_flight.set()
                answer = self._http.post(
                    f"{self._service.api}{path}", json=body, headers={"Idempotency-Key": key}
                )
            except (httpx.TransportError, KeyError):
                self.interrupted += 1
                Event().wait(0.05)
                continue
            finally:
                self.in_flight.clear()
            if answer.is_success:
                return Given(path, body, key, answer)
            assert answer.status_code == 503, (answer.status_code, answer.text)
            self.interrupted += 1
            Event().wait(0.05)

    def shown(self, given: Given) -> int:
        """Return the version that a read shows once it holds a command."""
        outcome = given.answer.json()
        wait_for = max((each["index"] for each in outcome["events"]), default=0)
        while True:  # the projector may have been killed last; the test has a limit of its own
            answer = self._http.get(
                f"{self._service.api}/referrals/{outcome['stream_id']}",
                params={"wait_for": wait_for}, headers={"Access-Reason": "direct_care"},
            )  # fmt: skip
            if answer.is_success:
                return int(answer.json()["version"])
            assert answer.status_code == 504, (answer.status_code, answer.text)

    def _run(self) -> None:
        try:
            for number in count():
                for verb in self._referral(number):
                    if self._stop.is_set():
                        return
                    self.answered.append(self.give(*verb))
        except BaseException as error:
            self.failed = error
            raise

    def _referral(self, number: int) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        key = f"{self._name}-{number}"
        patient = f"MERCY|{number // 10 % PATIENTS + 1:04}"  # ten referrals, then the next one
        yield "/referrals", {**REQUEST, "patient": patient}, f"{key}-request"
        stream = f"/referrals/{self.answered[-1].answer.json()['stream_id']}"
        yield f"{stream}/accept", {"by": {"organisation": "HEART"}}, f"{key}-accept"
        own = {"acknowledged_by": {"organisation": "MERCY"}, "outcome": {"how": "fax"}}
        yield f"{stream}/close", own, f"{key}-close"


def recorded(service: RunningService) -> list[tuple[str, str]]:
    """Return topic and id of every event of a referral in the store."""
    with joined(service.home) as url, psycopg.connect(url) as connection:
        return connection.execute(
            "select topic, event_id::text from es.event where topic like 'referral.%'"
        ).fetchall()


@pytest.mark.parametrize(
    ("seed", "kills"),
    [(4, 3), *(pytest.param(n, 60, marks=pytest.mark.soak) for n in range(5))],
)
def test_a_command_that_was_answered_is_recorded_once_and_answered_again(
    home: Path, seed: int, kills: int
) -> None:
    random = Random(seed)
    line = SameProcess(home, {"CARETRAIL_HTTP_PORT": "0", "CARETRAIL_KAFKA": "false"})
    home.mkdir()
    (home / "feed.hl7").write_text("\n".join(map(admission, range(1, PATIENTS + 1))))
    with serving(line, "projector", "http") as service:
        line.run("ingest", home / "feed.hl7")
        issue = ("token", "issue", "program-1", "--role", "coordinator", "--role", "clinician")
        organisations = ("--organisation", "HEART", "--organisation", "MERCY")
        token = line.object(*issue, *organisations)["token"]
        with ExitStack() as stack:
            clients = [
                stack.enter_context(Client(service, name=f"client-{n}", token=token))
                for n in range(CLIENTS)
            ]

            def is_answered_since(before: list[int]) -> bool:
                assert not any(each.failed for each in clients)
                assert not service.has_failed()
                return all(
                    len(each.answered) > then for each, then in zip(clients, before, strict=True)
                )

            until(lambda: is_answered_since([0] * CLIENTS), "first answers")
            for number in range(kills):
                part = PARTS[number] if number < len(PARTS) else random.choice(PARTS)
                until(lambda: service.pids(part), f"{part} runs again", 120)  # noqa: B023 - at once
                Event().wait(random.random() * 0.1)  # anywhere within a command
                until(lambda: any(each.in_flight.is_set() for each in clients), "a command")
                before = [len(each.answered) for each in clients]
                service.kill(part)
                until(lambda: is_answered_since(before), f"answers after {part}", 120)  # noqa: B023
        assert set(service.killed) == set(PARTS)
        assert sum(each.interrupted for each in clients) > 0
        given = [one for each in clients for one in each.answered]
        assert any(each.answer.json()["warnings"] for each in given)
        answered = [event for each in given for event in each.events]
        assert len(answered) >= len(given)
        assert sorted(recorded(service)) == sorted(answered)  # none lost, none doubled

        again = [clients[0].give(each.path, each.body, each.key) for each in given]
        assert [each.said for each in again] == [each.said for each in given]
        assert {each.answer.headers["idempotency-replayed"] for each in again} == {"true"}
        assert len(recorded(service)) == len(answered)

        for client in clients:
            last = client.answered[-1]
            assert client.shown(last) == last.answer.json()["version"]
        if kills > len(PARTS):
            live = line.object("projections", "digest")
            line.run("projections", "rebuild")
            assert line.object("projections", "digest") == live
    assert service.left_behind() == []
