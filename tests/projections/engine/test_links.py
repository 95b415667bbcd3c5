"""Components grow, and transactions that join the same ones lose nothing."""

import threading
from typing import Any

import psycopg
import pytest

from projections.catalogue import PROJECTIONS
from projections.engine import fold, links
from tests.projections.samples import Log, services, stated


@pytest.mark.postgres
def test_transactions_of_several_partitions_that_join_one_component_lose_nothing(
    database: str, connection: psycopg.Connection
) -> None:
    log = Log()
    for number in range(12):
        log.record(stated("A01", "10:00", number=str(number), visit=f"V{number}", enterprise="900"))
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
        except Exception as error:  # noqa: BLE001  # the test looks at it
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
        assert first == links.TouchedComponents(
            components=("b", "c"), absorbed={"d": "c"}, of={"b": "b", "c": "c", "d": "c"}
        )
        then = links.join(connection, "proj_substrate_v1", [("d", "a"), ("b", "d")])
    assert then == links.TouchedComponents(
        components=("a",), absorbed={"b": "a", "c": "a"}, of={"a": "a", "b": "a", "d": "a"}
    )
