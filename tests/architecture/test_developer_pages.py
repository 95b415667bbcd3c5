"""The pages for developers are applied to a copy of the repository, and their tests are run.

All of them are applied to one copy, and one run has all of their tests: to begin a run takes longer
than most of these tests.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest

from domain.triggers import TRIGGERS
from tests.documentation.console import blocks

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "caretrail", "commands", "consumers", "docs", "domain", "infra", "projections", "tests",
)  # fmt: skip


TRIGGER, MIGRATION = "how-to/add-a-trigger.md", "how-to/add-a-migration.md"
PROJECTION, OWN_STREAM = "how-to/add-a-projection.md", "how-to/add-an-own-stream.md"
#: What is run after the pages are applied. Of the cases, only the one of the page runs.
CHECKS = (
    "tests/domain/interpretation/test_cases.py",
    "tests/domain/test_contact.py",
    "tests/domain/test_encoding.py",
    "tests/domain/test_triggers.py",
    "tests/infra/test_backup.py::test_every_table_is_backed_up_or_left_out_for_a_reason",
    "tests/infra/test_migrate.py",
    "tests/projections/test_census.py",
    "tests/projections/test_discharges.py",
    "tests/projections/test_table_shapes.py",
    "tests/web/test_activity_lines.py",
    "tests/acceptance/test_contact.py",
)
CASE = "a plan that is cancelled leaves no encounter"
ONE_CASE = "not test_cases or (plan and cancelled and leaves)"

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Copied:
    """A copy of the repository with the pages applied to it."""

    folder: Path
    changed: Mapping[str, list[str]]  # the files that each page changes


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Copied:
    """Copy the repository. Its bytecode is copied too: it names the time of its source."""
    folder = tmp_path_factory.mktemp("copied")
    for each in FOLDERS:
        copytree(ROOT / each, folder / each)
    for name in ("pyproject.toml", "conftest.py"):
        (folder / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    pages = (TRIGGER, MIGRATION, PROJECTION, OWN_STREAM)
    return Copied(folder, {page: apply(page, folder) for page in pages})


def apply(page: str, folder: Path) -> list[str]:
    """Apply the patches and write the files of a page; return the files that they change."""
    changed = []
    for block in blocks(page):
        if block.language == "diff":
            options = ["--recount", "-C1", "--unidiff-zero"]
            subprocess.run(
                ["git", "apply", *options], input=block.text, text=True, cwd=folder, check=True
            )
            changed.append(block.text.splitlines()[0].removeprefix("--- a/"))
        elif block.name and block.language != "console":
            (folder / block.name).write_text(block.text, "utf-8")
            changed.append(block.name)
    return changed


def run(folder: Path, *arguments: str) -> str:
    """Run a module of the copy; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},  # also for the command line of its tests
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_a_trigger_takes_a_row_and_a_case(copied: Copied) -> None:
    assert "A38" not in TRIGGERS
    assert len(copied.changed[TRIGGER]) <= 3


def test_a_migration_takes_one_file(copied: Copied) -> None:
    assert len(copied.changed[MIGRATION]) == 1


def test_a_projection_takes_a_module_a_line_and_a_test_and_a_column_two_files(
    copied: Copied,
) -> None:
    column = ["projections/census.py", "tests/projections/test_census.py"]
    projection = [
        "projections/discharges.py",
        "projections/catalogue.py",
        "tests/projections/test_discharges.py",
    ]
    assert copied.changed[PROJECTION] == projection + column


def test_an_own_stream_takes_three_modules_and_a_line_in_four_lists(copied: Copied) -> None:
    changed = copied.changed[OWN_STREAM]
    lists = [
        "domain/catalogue.py",
        "commands/catalogue/__init__.py",
        "caretrail/reading/catalogue.py",
        "caretrail/cli/command_groups.py",
    ]
    assert [each for each in changed if (ROOT / each).exists()] == lists
    assert len([each for each in changed if not each.startswith("tests/")]) == 3 + len(lists)


def test_what_the_pages_add_is_clean_and_passes_its_tests(copied: Copied) -> None:
    folder, changed = copied.folder, copied.changed
    run(folder, "ruff", "check", *changed[PROJECTION], *changed[OWN_STREAM])
    shapes = run(folder, "tests.domain.released_shapes")
    assert "encounter.pre_admitted_cancelled.v1.json" in shapes
    assert "contact.made.v1.json" in shapes
    run(folder, "tests.projections.table_shapes")
    told = run(folder, "pytest", "-v", "-p", "no:cacheprovider", "-n", "0", *CHECKS, "-k", ONE_CASE)
    assert f"{CASE}] PASSED" in told
