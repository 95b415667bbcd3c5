"""The own streams of a list, each as the timeline of its patient shows it."""

from collections.abc import Sequence

from caretrail.reading.activities import stream_members
from caretrail.reading.members import Json
from caretrail.reading.past_courses import courses_at
from caretrail.reading.past_rows import PastRows, components_of
from domain.catalogue import own_event
from projections.stream_index import IndexedStream


def streams_json(then: PastRows, kind: str, found: Sequence[IndexedStream]) -> list[Json]:
    """Return how far streams of one kind are, in the order of ``found``.

    Args:
        then: The instants of the answer.
        kind: The kind of the streams.
        found: The streams. One that was set aside meanwhile is left out.
    """
    components = components_of(then.connection, (each.record_id for each in found))
    members = {
        each["stream_id"]: each
        for course in courses_at(then.connection, components, then.clocks, own_event)
        for each in stream_members(course, kind)
    }
    return [members[each.stream_id] for each in found if each.stream_id in members]
