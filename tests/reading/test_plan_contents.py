"""What the parts of a care plan say, from the sealed segments of its events."""

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any

from caretrail.reading.opening import SegmentOpener
from caretrail.reading.plan_contents import PartContents, part_contents
from domain.body import Actor, SealedSegment, SegmentClass
from domain.care_plan.events import CarePlanEvent
from domain.care_plan.parts import GoalChange
from domain.segments import SegmentDoesNotOpen
from projections.engine.events import FiledOwnEvent
from tests.domain.care_plan.plans import (
    ACTIVATED,
    DRAFTED,
    RECORD,
    activity,
    concern,
    goal,
    progressed,
    revised,
)
from tests.domain.scenario import NOW, event_id
from tests.projections.samples import open_segment

CHANGED = revised(
    1, goals_changed=(GoalChange(goal_id="g1", sealed=("words",)),),
    goals_added=(goal("g2").goal,),
)  # fmt: skip
STORY: tuple[tuple[CarePlanEvent, dict[str, str], dict[str, Any]], ...] = (
    (DRAFTED, {"note": "Begun."}, {}),
    (concern("c1"), {"part": "Swollen legs"}, {"part": {"code": "R60.0"}}),
    (goal("g1"), {"part": "To walk"}, {"part": {"measure": "walk", "value": "200", "unit": "m"}}),
    (activity("a1"), {"part": "Call on Monday"}, {}),
    (ACTIVATED, {}, {}),
    (progressed("g1", "improving", -9), {}, {"progress": {"value": "150", "unit": "m"}}),
    (CHANGED, {"goals_changed.0": "To walk to church", "goals_added.0": "To sleep"}, {}),
)


def sealed(segment: SegmentClass, content: object) -> SealedSegment:
    text = json.dumps(content).encode()
    return SealedSegment(
        subject=RECORD, segment=segment, commitment=sha256(text).hexdigest(),
        box=b64encode(b"seal:" + text).decode(),
    )  # fmt: skip


def filed() -> list[FiledOwnEvent]:
    found = []
    for number, (event, texts, clinical) in enumerate(STORY, 1):
        segments = [sealed("notes", {"texts": texts})] if texts else []
        segments += [sealed("clinical", clinical)] if clinical else []
        found.append(
            FiledOwnEvent(
                index=number, event_id=event_id(number), topic=event.TOPIC, stream="s",
                version=number, records=(RECORD,), recorded_at=NOW,
                happened_at=event.happened_at.at, actor=Actor(), core=event,
                segments=json.dumps(
                    [
                        {name: getattr(each, name) for name in SealedSegment.__slots__}
                        for each in segments
                    ]
                ),
            )
        )  # fmt: skip
    return found


TARGET = {"measure": "walk", "value": "200", "unit": "m"}


def test_each_part_says_what_was_stated_last() -> None:
    assert part_contents(filed(), SegmentOpener(open_segment)) == {
        "c1": PartContents("Swollen legs", {"code": "R60.0"}),
        "g1": PartContents("To walk to church", TARGET, {"value": "150", "unit": "m"}),
        "g2": PartContents("To sleep"),
        "a1": PartContents("Call on Monday"),
    }


def test_an_earlier_revision_says_what_was_stated_then() -> None:
    then = part_contents(filed(), SegmentOpener(open_segment), upto=0)
    assert then["g1"] == PartContents("To walk", TARGET)
    assert set(then) == {"c1", "g1", "a1"}


def test_a_content_whose_key_is_gone_is_left_out() -> None:
    def gone(segment: SealedSegment, event: str, topic: str) -> bytes:
        del topic
        raise SegmentDoesNotOpen(event_id=event, subject=segment.subject, segment=segment.segment)

    contents = part_contents(filed(), SegmentOpener(gone))
    assert all(each == PartContents() for each in contents.values())
