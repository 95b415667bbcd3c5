"""The role that updates the read models, in a thread of the test."""

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from caretrail.bootstrap import Application, opened
from caretrail.intake import reading_context
from caretrail.roles import projector
from caretrail.running_service import unready_role
from consumers.hl7v2.translate import read
from infra.ports import free_port
from infra.settings import Settings
from projections.engine import large, links
from tests.waiting import until

pytestmark = pytest.mark.postgres


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Settings.model_validate(
        {
            "home": home,
            "database_url": database,
            "kafka": False,
            "id_key": "07" * 32,
            "health_port": free_port(),
        }
    )


@pytest.fixture
def application(settings: Settings) -> Iterator[Application]:
    """An application whose projector runs until the test ends."""
    stop, failed = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            projector.run(settings, stop)
        except BaseException as error:
            failed.append(error)
            raise

    with opened(settings) as application:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield application
        finally:
            stop.set()
            thread.join(30)
            gc.unfreeze()
    assert not thread.is_alive()
    assert failed == []


def admission(patient: int, bed: str, control_id: int, trigger: str = "A01") -> bytes:
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||202603011{control_id:03}||ADT^{trigger}|{control_id}|P|2.5",
            f"EVN||202603011{control_id:03}||||202603011{control_id:03}",
            f"PID|1||{patient}^^^MERCY^MR||ALDER^ROWENA||19510602|F",
            f"PV1|1|I|4W^401^{bed}^MERCY{'|' * 16}V{patient}",
        ]
    ).encode()


def test_other_patients_are_shown_while_a_large_one_is_folded(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "STATEMENTS", 2)
    context = reading_context(application, arrived_by="file")

    def record(*messages: bytes) -> None:
        application.record([read(each, context=context) for each in messages])

    def beds(connection: psycopg.Connection) -> set[str]:
        return {bed for (bed,) in connection.execute("select bed from proj.census").fetchall()}

    through = application.read_models.complete_through
    with application.connect() as connection, application.connect() as other:
        record(admission(1, "A", 0), admission(1, "B", 1, "A02"))
        until(lambda: beds(connection) == {"B"}, "patient 1 has become large")
        # The patient may wait to be folded again with the protocols that came in the same batch.
        until(lambda: through(connection) == 3, "nothing waits")
        with other.transaction():
            (one,) = other.execute(
                "select component from proj.component"
                " join proj.statement on record_id = node limit 1"
            ).fetchall()
            links.lock(other, "proj_substrate_v1", one)
            record(admission(1, "C", 2, "A02"), admission(2, "X", 3))
            until(lambda: beds(connection) == {"B", "X"}, "patient 2 is shown")
            assert through(connection) == 3
        until(lambda: beds(connection) == {"C", "X"}, "patient 1 is shown")
        until(lambda: through(connection) == 5, "nothing waits")


#: After this, no batch of events can be applied, and each attempt takes a while.
STUCK = """
create function proj.refuse() returns trigger language plpgsql as $$ begin
    perform pg_sleep(0.2);
    raise exception 'refused' using errcode = 'program_limit_exceeded';
end $$;
create trigger refuse before update on proj.position execute function proj.refuse();
"""


def test_the_role_is_not_ready_for_a_moment_while_an_event_cannot_be_applied(
    application: Application, settings: Settings
) -> None:
    context = reading_context(application, arrived_by="file")

    def record(message: bytes) -> None:
        application.record([read(message, context=context)])

    def problem() -> str | None:
        return unready_role(settings.health_port)

    with application.connect() as connection:
        record(admission(1, "A", 0))
        until(lambda: application.read_models.complete_through(connection) == 2, "patient 1")
        assert problem() is None
        connection.execute(STUCK)
        record(admission(2, "B", 1))
        partitions = connection.execute("select count(distinct partition) from es.event").fetchone()
        assert partitions is not None
        assert partitions[0] >= 2  # so event 1 is read again before each attempt
        until(lambda: "cannot go on" in (problem() or ""), "the failure")
        end = monotonic() + 4
        while monotonic() < end:
            assert "cannot go on" in (problem() or "")
            sleep(0.02)
        connection.execute("drop function proj.refuse cascade")
        until(lambda: problem() is None, "the role is ready again")
        until(lambda: application.read_models.complete_through(connection) == 3, "it is applied")
