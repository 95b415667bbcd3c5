"""The rows that earlier folds of one component made, with what they were made of.

A projection asks for the rows of a part of the component, such as an encounter, and makes them only
if the part has changed. The rows are the same without it.
"""

from collections.abc import Hashable
from typing import Any


class MadeRows:
    """Keeps the rows of the last fold and of the fold that goes on."""

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        self._before: dict[Hashable, tuple[object, Any]] = {}
        self._now: dict[Hashable, tuple[object, Any]] = {}

    def find(self, part: Hashable, made_of: object) -> Any:
        """Return the rows of a part, if they were made of something equal; else None."""
        found = self._before.get(part)
        if found is None or found[0] != made_of:
            return None
        self._now[part] = found
        return found[1]

    def keep(self, part: Hashable, made_of: object, rows: object) -> None:
        """Keep the rows of a part for the next fold."""
        self._now[part] = (made_of, rows)

    def renew(self) -> None:
        """Forget the rows that this fold did not use."""
        self._before, self._now = self._now, {}
