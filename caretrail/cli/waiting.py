"""Reading waits until the read models hold everything recorded by now; who waits is told so."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from caretrail.cli.output import note

_SILENT_SECONDS: Final = 3.0


class Projected(Protocol):
    """What has read models."""

    def catch_up(self, shown: Callable[[int], None]) -> object:
        """Return when they hold everything; ``shown`` is told now and then how far they are."""
        ...


def catch_up(application: Projected, now: Callable[[], float] = time.monotonic) -> None:
    """Wait for the read models; say so, once, where it takes long."""
    due = now() + _SILENT_SECONDS

    def shown(index: int) -> None:
        nonlocal due
        if now() >= due:
            due = float("inf")
            note(
                f"caretrail: waits for the read models, which are at event {index};"
                " the log of the projector, and `caretrail doctor`, say more"
            )

    application.catch_up(shown)
