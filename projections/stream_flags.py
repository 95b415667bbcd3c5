"""The flags of an own stream: its events that do not count, and why."""

from collections.abc import Iterable
from typing import TypeVar

from domain.decider import FoldedStream, StreamEvent
from domain.events import OwnEvent, ReportedEvent

State = TypeVar("State")
Event = TypeVar("Event", bound=OwnEvent)


def flags_of_stream(
    folded: FoldedStream[State, Event], history: Iterable[StreamEvent[Event]]
) -> list[str]:
    """Return the flags, in the order of their codes.

    Args:
        folded: The stream.
        history: Its events.
    """
    told = {each.event_id for each in history if isinstance(each.event, ReportedEvent)}
    flags = (
        ("contradicted_by_report", folded.not_legal - told),
        ("has_void_events", folded.void),
        ("reported_not_legal", folded.not_legal & told),
        ("rests_on_void", folded.rests_on_void),
    )
    return [code for code, found in flags if found]
