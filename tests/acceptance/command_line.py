"""The real command line, in a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CARETRAIL = Path(sys.executable).with_name("caretrail")


@dataclass(frozen=True)
class CommandLine:
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("CARETRAIL_")}
        return {**ours, "CARETRAIL_HOME": str(self.home), **self.environment}

    def run(self, *arguments: str | Path, exit_code: int = 0) -> str:
        """Run one verb, check its exit code, return its standard output."""
        return self._run(arguments, exit_code).stdout

    def refused(self, *arguments: str | Path, exit_code: int = 1) -> str:
        """Run one verb that must fail, check its exit code, return its standard error."""
        return self._run(arguments, exit_code).stderr

    def _run(
        self, arguments: tuple[str | Path, ...], exit_code: int
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [CARETRAIL, *arguments],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == exit_code, f"{arguments}: {done.returncode}\n{done.stderr}"
        return done

    def object(self, *arguments: str | Path) -> dict[str, Any]:
        """Run one verb with ``--json``; return the one object it prints."""
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json"))
        return found

    def objects(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Run one verb with ``--json``; return the objects it prints, one a line."""
        return [json.loads(line) for line in self.run(*arguments, "--json").splitlines()]

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
