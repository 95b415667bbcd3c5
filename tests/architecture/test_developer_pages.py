"""The pages for developers are applied to a copy of the repository, and their tests are run."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from domain.triggers import TRIGGERS
from tests.documentation.console import blocks

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "caretrail", "commands", "consumers", "docs", "domain", "infra", "projections", "tests",
)  # fmt: skip


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the repository. Its bytecode is copied too: it names the time of its source."""
    for each in FOLDERS:
        copytree(ROOT / each, tmp_path / each)
    for name in ("pyproject.toml", "conftest.py"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    return tmp_path


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


@pytest.mark.timeout(300)
def test_a_trigger_takes_a_row_and_a_case(copied: Path) -> None:
    assert "A38" not in TRIGGERS
    assert len(apply("how-to/add-a-trigger.md", copied)) <= 3
    assert "encounter.pre_admitted_cancelled.v1.json" in run(copied, "tests.domain.released_shapes")
    cases = ("tests/domain/interpretation/test_cases.py", "-k", "plan and cancelled and leaves")
    assert "passed" in run(copied, "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *cases)
    rows = ("tests/domain/test_triggers.py", "tests/domain/test_encoding.py")
    run(copied, "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *rows)


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_a_migration_takes_one_file(copied: Path) -> None:
    assert len(apply("how-to/add-a-migration.md", copied)) == 1
    tests = ("tests/infra/test_migrate.py", "tests/infra/test_backup.py")
    run(copied, "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *tests)


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_a_projection_takes_a_module_a_line_and_a_test_and_a_column_two_files(
    copied: Path,
) -> None:
    changed = apply("how-to/add-a-projection.md", copied)
    column = ["projections/census.py", "tests/projections/test_census.py"]
    projection = [
        "projections/discharges.py",
        "projections/catalogue.py",
        "tests/projections/test_discharges.py",
    ]
    assert changed == projection + column
    run(copied, "tests.projections.table_shapes")
    run(copied, "ruff", "check", *changed)
    tests = (
        "tests/projections/test_discharges.py",
        "tests/projections/test_census.py",
        "tests/projections/test_table_shapes.py",
    )
    run(copied, "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *tests)


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_an_own_stream_takes_three_modules_and_a_line_in_four_lists(copied: Path) -> None:
    changed = apply("how-to/add-an-own-stream.md", copied)
    lists = [
        "domain/catalogue.py",
        "commands/catalogue/__init__.py",
        "caretrail/reading/catalogue.py",
        "caretrail/cli/command_groups.py",
    ]
    assert [each for each in changed if (ROOT / each).exists()] == lists
    assert len([each for each in changed if not each.startswith("tests/")]) == 3 + len(lists)
    run(copied, "ruff", "check", *changed)
    assert "contact.made.v1.json" in run(copied, "tests.domain.released_shapes")
    tests = (
        "tests/domain/test_contact.py",
        "tests/domain/test_encoding.py",
        "tests/web/test_activity_lines.py",
        "tests/acceptance/test_contact.py",
    )
    run(copied, "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *tests)
