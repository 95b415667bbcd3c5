from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """A home for one test. Not under pytest's own folder, which other runs close to everybody:
    as root, PostgreSQL runs under another user.
    """
    with TemporaryDirectory(prefix="caretrail-home-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "home"


@pytest.fixture(scope="module")
def module_home() -> Iterator[Path]:
    """A home for the tests of one file."""
    with TemporaryDirectory(prefix="caretrail-home-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "home"
