"""Every read of patient data leaves one record, before the answer leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_region import REQUEST, ApiClient, code_of, opened_region

pytestmark = pytest.mark.postgres


@pytest.fixture
def fresh(database: str, tmp_path: Path) -> Iterator[ApiClient]:
    with opened_region(database, tmp_path) as client:
        yield client


def records(api: ApiClient) -> list[tuple[str, ...]]:
    with api.application.connect() as connection:
        return connection.execute(
            "select subject, role, purpose, reason, relation, interface, route,"
            " cardinality(patients)::text from access.record order by access_id"
        ).fetchall()


def test_each_read_leaves_one_record_of_who_and_why(api: ApiClient) -> None:
    patient = api.opened.readers.reader.resolve("SBH|77-10342")
    stream = api.referral(patient="SBH|77-10342")["stream_id"]
    before = len(records(api))
    api.get(f"/patients/{patient}/timeline", reason="covering")
    api.get(f"/referrals/{stream}", reason="covering", purpose="ETREAT")
    api.post("/patients/search", {"words": "Alder 1951-06-02"}, reason="covering")
    api.get("/census?facility=NGH&limit=500", reason="covering")
    api.get("/census?facility=NONE", reason="covering")
    found = records(api)[before:]

    who = ("coordinator-1", "coordinator")
    assert found[:3] == [
        (*who, "TREAT", "covering", "reason", "api",
         "GET /api/v1/patients/{patient}/timeline", "1"),
        (*who, "ETREAT", "covering", "reason", "api", "GET /api/v1/referrals/{stream}", "1"),
        (*who, "TREAT", "covering", "reason", "api", "POST /api/v1/patients/search", "1"),
    ]  # fmt: skip
    assert [each[6] for each in found[3:]] == ["GET /api/v1/census"]
    assert int(found[3][7]) > 10


def test_a_refused_read_leaves_no_record(api: ApiClient) -> None:
    patient = api.opened.readers.reader.resolve("SBH|77-10342")
    before = len(records(api))
    for role, reason in (("operator", "x"), ("coordinator", ""), (None, "x")):
        assert api.get(f"/patients/{patient}/timeline", role=role, reason=reason).status_code >= 400
    assert len(records(api)) == before


def test_no_record_holds_a_name_a_number_or_a_search(api: ApiClient) -> None:
    api.post("/patients/search", {"words": "Alder 1951-06-02"})
    with api.application.connect() as connection:
        (whole,) = connection.execute(
            "select coalesce(string_agg(r::text, ' '), '') from access.record r"
        ).fetchone() or ("",)
    assert "patients/search" in whole
    for sealed in ("Alder", "1951-06-02", "77-10342"):
        assert sealed not in whole


def test_nothing_is_answered_if_the_record_cannot_be_written(fresh: ApiClient) -> None:
    patient = fresh.opened.readers.reader.resolve("SBH|77-10342")
    stream = fresh.referral(patient="SBH|77-10342")["stream_id"]
    with fresh.application.connect() as connection:
        connection.execute("alter table access.record add check (route = 'nothing')")
    for answer in (
        fresh.get(f"/patients/{patient}/timeline"),
        fresh.get(f"/patients/{patient}"),
        fresh.get(f"/referrals/{stream}"),
        fresh.get("/referrals"),
        fresh.get("/census"),
        fresh.post("/patients/search", {"words": "Alder"}),
    ):
        assert (answer.status_code, code_of(answer)) == (503, "access_not_recorded")
        assert "77-10342" not in answer.text
    assert fresh.post("/referrals", REQUEST).status_code == 201
