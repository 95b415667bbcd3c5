"""A service is started while PostgreSQL is recovering from a crash: it waits, and says so."""

import os
import signal
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from infra.postgres import recovering
from infra.postgres_home import PostgresHome
from infra.postgres_server import PostgresServer
from tests.acceptance.command_line import SameProcess
from tests.acceptance.service import RunningService
from tests.acceptance.test_operations import ALONE, admission
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

GATE = "recovery.gate"  # in the data folder: recovery lasts as long as it is there
SAYS = "PostgreSQL cannot be used yet"


def crash(home: Path) -> Path:
    """Kill the server of a home, so that its next start recovers for as long as we like.

    Recovery asks the restore command for each file of the write-ahead log. Return the gate at which
    the command waits.
    """
    data = home / "postgres" / "data"
    command = f"while [ -e {GATE} ]; do sleep 0.1; done; exit 1"
    with PostgresServer(home) as server:
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute(f"alter system set restore_command = '{command}'".encode())
        os.kill(server.pid, signal.SIGKILL)
    (data / "recovery.signal").touch()
    (data / GATE).touch()
    for name in ("recovery.signal", GATE):
        owner = data.stat()
        os.chown(data / name, owner.st_uid, owner.st_gid)
    return data / GATE


def test_serve_waits_for_the_recovery_of_its_embedded_server(home: Path) -> None:
    line = SameProcess(home, ALONE)
    feed = home.with_name("feed.hl7")
    feed.write_bytes(admission(1))
    line.run("ingest", feed)
    gate = crash(home)
    service = RunningService(line, supervisor=line.start("serve", "--only", "projector"))
    try:
        until(lambda: SAYS in line.errors.read_text("utf-8"), "the wait to be said", 60)
        assert not service.is_ready()
        gate.unlink()
        until(service.is_ready, "the service", 60)
        assert len(line.objects("census")) == 1
    finally:
        gate.unlink(missing_ok=True)
        service.stop()


def test_a_service_told_to_stop_during_the_recovery_stops(home: Path) -> None:
    line = SameProcess(home, ALONE)
    line.run("patients", "ls")
    gate = crash(home)
    service = RunningService(line, supervisor=line.start("serve", "--only", "projector"))
    try:
        until(lambda: SAYS in line.errors.read_text("utf-8"), "the wait to be said", 60)
    finally:
        service.stop()
        gate.unlink()
    assert service.left_behind() == []


def test_serve_waits_for_the_recovery_of_a_server_of_ones_own(home: Path) -> None:
    elsewhere = home.with_name("elsewhere")
    elsewhere.mkdir()
    gate = crash(elsewhere)
    server = PostgresServer(elsewhere)
    starting = Thread(target=server.start)
    starting.start()
    try:
        files = PostgresHome(elsewhere)

        def is_recovering() -> bool:
            found = files.find()
            return found is not None and recovering(found.url)

        until(is_recovering, "the recovery")
        found = files.find()
        assert found is not None
        own = {"CARETRAIL_DATABASE_URL": found.url, "CARETRAIL_ID_KEY": "5a" * 32}
        line = SameProcess(home, {**ALONE, **own})
        service = RunningService(line, supervisor=line.start("serve", "--only", "projector"))
        try:
            until(lambda: SAYS in line.errors.read_text("utf-8"), "the wait to be said", 60)
            assert not service.is_ready()
            gate.unlink()
            until(service.is_ready, "the service", 60)
        finally:
            gate.unlink(missing_ok=True)
            service.stop()
    finally:
        gate.unlink(missing_ok=True)
        starting.join()
        server.stop()
