"""Read one event that was just recorded, so that a page can confirm it."""

from dataclasses import dataclass

from caretrail.reading.activities import ActivityEntry, stream_entries, stream_facts
from caretrail.reading.patient_index import Database
from domain.events import OwnEvent
from projections.engine.own_events import own_of_stream, stream_at


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWithEntry:
    """An own event with its entry."""

    event: OwnEvent
    entry: ActivityEntry


def read_recorded(connection: Database, index: int) -> EventWithEntry | None:
    """Return the own event at an index; None: the read models hold none there."""
    stream = stream_at(connection, index)
    if stream is None:
        return None
    rows = own_of_stream(connection, stream)
    facts = {each.event_id: each.event for each in stream_facts(rows)}
    for entry in stream_entries(rows, stream, {}):
        if entry.index == index:
            return EventWithEntry(event=facts[entry.event_id], entry=entry)
    return None
