"""Several processes read and fold a long log, with the same result as one."""

import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from psycopg import Connection
from typing_extensions import override

from domain.body import RecordedEvent
from projections.catalogue import PROJECTIONS
from projections.engine import fold, parking
from projections.engine.digest import digest
from projections.engine.events import LoggedEvent, logged
from projections.engine.position import HoleNotFilled
from projections.engine.services import Services
from projections.rebuilding import filling, spill, stretches, workers
from projections.rebuilding.rebuild import rebuild
from projections.rebuilding.stretches import ReadStretch, StoreLog
from projections.rebuilding.workers import Task, WorkerLost, Workers
from tests.projections.samples import (
    STORY,
    FailingInterpretation,
    Log,
    open_segment,
    place,
    services,
    stated,
)

pytestmark = pytest.mark.postgres


@contextmanager
def tools(
    url: str, stumbles: str = "", read: ReadStretch = lambda _after, _upto: ()
) -> Iterator[tuple[Connection[Any], Services, ReadStretch]]:
    made = services(interpret=FailingInterpretation(stumbles)) if stumbles else services()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection, made, read


def read_of(events: Sequence[LoggedEvent], after: int, upto: int) -> Iterable[LoggedEvent]:
    """Read a stretch of a log in memory, as of the store."""
    return [one for one in events if after < one.index <= upto]


def does_not_read(_after: int, _upto: int) -> Iterable[LoggedEvent]:
    raise ConnectionResetError


class StartedWorkers(Workers):
    """Workers that get stretches only when all of them have started."""

    @override
    def give(self, task: Task) -> bool:
        while self._starting:
            assert self.results(wait_for_one=True) == []
        return super().give(task)


