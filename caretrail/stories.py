"""The patients worth a look in a demo: kept when its week is told, linked from the first page."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from caretrail.generate.worth_seeing import Interesting
from infra.atomic_file import write_atomically

_FILE: Final = "stories.json"


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to see, and the number under which to find it: ``AUTHORITY|IDENTIFIER``."""

    title: str
    said: str
    number: str


def keep_stories(home: Path, stories: Iterable[Interesting]) -> None:
    """Remember that the demo's week is told, and whom to look at."""
    kept = [[each.title, each.said, f"{each.authority}|{each.identifier}"] for each in stories]
    write_atomically(home / _FILE, json.dumps(kept))


def stories_of(home: Path) -> list[Told]:
    """Return the patients worth a look; none where no week was told to its end."""
    try:
        kept = json.loads((home / _FILE).read_text("utf-8"))
        return [Told(title, said, number) for title, said, number in kept]
    except (OSError, ValueError):
        return []
