"""Messages and their events commit together, once for each key."""

import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from commands.ports.intake import Disposition, MessageOutcome
from commands.ports.store import CannotStore, StoreUnavailable
from domain.encoding import read_body
from domain.ids import EventId, IdKey, MessageId
from domain.partitions import partition_of
from infra.clock import new_id
from infra.event_store import CareStore, DevelopmentKey, WrongIdKey, open_store
from infra.postgres import settings
from infra.subject_keys import SubjectKeys
from tests.intake_samples import EIGHT, FAMILY, KEY, NUMBER, draft, received, record_of, statement
from tests.stores import opened, record

pytestmark = pytest.mark.postgres


def test_a_message_is_recorded_with_its_event_and_reads_back(
    store: CareStore, keys: SubjectKeys
) -> None:
    message = received("m1")
    (outcome,) = record(store, [message])
    assert outcome == MessageOutcome(
        disposition=Disposition.RECORDED,
        first=Disposition.RECORDED,
        message_id=message.message_id,
        first_index=1,
        last_index=1,
    )
    (recorded,) = store.read(0)
    envelope, given = recorded.envelope, message.drafts[0]
    assert (envelope.index, envelope.version, envelope.previous) == (1, 1, 0)
    assert (envelope.stream, envelope.subjects) == (record_of(NUMBER), given.subjects)
    assert (envelope.event_id, envelope.topic) == (given.event_id, given.topic)
    assert (envelope.happened_at, envelope.message_id) == (EIGHT, message.message_id)
    assert (envelope.actor, envelope.incarnation) == (message.actor, store.incarnation)
    body = read_body(recorded.envelope.topic, recorded.body)
    assert body.core == given.core
    opened_again = [
        keys.open(each, event_id=envelope.event_id, topic=envelope.topic) for each in body.sealed
    ]
    assert opened_again == [each.text for each in given.segments]


def test_a_statement_takes_the_next_version_whatever_that_is(store: CareStore) -> None:
    record(store, [received("m1", draft("a")), received("m2", draft("b"), draft("a"))])
    record(store, [received("m3", draft("a"))])
    versions = [(each.envelope.stream, each.envelope.version) for each in store.read(0)]
    a, b = record_of("a"), record_of("b")
    assert versions == [(a, 1), (b, 1), (a, 2), (a, 3)]


def test_writers_at_the_same_time_leave_no_gap_and_break_no_chain(store: CareStore) -> None:
    batches = [
        [received(f"{writer}-{i}", draft(str(i)), draft(f"{writer}")) for i in range(10)]
        for writer in range(8)
    ]
    with ThreadPoolExecutor(len(batches)) as writers:
        outcomes = list(writers.map(partial(record, store), batches))
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


def test_a_key_recorded_before_is_a_duplicate_and_gives_the_earlier_answer(
    store: CareStore, connection: psycopg.Connection
) -> None:
    first = received("a")
    record(store, [first])
    again, b, c, c_again = received("a"), received("b"), received("c"), received("c")
    outcomes = record(store, [again, b, c, c_again])
    assert [each.disposition for each in outcomes] == [
        Disposition.DUPLICATE,
        Disposition.RECORDED,
        Disposition.RECORDED,
        Disposition.DUPLICATE,
    ]
    assert outcomes[0].message_id == first.message_id
    assert outcomes[0].first is Disposition.RECORDED
    assert (outcomes[0].first_index, outcomes[3].first_index) == (1, 3)
    assert (outcomes[3].message_id, store.max_index()) == (c.message_id, 3)
    counted = connection.execute(
        "select control_id, duplicates from intake.message order by control_id"
    ).fetchall()
    assert counted == [("a", 1), ("b", 0), ("c", 1)]


