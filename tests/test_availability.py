"""The promise of ``availability``, kept on a machine where the broker cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


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


def test_what_is_not_run_is_said_in_the_last_lines_and_fails_only_ci() -> None:
    # Each run takes seconds: one has workers, the other has none and is that of CI.
    several, one = run("", workers=2), run("1", workers=0)
    what, totals = said(several)
    assert "tests of kafka NOT RUN: Kafka's jars cannot be written to" in what
    assert totals.startswith("1 passed in ")
    assert said(one)[0] == what
    assert "deselected" in said(one)[1]
    assert "skipped" not in said(one)[1]
    assert (several.returncode, one.returncode) == (0, 1)
