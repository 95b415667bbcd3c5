"""Combine the streams of one person, for kinds with one stream per source record."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import StreamId

Event = TypeVar("Event", bound=OwnEvent)


def combined(
    streams: Mapping[StreamId, Sequence[StreamEvent[Event]]],
) -> list[StreamEvent[Event]]:
    """Return the events of several streams as those of one.

    After a merge, a person has a stream for each of the source records. Their events are folded
    together. Events of the same time are in the order of their stream ids, then of their versions.
    The versions that the result states are places in it.
    """
    ordered = [
        each
        for stream in sorted(streams)
        for each in sorted(streams[stream], key=lambda one: one.version)
    ]
    return [StreamEvent(each.event_id, place, each.event) for place, each in enumerate(ordered, 1)]
