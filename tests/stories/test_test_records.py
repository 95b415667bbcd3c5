"""MSH-11: what is sent for testing stands apart, marked, and never alters a production patient."""

from pathlib import Path

import pytest

from caretrail.reading.contract import census_json, patients_json, timeline_json
from tests.stories.installation import Installation, installation
from tests.stories.telling import AFTERWARDS, PROFILES, record

pytestmark = pytest.mark.postgres

_PRODUCTION = rb"""
MSH|^~\&|ADT|GENERAL|CARETRAIL|REGION|20260302100100||ADT^A01|8001|P|2.5.1
EVN|A01|20260302100100||||20260302100000
PID|1||5001^^^GENERAL^MR||Redfern^Otto||19510321|M
PV1|1|I|4W^10^A^GENERAL||||||||||||||||V8001
"""
#: The same number and visit, of a person made up for testing; then transferred and discharged.
_TWIN = rb"""
MSH|^~\&|ADT|GENERAL|CARETRAIL|REGION|20260302110100||ADT^A02|8002|T|2.5.1
EVN|A02|20260302110100||||20260302110000
PID|1||5001^^^GENERAL^MR||Test^Redfern||19800101|F
PV1|1|I|ICU^3^1^GENERAL||||||||||||||||V8001
"""
_ALONE = rb"""
MSH|^~\&|ADT|GENERAL|CARETRAIL|REGION|20260302120100||ADT^A01|8003|T|2.5.1
EVN|A01|20260302120100||||20260302120000
PID|1||5002^^^GENERAL^MR||Test^Alone||19800202|F
PV1|1|I|4W^10^A^GENERAL||||||||||||||||V8002
"""
_MERGE = rb"""
MSH|^~\&|ADT|GENERAL|CARETRAIL|REGION|20260302130000||ADT^A40|8004|T|2.5.1
EVN|A40|20260302130000||||20260302130000
PID|1||5002^^^GENERAL^MR||Test^Alone||19800202|F
MRG|5001^^^GENERAL^MR
"""
_TRAINING = rb"""
MSH|^~\&|ADT|GENERAL|CARETRAIL|REGION|20260302140100||ADT^A01|8005|D|2.5.1
EVN|A01|20260302140100||||20260302140000
PID|1||5003^^^GENERAL^MR||Debug^Ging||19800303|F
PV1|1|I|4W^12^A^GENERAL||||||||||||||||V8003
"""


def _message(text: bytes) -> bytes:
    return text.strip().replace(b"\n", b"\r")


def _told(where: Installation, *texts: bytes) -> None:
    where.hear([_message(text) for text in texts])


def test_a_test_record_alone_is_found_and_marked(database: str, tmp_path: Path) -> None:
    with installation(database, tmp_path) as where:
        _told(where, _ALONE)
        reading = where.reader.patient("GENERAL|5002")

        assert reading
        timeline = timeline_json(reading)
        assert (timeline["mode"], timeline["patient_id"]) == ("T", record("GENERAL|5002", "T"))
        assert [each["status"] for each in timeline["encounters"]] == ["in-progress"]
        (row,) = census_json(where.reader.census.read(now=AFTERWARDS))
        assert (row["mode"], row["bed"]) == ("T", "A")
        (listed,) = [patients_json(each) for each in where.reader.every_patient()]
        assert listed["mode"] == "T"


def test_a_look_up_prefers_production_and_the_two_are_never_one(
    database: str, tmp_path: Path
) -> None:
    with installation(database, tmp_path) as where:
        _told(where, _TWIN)
        test = where.reader.patient("GENERAL|5001")
        _told(where, _PRODUCTION)
        found = where.reader.patient("GENERAL|5001")

        assert test
        assert found
        assert (test.patient.mode, found.patient.mode) == ("T", "P")
        assert (found.twin, found.twin_mode) == (test.patient.patient_id, "T")
        (encounter,) = timeline_json(found)["encounters"]
        assert [each["unit"] for each in encounter["locations"]] == ["4W"]
        beds = census_json(where.reader.census.read(now=AFTERWARDS))
        assert {row["mode"]: row["unit"] for row in beds} == {"P": "4W", "T": "ICU"}


def test_a_merge_of_test_records_leaves_production_alone(database: str, tmp_path: Path) -> None:
    with installation(database, tmp_path) as where:
        _told(where, _PRODUCTION, _TWIN, _ALONE, _MERGE)

        found = where.reader.patient("GENERAL|5001")
        merged = where.reader.patient(record("GENERAL|5001", "T"))

        assert found
        assert merged
        assert found.patient.patient_id == record("GENERAL|5001")
        assert [str(each) for each in found.patient.records] == [record("GENERAL|5001")]
        assert merged.patient.patient_id == record("GENERAL|5002", "T")


def test_a_bed_shared_with_a_test_record_is_no_disagreement(database: str, tmp_path: Path) -> None:
    with installation(database, tmp_path) as where:
        _told(where, _PRODUCTION, _ALONE)

        assert not [
            each
            for each in where.reader.census.read(now=AFTERWARDS).disagreements
            if each.kind != "left_open"
        ]
        with where.application.connect() as connection:
            assert connection.execute("select * from care.clash").fetchall() == []


def test_analysts_views_leave_test_and_debugging_records_out(database: str, tmp_path: Path) -> None:
    apart = {
        str(record(person, mode))
        for person in ("GENERAL|5001", "GENERAL|5002", "GENERAL|5003")
        for mode in ("T", "D")
    }
    with installation(database, tmp_path) as where, where.application.connect() as connection:
        _told(where, _PRODUCTION)
        views = [
            name
            for (name,) in connection.execute(
                "select viewname from pg_views where schemaname = 'care' order by 1"
            )
        ]
        before = {name: _rows(where, "care", name) for name in views}
        digests = where.digests()
        _told(where, _TWIN, _ALONE, _MERGE, _TRAINING)

        assert {"encounter", "stay", "entry", "census", "patient"} <= set(views)
        assert {name: _rows(where, "care", name) for name in views} == before
        assert all(before[name] for name in ("encounter", "stay", "entry", "census", "patient"))
        seen = "\n".join(row for rows in before.values() for row in rows)
        assert not [each for each in apart if each in seen]
        # The application sees them, and its digests cover them.
        assert any(each in row for row in _rows(where, "proj", "census") for each in apart)
        after = where.digests()
        for name in ("timeline", "census", "patients", "audit_trail"):
            assert after[name][0] > digests[name][0]


def _rows(where: Installation, schema: str, view: str) -> list[str]:
    with where.application.connect() as connection:
        rows = connection.execute(
            f"select to_jsonb(it)::text from {schema}.{view} as it order by 1"
        )
        return [text for (text,) in rows]


def test_a_promoted_sender_tests_in_production(database: str, tmp_path: Path) -> None:
    profiles = tmp_path / "profiles.toml"
    promoting = PROFILES.read_text("utf-8").replace(
        'zone = "UTC"', 'zone = "UTC"\ntest_messages = "promote"', 1
    )
    profiles.write_text(promoting, "utf-8")
    with installation(database, tmp_path / "home", profiles) as where:
        _told(where, _ALONE)
        found = where.reader.patient("GENERAL|5002")

        assert found
        assert (found.patient.mode, found.patient.patient_id) == ("P", record("GENERAL|5002"))
        with where.application.connect() as connection:
            assert connection.execute("select mode from care.census").fetchall() == [("P",)]
