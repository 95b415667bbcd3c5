"""What is sealed in one own stream, opened for people who may see it.

A reader of a role that sees only core opens nothing: all contents are then empty.
"""

from collections.abc import Mapping

from caretrail.reading.medication_contents import medication_items
from caretrail.reading.members import Json
from caretrail.reading.past_courses import NOW, TwoClocks, streams_then
from caretrail.reading.plan_comparisons import ComparedRevisions, plan_comparison
from caretrail.reading.plan_contents import PartContents
from caretrail.reading.reader import Reader
from domain.care_plan import KIND as CARE_PLAN
from domain.catalogue import own_event
from domain.ids import StreamId
from domain.medication_list import KIND as MEDICATION_LIST
from projections.engine.own_events import own_of_stream, streams_of


def opened_contents(reader: Reader, kind: str, stream: StreamId, clocks: TwoClocks = NOW) -> Json:
    """Return the members that hold what is sealed in a stream; none if the kind has none.

    Args:
        reader: The reader; it opens what its role may see.
        kind: The kind of the stream, such as ``care_plan``.
        stream: The stream.
        clocks: The instants of the answer.
    """
    if kind == CARE_PLAN.name:
        found = reader.plan_contents(stream, as_of=clocks.as_of, known=clocks.known)
        return {"contents": contents_json(found)}
    if kind == MEDICATION_LIST.name:
        return {"items": _items_json(reader, stream, clocks)}
    return {}


def opened_comparison(
    reader: Reader, both: ComparedRevisions, stream: StreamId, clocks: TwoClocks = NOW
) -> Json:
    """Return what differs between two revisions, with what their parts said just after each.

    The arguments are those of ``opened_contents``.
    """
    shown = plan_comparison(both, stream)
    for side, revision in (("earlier", both.earlier), ("later", both.later)):
        found = reader.plan_contents(
            stream, as_of=clocks.as_of, known=clocks.known, revision=revision.number
        )
        kept = {part: one for part, one in found.items() if part in revision.parts.all()}
        shown[side]["contents"] = contents_json(kept)
    return shown


def contents_json(contents: Mapping[str, PartContents]) -> list[Json]:
    """Return what the parts of a plan say. A member is null if it is not stated or not readable."""
    return [
        {
            "part_id": part,
            "text": one.text or None,
            "clinical": dict(one.clinical) or None,
            "progress": dict(one.progress) or None,
        }
        for part, one in sorted(contents.items())
        if one.text or one.clinical or one.progress
    ]


def _items_json(reader: Reader, stream: StreamId, clocks: TwoClocks) -> list[Json]:
    with reader.connection() as connection:
        rows = [
            each for each in own_of_stream(connection, stream) if clocks.know(each.source_position)
        ]
    events = streams_then(streams_of(rows, own_event), clocks.as_of).get(stream, ())
    return [
        {
            "item": item,
            **{
                name: stated.get(name)
                for name in ("name", "code", "dose", "route", "frequency", "purpose")
            },
        }
        for item, stated in medication_items(events, reader.opening).items()
    ]
