"""The readiness of the role that receives ADT."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from caretrail.roles.mllp import WatchedRecorder
from commands.ports.intake import IncomingMessage, MessageOutcome
from commands.ports.store import StoreUnavailable


def test_the_role_is_not_ready_for_30_s_after_a_failure_to_record() -> None:
    now, full = 0.0, True

    def record(_messages: Sequence[IncomingMessage]) -> list[MessageOutcome]:
        if full:
            raise StoreUnavailable("DiskFull")
        return []

    recorder = WatchedRecorder(record, lambda: now)
    with pytest.raises(StoreUnavailable):
        recorder([])
    assert "recording" in recorder.problems()
    now = 31.0
    assert recorder.problems() == {}

    with pytest.raises(StoreUnavailable):
        recorder([])
    full = False
    recorder([])
    assert recorder.problems() == {}


def test_a_thread_that_dies_takes_the_process_of_its_role_down() -> None:
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dying_role.py"))],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    (died,) = [json.loads(each) for each in ended.stderr.splitlines() if b"thread.died" in each]
    assert (died["name"], died["error"]) == ("mllp-writer", "OverflowError")
