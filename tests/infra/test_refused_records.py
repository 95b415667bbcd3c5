"""The records that are refused: how they are collected, kept and counted."""

import psycopg
import pytest

from infra import refused_records
from infra.refused_records import RefusalCollector, RefusedRecords, RefusedSummary


def test_records_of_a_flood_are_reported_before_all_of_them_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refused_records, "_MOST", 3)
    found: list[RefusedRecords] = []
    collector = RefusalCollector("care.events.v1", found.append)
    for offset in range(7):
        collector.add(0, offset, "no_mac")
    assert [each.offsets for each in found] == [(0, 1, 2), (3, 4, 5)]
    collector.report()
    assert found[-1].offsets == (6,)


@pytest.mark.postgres
def test_records_that_are_refused_for_different_reasons_are_all_counted(
    connection: psycopg.Connection,
) -> None:
    collector = RefusalCollector(
        "care.events.v1", lambda each: refused_records.keep(connection, each)
    )
    for _ in range(2):  # a record that is read again counts once
        for offset, reason in ((1, "no_mac"), (2, "wrong_mac"), (3, "no_mac")):
            collector.add(0, offset, reason)
        collector.report()
    assert refused_records.refused_in(connection, "care.events.v1") == [
        RefusedSummary("care.events.v1", 0, "no_mac", 2, 1),
        RefusedSummary("care.events.v1", 0, "wrong_mac", 1, 2),
    ]