def test_asking_again_after_a_lost_answer_gives_the_first_answer_and_counts_nothing(
    store: CareStore, connection: psycopg.Connection
) -> None:
    batch = [received("a"), received("a"), received("b")]
    outcomes = record(store, batch)
    assert record(store, batch) == outcomes
    resent = [received("a"), received("a")]
    assert record(store, resent) == record(store, resent)
    counted = connection.execute(
        "select control_id, duplicates from intake.message order by control_id"
    ).fetchall()
    assert counted == [("a", 3), ("b", 0)]


def test_the_first_answer_of_a_quarantined_message_comes_back_for_its_resend(
    store: CareStore,
) -> None:
    refused = received(
        "a", disposition=Disposition.QUARANTINED, reason="no_patient_identifier", place="PID-3"
    )
    record(store, [refused])
    (outcome,) = record(store, [received("a")])
    assert (outcome.disposition, outcome.first) == (Disposition.DUPLICATE, Disposition.QUARANTINED)
    assert (outcome.reason, outcome.place) == ("no_patient_identifier", "PID-3")
    assert (outcome.first_index, store.max_index()) == (0, 0)


def test_the_same_batches_from_many_writers_are_recorded_once(store: CareStore) -> None:
    batch = [received(f"m{i}", draft(f"{i % 3}")) for i in range(20)]
    sent_again = [
        [replace(each, message_id=MessageId(new_id())) for each in reversed(batch)]
        for _ in range(4)
    ]
    for each in sent_again:
        for i, message in enumerate(each):
            fresh = replace(message.drafts[0], event_id=EventId(new_id()))
            each[i] = replace(message, drafts=(fresh,))
    with ThreadPoolExecutor(4) as writers:
        outcomes = [
            one for batch in writers.map(partial(record, store), sent_again) for one in batch
        ]
    recorded = [each for each in outcomes if each.disposition is Disposition.RECORDED]
    assert (len(recorded), len(outcomes), store.max_index()) == (20, 80, 20)


@pytest.mark.parametrize(
    "poison",
    [
        {"control_id": "NUL \x00"},
        {"control_id": "half a pair \ud800"},
        {"control_id": "".join(chr(0x4E00 + i) for i in range(6000))},
        {"drafts": (draft(core=statement(class_code="NEITHER")),)},
        {"warnings": ("NUL \x00",)},
    ],
)
def test_a_batch_with_a_message_that_cannot_be_stored_records_nothing(
    store: CareStore, connection: psycopg.Connection, poison: dict[str, Any]
) -> None:
    with pytest.raises(CannotStore) as refused:
        record(store, [received("a"), replace(received("b"), **poison)])
    assert "NEITHER" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert store.max_index() == 0
    assert connection.execute("select count(*) from intake.key").fetchone() == (0,)


def test_a_lost_connection_leaves_the_outcome_open_until_it_is_asked_for_again(
    store: CareStore, connection: psycopg.Connection
) -> None:
    first = received("a")
    recorded = record(store, [first])
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    with pytest.raises(StoreUnavailable):
        record(store, [first])
    assert record(store, [first]) == recorded


