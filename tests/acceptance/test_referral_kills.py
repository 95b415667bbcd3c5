"""kill -9 of anything while referrals are worked on: no accepted command is lost or doubled."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import monotonic
from typing import Any, Self

import psycopg
import pytest

from infra.postgres_server import joined
from tests.acceptance.command_line import CARETRAIL, CommandLine, SameProcess
from tests.acceptance.service import PARTS, RunningService, serving
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(900)]

FEED = "\r".join(
    [
        "MSH|^~\\&|ADT|MERCY|||20260301101000||ADT^A01|1|P|2.5",
        "EVN||20260301101000||||20260301100000",
        "PID|1||0042^^^MERCY^MR||ALDER^ROWENA||19510602|F",
        "PV1|1|I|4W^401^1^MERCY" + "|" * 16 + "V7" + "|" * 25 + "202603011000",
    ]
)
REFERRALS = 3
CALLER = ("--as", "nurse-1", "--purpose", "TREAT", "--json")


@pytest.fixture
def home(new_home: Path) -> Path:
    """Its files survive a power cut, as those of every user."""
    return new_home


class Coordinator:
    """A person who repeats each command under its key until it is answered."""

    def __init__(self, service: RunningService, *, referrals: int, random: Random) -> None:
        self._service = service
        self._referrals = referrals
        self._random = random
        self.answered: dict[str, dict[str, Any]] = {}  # by key
        self.killed = 0
        self._attempts = 0
        self._seconds = 0.5  # what the last answered command took
        self.done = Event()
        self.failed: BaseException | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for number in range(self._referrals):
                self._referral(number)
        except BaseException as error:
            self.failed = error
            raise
        finally:
            self.done.set()

    def _referral(self, number: int) -> None:
        given = ("--requester", "MERCY", "--target", "HEART", "--question", "Pacemaker?")
        asked = self._give(f"request-{number}", "request", "MERCY|0042", *given)
        stream = asked["stream_id"]
        self._give(f"accept-{number}", "accept", stream, "--by", "HEART")
        self._give(f"close-{number}", "close", stream, "--by", "MERCY", "--outcome", "told")

    def _give(self, key: str, *arguments: str) -> dict[str, Any]:
        command = [str(CARETRAIL), "referral", *arguments, "--key", key, *CALLER]
        while not self._stop.is_set():
            self._attempts += 1
            begun = monotonic()
            with subprocess.Popen(
                command,
                env=self._service.line.variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as given:
                try:
                    # Every other attempt is killed too, before a whole one would have ended.
                    seconds = self._seconds * self._random.random()
                    output, _ = given.communicate(timeout=seconds if self._attempts % 2 else None)
                except subprocess.TimeoutExpired:
                    given.kill()
                    self.killed += 1
                    continue
            if given.returncode == 0:
                self._seconds = monotonic() - begun
                self.answered[key] = json.loads(output)
                return self.answered[key]
            self._stop.wait(0.1)
        raise TimeoutError(key)


def recorded(service: RunningService) -> list[tuple[str, str]]:
    """Return topic and event id of every own event in the store, in order of the log."""
    with joined(service.home) as url, psycopg.connect(url) as connection:
        found = connection.execute(
            "select topic, event_id::text from es.event where topic like 'referral.%'"
            " order by notification_id"
        ).fetchall()
    return [(topic, event_id) for topic, event_id in found]


def behind(line: CommandLine) -> int:
    """Return how many events the read models lack."""
    (found,) = line.objects("projections", "ls", "referral_loop")
    return int(found["behind"])


@pytest.mark.soak  # test_http_kills is the short one
@pytest.mark.parametrize("seed", range(9, 20))
def test_no_accepted_command_is_lost_or_doubled_by_kills(home: Path, seed: int) -> None:
    random = Random(seed)
    line = SameProcess(home, {"CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"})
    home.mkdir()
    (home / "feed.hl7").write_text(FEED)
    line.run("ingest", home / "feed.hl7")
    with serving(line) as service:
        with Coordinator(service, referrals=REFERRALS, random=random) as coordinator:
            for number, part in enumerate(random.sample(PARTS, len(PARTS)), start=1):
                while len(coordinator.answered) < number and not coordinator.done.wait(0.01):
                    pass
                service.kill(part)
            assert coordinator.done.wait(400)
        assert coordinator.failed is None
        assert len(coordinator.answered) == 3 * REFERRALS
        assert coordinator.killed > 0
        assert len(service.killed) == len(PARTS)
        answered = [
            (event["topic"], event["event_id"])
            for outcome in coordinator.answered.values()
            for event in outcome["events"]
        ]
        assert recorded(service) == answered  # none lost, none doubled, and in order
        # A read waits 10 s at most. After so many kills the read models may need longer.
        until(lambda: behind(line) == 0, "the read models", 120)
        referrals = line.objects("referral", "ls")
        assert Counter((each["state"], each["version"]) for each in referrals) == {
            ("closed", 4): REFERRALS
        }
        report = line.object("audit", "reconcile")
        assert report["equal"], report
        assert report["store"] == report["topic"] == 2 + len(answered)
        live = line.object("projections", "digest")
        line.run("projections", "rebuild", "--from", "kafka")
        assert line.object("projections", "digest") == live
        line.run("projections", "rebuild")
        assert line.object("projections", "digest") == live
    assert service.left_behind() == []
