"""kill -9 of anything while referrals are worked on: no accepted command is lost or doubled."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any, Self

import pytest

from tests.acceptance.command_line import CARETRAIL, CommandLine
from tests.acceptance.service import PARTS, RunningService, serving

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


class Coordinator:
    """A person who repeats each command under its key until it is answered."""

    def __init__(self, service: RunningService, *, referrals: int, random: Random) -> None:
        self._service = service
        self._referrals = referrals
        self._random = random
        self.answered: dict[str, dict[str, Any]] = {}  # by key
        self.killed = 0
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
            with subprocess.Popen(
                command,
                env=self._service.line.variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as given:
                try:
                    # Every other command line is killed too, some time after its start.
                    seconds = self._random.choice([None, self._random.uniform(0.5, 3)])
                    output, _ = given.communicate(timeout=seconds)
                except subprocess.TimeoutExpired:
                    given.kill()
                    self.killed += 1
                    continue
            if given.returncode == 0:
                self.answered[key] = json.loads(output)
                return self.answered[key]
            self._stop.wait(0.1)
        raise TimeoutError(key)


def test_no_accepted_command_is_lost_or_doubled_by_kills(home: Path) -> None:
    random = Random(9)
    line = CommandLine(home, {"CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"})
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
        assert coordinator.killed + len(service.killed) > len(PARTS)
        referrals = line.objects("referral", "ls")
        assert Counter((each["state"], each["version"]) for each in referrals) == {
            ("closed", 4): REFERRALS
        }
        before = line.object("projections", "digest")
        line.run("projections", "rebuild", "--from", "kafka")
        assert line.object("projections", "digest") == before
    assert service.left_behind() == []
