"""Patients are found by any identifier and by tokens of their names."""

from typing import Any

import psycopg
import pytest

from domain.ids import PatientId
from domain.interpretation import interpret
from domain.segments import Demographics, Identifiers
from projections import patient_identifiers, patient_tokens, patients
from projections.catalogue import PROJECTIONS
from projections.engine import fold
from projections.engine.copies import read_copies
from projections.engine.services import Services
from projections.patient_tokens import searchable
from projections.recency import NOT_STATED
from tests.projections.samples import (
    KEY,
    STORY,
    Log,
    SampleStatement,
    applied,
    at,
    open_segment,
    place,
    record,
    services,
    stated,
    token,
)

pytestmark = pytest.mark.postgres


def recorded(
    connection: psycopg.Connection, *story: SampleStatement, with_: Services | None = None
) -> Log:
    log = Log()
    log.record(*story)
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=with_ or services())
    return log


def found(connection: psycopg.Connection, *texts: str) -> set[str]:
    return set(patient_tokens.patients_with(connection, [*map(token, texts)], limit=10))


def test_a_patient_is_found_by_every_identifier_of_every_record(
    connection: psycopg.Connection,
) -> None:
    recorded(
        connection,
        stated("A01", "10:00", number="1", enterprise="900"),
        stated("A40", "11:00", number="1", retires="2", visit=""),
    )
    refs = [record("1"), record("2"), KEY.ref("identifier", "REGION", "900", "P")]
    answers = patient_identifiers.of_refs(connection, refs)
    assert {(ref, str(patient)) for ref, _, patient in answers} == {
        (ref, record("1")) for ref in refs
    }


def test_a_record_that_retired_answers_with_its_survivor(connection: psycopg.Connection) -> None:
    recorded(
        connection,
        stated("A01", "10:00", number="2"),
        stated("A40", "11:00", number="1", retires="2", visit=""),
    )
    rows = connection.execute("select patient_id, merged_into_id from proj.patient").fetchall()
    assert dict(rows) == {record("1"): None, record("2"): record("1")}


def test_a_patient_is_found_by_name_beginning_and_birth_date(
    connection: psycopg.Connection,
) -> None:
    recorded(
        connection,
        stated("A01", "10:00"),
        stated("A01", "10:00", number="2", visit="V2", name="Ålund"),
    )
    assert found(connection, "name:alder") == {record("1")}
    assert found(connection, "begin:alu", "born:1951-06-02") == {record("2")}
    assert found(connection, "name:rowena") == {record("1"), record("2")}
    assert found(connection, "name:alder", "name:alund") == set()


def test_the_patients_of_a_name_are_found_latest_first_and_no_more_than_asked(
    connection: psycopg.Connection,
) -> None:
    recorded(
        connection,
        *(stated("A01", f"1{n}:00", number=f"{n}", visit=f"V{n}") for n in (1, 3, 2)),
        stated("A01", "14:00", number="4", visit="V4", name="Ålund"),
        stated("A08", "15:00", number="5", visit="V5", occurred=None),
    )
    ids = [PatientId(record(number)) for number in ("3", "2", "1", "5")]
    assert patient_tokens.patients_with(connection, [token("name:alder")], limit=9) == ids
    both = [token("name:rowena"), token("name:alder")]
    assert patient_tokens.patients_with(connection, both, limit=2) == ids[:2]


def test_pages_hold_each_patient_once_by_mode_and_stay_and_those_without_a_time_last(
    connection: psycopg.Connection,
) -> None:
    recorded(
        connection,
        stated("A01", "10:00", number="1", visit="V1"),
        stated("A03", "13:00", number="2", visit="V2"),
        stated("A01", "12:00", number="T", visit="V3", mode="T"),
        stated("A01", "11:00", number="3", visit="V4"),
        stated("A40", "14:00", number="3", retires="4", visit=""),
    )

    def shown(limit: int, **wanted: Any) -> list[str]:
        found: list[str] = []
        after = None
        while rows := patients.page(connection, after=after, limit=limit, **wanted):
            found += [row.patient_id for row in rows]
            after = rows[-1].last_happened_at, rows[-1].patient_id
        return found

    everybody = [record("3"), record("2"), record("T", mode="T"), record("1")]
    assert [shown(limit) for limit in (1, 2, 9)] == [everybody] * 3
    assert shown(1, modes=["T"]) == [record("T", mode="T")]
    assert shown(1, open_stay=False) == [record("2")]
    connection.execute(
        "update proj_patients_v1.patient set last_happened_at = null, recency = %s"
        " where patient_id = %s",
        (NOT_STATED, record("3")),
    )
    assert shown(1) == [*everybody[1:], everybody[0]]


