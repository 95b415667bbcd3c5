"""Keys of subjects: durable before they are used, one for ever, and nothing opens elsewhere."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread

import psycopg
import pytest
from psycopg.rows import dict_row

from commands.ports.intake import Disposition
from commands.ports.store import StoreUnavailable
from domain.body import Plain, Sealed
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

pytestmark = pytest.mark.postgres


@pytest.fixture
def both(database: str, tmp_path: Path) -> Iterator[tuple[CareStore, SubjectKeys]]:
    with opened(database, tmp_path) as store_and_keys:
        yield store_and_keys


@pytest.fixture
def store(both: tuple[CareStore, SubjectKeys]) -> CareStore:
    return both[0]


@pytest.fixture
def keys(both: tuple[CareStore, SubjectKeys]) -> SubjectKeys:
    return both[1]


def sealed_at(store: CareStore, index: int) -> tuple[Sealed, ...]:
    recorded = store.one(index)
    assert recorded is not None
    return read_body(recorded.body).sealed


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
        replace(sealed, subject=record_of("nobody")),
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
def test_bytes_that_name_two_people_open_with_both_keys_only(
    database: str,
    both: tuple[CareStore, SubjectKeys],
    connection: psycopg.Connection,
    destroyed: str,
) -> None:
    store, keys = both
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


def test_bytes_that_name_nobody_open_with_the_key_of_the_month(
    database: str, both: tuple[CareStore, SubjectKeys], connection: psycopg.Connection
) -> None:
    store, keys = both
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
        for each in read_body(event.body).sealed:
            for reader in keys:
                reader.open(each, event_id=event.envelope.event_id, topic=event.envelope.topic)


def test_who_proposed_another_key_for_a_new_subject_seals_again_with_the_one_that_stands(
    database: str,
    tmp_path: Path,
    both: tuple[CareStore, SubjectKeys],
    connection: psycopg.Connection,
) -> None:
    store, keys = both
    with opened(database, tmp_path) as (other_store, other_keys):
        first, second = received("a", draft("new")), received("b", draft("new"), draft("own"))
        ahead = other_store.prepare(second)
        assert [each.first_index for each in record(store, [first])] == [1]
        (outcome,) = other_store.record([ahead])
        assert (outcome.first_index, outcome.last_index) == (2, 3)
        assert_all_open(store, keys, other_keys)
    subjects = connection.execute("select count(*) from es.subject_key").fetchone()
    assert subjects == (2,)


def test_a_writer_waits_for_another_that_gives_a_subject_its_key(
    database: str, tmp_path: Path, both: tuple[CareStore, SubjectKeys]
) -> None:
    store, keys = both
    subject = record_of("new")
    with opened(database, tmp_path) as (other_store, other_keys):
        begun, done = Event(), list[str]()

        def second() -> None:
            begun.set()
            record(other_store, [received("b", draft("new"))])
            done.append("second")

        writer = Thread(target=second)
        ours = keys.for_sealing({subject})
        sealed = ours.seal(
            Plain(subject=subject, segment="notes", text=b"first"), event_id="e", topic="t"
        )
        with psycopg.connect(database, row_factory=dict_row) as first, first.cursor() as cursor:
            assert take_keys(cursor, ours.proposed()) == {}
            writer.start()
            assert begun.wait(10)
            time.sleep(0.2)
            assert done == []  # the second waits for the key
        writer.join(10)
        assert done == ["second"]
        assert other_keys.open(sealed, event_id="e", topic="t") == b"first"
        assert_all_open(store, keys, other_keys)


def test_a_key_that_is_only_proposed_opens_nothing(
    database: str, tmp_path: Path, both: tuple[CareStore, SubjectKeys]
) -> None:
    store, keys = both
    with opened(database, tmp_path) as (other_store, _):
        keys.for_sealing({record_of("new")})
        record(other_store, [received("a", draft("new"))])
        assert_all_open(store, keys)


def test_a_subject_whose_transaction_failed_takes_no_key(
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


def test_keys_not_used_are_there_for_the_next_process(
    database: str, tmp_path: Path, connection: psycopg.Connection
) -> None:
    for name in ("a", "b", "c"):
        with opened(database, tmp_path) as (store, _):
            record(store, [received(name, draft(name))])
    counts = connection.execute(
        "select (select count(*) from keys.data_key), (select count(*) from keys.spare)"
    ).fetchone()
    assert counts == (AHEAD, AHEAD - 3)


def test_no_more_keys_are_remembered_than_said_and_all_of_them_open(
    store: CareStore, keys: SubjectKeys
) -> None:
    record(store, [received(str(i), draft(str(i))) for i in range(40)])
    few = SubjectKeys(keys._store, keys._data_keys, remember=8)
    few.warm(record_of(str(i)) for i in range(40))
    assert len(few._remembered) == 8
    for event in store.read(0):
        for each in read_body(event.body).sealed:
            assert few.open(
                each, event_id=EventId(event.envelope.event_id), topic=event.envelope.topic
            )
    assert len(few._remembered) == 8


def test_what_is_proposed_for_a_subject_stays_so_however_many_others_come(
    keys: SubjectKeys,
) -> None:
    few = SubjectKeys(keys._store, keys._data_keys, remember=8)
    proposed = few.for_sealing({record_of("first")}).proposed()
    few.for_sealing({record_of(str(i)) for i in range(40)})
    assert few.for_sealing({record_of("first")}).proposed() == proposed
    few.confirm(proposed)
    few.for_sealing({record_of(f"more {i}") for i in range(40)})
    assert record_of("first") not in few._remembered


def test_without_patience_only_keys_at_hand_are_proposed(keys: SubjectKeys) -> None:
    with pytest.raises(StoreUnavailable):
        keys.for_sealing({record_of("new")}, may_wait=False)
    keys.for_sealing({record_of("other")})
    assert keys.for_sealing({record_of("new")}, may_wait=False).proposed()


def test_the_keys_of_a_database_open_with_its_own_master_key_only(
    database: str, tmp_path: Path, both: tuple[CareStore, SubjectKeys]
) -> None:
    store, _ = both
    record(store, [received("a")])
    empty = tmp_path / "other" / "master.key"
    with pytest.raises(MasterKeyUnusable), open_keys(database, master_key_file=empty):
        pass
    assert not empty.exists()  # a new key would open nothing that is there
    empty.parent.mkdir()
    empty.write_bytes((tmp_path / "master.key").read_bytes()[:-6] + b"AAAA=\n")
    empty.chmod(0o600)
    with pytest.raises(MasterKeyUnusable), open_keys(database, master_key_file=empty):
        pass


def test_a_master_key_that_others_can_read_is_refused(database: str, tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with open_keys(database, master_key_file=path):
        assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(MasterKeyUnusable, match="chmod"), open_keys(database, master_key_file=path):
        pass
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(MasterKeyUnusable), open_keys(database, master_key_file=path):
        pass


def test_keys_may_live_in_a_database_of_their_own(
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
        for each in read_body(event.body).sealed:
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
            for each in read_body(event.body).sealed
        )

    def write(i: int) -> int:
        return len(record(store, [received(f"{i}-{j}", draft(f"{j}")) for j in range(20)]))

    with ThreadPoolExecutor(4) as threads:
        reading = threads.map(read, range(3))
        assert list(threads.map(write, range(3))) == [20] * 3
        assert len(set(reading)) == 1
