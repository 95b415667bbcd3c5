"""Each subject has one key, durable before its first use; a segment opens only in its place."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from threading import Thread

import psycopg
import pytest
from psycopg.rows import dict_row

from commands.ports.intake import Disposition
from commands.ports.store import StoreUnavailable
from domain.body import PlainSegment, SealedSegment
from domain.encoding import read_body
from domain.ids import EventId
from infra.data_keys import AHEAD
from infra.event_store import CareStore, open_store
from infra.master_key import MasterKeyUnusable
from infra.messages import MessageArchive
from infra.migrate import migrate
from infra.subject_keys import SegmentDoesNotOpen, SubjectKeys, intake_subject, open_keys, take_keys
from tests import servers
from tests.intake_samples import KEY, draft, received, record_of
from tests.stores import opened, record
from tests.waiting import until

pytestmark = pytest.mark.postgres


def sealed_at(store: CareStore, index: int) -> tuple[SealedSegment, ...]:
    recorded = store.one(index)
    assert recorded is not None
    return read_body(recorded.envelope.topic, recorded.body).sealed


def test_a_segment_opens_only_where_it_was_sealed(store: CareStore, keys: SubjectKeys) -> None:
    (given,) = (message := received("a")).drafts
    record(store, [message, received("b", draft("other"))])
    sealed, other = sealed_at(store, 1)[0], sealed_at(store, 2)[0]
    where = {"event_id": given.event_id, "topic": given.topic}
    assert keys.open(sealed, **where) == given.segments[0].text
    for wrong in (
        replace(sealed, subject=other.subject),
        replace(sealed, segment="demographics"),
        replace(sealed, commitment=other.commitment),
        replace(sealed, commitment="not hexadecimal"),
        replace(sealed, box=other.box),
        replace(sealed, box="not base64"),
        replace(sealed, box=""),
        replace(sealed, subject=record_of("unknown")),
    ):
        with pytest.raises(SegmentDoesNotOpen):
            keys.open(wrong, **where)
    with pytest.raises(SegmentDoesNotOpen):
        keys.open(sealed, event_id=given.event_id, topic="encounter.updated.v1")
    with pytest.raises(SegmentDoesNotOpen) as refused:
        keys.open(sealed, event_id="other", topic=given.topic)
    assert (refused.value.subject, refused.value.segment) == (sealed.subject, "identifiers")


def test_each_subject_of_a_merge_has_segments_under_its_own_key(
    store: CareStore, keys: SubjectKeys, connection: psycopg.Connection
) -> None:
    given = draft("kept", others=["retired"])
    record(store, [received("a", given)])
    connection.execute(
        "delete from keys.data_key where key_id ="
        " (select key_id from es.subject_key where subject = %s)",
        (record_of("retired"),),
    )
    keys._remembered.clear()
    opens = []
    for each in sealed_at(store, 1):
        try:
            keys.open(each, event_id=given.event_id, topic=given.topic)
        except SegmentDoesNotOpen:
            opens.append((each.subject, False))
        else:
            opens.append((each.subject, True))
    assert opens == [
        (record_of("kept"), True),
        (record_of("kept"), True),
        (record_of("retired"), False),
        (record_of("retired"), False),
    ]


@pytest.mark.parametrize("destroyed", ["kept", "retired"])
def test_the_bytes_of_a_message_about_two_people_open_only_with_both_keys(
    database: str,
    store_and_keys: tuple[CareStore, SubjectKeys],
    connection: psycopg.Connection,
    destroyed: str,
) -> None:
    store, keys = store_and_keys
    message = received("a", draft("kept", others=["retired"]))
    record(store, [message])
    with MessageArchive(database, keys) as archive:
        assert archive.raw(message.message_id) == message.raw
        connection.execute(
            "delete from keys.data_key where key_id ="
            " (select key_id from es.subject_key where subject = %s)",
            (record_of(destroyed),),
        )
        keys._remembered.clear()
        with pytest.raises(SegmentDoesNotOpen):
            archive.raw(message.message_id)


def test_the_bytes_of_a_message_about_no_patient_open_with_the_key_of_the_month(
    database: str, store_and_keys: tuple[CareStore, SubjectKeys], connection: psycopg.Connection
) -> None:
    store, keys = store_and_keys
    message = received("a", disposition=Disposition.UNREADABLE)
    record(store, [message])
    with MessageArchive(database, keys) as archive:
        assert archive.raw(message.message_id) == message.raw
    found = connection.execute("select sealed_for::text[], received_at from intake.message")
    ((sealed_for, received_at),) = found
    assert sealed_for == [intake_subject(received_at)]
    march, april = datetime(2026, 3, 31, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    assert intake_subject(march) != intake_subject(april)


def assert_all_open(store: CareStore, *keys: SubjectKeys) -> None:
    for event in store.read(0):
        for each in read_body(event.envelope.topic, event.body).sealed:
            for reader in keys:
                reader.open(each, event_id=event.envelope.event_id, topic=event.envelope.topic)


def test_a_writer_that_proposed_a_second_key_for_a_subject_seals_again_with_the_first(
    database: str,
    tmp_path: Path,
    store_and_keys: tuple[CareStore, SubjectKeys],
    connection: psycopg.Connection,
) -> None:
    store, keys = store_and_keys
    with opened(database, tmp_path) as (other_store, other_keys):
        first, second = received("a", draft("new")), received("b", draft("new"), draft("own"))
        ahead = other_store.prepare(second)
        assert [each.first_index for each in record(store, [first])] == [1]
        (outcome,) = other_store.record([ahead])
        assert (outcome.first_index, outcome.last_index) == (2, 3)
        assert_all_open(store, keys, other_keys)
    subjects = connection.execute("select count(*) from es.subject_key").fetchone()
    assert subjects == (2,)


def test_a_writer_waits_while_another_gives_a_subject_its_key(
    database: str,
    tmp_path: Path,
    store_and_keys: tuple[CareStore, SubjectKeys],
    connection: psycopg.Connection,
) -> None:
    store, keys = store_and_keys
    subject = record_of("new")
    with opened(database, tmp_path) as (other_store, other_keys):
        done = list[str]()

        def second() -> None:
            record(other_store, [received("b", draft("new"))])
            done.append("second")

        def a_writer_waits_for_a_lock() -> bool:
            found = connection.execute(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock'"
            )
            return found.fetchone() == (1,)

        writer = Thread(target=second)
        ours = keys.for_sealing({subject})
        sealed = ours.seal(
            PlainSegment(subject=subject, segment="notes", text=b"first"), event_id="e", topic="t"
        )
        with psycopg.connect(database, row_factory=dict_row) as first, first.cursor() as cursor:
            assert take_keys(cursor, ours.proposed()) == {}
            writer.start()
            until(a_writer_waits_for_a_lock, "the second writer")
            assert done == []
        writer.join(10)
        assert done == ["second"]
        assert other_keys.open(sealed, event_id="e", topic="t") == b"first"
        assert_all_open(store, keys, other_keys)


def test_a_key_that_is_only_proposed_is_not_used_to_open_segments(
    database: str, tmp_path: Path, store_and_keys: tuple[CareStore, SubjectKeys]
) -> None:
    store, keys = store_and_keys
    with opened(database, tmp_path) as (other_store, _):
        ours = keys.for_sealing({record_of("new")})
        record(other_store, [received("a", draft("new"))])
        assert_all_open(store, keys)
        assert ours.proposed()


def test_a_subject_whose_transaction_failed_gets_no_key(
    store: CareStore, connection: psycopg.Connection
) -> None:
    wrong = received("a", draft("x"), control_id="\x00")
    for _ in range(3):
        with pytest.raises(Exception, match="value_not_storable"):
            record(store, [wrong])
    record(store, [received("b", draft("y"))])
    taken = connection.execute("select subject::text, key_id <= %s from es.subject_key", (AHEAD,))
    assert taken.fetchall() == [(record_of("y"), True)]
    assert connection.execute("select count(*) from keys.data_key").fetchone() == (AHEAD,)


def test_unused_keys_are_given_back_for_the_next_process(
    database: str, tmp_path: Path, connection: psycopg.Connection
) -> None:
    for name in ("a", "b", "c"):
        with opened(database, tmp_path) as (store, _):
            record(store, [received(name, draft(name))])
    counts = connection.execute(
        "select (select count(*) from keys.data_key), (select count(*) from keys.spare)"
    ).fetchone()
    assert counts == (AHEAD, AHEAD - 3)


def test_only_so_many_keys_stay_in_memory_and_every_segment_opens(
    store: CareStore, keys: SubjectKeys
) -> None:
    record(store, [received(str(i), draft(str(i))) for i in range(40)])
    few = SubjectKeys(keys._store, keys._data_keys, remember=8)
    few.warm(record_of(str(i)) for i in range(40))
    assert len(few._remembered) == 8
    for event in store.read(0):
        for each in read_body(event.envelope.topic, event.body).sealed:
            assert few.open(
                each, event_id=EventId(event.envelope.event_id), topic=event.envelope.topic
            )
    assert len(few._remembered) == 8


def test_a_proposed_key_stays_in_memory_while_a_message_waits_to_be_recorded(
    keys: SubjectKeys,
) -> None:
    few = SubjectKeys(keys._store, keys._data_keys, remember=8)
    first = few.for_sealing({record_of("first")})
    for i in range(40):
        few.for_sealing({record_of(str(i))})
    assert list(few._proposed) == [record_of("first")]
    assert few.for_sealing({record_of("first")}).proposed() == first.proposed()
    few.confirm(first.proposed())
    assert not first.proposed()
    assert few.for_sealing({record_of("first")}).by_subject == first.by_subject


def test_an_archive_that_is_sent_again_takes_no_keys(
    database: str, tmp_path: Path, store: CareStore
) -> None:
    numbers = [str(i) for i in range(300)]
    record(store, [received(each, draft(each)) for each in numbers])
    with opened(database, tmp_path) as (other_store, other_keys):
        unused: set[int] = set()
        for at in range(0, 300, 20):
            again = record(
                other_store, [received(each, draft(each)) for each in numbers[at : at + 20]]
            )
            assert {each.disposition for each in again} == {Disposition.DUPLICATE}
            assert not other_keys._proposed
            unused.add(len(other_keys._spare))
    assert len(unused) == 1  # every proposed key came back


def test_the_duplicate_of_a_message_whose_key_was_destroyed_is_counted_and_takes_no_key(
    database: str, tmp_path: Path, store: CareStore, connection: psycopg.Connection
) -> None:
    record(store, [received("a")])
    connection.execute(
        "delete from keys.data_key where key_id in (select key_id from es.subject_key)"
    )
    with opened(database, tmp_path) as (other_store, other_keys):
        (again,) = record(other_store, [received("a")])
        assert again.disposition is Disposition.DUPLICATE
        assert not other_keys._proposed


def test_writers_that_adopt_a_key_together_give_back_each_proposed_key_once(
    store_and_keys: tuple[CareStore, SubjectKeys], database: str, tmp_path: Path
) -> None:
    store, _ = store_and_keys
    names = [str(i) for i in range(40)]
    record(store, [received(each, draft(each)) for each in names])
    with opened(database, tmp_path) as (_, keys):
        subjects = {record_of(each) for each in names}
        ours = keys.for_sealing(subjects)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: keys.warm(subjects), range(16)))
        spare = [key_id for key_id, _ in keys._spare]
        assert sorted(set(spare)) == sorted(spare)
        assert set(ours.proposed().values()) <= set(spare)


def test_a_caller_that_may_not_wait_gets_only_keys_in_memory(keys: SubjectKeys) -> None:
    with pytest.raises(StoreUnavailable):
        keys.for_sealing({record_of("new")}, may_wait=False)
    keys.for_sealing({record_of("other")})
    assert keys.for_sealing({record_of("new")}, may_wait=False).proposed()


def test_the_keys_of_a_database_open_only_with_its_own_master_key(
    database: str, tmp_path: Path, store_and_keys: tuple[CareStore, SubjectKeys]
) -> None:
    store, _ = store_and_keys
    record(store, [received("a")])
    empty = tmp_path / "other" / "master.key"
    with pytest.raises(MasterKeyUnusable), open_keys(database, master_key_file=empty):
        pass
    assert not empty.exists()  # a new master key could open none of the existing keys
    empty.parent.mkdir()
    empty.write_bytes((tmp_path / "master.key").read_bytes()[:-6] + b"AAAA=\n")
    empty.chmod(0o600)
    with pytest.raises(MasterKeyUnusable), open_keys(database, master_key_file=empty):
        pass


def test_keys_may_be_kept_in_another_database(
    server: str, database: str, tmp_path: Path, connection: psycopg.Connection
) -> None:
    name = f"keys_{token_hex(6)}"
    keys_url = servers.create_database(server, name)
    migrate(keys_url)
    path = tmp_path / "master.key"
    with (
        open_keys(database, master_key_file=path, keys_url=keys_url) as keys,
        open_store(database, id_key=KEY, keys=keys) as store,
    ):
        record(store, [received("a")])
    with (
        open_keys(database, master_key_file=path, keys_url=keys_url) as keys,
        open_store(database, id_key=KEY, keys=keys) as store,
    ):
        (event,) = store.read(0)
        for each in read_body(event.envelope.topic, event.body).sealed:
            assert keys.open(each, event_id=event.envelope.event_id, topic=event.envelope.topic)
    assert connection.execute("select count(*) from keys.data_key").fetchone() == (0,)
    servers.drop_database(server, name)


def test_segments_open_while_other_threads_record(store: CareStore, keys: SubjectKeys) -> None:
    record(store, [received(str(i), draft(str(i))) for i in range(20)])
    events = store.read(0)

    def read(_: int) -> int:
        few = SubjectKeys(keys._store, keys._data_keys, remember=4)
        return sum(
            len(few.open(each, event_id=event.envelope.event_id, topic=event.envelope.topic))
            for event in events
            for each in read_body(event.envelope.topic, event.body).sealed
        )

    def write(i: int) -> int:
        return len(record(store, [received(f"{i}-{j}", draft(f"{j}")) for j in range(20)]))

    with ThreadPoolExecutor(4) as threads:
        reading = threads.map(read, range(3))
        assert list(threads.map(write, range(3))) == [20] * 3
        assert len(set(reading)) == 1
