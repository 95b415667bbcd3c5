import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra import children

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal as s; s.signal(s.SIGTERM, s.SIG_IGN); "


def started(
    program: str, *arguments: str, record: Path | None = None, **facts: str
) -> children.Child:
    """Start a program that says ``up`` once it is."""
    command = [sys.executable, "-c", program, *arguments]
    read, write = os.pipe()
    with os.fdopen(read, "rb") as said, os.fdopen(write, "wb") as output:
        child = children.start(command, record=record, facts=facts, output=output)
        assert said.readline() == b"up\n"
    return child


def test_a_child_is_in_a_session_of_its_own() -> None:
    child = started(SLEEP)
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
    finally:
        child.stop(within=10)


def test_a_child_that_obeys_is_not_killed() -> None:
    child = started(SLEEP)
    assert child.stop((signal.SIGTERM,), within=10)
    assert child.exit_code == -signal.SIGTERM
    assert not child.is_running()


def test_a_deaf_child_is_killed() -> None:
    child = started(DEAF + SLEEP)
    assert not child.stop((signal.SIGTERM,), within=0.2)
    assert child.exit_code == -signal.SIGKILL


def test_a_deaf_child_takes_its_own_children_along() -> None:
    program = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(inner.pid, flush=True); time.sleep(600)"
    )
    read, write = os.pipe()
    with os.fdopen(read, "rb") as said, os.fdopen(write, "wb") as output:
        child = children.start([sys.executable, "-c", program], output=output)
        inner = children.Identity.of(int(said.readline()))
    assert inner is not None
    child.stop((signal.SIGTERM,), within=0.2)
    assert children.wait_until(lambda: not inner.is_running(), 10)


def test_a_record_finds_the_child_of_a_killed_run(tmp_path: Path) -> None:
    record = tmp_path / "child.json"
    child = started(SLEEP, record=record, port="1234")
    found = children.recorded(record)
    assert found is not None
    assert (found.pid, found.facts) == (child.pid, {"port": "1234"})
    assert found.stop(within=10)
    assert child.exit_code == -signal.SIGTERM
    assert not record.exists()


def test_a_stranger_with_a_recorded_id_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "child.json"
    stranger = started(SLEEP)
    try:
        record.write_text(json.dumps({"pid": stranger.pid, "started": "earlier", "facts": {}}))
        assert children.recorded(record) is None
        children.Child(children.Identity(stranger.pid, "earlier")).stop(within=1)
        assert stranger.is_running()
    finally:
        stranger.stop(within=10)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "started": "0"}'])
def test_a_broken_record_names_nobody(tmp_path: Path, text: str) -> None:
    record = tmp_path / "child.json"
    record.write_text(text)
    assert children.recorded(record) is None


def test_a_dead_child_nobody_waited_for_is_not_running() -> None:
    popen = subprocess.Popen([sys.executable, "-c", ""])
    # A zombie: there for the kernel, and until somebody waits, for good where pid 1 does not reap.
    assert children.wait_until(lambda: children.Identity.of(popen.pid) is None, 10)
    popen.wait()


def test_a_child_is_found_by_one_of_its_arguments(tmp_path: Path) -> None:
    mark = f"--mark={tmp_path}"
    child = started(SLEEP, mark)
    try:
        assert [each.pid for each in children.with_argument(mark)] == [child.pid]
    finally:
        child.stop(within=10)
    assert children.with_argument(mark) == []


def test_a_child_gets_the_environment_it_is_given_and_no_more(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    with out.open("wb") as output:
        child = children.start(
            [sys.executable, "-c", program], environment={"ONLY": "1"}, output=output
        )
    assert child.wait(10)
    assert out.read_text() == "['ONLY']\n"


def test_a_file_is_written_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    children.write_whole(path, "one")
    children.write_whole(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
