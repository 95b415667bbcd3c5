"""What folding needs from the application: opening segments, tokens, interpretation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from domain.body import Sealed
from domain.continuity import Patient
from domain.ids import RecordId
from domain.statement import Statement


class Opener(Protocol):
    """Opens a sealed segment; whatever it raises means that the segment does not open."""

    def __call__(self, sealed: Sealed, event_id: str, topic: str, /) -> bytes:
        """Return the text within."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the application hands to the fold.

    ``token`` is a keyed hash (HMAC) of normalised text: names are found over it, and never stand
    in a read model. It is called only where the segment was opened. ``interpret`` takes all
    statements of one link component, in any order. ``warm`` is told whose segments may be opened
    soon, so that their keys are fetched at once.
    """

    open_segment: Opener
    token: Callable[[str], str]
    interpret: Callable[[Iterable[Statement]], tuple[Patient, ...]]
    warm: Callable[[Iterable[RecordId]], None] = lambda _records: None
