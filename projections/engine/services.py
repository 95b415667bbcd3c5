"""The services of the application that the fold needs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from domain.body import SealedSegment
from domain.continuity import Patient
from domain.ids import RecordId
from domain.interpretation import KnownVisits
from domain.statement import Statement
from projections.engine.component_memory import ComponentMemory
from projections.engine.large import LargeComponents


class Opener(Protocol):
    """Opens sealed segments."""

    def __call__(self, sealed: SealedSegment, event_id: str, topic: str, /) -> bytes:
        """Return the text in a segment.

        Raises:
            Exception: The segment does not open.
        """
        ...


class Interpretation(Protocol):
    """Interprets statements: see ``domain.interpretation.interpret``."""

    def __call__(
        self, statements: Iterable[Statement], known: KnownVisits | None = None, /
    ) -> tuple[Patient, ...]:
        """Return the patients that the statements add up to."""
        ...


def _no_stream_known(_topic: str, _core: str) -> object | None:
    return None


def _warm_nothing(_records: Iterable[RecordId]) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that the application hands to the fold.

    ``token`` is a keyed hash (HMAC) of normalised text. Names are found over tokens, and no read
    model holds a name in clear. It is called only where the segment was opened.

    ``interpret`` takes all statements of one link component, in any order.

    ``read_own`` takes the topic and the core of an own event and returns the event. It returns None
    if this release does not know this kind of stream, and raises ValueError if the kind is known
    and the event cannot be read.

    ``protocol_stream`` is the stream that holds the published protocols: see ``protocols``.

    ``warm`` is told the records whose segments may be opened soon, so that their keys are fetched
    in one query.

    ``memory`` is given to a process that folds for a long time: see ``component_memory``. ``large``
    is given if large components are folded afterwards: see ``large``.
    """

    open_segment: Opener
    token: Callable[[str], str]
    interpret: Interpretation
    read_own: Callable[[str, str], object | None] = _no_stream_known
    protocol_stream: str = ""
    warm: Callable[[Iterable[RecordId]], None] = _warm_nothing
    memory: ComponentMemory | None = None
    large: LargeComponents | None = None
