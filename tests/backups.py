"""Backups of a small store: made of one database, restored into another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from commands.ports.intake import IncomingMessage
from domain.encoding import read_body
from infra.backup import KeysBackup, back_up_keys, back_up_store
from infra.restore import StoreRestore, Target, restore_store
from tests import servers
from tests.intake_samples import KEY, draft, received
from tests.stores import opened, record


@dataclass(frozen=True)
class Backups:
    """Backups of a store and of its keys, beside the master key."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store.backup"

    @property
    def keys(self) -> Path:
        return self.folder / "keys.backup"

    def back_up_keys(self, database: str) -> KeysBackup:
        return back_up_keys(
            database,
            self.keys,
            id_key=KEY,
            master_key_file=self.folder / "master.key",
        )

    def target(self, url: str, **changed: Any) -> Target:
        """Return an installation that has the keys of the one that was backed up."""
        made = Target(
            url=url,
            keys_url=None,
            id_key=KEY,
            external=False,
            master_key_file=self.folder / "master.key",
        )
        return replace(made, **changed)

    def restore(self, url: str, **changed: Any) -> StoreRestore:
        return restore_store(self.target(url, **changed), self.store, self.keys)


def messages() -> list[IncomingMessage]:
    """Return 32 messages of 30 patients: the last but one is a resend, the last names two."""
    return [
        *(received(f"m{i}", draft(f"N{i}")) for i in range(30)),
        received("m3", draft("N3")),
        received("m30", draft("N0", others=["N1"])),
    ]


def make(database: str, folder: Path) -> Backups:
    """Record the messages in an empty store, and back it up."""
    with opened(database, folder) as (store, _):
        record(store, messages())
    made = Backups(folder)
    back_up_store(database, made.store)
    made.back_up_keys(database)
    return made


def content(url: str, folder: Path) -> list[object]:
    """Return every event of a store, but for its incarnation, with what its segments say."""
    with opened(url, folder) as (store, keys):
        return [
            (
                replace(each.envelope, incarnation=""),
                each.body,
                [
                    keys.open(one, event_id=each.envelope.event_id, topic=each.envelope.topic)
                    for one in read_body(each.envelope.topic, each.body).sealed
                ],
            )
            for each in store.read(0, 10_000)
        ]


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """Make a database that caretrail has never opened."""
    name = f"empty_{token_hex(6)}"
    try:
        yield servers.create_database(server, name)
    finally:
        servers.drop_database(server, name)