def test_patients_are_counted_up_to_a_limit(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(
        connection,
        *(stated("A01", "10:00", number=f"{n}", visit=f"V{n}") for n in range(5)),
        stated("A40", "11:00", number="1", retires="2", visit=""),
    )
    assert patients.count(connection) == (4, 5)
    monkeypatch.setattr(patients, "COUNTED", 2)
    assert patients.count(connection)[0] == 3


def test_every_authority_is_named_once(connection: psycopg.Connection) -> None:
    recorded(
        connection,
        stated("A01", "10:00", enterprise="900"),
        stated("A01", "10:00", number="2", visit="V2"),
        stated("A01", "10:00", number="7", visit="V3", authority="SBH"),
    )
    assert patient_identifiers.authorities(connection) == ["NGH", "REGION", "SBH"]


def test_a_name_that_changed_is_found_under_the_one_sent_last(
    connection: psycopg.Connection,
) -> None:
    recorded(
        connection,
        stated("A08", "12:00", name="Brook"),
        stated("A01", "10:00", name="Alder"),
    )
    assert found(connection, "name:brook") == {record("1")}
    assert found(connection, "name:alder") == set()


def test_the_end_of_one_department_is_not_the_last_entry_of_a_patient(
    connection: psycopg.Connection,
) -> None:
    story = [
        stated("A04", "8:00", where=place("ED"), class_code="EMER", class_as_sent="E"),
        stated("A01", "12:00", where=place("4W")),
        stated("A03", "12:05", where=place("ED"), class_code="EMER", class_as_sent="E"),
    ]
    last = "select last_kind, last_happened_at from proj.patient"
    with connection.transaction(force_rollback=True):
        recorded(connection, *story, with_=services(interpret=interpret))
        assert connection.execute(last).fetchall() == [("encounter.admitted", at("12:00"))]
    story.append(stated("A03", "17:00", where=place("4W")))
    recorded(connection, *story, with_=services(interpret=interpret))
    assert connection.execute(last).fetchall() == [("encounter.discharged", at("17:00"))]


def test_no_view_holds_a_name_or_a_number_in_clear(connection: psycopg.Connection) -> None:
    recorded(
        connection, stated("A01", "10:00", number="4711-0815", visit="V-4242", name="Unmistakable")
    )
    dumped = ""
    for schema, name in connection.execute(
        "select schemaname, viewname from pg_views where schemaname in ('proj', 'care')"
    ).fetchall():
        dumped += str(connection.execute(f"select * from {schema}.{name}").fetchall())
    for clear in ("4711-0815", "V-4242", "nmistakable", "1951-06-02"):
        assert clear not in dumped


def test_the_copies_of_a_patient_open_to_name_and_numbers(connection: psycopg.Connection) -> None:
    import msgspec  # noqa: PLC0415

    recorded(connection, stated("A01", "10:00", number="77-1", name="Drummond"))
    row = connection.execute("select sealed from proj.patient").fetchone()
    assert row is not None
    opened = {
        copy.segment.segment: open_segment(copy.segment, copy.event_id, copy.topic)
        for copy in read_copies(row[0])
    }
    person = msgspec.json.decode(opened["demographics"], type=Demographics)
    numbers = msgspec.json.decode(opened["identifiers"], type=Identifiers)
    assert person.names[0].family == "Drummond"
    assert "77-1" in {number.value for number in numbers.numbers}
    assert "name:drummond" in searchable(person)


def test_a_key_that_is_gone_sets_its_patient_aside_and_no_other(
    connection: psycopg.Connection,
) -> None:
    def gone(sealed: object, event_id: str, topic: str) -> bytes:
        if event_id.endswith("1"):
            raise LookupError
        return open_segment(sealed, event_id, topic)  # type: ignore[arg-type]  # a port

    recorded(
        connection,
        stated("A01", "10:00"),
        stated("A01", "10:00", number="2", visit="V2"),
        with_=services(open_segment=gone),
    )
    rows = connection.execute("select patient_id from proj.patient").fetchall()
    assert rows == [(record("2"),)]


def test_a_merge_moves_everything_to_the_survivor(connection: psycopg.Connection) -> None:
    log = Log()
    log.record(*STORY)
    applied(connection, log, *([one] for one in log.events))
    living = connection.execute(
        "select patient_id, record_ids from proj.patient where merged_into_id is null"
    ).fetchall()
    ends = {patient: set(records) for patient, records in living}
    assert ends[record("4")] == {record("4")}
    (joined,) = (records for patient, records in ends.items() if patient != record("4"))
    assert joined == {record("1"), record("2"), record("3"), record("7", "SBH")}
