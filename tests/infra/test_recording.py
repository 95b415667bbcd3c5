"""Messages and their events commit together, once for each key."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from commands.ports import CannotStore, Disposition, Outcome, StoreUnavailable
from domain.body import Plain
from domain.events import partition_of, read_body
from infra.clock import new_id
from infra.event_store import CareStore
from infra.keys import Keys
from tests.intake_samples import EIGHT, FAMILY, draft, received, record_of, statement
from tests.stores import opened

pytestmark = pytest.mark.postgres


@pytest.fixture
def both(database: str, tmp_path: Path) -> Iterator[tuple[CareStore, Keys]]:
    with opened(database, tmp_path) as store_and_keys:
        yield store_and_keys


@pytest.fixture
def store(both: tuple[CareStore, Keys]) -> CareStore:
    return both[0]


@pytest.fixture
def keys(both: tuple[CareStore, Keys]) -> Keys:
    return both[1]


def test_a_message_is_recorded_with_its_event_and_reads_back(store: CareStore, keys: Keys) -> None:
    message = received("m1")
    (outcome,) = store.record([message])
    assert outcome == Outcome(
        disposition=Disposition.RECORDED,
        first=Disposition.RECORDED,
        message_id=message.message_id,
        first_index=1,
        last_index=1,
    )
    (recorded,) = store.read(0)
    envelope, given = recorded.envelope, message.drafts[0]
    assert (envelope.index, envelope.version, envelope.previous) == (1, 1, 0)
    assert (envelope.stream, envelope.subjects) == (record_of("MRN9081726354"), given.subjects)
    assert (envelope.event_id, envelope.topic) == (given.event_id, given.topic)
    assert (envelope.happened_at, envelope.message_id) == (EIGHT, message.message_id)
    assert (envelope.actor, envelope.incarnation) == (message.actor, store.incarnation)
    body = read_body(recorded.body)
    assert body.core == given.core
    opened_again = [
        keys.open(each, event_id=envelope.event_id, topic=envelope.topic) for each in body.sealed
    ]
    assert opened_again == [each.text for each in given.segments]


def test_a_statement_takes_the_next_version_whatever_that_is(store: CareStore) -> None:
    store.record([received("m1", draft("a")), received("m2", draft("b"), draft("a"))])
    store.record([received("m3", draft("a"))])
    versions = [(each.envelope.stream, each.envelope.version) for each in store.read(0)]
    a, b = record_of("a"), record_of("b")
    assert versions == [(a, 1), (b, 1), (a, 2), (a, 3)]


def test_writers_at_the_same_time_leave_no_gap_and_break_no_chain(store: CareStore) -> None:
    batches = [
        [received(f"{writer}-{i}", draft(str(i)), draft(f"{writer}")) for i in range(10)]
        for writer in range(8)
    ]
    with ThreadPoolExecutor(len(batches)) as writers:
        outcomes = list(writers.map(store.record, batches))
    assert all(each.disposition is Disposition.RECORDED for batch in outcomes for each in batch)
    events = [each.envelope for each in store.read(0)]
    assert [each.index for each in events] == list(range(1, 161))
    assert sorted(each.recorded_at for each in events) == [each.recorded_at for each in events]
    last = dict[int, int]()
    versions = dict[str, int]()
    for each in events:
        assert each.partition == partition_of(each.stream)
        assert each.previous == last.get(each.partition, 0)
        assert each.version == versions.get(each.stream, 0) + 1
        last[each.partition], versions[each.stream] = each.index, each.version
    assert store.last_ids() == last
