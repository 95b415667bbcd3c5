from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import homes


@pytest.fixture
def home(made_home: Path) -> Iterator[Path]:
    """A home for one test that has been opened before and holds no message."""
    with homes.copied_home(made_home) as home:
        yield home


@pytest.fixture(scope="module")
def module_home(made_home: Path) -> Iterator[Path]:
    """The same for the tests of one file."""
    with homes.copied_home(made_home) as home:
        yield home


@pytest.fixture
def new_home() -> Iterator[Path]:
    """A home that does not exist yet, for a test of how one is made or of what survives."""
    with homes.new_home() as home:
        yield home


@pytest.fixture(scope="module")
def new_module_home() -> Iterator[Path]:
    """The same for the tests of one file."""
    with homes.new_home() as home:
        yield home
