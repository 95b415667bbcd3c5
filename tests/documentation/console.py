"""Run what a page of the documentation tells its reader to do.

A line of a ``console`` block that begins with ``$ `` is a command. The lines below it are what it
prints; ``...`` stands for any text. All commands of a page run in one shell.

A block of another language whose first line names a file, as in ```` ```toml profiles.toml ````, is
written to that file. A ``console`` block with a name, as in ```` ```console serve ````, goes on
until it is stopped: the test starts it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import Final

from infra.kafka_jars import cache

DOCS: Final = Path(__file__).parents[2] / "docs"
_BLOCK: Final = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of a page."""

    language: str
    name: str  # of the file, or of what goes on
    text: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page of ``docs``, in order."""
    text = (DOCS / page).read_text("utf-8")
    return [Block(*found) for found in _BLOCK.findall(text)]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the commands of a ``console`` block with what each prints."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, printed = re.sub(r"\\\n\s*", "", part).partition("\n")
        yield command, printed


class Console:
    """A shell that runs the commands of a page, with our command line on its path."""

    def __init__(self, shell: "subprocess.Popen[str]", folder: Path) -> None:
        self._shell = shell
        self.folder = folder

    def run(self, command: str) -> tuple[str, int]:
        """Run a command; return its standard output and its exit code."""
        assert self._shell.stdin
        assert self._shell.stdout
        end = token_hex(8)
        self._shell.stdin.write(f"{command}\necho {end} $?\n")
        self._shell.stdin.flush()
        said = ""
        for line in self._shell.stdout:
            text, found, code = line.partition(end)
            said += text
            if found:
                return said, int(code)
        raise AssertionError(f"the shell ended: {command}")

    def follow(
        self,
        page: str,
        *,
        start: Callable[[str], None] = lambda _name: None,
        replaced: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write the files and run the commands of a page; compare what they print.

        Args:
            page: A page of ``docs``.
            start: Called with the name of a block that goes on until it is stopped.
            replaced: Text of the page by what a test must put in its place, as a port that may be
                taken. Looked at before each command.
        """
        folder = self.folder
        for block in blocks(page):
            if block.language == "console" and block.name:
                start(block.name)
            elif block.language == "console":
                for command, printed in commands(block):
                    self._check(command, printed, replaced)
                folder = Path(self.run("pwd")[0].strip())
            elif block.name:
                path = folder / block.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, "utf-8")

    def _check(self, command: str, printed: str, replaced: Mapping[str, str]) -> None:
        ours = command
        for old, new in replaced.items():
            ours = ours.replace(old, new)
        said, code = self.run(ours)
        # Exit code 1 is part of a page that shows what is printed then.
        assert code == 0 or (code == 1 and printed.strip()), f"{ours}: {code}\n{said}"
        if printed.strip():
            assert OutputChecker().check_output(printed, said, ELLIPSIS), f"{ours}\n{said}"


def variables(home: Path) -> dict[str, str]:
    """Return the environment of a new user."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("CARETRAIL_")}
    ours.pop("XDG_DATA_HOME", None)
    return {**ours, "HOME": str(home), "XDG_CACHE_HOME": str(cache().parent)}


@contextmanager
def console(folder: Path, variables: Mapping[str, str]) -> Iterator[Console]:
    """Open a shell in a folder."""
    errors = folder / "stderr"
    path = f"{Path(sys.executable).parent}:{variables['PATH']}"
    with (
        errors.open("wb") as written,
        subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env={**variables, "PATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        ) as shell,
    ):
        yield Console(shell, folder)
