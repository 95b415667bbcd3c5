"""One record per request that reads data of patients; without it, nothing is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from caretrail.actors.accesses import AccessNotRecorded, AccessRecorder, ReadRequest
from caretrail.actors.user import User
from commands.authority import Authority, ReadRight
from commands.permissions import Role
from infra import clock

pytestmark = pytest.mark.postgres

REQUEST = ReadRequest(
    person=User(issuer="local", subject="nurse-7", authority=Authority(roles=(Role.COORDINATOR,))),
    right=ReadRight(role=Role.COORDINATOR, relation="reason", reason="direct_care"),
    purpose="TREAT",
    interface="api",
    route="GET /api/v1/patients/{patient}/timeline",
)


@pytest.fixture
def recorder(connection: psycopg.Connection) -> AccessRecorder:
    @contextmanager
    def lend() -> Iterator[psycopg.Connection[Any]]:
        yield connection

    return AccessRecorder(lend, new_id=clock.new_id)


def test_who_read_which_patient_is_found_by_each_id_of_the_patient(
    recorder: AccessRecorder,
) -> None:
    patient, other, former = (clock.new_id() for _ in range(3))
    recorder.record(REQUEST, [patient, other, patient])
    recorder.record(REQUEST, [former])

    newest, oldest = recorder.of_patient([patient, former])
    assert newest.patients == [former]
    assert sorted(oldest.patients) == sorted([patient, other])
    assert (oldest.issuer, oldest.subject, oldest.role) == ("local", "nurse-7", "coordinator")
    assert (oldest.purpose, oldest.relation, oldest.reason) == ("TREAT", "reason", "direct_care")
    assert (oldest.interface, oldest.route) == ("api", REQUEST.route)
    assert oldest.recorded_at <= newest.recorded_at
    assert recorder.of_patient([patient, former], before=newest.access_id) == [oldest]
    assert recorder.of_patient([clock.new_id()]) == []


def test_an_answer_without_patients_leaves_no_record(
    recorder: AccessRecorder, connection: psycopg.Connection
) -> None:
    recorder.record(REQUEST, [])
    assert connection.execute("select count(*) from access.record").fetchone() == (0,)


def test_records_cannot_be_changed_or_deleted(
    recorder: AccessRecorder, connection: psycopg.Connection
) -> None:
    recorder.record(REQUEST, [clock.new_id()])
    for change in ("update access.record set reason = ''", "delete from access.record"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change)


def test_a_record_that_cannot_be_written_stops_the_answer(
    recorder: AccessRecorder, connection: psycopg.Connection
) -> None:
    connection.execute("drop table access.record")
    with pytest.raises(AccessNotRecorded):
        recorder.record(REQUEST, [clock.new_id()])
