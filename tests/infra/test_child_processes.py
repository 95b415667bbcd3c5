import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra import child_processes

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
IGNORES_SIGTERM = "import signal as s; s.signal(s.SIGTERM, s.SIG_IGN); "


def started(
    program: str, *arguments: str, record: Path | None = None, **facts: str
) -> child_processes.ChildProcess:
    """Start a program, and return when it has printed ``up``."""
    command = [sys.executable, "-c", program, *arguments]
    read, write = os.pipe()
    with os.fdopen(read, "rb") as printed, os.fdopen(write, "wb") as output:
        child = child_processes.start(command, record=record, facts=facts, output=output)
        assert printed.readline() == b"up\n"
    return child


def test_a_child_is_in_a_session_of_its_own() -> None:
    child = started(SLEEP)
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
    finally:
        child.stop(within=10)


def test_a_child_that_ends_for_the_signal_is_not_killed() -> None:
    child = started(SLEEP)
    assert child.stop((signal.SIGTERM,), within=10)
    assert child.exit_code == -signal.SIGTERM
    assert not child.is_running()


def test_a_child_that_ignores_the_signal_is_killed() -> None:
    child = started(IGNORES_SIGTERM + SLEEP)
    assert not child.stop((signal.SIGTERM,), within=0.2)
    assert child.exit_code == -signal.SIGKILL


def test_a_killed_child_takes_the_processes_that_it_started_along() -> None:
    program = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(inner.pid, flush=True); time.sleep(600)"
    )
    read, write = os.pipe()
    with os.fdopen(read, "rb") as printed, os.fdopen(write, "wb") as output:
        child = child_processes.start([sys.executable, "-c", program], output=output)
        inner = child_processes.ProcessIdentity.of(int(printed.readline()))
    assert inner is not None
    child.stop((signal.SIGTERM,), within=0.2)
    assert child_processes.wait_until(lambda: not inner.is_running(), 10)


def test_a_record_finds_the_child_of_a_killed_run(tmp_path: Path) -> None:
    record = tmp_path / "child.json"
    child = started(SLEEP, record=record, port="1234")
    found = child_processes.find_recorded(record)
    assert found is not None
    assert (found.pid, found.facts) == (child.pid, {"port": "1234"})
    assert found.stop(within=10)
    assert child.exit_code == -signal.SIGTERM
    assert not record.exists()


def test_another_process_that_has_the_recorded_id_by_now_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "child.json"
    other = started(SLEEP)
    try:
        record.write_text(json.dumps({"pid": other.pid, "started": "earlier", "facts": {}}))
        assert child_processes.find_recorded(record) is None
        ended = child_processes.ProcessIdentity(other.pid, "earlier")
        child_processes.ChildProcess(ended).stop(within=1)
        assert other.is_running()
    finally:
        other.stop(within=10)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "started": "0"}'])
def test_a_record_that_cannot_be_read_finds_no_process(tmp_path: Path, text: str) -> None:
    record = tmp_path / "child.json"
    record.write_text(text)
    assert child_processes.find_recorded(record) is None


def test_an_ended_child_is_not_running_although_its_parent_has_not_waited_for_it() -> None:
    popen = subprocess.Popen([sys.executable, "-c", ""])
    # Until its parent waits, the kernel lists it as a zombie. In a container, where process 1 may
    # not wait for orphans, a zombie can stay until the machine restarts.
    assert child_processes.wait_until(
        lambda: child_processes.ProcessIdentity.of(popen.pid) is None, 10
    )
    popen.wait()


def test_a_child_is_found_by_one_of_its_arguments(tmp_path: Path) -> None:
    mark = f"--mark={tmp_path}"
    child = started(SLEEP, mark)
    try:
        assert [each.pid for each in child_processes.find_by_argument(mark)] == [child.pid]
    finally:
        child.stop(within=10)
    assert child_processes.find_by_argument(mark) == []


def test_a_child_gets_the_environment_it_is_given_and_no_more(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    with out.open("wb") as output:
        child = child_processes.start(
            [sys.executable, "-c", program], environment={"ONLY": "1"}, output=output
        )
    assert child.wait(10)
    assert out.read_text() == "['ONLY']\n"
