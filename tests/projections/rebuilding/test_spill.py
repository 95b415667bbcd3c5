"""Events that are put aside come back, from memory and from files."""

from unittest.mock import patch

import pytest

from projections.engine.events import LoggedEvent, logged
from projections.rebuilding import spill
from projections.rebuilding.spill import Spill
from tests.projections.samples import STORY, Log, record


def _index(one: LoggedEvent) -> int:
    return one.index


@pytest.mark.parametrize("held", [0, 1 << 20])
def test_events_put_aside_come_back_by_stream_from_memory_and_from_the_file(held: int) -> None:
    log = Log()
    log.record(*STORY)
    events = [logged(recorded) for recorded in log.events]
    with patch.object(spill, "_HELD", held), Spill() as aside:
        for one in events:
            aside.add(one)
        buckets = dict(aside.buckets())
        assert any(bucket.pieces for bucket in buckets.values()) == (held == 0)
        back = {number: bucket.events([aside.place]) for number, bucket in buckets.items()}
    assert back[spill.bucket_of(record("4"))] == [events[6]]
    assert sorted((one for some in back.values() for one in some), key=_index) == events


def test_events_that_one_spill_hands_over_are_in_the_other() -> None:
    log = Log()
    log.record(*STORY)
    events = [logged(recorded) for recorded in log.events]
    with Spill() as mine, Spill(number=1) as other:
        mine.add(events[0])
        other.add(events[1])
        mine.take(other.hand_over())
        other.add(events[2])
        mine.take(other.hand_over())
        assert (len(mine), len(other)) == (3, 0)
        assert list(other.buckets()) == []
        back = [bucket.events([mine.place, other.place]) for _, bucket in mine.buckets()]
    assert sorted((one for some in back for one in some), key=_index) == events[:3]
