"""Write a world to files: messages by sender and day, profiles, and the truth."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from caretrail.generate.profiles import profiles_toml
from caretrail.generate.truth import TrueCensusRow, TruePatient
from caretrail.generate.world import World


class TruthFile(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file that ``--truth`` names: the result of a correct reading."""

    seed: int
    start: datetime
    end: datetime
    patients: list[TruePatient]
    census: list[TrueCensusRow]


def truth_json(world: World) -> bytes:
    """Return the truth as JSON; draw all messages first, because the truth grows with them."""
    return msgspec.json.encode(
        TruthFile(
            seed=world.seed,
            start=world.start,
            end=world.horizon,
            patients=world.truth.patients,
            census=world.truth.census(),
        )
    )


def write(world: World, out_dir: Path) -> int:
    """Write ``<day>-<sender>.hl7`` and ``profiles.toml``; return the number of messages.

    Each file has its messages in order of sending. Files with the same names are replaced.
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
