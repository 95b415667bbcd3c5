"""A whole service is fuzzed: reader, answer, listener, projector and pages together."""

import time
import urllib.error
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from urllib.parse import quote
from urllib.request import OpenerDirector

import pytest

from caretrail.bootstrap import opened
from infra.mllp_client import MllpClient, NoAnswer, code_of
from infra.settings import Settings
from projections.engine import parking
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.service import RunningService, serving
from tests.consumers.hl7v2.mangling import mangled, with_control_id
from tests.waiting import until

pytestmark = [pytest.mark.postgres]

ALONE = {"CARETRAIL_KAFKA": "false", "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"}
ROLES = ("mllp", "projector", "http")


def status_of(browser: OpenerDirector, address: str) -> int:
    try:
        with browser.open(address, timeout=30) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def look(service: RunningService, line: CommandLine, random: Random) -> None:
    """Look at pages: none fails, whatever was received."""
    ids = [each["patient_id"] for each in line.objects("patients", "ls")]
    events = [each["id"] for each in line.objects("messages", "ls")]
    paths = ["/", "/ui/patients", "/ui/census", "/readyz"]
    paths += [f"/ui/patients/{each}" for each in random.sample(ids, min(8, len(ids)))]
    paths += [f"/ui/messages/{each}" for each in random.sample(events, min(8, len(events)))]
    paths += [f"/ui/census?facility={quote(random.randbytes(6))}"]
    browser, pages = service.browser(), service.facts()["pages"]
    assert status_of(browser, f"{pages}/ui/patients") == 200, "signed in"
    for path in paths:
        assert status_of(browser, f"{pages}{path}") < 500, path


def numbers_for(seconds: float) -> Iterator[int]:
    """Count until a time has passed."""
    ends = time.monotonic() + seconds
    for number in count(1):
        if time.monotonic() > ends:
            return
        yield number


def fuzz(home: Path, numbers: Iterable[int], seed: int) -> None:
    random = Random(seed)
    line = SameProcess(home, ALONE)
    with serving(line) as service:
        before = {role: service.pids(role) for role in ROLES}
        codes = set[str]()
        client = MllpClient(*service.mllp, timeout=20)
        for number in numbers:
            raw = with_control_id(mangled(random), f"F{number}")
            raw = raw.replace(b"\x1c", b"").replace(b"\x0b", b"")
            message = f"seed {seed}, message {number}"
            text = raw.replace(b"\0", b"")  # of UTF-16 and UTF-32 too
            is_answer = b"ACK" in text or b"MSA" in text
            client.timeout = 2 if is_answer else 20
            try:
                codes.add(code_of(client.send(raw)))
            except NoAnswer:
                # Only an acknowledgement is not answered.
                assert is_answer, message
            if number % 400 == 0:
                look(service, line, random)
        client.close()
        assert {"AA", "AE", "AR"} <= codes
        with opened(Settings(home=home, kafka=False)) as application, application.connect() as db:
            index = application.store.max_index()
            until(
                lambda: application.read_models.complete_through(db) >= index,
                "every event projected",
                120,
            )
            assert parking.parked(db) == []
        look(service, line, random)
        assert {role: service.pids(role) for role in ROLES} == before, "a role died"


@pytest.mark.timeout(300)
def test_mangled_messages_stop_nothing(home: Path) -> None:
    fuzz(home, range(1, 501), seed=13)


@pytest.mark.soak
def test_ten_minutes_of_mangled_messages_stop_nothing(home: Path) -> None:
    fuzz(home, numbers_for(600), seed=time.time_ns())
