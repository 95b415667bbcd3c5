"""The parts of the fold: decoding, components, the simplest view, COPY."""

import threading
from typing import Any
from unittest.mock import patch

import msgspec
import psycopg
import pytest

from domain.encoding import read_body
from domain.statement import Moment, Statement
from projections.catalogue import PROJECTIONS
from projections.engine import fold, links
from projections.engine.decoding import decode_body, decode_core, split
from projections.engine.events import LoggedEvent, logged
from projections.engine.table import Column, Table, create, load
from projections.rebuilding import spill
from projections.rebuilding.spill import Spill
from tests.projections.saying import Log, at, place, record, said, services
from tests.projections.test_fold import STORY


def test_both_decodings_of_a_statement_are_equal() -> None:
    log = Log()
    log.record(
        *STORY,
        said(
            "A02",
            "10:00",
            where=place("4W", "A"),
            admitted=Moment(at=at("9:00"), until=at("9:59"), precision="hour", zone="assumed"),
            flags=("EVN-6.unreadable",),
            deceased=True,
        ),
    )
    for recorded in log.events:
        validated = read_body(recorded.envelope.topic, recorded.body).core
        assert isinstance(validated, Statement)
        mirror, sealed = decode_body(recorded.body)
        assert msgspec.to_builtins(mirror) == msgspec.to_builtins(validated)
        for name in type(validated).__dataclass_fields__:
            assert hasattr(mirror, name)
        if mirror.admitted is not None and validated.admitted is not None:
            assert mirror.admitted.last == validated.admitted.last
        core, segments = split(recorded.body)
        assert decode_core(core) == mirror
        assert bytes(sealed).decode() == segments


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


def test_events_that_one_hands_over_another_has() -> None:
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


@pytest.mark.postgres
def test_appliers_of_two_partitions_that_meet_in_one_component_lose_nothing(
    database: str, connection: psycopg.Connection
) -> None:
    log = Log()
    for number in range(12):
        log.record(said("A01", "10:00", number=str(number), visit=f"V{number}", enterprise="900"))
    by_partition: dict[int, list[Any]] = {}
    for one in log.events:
        by_partition.setdefault(one.envelope.partition, []).append(one)
    assert len(by_partition) > 1
    failed: list[Exception] = []

    def feed(events: list[Any]) -> None:
        try:
            with psycopg.connect(database, autocommit=True) as mine:
                for one in events:
                    fold.apply(mine, PROJECTIONS, [one], heal=log.heal, services=services())
        except Exception as error:  # noqa: BLE001  # told to the test below
            failed.append(error)

    appliers = [threading.Thread(target=feed, args=(events,)) for events in by_partition.values()]
    for applier in appliers:
        applier.start()
    for applier in appliers:
        applier.join()
    assert failed == []
    assert connection.execute("select count(*) from proj.encounter").fetchone() == (12,)
    assert connection.execute(
        "select count(distinct component) from proj.component"
    ).fetchone() == (1,)
    patients = connection.execute(
        "select cardinality(record_ids) from proj.patient where merged_into_id is null"
    ).fetchall()
    assert patients == [(12,)]


@pytest.mark.postgres
def test_components_are_named_by_their_smallest_node(connection: psycopg.Connection) -> None:
    with connection.transaction():
        first = links.join(connection, "proj_substrate_v1", [("d", "c"), ("b",)])
        assert first == links.Touched(
            components=("b", "c"), absorbed={"d": "c"}, of={"b": "b", "c": "c", "d": "c"}
        )
        then = links.join(connection, "proj_substrate_v1", [("d", "a"), ("b", "d")])
    assert then == links.Touched(
        components=("a",), absorbed={"b": "a", "c": "a"}, of={"a": "a", "b": "a", "d": "a"}
    )


@pytest.mark.postgres
def test_the_last_event_of_a_record_does_not_hang_on_the_batches(
    connection: psycopg.Connection,
) -> None:
    log = Log()
    log.record(said("A01", "10:00"), said("A03", "13:00"), said("A02", "11:00", where=place("W")))
    query = "select event_count, happened_at, topic, source_position from proj.last_seen"
    expected = [(3, at("13:00"), "encounter.transferred.v1", 3)]
    with connection.transaction(force_rollback=True):
        fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
        assert connection.execute(query).fetchall() == expected
    for one in log.events:
        fold.apply(connection, PROJECTIONS, [one], heal=log.heal, services=services())
    assert connection.execute(query).fetchall() == expected


def test_rows_are_written_alike_whatever_their_text(connection: psycopg.Connection) -> None:
    table = Table(
        "t",
        "One row per text.",
        (
            Column("number", "integer", ""),
            Column("words", "text[]", ""),
            Column("text", "text", ""),
            Column("at", "timestamptz", ""),
            Column("is", "boolean", ""),
        ),
        key=("number",),
    )
    texts = [
        "",
        "null",
        "plain",
        ",[],",
        "]\n[",
        '"',
        "\\",
        '\\"',
        "\r\n\t\x01\x7f\u2028",
        "é😀",
        None,
    ]
    for words in ((), ("a", 'b"\\,{}'), None):
        create(connection, "public", table)
        rows = [(number, words, text, at("10:00"), None) for number, text in enumerate(texts)]
        load(connection, "public", table, rows)
        for row in rows:  # each by itself takes the quick way where it can
            load(connection, "public", table, [row])
        found = connection.execute('select number, words, text, at, "is" from t').fetchall()
        expected = [(n, None if w is None else list(w), *rest) for n, w, *rest in rows]
        assert found == expected * 2
        connection.execute("drop table t")


def test_what_postgresql_cannot_hold_is_replaced(connection: psycopg.Connection) -> None:
    columns = (Column("text", "text", ""), Column("words", "text[]", ""))
    table = Table("t", "One row.", columns, key=("text",))
    create(connection, "public", table)
    for text in ("a\x00b", "c\ud800"):
        load(connection, "public", table, [(text, (text,)), ("d", ())])
    found = connection.execute("select text, words from t").fetchall()
    assert found == [("a\ufffdb", ["a\ufffdb"]), ("d", []), ("c?", ["c?"]), ("d", [])]
