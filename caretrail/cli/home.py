"""Open the home that a verb works on, and wait until its read models are up to date."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from caretrail.bootstrap import Application, opened
from caretrail.cli import DONE, FAILED
from caretrail.cli.output import note
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.readers import open_reader
from caretrail.reading.reader import Reader
from infra import log, settings
from projections.engine.generations import NeedsRebuild

_SILENT_SECONDS: Final = 3.0


@contextmanager
def open_home() -> Iterator[Application]:
    """Open the home that the settings name. Only warnings and errors are logged."""
    log.configure("cli", "warning")
    with opened(settings.load()) as application:
        yield application


@contextmanager
def open_home_reader() -> Iterator[Reader]:
    """Open a reader over the home, after a wait for the read models: see ``catch_up_to_read``."""
    with open_home() as application:
        catch_up_to_read(application)
        with open_reader(application) as reader:
            yield reader


def catch_up_to_read(application: Application) -> None:
    """Wait for the read models, at most as long as the settings say.

    If they do not hold every event by then, print how far behind they are and return. The answer
    then holds what they hold.

    Raises:
        Failed: The read models are missing or of another release, and were not rebuilt by then.
    """
    limit = application.settings.read_wait
    try:
        catch_up(application.read_models, timeout=limit)
    except TimeoutError:
        newest = application.store.max_index()
        with application.connect() as connection:
            try:
                through = application.read_models.complete_through(connection)
            except NeedsRebuild as error:
                raise Failed(_not_rebuilt(error, limit, newest)) from None
        if through >= newest:
            return
        note(
            f"caretrail: this answer may lack the newest events ({newest - through} behind): after"
            f" {limit:g} s the read models hold the events up to {through} of {newest}. The log of"
            " the projector says why; `caretrail projections ls` shows how far they are."
        )


def catch_up_after_recording(application: Application) -> int:
    """Wait for the read models as long as they make progress; return the exit code of the verb.

    If they stop before they hold every event, print how far they are.
    """
    with progress("projecting", application.store.max_index()) as shown:
        try:
            application.read_models.catch_up(shown)
        except TimeoutError as error:
            note(f"caretrail: everything is recorded, but {error}")
            return FAILED
    return DONE


def _not_rebuilt(error: NeedsRebuild, limit: float, newest: int) -> str:
    return (
        f"nothing can be shown yet: read models ({', '.join(error.names)}) are missing or of"
        f" another release, and {limit:g} s were not enough to make them from {newest} events."
        " If a service runs, wait until it is ready. If none runs, `caretrail projections rebuild`"
        " makes them and shows its progress."
    )


class LaggingModels(Protocol):
    """Read models that may lag behind the store."""

    def catch_up(self, shown: Callable[[int], None], *, timeout: float, renewed: bool) -> object:
        """Return when they hold every event; call ``shown`` with the index reached so far.

        Raises:
            TimeoutError: They did not hold every event after ``timeout`` seconds.
        """
        ...


def catch_up(
    models: LaggingModels,
    now: Callable[[], float] = time.monotonic,
    *,
    timeout: float,
) -> None:
    """Wait for the read models; print one note if that takes more than 3 s.

    Args:
        models: What to wait for.
        now: Seconds on a clock that only goes forward.
        timeout: In seconds.

    Raises:
        TimeoutError: They did not hold every event after ``timeout`` seconds.
    """
    due = now() + _SILENT_SECONDS

    def shown(index: int) -> None:
        nonlocal due
        if now() >= due:
            due = float("inf")
            note(
                f"caretrail: waiting for the read models, which have reached event {index}."
                " If it takes long, look at the log of the projector and run `caretrail doctor`."
            )

    models.catch_up(shown, timeout=timeout, renewed=False)