def test_a_server_that_prefers_another_isolation_does_not_change_ours(database: str) -> None:
    """A writer that waited for the append lock must see the event of the writer before it."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            SQL("alter database {} set default_transaction_isolation to 'repeatable read'").format(
                Identifier(admin.info.dbname)
            )
        )
    isolation = "show transaction_isolation"
    with psycopg.connect(database) as theirs:
        assert theirs.execute(isolation).fetchone() == ("repeatable read",)
    with psycopg.connect(**settings(database, name="test")) as ours:
        assert ours.execute(isolation).fetchone() == ("read committed",)


def test_appends_do_not_wait_for_vacuum(database: str, store: CareStore) -> None:
    with psycopg.connect(database) as vacuum:
        vacuum.execute("lock table es.event in share update exclusive mode")  # as vacuum does
        assert record(store, [received("a")])[0].disposition is Disposition.RECORDED


def test_nothing_recorded_can_be_changed_or_removed(
    store: CareStore, connection: psycopg.Connection
) -> None:
    record(store, [received("a")])
    store.keep_profile("p1", name="default", content="{}")
    for table in ("es.event", "es.subject_key", "intake.message", "intake.key", "intake.profile"):
        for change in (f"delete from {table}", f"truncate {table} cascade"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change)
    for change in (
        "update es.event set state = ''",
        "update intake.message set disposition = 'no_effect'",
        "update intake.message set sealed = '', duplicates = 1",
        "update intake.key set key = ''",
        "update es.subject_key set key_id = 0",
        "update intake.profile set content = ''",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change)


def test_recorded_at_never_runs_against_the_index(
    store: CareStore, connection: psycopg.Connection
) -> None:
    record(store, [received("a")])
    ahead = connection.execute(
        "insert into es.event select notification_id + 1, originator_id, originator_version + 1,"
        " topic, state, gen_random_uuid(), partition, notification_id,"
        " recorded_at + interval '1 hour', happened_at, subjects, tenant, facility, actor, cause,"
        " correlation, message_id, mapping_version, profile_version from es.event"
        " returning recorded_at"
    ).fetchone()
    record(store, [received("b")])
    assert (store.recorded_at_of(3),) == ahead


def test_nothing_clear_is_in_any_table(store: CareStore, connection: psycopg.Connection) -> None:
    record(store, [received("a"), received("b", disposition=Disposition.UNREADABLE)])
    tables = connection.execute(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables"
        " where table_schema in ('es', 'intake', 'keys', 'relay')"
    ).fetchall()
    assert len(tables) > 8
    for (table,) in tables:
        for (row,) in connection.execute(f"select t::text from {table} t"):
            binary = "".join(
                bytes.fromhex(each).decode("latin1")
                for each in re.findall(r"\\x((?:[0-9a-f]{2})+)", row)
            )
            for secret in (FAMILY, NUMBER, b64encode(FAMILY.encode()).decode()[:-4]):
                assert secret not in row
                assert secret not in binary


def test_each_profile_version_is_kept_once(
    store: CareStore, connection: psycopg.Connection
) -> None:
    store.keep_profile("p1", name="general", content='{"zone": "UTC"}')
    store.keep_profile("p1", name="general", content='{"zone": "UTC"}')
    kept = connection.execute("select version, name, content from intake.profile").fetchall()
    assert kept == [("p1", "general", '{"zone": "UTC"}')]


def test_a_store_refuses_another_id_key_and_development_outside_the_home(
    database: str, store: CareStore, keys: SubjectKeys
) -> None:
    with (
        pytest.raises(WrongIdKey),
        open_store(database, id_key=IdKey(b"another"), keys=keys),
    ):
        pass
    with pytest.raises(DevelopmentKey), open_store(database, id_key=KEY, keys=keys, external=True):
        pass
    with open_store(database, id_key=KEY, keys=keys) as again:
        assert again.incarnation == store.incarnation


def test_a_store_reopened_goes_on_where_it_was(database: str, tmp_path: Path) -> None:
    with opened(database, tmp_path) as (store, _):
        record(store, [received("a", draft("x"))])
    with opened(database, tmp_path) as (store, keys):
        record(store, [received("b", draft("x"))])
        events = store.read(0)
        assert [(each.envelope.index, each.envelope.version) for each in events] == [(1, 1), (2, 2)]
        for event in events:
            for each in read_body(event.envelope.topic, event.body).sealed:
                assert keys.open(each, event_id=event.envelope.event_id, topic=event.envelope.topic)


def test_an_unreachable_database_is_unavailable(tmp_path: Path, keys: SubjectKeys) -> None:
    nowhere = f"host={tmp_path} dbname=none connect_timeout=1"
    with pytest.raises(StoreUnavailable), open_store(nowhere, id_key=KEY, keys=keys):
        pass
