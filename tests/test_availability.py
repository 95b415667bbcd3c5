"""The promise of ``availability``, kept on a machine where the broker cannot be had."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@cache
def run(in_ci: str, *, workers: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-n", str(workers)),
            *(
                "tests/infra/test_atomic_file.py::test_the_file_is_private_and_no_scratch_file_is_left",
                "tests/infra/test_kafka_jars.py",
            ),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": "/dev/null/none", "CARETRAIL_CI": in_ci},
    )


def said(done: "subprocess.CompletedProcess[str]") -> tuple[str, str]:
    """Return the last two lines, after a banner."""
    *_, banner, what, totals = done.stdout.splitlines()
    assert " NOT RUN " in banner
    return what, totals


@pytest.mark.parametrize(("in_ci", "exit_code"), [("", 0), ("1", 1)])
def test_what_is_not_run_is_said_in_the_last_lines_and_fails_only_ci(
    in_ci: str, exit_code: int
) -> None:
    done = run(in_ci, workers=2)
    what, totals = said(done)
    assert "tests of kafka NOT RUN: Kafka's jars cannot be written to" in what
    assert totals.startswith("1 passed in ")
    assert done.returncode == exit_code


def test_one_process_says_the_same_as_several() -> None:
    done = run("", workers=0)
    what, totals = said(done)
    assert what == said(run("", workers=2))[0]
    assert "deselected" in totals
    assert "skipped" not in totals
    assert done.returncode == 0
