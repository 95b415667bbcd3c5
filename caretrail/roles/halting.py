"""Keep a role that must not go on: it says why, and looks from time to time whether it may."""

from collections.abc import Callable, Mapping
from threading import Event
from typing import Final

import structlog

from caretrail.failure import HALTED
from caretrail.fold_failures import failure_meaning
from caretrail.problems import explanation
from consumers.projector import Meaning

log = structlog.get_logger()

_AGAIN_SECONDS: Final = 10.0


class Halting:
    """Whether a role has halted, and why.

    The process goes on, so that ``/readyz`` has the reason all the time. A process that ends and is
    started again would be ready for a moment each time.
    """

    def __init__(self) -> None:
        self._why = ""

    def problems(self) -> Mapping[str, str]:
        """Return why the role has halted; empty: it works."""
        return {HALTED: self._why} if self._why else {}

    def run(self, work: Callable[[], None], stop: Event) -> None:
        """Work until told to stop. If the work must not go on, try it again every 10 s.

        Raises:
            Exception: An error after which the role may be started again.
        """
        while not stop.is_set():
            try:
                work()
            except Exception as error:
                if failure_meaning(error) is not Meaning.HALT:
                    raise
                self._why = explanation(error) or type(error).__name__
                log.error("role.halted", remedy=self._why)  # noqa: TRY400 - a traceback does not help
                stop.wait(_AGAIN_SECONDS)

    def works(self) -> None:
        """Note that the work goes on."""
        self._why = ""
