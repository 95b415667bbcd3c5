"""An open event store over a test's database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands.ports.intake import IncomingMessage, MessageOutcome
from infra.event_store import CareStore, open_store
from infra.subject_keys import SubjectKeys, open_keys
from tests.intake_samples import KEY


@contextmanager
def opened(database: str, home: Path) -> Iterator[tuple[CareStore, SubjectKeys]]:
    """Open the store and its keys; ``home`` gets the master key."""
    with (
        open_keys(database, master_key_file=home / "master.key") as keys,
        open_store(database, id_key=KEY, keys=keys) as store,
    ):
        yield store, keys


def record(store: CareStore, messages: Sequence[IncomingMessage]) -> list[MessageOutcome]:
    """Make messages ready and record them."""
    return store.record([store.prepare(each) for each in messages])


@pytest.fixture
def store_and_keys(database: str, tmp_path: Path) -> Iterator[tuple[CareStore, SubjectKeys]]:
    """A store over the database of the test, and the keys of its subjects."""
    with opened(database, tmp_path) as both:
        yield both


@pytest.fixture
def store(store_and_keys: tuple[CareStore, SubjectKeys]) -> CareStore:
    """A store over the database of the test."""
    return store_and_keys[0]


@pytest.fixture
def keys(store_and_keys: tuple[CareStore, SubjectKeys]) -> SubjectKeys:
    """The keys of the subjects of ``store``."""
    return store_and_keys[1]
