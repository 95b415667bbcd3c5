"""An open event store over a test's database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from commands.ports.intake import Outcome, Received
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


def record(store: CareStore, messages: Sequence[Received]) -> list[Outcome]:
    """Make messages ready and record them."""
    return store.record([store.prepare(each) for each in messages])
