"""The real command line, in a home of its own: in a process, or in that of the test."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import structlog
from typing_extensions import override

from caretrail.cli import main

CARETRAIL = Path(sys.executable).with_name("caretrail")


@dataclass(frozen=True)
class CommandLine:
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("CARETRAIL_")}
        home = {"CARETRAIL_HOME": str(self.home), "CARETRAIL_READ_WAIT": "120"}
        return {**ours, **home, **self.environment}

    def run(self, *arguments: str | Path, exit_code: int = 0) -> str:
        """Run one verb, check its exit code, return its standard output."""
        return self._run(arguments, exit_code).stdout

    def refused(self, *arguments: str | Path, exit_code: int = 1) -> str:
        """Run one verb that must fail, check its exit code, return its standard error."""
        return self._run(arguments, exit_code).stderr

    def _run(
        self, arguments: tuple[str | Path, ...], exit_code: int
    ) -> "subprocess.CompletedProcess[str]":
        done = self._done(arguments)
        assert done.returncode == exit_code, f"{arguments}: {done.returncode}\n{done.stderr}"
        return done

    def _done(self, arguments: tuple[str | Path, ...]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [CARETRAIL, *arguments],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def object(self, *arguments: str | Path) -> dict[str, Any]:
        """Run one verb with ``--json``; return the one object it prints."""
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json"))
        return found

    def objects(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Run one verb with ``--json``; return the objects it prints, one a line."""
        # Other characters that end a line in Python may be within a text.
        lines = self.run(*arguments, "--json").split("\n")
        return [json.loads(line) for line in lines if line]

    def objects_refused(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Run one verb with ``--json`` that must fail; return the objects it prints."""
        printed = self.run(*arguments, "--json", exit_code=1)
        return [json.loads(line) for line in printed.splitlines()]

    @property
    def errors(self) -> Path:
        """Where what was started writes its standard error."""
        return self.home.with_name(f"{self.home.name}.stderr")

    def start(self, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        """Start one verb and leave it running."""
        with self.errors.open("ab") as errors:
            return subprocess.Popen(
                [CARETRAIL, *arguments],
                env=self.variables,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )


class SameProcess(CommandLine):
    """The command line without a process of its own, which takes a second of CPU to start.

    For tests of what a verb does. What a process does when it starts, ends or gets a signal is
    tested with ``CommandLine``.
    """

    @override
    def _done(self, arguments: tuple[str | Path, ...]) -> "subprocess.CompletedProcess[str]":
        output, errors = TextIOWrapper(BytesIO(), "utf-8", write_through=True), StringIO()
        with pytest.MonkeyPatch.context() as patched:
            for name in os.environ.keys() - self.variables.keys():
                patched.delenv(name)
            for name, value in self.variables.items():
                patched.setenv(name, value)
            with redirect_stdout(output), redirect_stderr(errors):
                try:
                    code = main([str(each) for each in arguments])
                except SystemExit as ended:  # wrong usage
                    code = ended.code if isinstance(ended.code, int) else 1
        structlog.reset_defaults()
        output.seek(0)
        return subprocess.CompletedProcess(arguments, code, output.read(), errors.getvalue())
