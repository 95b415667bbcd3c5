"""kill -9 of anything during a feed: nothing acknowledged is lost, nothing is doubled."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Self

import pytest

from caretrail.generate import generate, profiles_toml
from consumers.hl7v2.reader import Message
from infra.mllp_client import MllpClient, NoAnswer, code_of
from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.service import PARTS, RunningService, serving

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(900)]

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def home(new_home: Path) -> Path:
    """Its files survive a power cut, as those of every user."""
    return new_home


class Feed:
    """A hospital that sends until it is answered, however often it has to."""

    def __init__(self, service: RunningService, messages: list[bytes]) -> None:
        self._service = service
        self._messages = messages
        self.accepted: list[bytes] = []
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
            for message in self._messages:
                self._send(message)
        except BaseException as error:
            self.failed = error
            raise
        finally:
            self.done.set()

    def _send(self, message: bytes) -> None:
        while not self._stop.is_set():
            assert not self._service.has_failed(), "the supervisor ended by itself"
            try:
                with MllpClient(*self._service.mllp, timeout=10) as client:
                    code = code_of(client.send(message))
            except (NoAnswer, KeyError, ValueError):
                self._stop.wait(0.05)
                continue
            if code in {"AA", "AE"}:
                self.accepted.append(message)
                return
            self._stop.wait(0.05)


def scenario(home: Path, *, kills: int, count: int, seed: int) -> Counter[str]:
    random = Random(seed)
    line = CommandLine(home, {"CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"})
    world = generate(seed, 5, start=START)
    messages = [each.data for each in islice(world.messages, count)]
    home.mkdir()
    (home / "profiles.toml").write_text(profiles_toml(world))
    with serving(line) as service:
        with Feed(service, messages) as feed:
            for number in range(kills):
                due = (number + 1) * count // (kills + 1)
                while len(feed.accepted) < due and not feed.done.wait(0.01):
                    pass
                # Each part at least once, if there are enough kills.
                part = PARTS[number] if number < len(PARTS) else random.choice(PARTS)
                service.kill(part)
            assert feed.done.wait(300)
        assert feed.failed is None
        killed = Counter(service.killed)
    assert service.left_behind() == []

    with joined(home):  # so that not every command starts PostgreSQL
        check(SameProcess(home, line.environment), messages)
    return killed


def check(line: CommandLine, messages: list[bytes]) -> None:
    """Check that every message was received once, and that store, topic and rows are equal."""
    received = line.objects("messages", "ls", "--limit", "1000000")
    sent = Counter(Message(each).field("MSH", 10) for each in messages)
    assert Counter(each["control_id"] for each in received) == Counter(
        Message(each).field("MSH", 10) for each in dict.fromkeys(messages)
    ), "one row for each message sent, whatever happened"
    assert sum(each["duplicates"] for each in received) >= sent.total() - len(received)

    before = line.object("projections", "digest")
    (line.home / "all.hl7").write_bytes(b"\r\n".join(messages))
    again = line.object("ingest", line.home / "all.hl7")
    assert (again["duplicate"], again["events"]) == (again["received"], 0)
    report = line.object("audit", "reconcile")
    assert report["equal"], report
    line.run("projections", "rebuild")
    assert line.object("projections", "digest") == before


def test_nothing_acknowledged_is_lost_or_doubled_by_a_kill_of_each_part(home: Path) -> None:
    killed = scenario(home, kills=len(PARTS), count=210, seed=20)
    assert set(killed) == set(PARTS)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_lost_or_doubled_by_two_hundred_kills(home: Path, seed: int) -> None:
    scenario(home, kills=20, count=1000, seed=seed)
