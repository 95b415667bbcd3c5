"""A reader waits for the read models of an installation, and no longer than it is told."""

from pathlib import Path
from time import monotonic

import pytest

from caretrail.deadline import Deadline
from caretrail.read_models import claim_projecting
from projections.rebuilding.rebuild import _BUILDING as REBUILDING
from tests.stories.installation import installation

pytestmark = pytest.mark.postgres

#: The index of the first event of every store.
DEFAULT_PROTOCOL = 1
OTHER_RELEASE = "update proj.version set shape = shape + 1 where projection = 'census'"
THIS_RELEASE = "update proj.version set shape = shape - 1 where projection = 'census'"


def test_a_reader_waits_for_a_rebuild_of_the_service_and_no_longer_than_it_is_told(
    database: str, tmp_path: Path
) -> None:
    with (
        installation(database, tmp_path / "home") as where,
        where.application.connect() as service,
    ):
        where.application.read_models.catch_up()
        assert claim_projecting(service)
        service.execute(OTHER_RELEASE)
        with pytest.raises(TimeoutError):
            where.application.read_models.catch_up(timeout=0.1)
        looks: list[int] = []

        def finish_the_rebuild(index: int) -> None:
            if not looks:
                service.execute(THIS_RELEASE)
            looks.append(index)

        reached = where.application.read_models.catch_up(finish_the_rebuild, timeout=60)
        assert (reached, len(looks)) == (where.application.store.max_index(), 2)


def test_a_rebuild_that_a_reader_begins_ends_in_time_and_a_later_one_succeeds(
    database: str, tmp_path: Path
) -> None:
    with (
        installation(database, tmp_path / "home") as where,
        where.application.connect() as analyst,
    ):
        models = where.application.read_models
        analyst.execute(OTHER_RELEASE)
        analyst.execute("begin")
        analyst.execute("select count(*) from care.encounter")  # the rebuild waits for this reader
        started = monotonic()
        with pytest.raises(TimeoutError):
            models.catch_up(timeout=2, renewed=False)
        assert monotonic() - started < 20
        analyst.execute("commit")
        assert models.catch_up() == where.application.store.max_index()


def test_a_reader_waits_for_a_rebuild_of_another_command_and_no_longer_than_it_is_told(
    database: str, tmp_path: Path
) -> None:
    with (
        installation(database, tmp_path / "home") as where,
        where.application.connect() as command,
    ):
        models = where.application.read_models
        models.catch_up()
        command.execute(OTHER_RELEASE)
        command.execute("select pg_advisory_lock(%s)", (REBUILDING,))
        with pytest.raises(TimeoutError):
            models.catch_up(timeout=0.5, renewed=False)
        looks: list[int] = []

        def finish_the_rebuild(index: int) -> None:
            looks.append(index)
            if len(looks) == 1:
                command.execute(THIS_RELEASE)
                command.execute("select pg_advisory_unlock(%s)", (REBUILDING,))

        assert models.catch_up(finish_the_rebuild, timeout=60, renewed=False) == DEFAULT_PROTOCOL


def test_a_reader_that_must_not_wait_returns_if_the_read_models_hold_every_event(
    database: str, tmp_path: Path
) -> None:
    with installation(database, tmp_path / "home") as where:
        where.application.read_models.catch_up()
        assert where.application.read_models.catch_up(timeout=0, renewed=False) == DEFAULT_PROTOCOL


def test_progress_begins_the_time_again_where_that_is_wanted() -> None:
    seconds = 0.0
    total = Deadline(10, renewed=False, now=lambda: seconds)
    idle = Deadline(10, renewed=True, now=lambda: seconds)
    for index in (1, 2, 2):
        seconds += 6
        total.reached(index)
        idle.reached(index)
    assert (total.left, idle.left) == (-8, 4)
    assert "are late: they hold the events up to 2 of 9 after 10 s" in str(total.missed(9))
    assert "made no progress for 10 s: they hold the events up to 2 of 9" in str(idle.missed(9))