@contextmanager
def dies(url: str) -> Iterator[tuple[Connection[Any], Services, ReadStretch]]:
    with tools(url) as made:
        os.kill(os.getpid(), signal.SIGKILL)
        yield made


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat a log of a few events as a long one."""
    monkeypatch.setattr(filling, "_LONG", 10)
    monkeypatch.setattr(filling, "_REPORTED", 5)
    monkeypatch.setattr(filling, "Workers", StartedWorkers)
    monkeypatch.setattr(stretches, "_EVENTS", 7)
    # One beside this process is enough to fail; each takes seconds of CPU to start.
    monkeypatch.setattr(workers, "worker_count", lambda: 1)


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "worker_count", lambda: 2)


@pytest.fixture
def log(connection: psycopg.Connection) -> Log:
    """A log of patients with one record, and of patients joined by a trusted number."""
    log = Log()
    log.record(*STORY)
    for number in range(10, 40):
        enterprise = f"E{number % 7}" if number % 3 else ""
        log.record(
            stated("A01", "10:00", number=str(number), visit=f"V{number}", enterprise=enterprise),
            stated("A02", "11:00", number=str(number), visit=f"V{number}", where=place("4W", "B")),
        )
    fold.apply(connection, PROJECTIONS, log.events, heal=log.heal, services=services())
    return log


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("names", [[], ["substrate", "last_seen"]])
def test_a_rebuild_by_several_processes_gives_the_same_content(
    connection: psycopg.Connection, database: str, log: Log, names: list[str]
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    reported: list[tuple[str, int, int | None]] = []
    done = rebuild(
        connection,
        PROJECTIONS,
        names,
        log.events,
        heal=log.heal,
        services=services(),
        tools=partial(tools, database),
        progress=lambda *one: reported.append(one),
    )
    assert done.events == len(log.events)
    assert ("fold", len(log.events), len(log.events)) in reported
    assert digest(connection, PROJECTIONS, open_segment) == before


@pytest.mark.parametrize(
    ("names", "helped"),
    [
        (["timeline"], False),
        (["substrate", "timeline", "last_seen"], True),
        (["last_seen"], False),
    ],
)
@pytest.mark.usefixtures("several")
def test_the_log_of_the_store_read_in_stretches_gives_the_same_content(
    connection: psycopg.Connection, database: str, log: Log, names: list[str], *, helped: bool
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    positions = fold.positions(connection, PROJECTIONS)
    events = [logged(one) for one in log.events]
    own: list[int] = []

    def read(after: int, upto: int) -> Iterable[LoggedEvent]:
        own.append(after)
        return read_of(events, after, upto)

    done = rebuild(
        connection,
        PROJECTIONS,
        names,
        StoreLog(read, len(events)),
        heal=log.heal,
        services=services(),
        tools=partial(tools, database, read=partial(read_of, events))
        if helped or names == ["last_seen"]
        else None,
    )
    assert done.events == len(events)
    assert (len(own) < len(range(0, len(events), 7))) == helped
    assert digest(connection, PROJECTIONS, open_segment) == before
    assert fold.positions(connection, PROJECTIONS) == positions


def test_stretches_hold_no_more_than_the_other_projections_have(
    connection: psycopg.Connection, database: str, log: Log
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    positions = fold.positions(connection, PROJECTIONS)
    log.record(
        *(
            stated("A02", "12:00", number=str(number), visit=f"V{number}")
            for number in range(10, 40)
        )
    )
    events = [logged(one) for one in log.events]
    rebuild(
        connection,
        PROJECTIONS,
        ["timeline"],
        StoreLog(partial(read_of, events), len(events)),
        heal=log.heal,
        services=services(),
        tools=partial(tools, database, read=partial(read_of, events)),
    )
    assert digest(connection, PROJECTIONS, open_segment) == before
    assert fold.positions(connection, PROJECTIONS) == positions


@pytest.mark.parametrize("lacking", [1, 7, 8])
def test_a_store_that_lacks_events_is_refused(
    connection: psycopg.Connection, database: str, log: Log, lacking: int
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    events = [logged(one) for one in log.events if one.envelope.index != lacking]
    with pytest.raises(HoleNotFilled):
        rebuild(
            connection,
            PROJECTIONS,
            ["timeline"],
            StoreLog(partial(read_of, events), len(log.events)),
            heal=log.heal,
            services=services(),
            tools=partial(tools, database, read=partial(read_of, events)),
        )
    assert digest(connection, PROJECTIONS, open_segment) == before


def test_a_worker_that_cannot_read_ends_the_rebuild(
    connection: psycopg.Connection, database: str, log: Log
) -> None:
    events = [logged(one) for one in log.events]
    with pytest.raises(ConnectionResetError):
        rebuild(
            connection,
            PROJECTIONS,
            ["timeline"],
            StoreLog(partial(read_of, events), len(events)),
            heal=log.heal,
            services=services(),
            tools=partial(tools, database, read=does_not_read),
        )


def test_a_component_that_a_worker_cannot_interpret_is_set_aside(
    connection: psycopg.Connection, database: str, log: Log
) -> None:
    with patch.object(spill, "BUCKETS", 1):  # the only one goes to the worker
        done = rebuild(
            connection,
            PROJECTIONS,
            [],
            log.events,
            heal=log.heal,
            services=services(),
            tools=partial(tools, database, "4"),
        )
    assert [one.index for one in done.parked] == [7]
    assert parking.parked(connection) == list(done.parked)


def test_a_worker_that_dies_ends_the_rebuild_and_nothing_is_switched(
    connection: psycopg.Connection, database: str, log: Log
) -> None:
    before = digest(connection, PROJECTIONS, open_segment)
    with pytest.raises(WorkerLost):
        rebuild(
            connection,
            PROJECTIONS,
            ["timeline"],
            log.events,
            heal=log.heal,
            services=services(),
            tools=partial(dies, database),
        )
    assert digest(connection, PROJECTIONS, open_segment) == before
    rebuild(connection, PROJECTIONS, ["timeline"], log.events, heal=log.heal, services=services())
    assert digest(connection, PROJECTIONS, open_segment) == before


@pytest.mark.usefixtures("several")
def test_no_worker_is_left_after_a_rebuild_that_failed(
    connection: psycopg.Connection, database: str, log: Log
) -> None:
    def source() -> Iterator[RecordedEvent]:
        yield from log.events
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        rebuild(
            connection,
            PROJECTIONS,
            [],
            source(),
            heal=log.heal,
            services=services(),
            tools=partial(tools, database),
        )
    until = time.monotonic() + 60
    query = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend'"
    )
    while connection.execute(query).fetchone() != (0,):
        assert time.monotonic() < until
        time.sleep(0.02)


class GivenUp(Exception):
    """The caller of a rebuild does not wait any longer."""


def reads_after_a_lock(url: str, _after: int, _upto: int) -> Iterable[LoggedEvent]:
    with psycopg.connect(url) as own:
        own.execute("select pg_advisory_lock(7)")
    return ()


def test_a_rebuild_ends_when_its_caller_gives_up_while_a_worker_is_busy(
    connection: psycopg.Connection, database: str, log: Log
) -> None:
    events = [logged(one) for one in log.events]
    before = digest(connection, PROJECTIONS, open_segment)

    def give_up(stage: str, _done: int, _of: int | None) -> None:
        if stage == "wait":
            raise GivenUp

    with psycopg.connect(database) as other:
        other.execute("select pg_advisory_lock(7)")  # the worker waits for it without end
        with pytest.raises(GivenUp):
            rebuild(
                connection,
                PROJECTIONS,
                ["timeline"],
                StoreLog(partial(read_of, events), len(events)),
                heal=log.heal,
                services=services(),
                tools=partial(tools, database, read=partial(reads_after_a_lock, database)),
                progress=give_up,
            )
    assert digest(connection, PROJECTIONS, open_segment) == before
