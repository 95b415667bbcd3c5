"""Reading the log: the same events by every way."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest

from domain.ids import EventId
from domain.partitions import PARTITIONS
from infra import event_log
from infra.event_store import CareStore
from projections.engine.events import logged
from tests.intake_samples import draft, received
from tests.stores import opened, record

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[CareStore]:
    with opened(database, tmp_path) as (store, _):
        yield store


def test_an_empty_log_answers(store: CareStore) -> None:
    assert store.max_index() == 0
    assert store.read(0) == []
    assert list(store.drain(0, 10)) == []
    assert store.one(1) is None
    assert store.by_event_id(EventId("no id")) is None
    assert store.last_ids() == {}
    assert store.recorded_at_of(1) is None


def test_every_way_of_reading_gives_the_same_events(store: CareStore) -> None:
    others = {"happened_at": None, "facility": 'the "new", {odd} \\ one'}
    batch = [received(f"m{i}", draft(str(i % 5), others=["x"], **others)) for i in range(30)]
    record(store, batch)
    events = store.read(0)
    assert [each.envelope.index for each in events] == list(range(1, 31))
    assert {each.envelope.facility for each in events} == {others["facility"]}
    assert store.read(10, 5) == events[10:15]
    assert store.read(10, 5, upto=12) == events[10:12]
    with patch.object(event_log, "CHUNK", 7):
        assert list(store.drain(0, 30)) == events
        assert list(store.drain(3, 17)) == events[3:17]
        lean = [logged(each) for each in events[3:17]]
        assert list(store.drain_for_rebuild(3, 17, bodies=True)) == lean
        for one in lean:
            one.message_id, one.subjects, one.body, one.version = None, (), b"", 0
        assert list(store.drain_for_rebuild(3, 17, bodies=False)) == lean
    assert [store.one(each.envelope.index) for each in events] == events
    assert [store.by_event_id(each.envelope.event_id) for each in events] == events
    for partition in range(PARTITIONS):
        own = [each for each in events if each.envelope.partition == partition]
        assert store.read_partition(partition, 0, 30) == own
        if own:
            assert store.last_ids()[partition] == own[-1].envelope.index
            first, last = own[0].envelope.index, own[-1].envelope.index
            assert store.read_partition(partition, first, last) == own[1:]
            assert store.read_partition(partition, 0, last - 1) == own[:-1]


def test_a_drain_may_be_given_up(store: CareStore) -> None:
    record(store, [received(f"m{i}") for i in range(20)])
    for _ in range(6):  # more than there are connections
        drained = store.drain(0, 20)
        assert next(drained).envelope.index == 1
        drained.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(store.read(0)) == 20


def test_an_instant_resolves_to_the_last_index_recorded_by_then(store: CareStore) -> None:
    for i in range(9):
        record(store, [received(f"m{i}-{j}") for j in range(i % 3 + 1)])
    first, last = store.recorded_at_of(1), store.recorded_at_of(store.max_index())
    assert first is not None
    assert last is not None
    assert store.index_at(first - timedelta(microseconds=1)) == 0
    assert store.index_at(last + timedelta(days=1)) == store.max_index()
    for event in store.read(0):
        at = event.envelope.recorded_at
        assert store.index_at(at) == max(
            each.envelope.index for each in store.read(0) if each.envelope.recorded_at <= at
        )


def test_an_append_is_announced(store: CareStore, connection: psycopg.Connection) -> None:
    connection.execute("listen es_event")
    record(store, [received("a"), received("b")])
    assert [each.payload for each in connection.notifies(timeout=60, stop_after=1)] == ["2"]
