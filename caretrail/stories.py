"""The stories of the demo: patients that the first page links to.

They are kept in the home when the whole week has been sent.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from caretrail.demo_patients import DemoPatient
from infra.atomic_file import write_atomically

_FILE: Final = "stories.json"


@dataclass(frozen=True, slots=True)
class DemoStory:
    """A story of the demo: what there is to see, and the patient as ``AUTHORITY|IDENTIFIER``."""

    title: str
    what_to_see: str
    number: str


def keep_stories(home: Path, stories: Iterable[DemoPatient]) -> None:
    """Keep the stories in the home. They also mark that the whole week has been sent."""
    kept = [
        [each.title, each.what_to_see, f"{each.authority}|{each.identifier}"] for each in stories
    ]
    write_atomically(home / _FILE, json.dumps(kept))


def stories_of(home: Path) -> list[DemoStory]:
    """Return the stories of a home; empty if no week has been sent completely."""
    try:
        kept = json.loads((home / _FILE).read_text("utf-8"))
        return [DemoStory(title, what_to_see, number) for title, what_to_see, number in kept]
    except (OSError, ValueError):
        return []
