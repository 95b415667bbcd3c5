"""A world as files: messages by sender and day, the profiles to read them with, the truth."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from caretrail.generate.profiles import profiles_toml
from caretrail.generate.truth import Occupied, TruePatient
from caretrail.generate.world import World


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """The file that ``--truth`` names: what a right reading of all messages gives."""

    seed: int
    start: datetime
    end: datetime
    patients: list[TruePatient]
    census: list[Occupied]


def truth_json(world: World) -> bytes:
    """Return the truth as JSON. Draw the messages first: it grows with them."""
    return msgspec.json.encode(
        Truth(
            seed=world.seed,
            start=world.start,
            end=world.horizon,
            patients=world.truth.patients,
            census=world.truth.census(),
        )
    )


def write(world: World, out_dir: Path) -> int:
    """Write ``<day>-<sender>.hl7`` in order of sending, and ``profiles.toml``; return how many.

    Files of an earlier run are replaced where they have the same name.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "profiles.toml").write_text(profiles_toml(world), "utf-8")
    written = 0
    day, stack = "", ExitStack()
    files: dict[str, BinaryIO] = {}
    with stack:
        for sent in world.messages:
            today = f"{sent.at.astimezone(UTC):%Y-%m-%d}"
            if today != day:
                stack.close()
                files.clear()
                day = today
            if sent.sender not in files:
                path = out_dir / f"{today}-{sent.sender}.hl7"
                files[sent.sender] = stack.enter_context(path.open("wb"))
            files[sent.sender].write(sent.data)
            written += 1
    return written
