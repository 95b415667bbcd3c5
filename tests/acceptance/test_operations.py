"""A service and the commands beside it: begun twice, cut off, stopped in the middle of work."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from caretrail.cli import doctor, main
from infra.mllp_client import MllpClient, code_of
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.service import RunningService, serving

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

ALONE = {"CARETRAIL_KAFKA": "false", "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"}


def admission(number: int) -> bytes:
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||20260301100000||ADT^A01|{number}|P|2.5",
            "EVN||20260301100000",
            f"PID|1||{10_000 + number}^^^MERCY^MR||ALDER^ROWENA||19510602|F",
            f"PV1|1|I|4W^401^1^MERCY{'|' * 16}V{number}",
        ]
    ).encode()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def admitted(line: CommandLine) -> int:
    return len(line.objects("census"))


def test_a_second_service_is_refused_and_a_command_outlives_the_first(home: Path) -> None:
    line = SameProcess(home, ALONE)
    feed = home.with_name("feed.hl7")
    feed.write_bytes(b"\n".join(admission(number) for number in range(1, 601)))
    with serving(line) as service:
        before = {part: service.pids(part) for part in ("mllp", "projector", "http", "postgres")}
        assert "already runs, in process" in CommandLine(home, ALONE).refused("serve")
        assert {part: service.pids(part) for part in before} == before
        assert service.is_ready()

        service.kill("postgres")
        with MllpClient(*service.mllp) as client:
            answer = client.send_until_accepted(admission(0), retries=20)
        assert code_of(answer) == "AA"
        until(lambda: admitted(line) == 1)

        ingest = line.start("ingest", feed)
        until(lambda: len(line.objects("messages", "ls")) > 1)
        service.stop()
        assert ingest.wait(120) == 0
    assert service.left_behind() == []
    assert admitted(line) == 601


def test_a_command_told_to_end_leaves_nothing_running(home: Path) -> None:
    line = CommandLine(home, ALONE)
    feed = home.with_name("feed.hl7")
    feed.write_bytes(b"\n".join(admission(number) for number in range(20_000)))
    ingest = line.start("ingest", feed)
    service = RunningService(line)
    until(lambda: bool(service.pids("postgres")))
    time.sleep(1)  # anywhere in its work
    ingest.terminate()
    assert ingest.wait(120) == 128 + signal.SIGTERM
    assert service.left_behind() == []


@pytest.mark.parametrize(
    ("profiles", "variables", "said"),
    [
        ("x = [", {}, "profiles.toml: is not valid TOML"),
        ("", {"CARETRAIL_ID_KEY": "00"}, "CARETRAIL_ID_KEY"),
        ("", {"CARETRAIL_HTTP_HOST": "0.0.0.0"}, "the pages speak no TLS"),  # noqa: S104 - refused
        (
            "",
            {"CARETRAIL_HTTP_HOST": "192.0.2.1", "CARETRAIL_HTTP_PRIVATE_NETWORK": "true"},
            "CARETRAIL_HTTP_HOST",
        ),
    ],
)
def test_a_service_that_cannot_start_says_why_at_once(
    new_home: Path, profiles: str, variables: dict[str, str], said: str
) -> None:
    new_home.mkdir()
    (new_home / "profiles.toml").write_text(profiles)
    line = CommandLine(new_home, {**ALONE, **variables})
    started = line.start("serve", "--only", "http")
    assert started.wait(240) == 1
    assert said in line.errors.read_text()
    assert RunningService(line).left_behind() == []


def test_an_unexpected_failure_is_reported_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_options: object) -> int:
        raise RuntimeError("ALDER^ROWENA")

    monkeypatch.setattr(doctor, "doctor", broken)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert "RuntimeError at test_operations.py" in said
    assert "ROWENA" not in said
